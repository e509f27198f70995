-- cells whose count is not what their rows say; none when all is well

CREATE OR REPLACE FUNCTION {schema}.tile_count_differences() RETURNS TABLE(layer text, level smallint, cell bigint, grid_code text, n bigint, members bigint)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = {schema}, public, pg_temp
AS $$
SELECT d.layer, d.level, d.cell, d.grid_code, sum(d.n)::bigint, sum(d.members)::bigint
FROM (SELECT t.layer, l.level::smallint AS level, t.cell >> 2 * (18 - l.level) AS cell, t.grid_code, t.n, t.members
      FROM ({truth}) t CROSS JOIN unnest(ARRAY{levels}) AS l(level)
      UNION ALL SELECT c.layer, c.level, c.cell, c.grid_code, -c.n, -c.members FROM tile_count c) d
GROUP BY d.layer, d.level, d.cell, d.grid_code HAVING sum(d.n) <> 0 OR sum(d.members) <> 0
$$;

ALTER FUNCTION {schema}.tile_count_differences() OWNER TO onemap_tiles;
REVOKE ALL ON FUNCTION {schema}.tile_count_differences() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {schema}.tile_count_differences() TO onemap_app;
