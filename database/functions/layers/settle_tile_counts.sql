-- adds up counts that piled up; how many rows were added up

CREATE OR REPLACE FUNCTION {schema}.settle_tile_counts() RETURNS bigint
LANGUAGE sql SECURITY DEFINER
SET search_path = {schema}, public, pg_temp
AS $$
WITH alone AS MATERIALIZED (SELECT pg_try_advisory_xact_lock('tile_count'::regclass::oid::int, 1) AS mine),
loose AS MATERIALIZED (
    SELECT DISTINCT t.layer, t.level, t.cell, t.grid_code FROM tile_count t, alone
    WHERE alone.mine AND NOT t.settled LIMIT 2000
), gone AS (
    DELETE FROM tile_count t USING loose l
    WHERE t.layer = l.layer AND t.level = l.level AND t.cell = l.cell AND t.grid_code = l.grid_code
    RETURNING t.*
), kept AS (
    INSERT INTO tile_count (layer, level, cell, grid_code, n, members, settled)
    SELECT g.layer, g.level, g.cell, g.grid_code, sum(g.n), sum(g.members), true FROM gone g
    GROUP BY g.layer, g.level, g.cell, g.grid_code HAVING sum(g.n) <> 0 OR sum(g.members) <> 0
), forgotten AS (DELETE FROM tile_change WHERE changed_at < now() - interval '1 day')
SELECT count(*) FROM gone
$$;

ALTER FUNCTION {schema}.settle_tile_counts() OWNER TO onemap_tiles;
REVOKE ALL ON FUNCTION {schema}.settle_tile_counts() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {schema}.settle_tile_counts() TO onemap_app;
