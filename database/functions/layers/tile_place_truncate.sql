-- empties the counts of the layer places

CREATE OR REPLACE FUNCTION {schema}.tile_place_truncate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = {schema}, public, pg_temp
SET jit = off
AS $$
BEGIN
    DELETE FROM tile_count WHERE layer = 'places'; INSERT INTO tile_change (layer, col_from, row_from, col_to, row_to, grid_code) VALUES ('places', 0, 0, 262143, 262143, '{county}');
    IF FOUND THEN
        PERFORM pg_notify('onemap_tile', '{county}');
        IF (pg_current_xact_id()::text)::bigint % 32 = 0 THEN PERFORM settle_tile_counts(); END IF;
    END IF;
    RETURN NULL;
END
$$;

ALTER FUNCTION {schema}.tile_place_truncate() OWNER TO onemap_tiles;
REVOKE ALL ON FUNCTION {schema}.tile_place_truncate() FROM PUBLIC;

CREATE OR REPLACE TRIGGER tile_truncate AFTER TRUNCATE ON {schema}.place
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.tile_place_truncate();
