-- tells which tiles of the base map changed

CREATE OR REPLACE FUNCTION {schema}.tile_base_feature_insert() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = {schema}, public, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
BEGIN
    INSERT INTO tile_change (layer, col_from, row_from, col_to, row_to, grid_code) SELECT 'base', min(p.col_from), min(p.row_from), max(p.col_to), max(p.row_to), p.grid_code FROM (SELECT least(262143, greatest(0, floor((st_xmin(r.geom_3857) + 20037508.342789244) / 40075016.685578488 * 262144)::int)) AS col_from, least(262143, greatest(0, floor((-st_ymax(r.geom_3857) + 20037508.342789244) / 40075016.685578488 * 262144)::int)) AS row_from, least(262143, greatest(0, floor((st_xmax(r.geom_3857) + 20037508.342789244) / 40075016.685578488 * 262144)::int)) AS col_to, least(262143, greatest(0, floor((-st_ymin(r.geom_3857) + 20037508.342789244) / 40075016.685578488 * 262144)::int)) AS row_to, r.grid_code FROM (SELECT geom_3857, grid_code FROM new_rows) r) p GROUP BY p.col_from >> 6, p.row_from >> 6, p.grid_code;
    IF FOUND THEN
        PERFORM pg_notify('onemap_tile', '{county}');
    END IF;
    RETURN NULL;
END
$$;
ALTER FUNCTION {schema}.tile_base_feature_insert() OWNER TO onemap_tiles;
REVOKE ALL ON FUNCTION {schema}.tile_base_feature_insert() FROM PUBLIC;
CREATE TRIGGER tile_insert AFTER INSERT ON {schema}.base_feature REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION {schema}.tile_base_feature_insert();
