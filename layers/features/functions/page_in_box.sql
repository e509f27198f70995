-- keys of features of the entered scope in a box (degrees), in the order of pages

CREATE OR REPLACE FUNCTION {schema}.page_in_box(collection text, west double precision, south double precision, east double precision, north double precision, after_code text, after_id bigint, most integer) RETURNS bigint[]
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = {schema}, public, pg_temp
SET plan_cache_mode = force_custom_plan
SET max_parallel_workers_per_gather = 0
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
    after_code := greatest(after_code COLLATE "C", lowest);
    after_id := coalesce(after_id, -1);
    CASE collection
{branches}
    ELSE RETURN '{}';
    END CASE;
END
$$;

ALTER FUNCTION {schema}.page_in_box(text,double precision,double precision,double precision,double precision,text,bigint,integer) OWNER TO onemap_tiles;
REVOKE ALL ON FUNCTION {schema}.page_in_box(text,double precision,double precision,double precision,double precision,text,bigint,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {schema}.page_in_box(text,double precision,double precision,double precision,double precision,text,bigint,integer) TO onemap_app;
