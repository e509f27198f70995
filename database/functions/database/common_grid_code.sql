-- the longest grid code that holds all of these: who sees it sees each of them

CREATE OR REPLACE FUNCTION {schema}.common_grid_code(codes text[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
SELECT left(codes[1], max(n)) FROM unnest(ARRAY[6, 9, 12, 15, 17]) AS n WHERE NOT EXISTS (SELECT FROM unnest(codes) AS c WHERE length(c) < n OR left(c, n) <> left(codes[1], n))
$$;

GRANT EXECUTE ON FUNCTION {schema}.common_grid_code(text[]) TO onemap_app;
