-- drops the generalised outlines of what changed

CREATE OR REPLACE FUNCTION {schema}.tile_shape_grid_cell_delete() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = {schema}, public, pg_temp
AS $$
BEGIN DELETE FROM tile_shape WHERE layer = 'cells' AND code IN (SELECT o.code FROM old_rows o); RETURN NULL; END
$$;

ALTER FUNCTION {schema}.tile_shape_grid_cell_delete() OWNER TO onemap_tiles;
REVOKE ALL ON FUNCTION {schema}.tile_shape_grid_cell_delete() FROM PUBLIC;

CREATE OR REPLACE TRIGGER tile_shape_delete AFTER DELETE ON {schema}.grid_cell
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION {schema}.tile_shape_grid_cell_delete();
