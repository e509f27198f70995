-- keys of features of the entered scope in a box (degrees), in the order of pages

CREATE OR REPLACE FUNCTION {schema}.page_in_box(collection text, west double precision, south double precision, east double precision, north double precision, after_code text, after_id bigint, most integer) RETURNS bigint[]
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = {schema}, public, pg_temp
SET plan_cache_mode = force_custom_plan
SET max_parallel_workers_per_gather = 0
SET jit = off
AS $$
DECLARE
    prefixes    text[] := platform.scope_prefixes();
    whole       boolean := coalesce('{county}' = ANY (prefixes), false);
    towns       text[] := ARRAY(SELECT p FROM unnest(prefixes) AS p WHERE length(p) = 9);
    villages    text[] := ARRAY(SELECT p FROM unnest(prefixes) AS p WHERE length(p) = 12);
    cells       text[] := ARRAY(SELECT p FROM unnest(prefixes) AS p WHERE length(p) = 15);
    micro_cells text[] := ARRAY(SELECT p FROM unnest(prefixes) AS p WHERE length(p) = 17);
    lowest      text := (SELECT min(p COLLATE "C") FROM unnest(prefixes) AS p);
    beyond      text := (SELECT max(p COLLATE "C") || '~' FROM unnest(prefixes) AS p);

    shape       geometry := st_makeenvelope(west, south, east, north, 4490);
    reach       geometry := st_expand(st_transform(st_makeenvelope(
        greatest(least(west, 180), -180), greatest(least(south, 85), -85),
        greatest(least(east, 180), -180), greatest(least(north, 85), -85), 4326), 3857), 0.01);
BEGIN
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
