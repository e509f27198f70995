-- published addresses of the entered scope nearest to a point, metres

CREATE OR REPLACE FUNCTION {schema}.nearest_addresses(lon double precision, lat double precision, max_m double precision, most integer) RETURNS TABLE(id bigint, distance_m double precision)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = {schema}, public, pg_temp
AS $$
WITH here AS (
    SELECT p AS point, st_transform(st_setsrid(p, 4326), 3857) AS mercator, max_m / cos(radians(lat)) * 1.01 AS reach
    FROM st_setsrid(st_point(lon, lat), 4490) AS p
), near AS (
    SELECT s.id, s.code, s.geom_3857 <-> here.mercator AS order_m,
           st_distance(s.geom::geography, here.point::geography) AS distance_m
    FROM here, standard_address s
    WHERE s.status = 'published' AND s.geom_3857 && st_expand(here.mercator, here.reach)
      AND s.grid_code ^@ ANY ((SELECT platform.scope_prefixes())::text[])
    ORDER BY order_m, s.code LIMIT most
)
SELECT near.id, near.distance_m FROM near WHERE near.distance_m <= max_m ORDER BY near.order_m, near.code
$$;

ALTER FUNCTION {schema}.nearest_addresses(double precision,double precision,double precision,integer) OWNER TO onemap_tiles;
REVOKE ALL ON FUNCTION {schema}.nearest_addresses(double precision,double precision,double precision,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {schema}.nearest_addresses(double precision,double precision,double precision,integer) TO onemap_app;
