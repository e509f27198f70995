-- the last number given

CREATE OR REPLACE FUNCTION {schema}.last_event_number() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = {schema}, pg_temp
AS $$ SELECT coalesce(max(number), 0) FROM address_feed $$;

ALTER FUNCTION {schema}.last_event_number() OWNER TO onemap_tiles;
REVOKE ALL ON FUNCTION {schema}.last_event_number() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {schema}.last_event_number() TO onemap_app;
