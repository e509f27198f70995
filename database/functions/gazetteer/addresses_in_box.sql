-- published addresses of the entered scope in a box (degrees), NULL for too many

CREATE OR REPLACE FUNCTION {schema}.addresses_in_box(west double precision, south double precision, east double precision, north double precision, most integer) RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = {schema}, public, pg_temp
AS $$
WITH inside AS (
    SELECT s.id FROM standard_address s
    WHERE s.status = 'published'
      AND s.geom_3857 && st_expand(st_transform(st_makeenvelope(west, south, east, north, 4326), 3857), 0.01)
      AND s.grid_code ^@ ANY ((SELECT platform.scope_prefixes())::text[])
    LIMIT most + 1
)
SELECT CASE WHEN count(*) <= most THEN coalesce(array_agg(id), '{}') END FROM inside
$$;

ALTER FUNCTION {schema}.addresses_in_box(double precision,double precision,double precision,double precision,integer) OWNER TO onemap_tiles;
REVOKE ALL ON FUNCTION {schema}.addresses_in_box(double precision,double precision,double precision,double precision,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {schema}.addresses_in_box(double precision,double precision,double precision,double precision,integer) TO onemap_app;
