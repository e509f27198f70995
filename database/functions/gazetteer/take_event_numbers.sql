-- the number before the first of n new ones; holds the counter until the commit

CREATE OR REPLACE FUNCTION {schema}.take_event_numbers(n bigint) RETURNS bigint
LANGUAGE sql SECURITY DEFINER
SET search_path = {schema}, pg_temp
AS $$
INSERT INTO address_feed AS f (id, number, grid_code) SELECT 1, n, '{county}' WHERE n > 0
ON CONFLICT (id) DO UPDATE SET number = f.number + excluded.number RETURNING f.number - n
$$;

ALTER FUNCTION {schema}.take_event_numbers(bigint) OWNER TO onemap_tiles;
REVOKE ALL ON FUNCTION {schema}.take_event_numbers(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {schema}.take_event_numbers(bigint) TO onemap_app;
