-- SHA-256 over length-prefixed fields, NULL distinct from empty

CREATE OR REPLACE FUNCTION platform.audit_hash(VARIADIC fields text[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog
AS $$
SELECT encode(sha256(convert_to(string_agg(
    CASE WHEN f IS NULL THEN '-,' ELSE octet_length(f) || ':' || f || ',' END, '' ORDER BY n), 'UTF8')), 'hex')
FROM unnest(fields) WITH ORDINALITY AS t(f, n)
$$;
