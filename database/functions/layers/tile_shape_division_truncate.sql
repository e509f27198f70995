-- drops the generalised outlines of what changed

CREATE OR REPLACE FUNCTION {schema}.tile_shape_division_truncate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = {schema}, public, pg_temp
AS $$ BEGIN DELETE FROM tile_shape WHERE layer = 'divisions' ; RETURN NULL; END $$;

ALTER FUNCTION {schema}.tile_shape_division_truncate() OWNER TO onemap_tiles;
REVOKE ALL ON FUNCTION {schema}.tile_shape_division_truncate() FROM PUBLIC;

CREATE OR REPLACE TRIGGER tile_shape_truncate AFTER TRUNCATE ON {schema}.division
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.tile_shape_division_truncate();
