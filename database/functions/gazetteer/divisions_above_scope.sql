-- names of the divisions that the entered scope lies in

CREATE OR REPLACE FUNCTION {schema}.divisions_above_scope() RETURNS TABLE(code text, level text, name text, former_names jsonb)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = {schema}, pg_temp
AS $$
SELECT d.code, d.level, d.name, d.former_names FROM division d
WHERE d.code = ANY (ARRAY(
    SELECT left(p, digits) FROM unnest(platform.scope_prefixes()) AS p, unnest(ARRAY[6, 9, 12]) AS digits
    WHERE length(p) > digits))
$$;

ALTER FUNCTION {schema}.divisions_above_scope() OWNER TO onemap_tiles;
REVOKE ALL ON FUNCTION {schema}.divisions_above_scope() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {schema}.divisions_above_scope() TO onemap_app;
