-- puts the counts right beside running writers; how many were wrong

CREATE OR REPLACE FUNCTION {schema}.repair_tile_counts() RETURNS bigint
LANGUAGE sql SECURITY DEFINER
SET search_path = {schema}, public, pg_temp
AS $$
WITH mended AS (
    INSERT INTO tile_count (layer, level, cell, grid_code, n, members)
    SELECT d.layer, d.level, d.cell, d.grid_code, d.n, d.members FROM tile_count_differences() d RETURNING layer
), notice AS (
    INSERT INTO tile_change (layer, col_from, row_from, col_to, row_to, grid_code) SELECT DISTINCT m.layer, 0, 0, 262143, 262143, '{county}' FROM mended m
)
SELECT count(*) FROM mended
$$;

ALTER FUNCTION {schema}.repair_tile_counts() OWNER TO onemap_tiles;
REVOKE ALL ON FUNCTION {schema}.repair_tile_counts() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {schema}.repair_tile_counts() TO onemap_app;
