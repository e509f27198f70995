-- one layer of a tile of the CGCS2000 grid, as far as the entered scope reaches

CREATE OR REPLACE FUNCTION {schema}.tile_layer_4490(layer text, z integer, x integer, y integer) RETURNS bytea
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = {schema}, public, pg_temp
SET plan_cache_mode = force_custom_plan
SET max_parallel_workers_per_gather = 0
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    prefixes    text[] := platform.scope_prefixes();
    whole       boolean := coalesce('{county}' = ANY (prefixes), false);
    towns       text[] := ARRAY(SELECT p FROM unnest(prefixes) AS p WHERE length(p) = 9);
    villages    text[] := ARRAY(SELECT p FROM unnest(prefixes) AS p WHERE length(p) = 12);
    cells       text[] := ARRAY(SELECT p FROM unnest(prefixes) AS p WHERE length(p) = 15);
    micro_cells text[] := ARRAY(SELECT p FROM unnest(prefixes) AS p WHERE length(p) = 17);
    lowest      text := (SELECT min(p COLLATE "C") FROM unnest(prefixes) AS p);
    beyond      text := (SELECT max(p COLLATE "C") || '~' FROM unnest(prefixes) AS p);

    size        float8 := 360.0 / 2 ^ z;
    box         geometry := st_makeenvelope(-180 + x * size, 90 - (y + 1) * size, -180 + (x + 1) * size, 90 - y * size, 4490);
    margin      float8 := size * 64 / 4096;
    reach       geometry := st_transform(st_makeenvelope(
        greatest(-180 + x * size - margin, -180), greatest(90 - (y + 1) * size - margin, -85),
        least(-180 + (x + 1) * size + margin, 180), least(90 - y * size + margin, 85), 4326), 3857);
    tolerance   float8 := size / 4096;
BEGIN
    CASE layer
WHEN 'divisions' THEN RETURN (SELECT coalesce(st_asmvt(q, 'divisions', 4096, 'geom'), '') FROM (
        SELECT t.code AS id, t.level, t.name,
               st_asmvtgeom(st_simplifypreservetopology(t.geom, tolerance), box, 4096, 64, true) AS geom
        FROM division t WHERE t.geom_3857 && reach AND t.valid_to IS NULL AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells))
          AND t.level = ANY (CASE WHEN z < 9 THEN ARRAY['county', 'town'] ELSE ARRAY['county', 'town', 'village'] END)
    ) q WHERE q.geom IS NOT NULL);
WHEN 'cells' THEN RETURN (SELECT coalesce(st_asmvt(q, 'cells', 4096, 'geom'), '') FROM (
        SELECT t.code AS id, t.level, t.name, t.parent_code AS parent,
               (SELECT count(*) FROM alert a WHERE a.grid_code >= t.code AND a.grid_code < t.code || '~'
                AND a.status NOT IN ('cleared', 'closed') AND a.status IN ('open', 'acknowledged', 'assigned'))::int AS alerts,
               st_asmvtgeom(st_simplifypreservetopology(t.geom, tolerance), box, 4096, 64, true) AS geom
        FROM grid_cell t WHERE t.geom_3857 && reach AND t.valid_to IS NULL AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells))
          AND z >= 9 AND (z >= 13 OR t.level = 'cell')
    ) q WHERE q.geom IS NOT NULL);
WHEN 'addresses' THEN RETURN (SELECT coalesce(st_asmvt(q, 'addresses', 4096, 'geom'), '') FROM (
        SELECT t.id, t.full_text AS text, t.depth, t.status, st_asmvtgeom(t.geom, box, 4096, 64, true) AS geom
        FROM standard_address t WHERE z >= 13 AND t.geom_3857 && reach AND t.status = 'published' AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells))
    ) q WHERE q.geom IS NOT NULL);
WHEN 'places' THEN RETURN (SELECT coalesce(st_asmvt(q, 'places', 4096, 'geom'), '') FROM (
        SELECT t.id, t.kind, t.name, t.occupancy, st_asmvtgeom(t.geom, box, 4096, 64, true) AS geom
        FROM place t WHERE z >= 13 AND t.geom_3857 && reach AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells))
    ) q WHERE q.geom IS NOT NULL);
WHEN 'persons' THEN RETURN (SELECT coalesce(st_asmvt(q, 'persons', 4096, 'geom'), '') FROM (
        SELECT t.id, t.household_no,
               (SELECT count(*) FROM household_member m WHERE m.household_id = t.id AND m.valid_to IS NULL)::int AS members,
               (SELECT string_agg(s, ',') FROM jsonb_array_elements_text(t.status_codes) AS s) AS status,
               st_asmvtgeom(t.geom, box, 4096, 64, true) AS geom
        FROM household t WHERE z >= 13 AND t.geom_3857 && reach AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells))
    ) q WHERE q.geom IS NOT NULL);
WHEN 'events' THEN RETURN (SELECT coalesce(st_asmvt(q, 'events', 4096, 'geom'), '') FROM (
        SELECT t.id, t.kind, t.title, t.state, to_char(t.occurred_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') AS at,
               st_asmvtgeom(t.geom, box, 4096, 64, true) AS geom
        FROM event t WHERE z >= 13 AND t.geom_3857 && reach AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells))
    ) q WHERE q.geom IS NOT NULL);
WHEN 'objects' THEN RETURN (SELECT coalesce(st_asmvt(q, 'objects', 4096, 'geom'), '') FROM (
        SELECT t.id, t.kind, t.name, t.state, st_asmvtgeom(t.geom, box, 4096, 64, true) AS geom
        FROM facility t WHERE z >= 13 AND t.geom_3857 && reach AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells))
    ) q WHERE q.geom IS NOT NULL);
WHEN 'alerts' THEN RETURN (SELECT coalesce(st_asmvt(q, 'alerts', 4096, 'geom'), '') FROM (
        SELECT t.id, t.rule, t.title, t.severity, t.status, st_asmvtgeom(t.geom, box, 4096, 64, true) AS geom
        FROM alert t WHERE t.geom_3857 && reach AND t.status NOT IN ('cleared', 'closed') AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells))
    ) q WHERE q.geom IS NOT NULL);
    ELSE RETURN '';
    END CASE;
END
$$;

ALTER FUNCTION {schema}.tile_layer_4490(text,integer,integer,integer) OWNER TO onemap_tiles;
REVOKE ALL ON FUNCTION {schema}.tile_layer_4490(text,integer,integer,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {schema}.tile_layer_4490(text,integer,integer,integer) TO onemap_app;
