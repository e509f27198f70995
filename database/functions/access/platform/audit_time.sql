-- a moment as the chain writes it: UTC, microseconds

CREATE OR REPLACE FUNCTION platform.audit_time(moment timestamp with time zone) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog
AS $$ SELECT to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') $$;
