-- tells which tiles of the base map changed

CREATE OR REPLACE FUNCTION {schema}.tile_base_feature_truncate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = {schema}, public, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
BEGIN
    INSERT INTO tile_change (layer, col_from, row_from, col_to, row_to, grid_code) VALUES ('base', 0, 0, 262143, 262143, '{county}');
    IF FOUND THEN
        PERFORM pg_notify('onemap_tile', '{county}');
    END IF;
    RETURN NULL;
END
$$;
ALTER FUNCTION {schema}.tile_base_feature_truncate() OWNER TO onemap_tiles;
REVOKE ALL ON FUNCTION {schema}.tile_base_feature_truncate() FROM PUBLIC;
CREATE TRIGGER tile_truncate AFTER TRUNCATE ON {schema}.base_feature FOR EACH STATEMENT EXECUTE FUNCTION {schema}.tile_base_feature_truncate();
