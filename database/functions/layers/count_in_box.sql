-- how many features of the entered scope a box (degrees) holds

CREATE OR REPLACE FUNCTION {schema}.count_in_box(collection text, west double precision, south double precision, east double precision, north double precision) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = {schema}, public, pg_temp
SET plan_cache_mode = force_custom_plan
SET max_parallel_workers_per_gather = 2
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
    CASE collection
WHEN 'addresses' THEN RETURN (SELECT count(*) FROM standard_address t WHERE t.geom_3857 && reach AND t.status = 'published' AND CASE WHEN st_x(t.geom) BETWEEN west AND east AND st_y(t.geom) BETWEEN south AND north THEN true ELSE false END AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells)));
WHEN 'places' THEN RETURN (SELECT count(*) FROM place t WHERE t.geom_3857 && reach AND true AND st_intersects(t.geom, shape) AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells)));
WHEN 'persons' THEN RETURN (SELECT count(*) FROM household t WHERE t.geom_3857 && reach AND true AND CASE WHEN st_x(t.geom) BETWEEN west AND east AND st_y(t.geom) BETWEEN south AND north THEN true ELSE false END AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells)));
WHEN 'events' THEN RETURN (SELECT count(*) FROM event t WHERE t.geom_3857 && reach AND true AND CASE WHEN st_x(t.geom) BETWEEN west AND east AND st_y(t.geom) BETWEEN south AND north THEN true ELSE false END AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells)));
WHEN 'objects' THEN RETURN (SELECT count(*) FROM facility t WHERE t.geom_3857 && reach AND true AND CASE WHEN st_x(t.geom) BETWEEN west AND east AND st_y(t.geom) BETWEEN south AND north THEN true ELSE false END AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells)));
WHEN 'alerts' THEN RETURN (SELECT count(*) FROM alert t WHERE t.geom_3857 && reach AND t.status NOT IN ('cleared', 'closed') AND CASE WHEN st_x(t.geom) BETWEEN west AND east AND st_y(t.geom) BETWEEN south AND north THEN true ELSE false END AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells)));
    ELSE RETURN 0;
    END CASE;
END
$$;

ALTER FUNCTION {schema}.count_in_box(text,double precision,double precision,double precision,double precision) OWNER TO onemap_tiles;
REVOKE ALL ON FUNCTION {schema}.count_in_box(text,double precision,double precision,double precision,double precision) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {schema}.count_in_box(text,double precision,double precision,double precision,double precision) TO onemap_app;
