-- how many features of the entered scope a box (degrees) holds

CREATE OR REPLACE FUNCTION {schema}.count_in_box(collection text, west double precision, south double precision, east double precision, north double precision) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = {schema}, public, pg_temp
SET plan_cache_mode = force_custom_plan
SET max_parallel_workers_per_gather = 2
SET jit = off
AS $$
DECLARE
    whole       boolean;  -- of platform.scope_reach(), as the next three
    lowest      text;
    beyond      text;
    bounds      bigint[];
    shape       geometry := st_makeenvelope(west, south, east, north, 4490);
    reach       geometry := st_expand(st_transform(st_makeenvelope(
        greatest(least(west, 180), -180), greatest(least(south, 85), -85),
        greatest(least(east, 180), -180), greatest(least(north, 85), -85), 4326), 3857), 0.01);
BEGIN
    SELECT r.whole, r.lowest, r.beyond, r.bounds INTO whole, lowest, beyond, bounds FROM platform.scope_reach() r;
    CASE collection
{branches}
    ELSE RETURN 0;
    END CASE;
END
$$;

ALTER FUNCTION {schema}.count_in_box(text,double precision,double precision,double precision,double precision) OWNER TO onemap_tiles;
REVOKE ALL ON FUNCTION {schema}.count_in_box(text,double precision,double precision,double precision,double precision) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {schema}.count_in_box(text,double precision,double precision,double precision,double precision) TO onemap_app;
