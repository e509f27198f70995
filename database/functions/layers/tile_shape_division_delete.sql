-- drops the generalised outlines of what changed

CREATE OR REPLACE FUNCTION {schema}.tile_shape_division_delete() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = {schema}, public, pg_temp
AS $$
BEGIN DELETE FROM tile_shape WHERE layer = 'divisions' AND code IN (SELECT o.code FROM old_rows o); RETURN NULL; END
$$;

ALTER FUNCTION {schema}.tile_shape_division_delete() OWNER TO onemap_tiles;
REVOKE ALL ON FUNCTION {schema}.tile_shape_division_delete() FROM PUBLIC;

CREATE OR REPLACE TRIGGER tile_shape_delete AFTER DELETE ON {schema}.division
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION {schema}.tile_shape_division_delete();
