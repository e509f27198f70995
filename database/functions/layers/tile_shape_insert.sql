-- notes where generalised outlines came

CREATE OR REPLACE FUNCTION {schema}.tile_shape_insert() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = {schema}, public, pg_temp
AS $$
BEGIN
    INSERT INTO tile_change (layer, col_from, row_from, col_to, row_to, grid_code)
    SELECT r.layer, least(262143, greatest(0, floor((min(st_xmin(r.geom_3857)) + 20037508.342789244) / 40075016.685578488 * 262144)::int)), least(262143, greatest(0, floor((-max(st_ymax(r.geom_3857)) + 20037508.342789244) / 40075016.685578488 * 262144)::int)),
           least(262143, greatest(0, floor((max(st_xmax(r.geom_3857)) + 20037508.342789244) / 40075016.685578488 * 262144)::int)), least(262143, greatest(0, floor((-min(st_ymin(r.geom_3857)) + 20037508.342789244) / 40075016.685578488 * 262144)::int)), r.grid_code
    FROM new_rows r GROUP BY r.layer, r.grid_code;
    IF FOUND THEN PERFORM pg_notify('onemap_tile', '{county}'); END IF;
    RETURN NULL;
END
$$;

ALTER FUNCTION {schema}.tile_shape_insert() OWNER TO onemap_tiles;
REVOKE ALL ON FUNCTION {schema}.tile_shape_insert() FROM PUBLIC;

CREATE OR REPLACE TRIGGER tile_insert AFTER INSERT ON {schema}.tile_shape
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION {schema}.tile_shape_insert();
