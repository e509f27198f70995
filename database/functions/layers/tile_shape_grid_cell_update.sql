-- drops the generalised outlines of what changed

CREATE OR REPLACE FUNCTION {schema}.tile_shape_grid_cell_update() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = {schema}, public, pg_temp
SET enable_nestloop = off
SET jit = off
AS $$
BEGIN DELETE FROM tile_shape WHERE layer = 'cells' AND code IN (SELECT o.code FROM old_rows o LEFT JOIN new_rows n ON n.code = o.code WHERE (n.geom_3857, n.grid_code, n.valid_to) IS DISTINCT FROM (o.geom_3857, o.grid_code, o.valid_to)); RETURN NULL; END
$$;

ALTER FUNCTION {schema}.tile_shape_grid_cell_update() OWNER TO onemap_tiles;
REVOKE ALL ON FUNCTION {schema}.tile_shape_grid_cell_update() FROM PUBLIC;

CREATE OR REPLACE TRIGGER tile_shape_update AFTER UPDATE ON {schema}.grid_cell
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION {schema}.tile_shape_grid_cell_update();
