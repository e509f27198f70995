-- one layer of a tile, as far as the entered scope reaches; whether it is counts

CREATE OR REPLACE FUNCTION {schema}.tile_layer(layer text, z integer, x integer, y integer, OUT body bytea, OUT generalised boolean) RETURNS record
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = {schema}, public, pg_temp
SET plan_cache_mode = force_custom_plan
SET max_parallel_workers_per_gather = 0
SET jit = off
SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    prefixes    text[] := platform.scope_prefixes();
    whole       boolean;  -- the range from lowest to beyond says it all: the county, or any single prefix
    towns       text[];
    villages    text[];
    cells       text[];
    micro_cells text[];
    lowest      text;
    beyond      text;  -- prefixes may nest
    box         geometry := st_tileenvelope(z, x, y);
    reach       geometry := st_tileenvelope(z, x, y, margin => 64.0 / 4096);
    near        geometry := st_tileenvelope(z, x, y, margin => 0.5 / 4096);
    tolerance_m float := 40075016.685578488 / 1024 / 2 ^ z;  -- half a screen pixel
    zoom_band   smallint := CASE WHEN z < 14 THEN greatest(7, z + 1 - z % 2) END;
    fine        float := 4096 * 2.0 ^ z;
    budget      int := CASE WHEN z IN (13, 14) THEN 800 ELSE 3000 END;
    store       smallint := least(greatest(z + 6, 14), 18);
    lowest_cell bigint := tile_cell(x, y) << 2 * (store - z);
    beyond_cell bigint := tile_cell(x, y) + 1 << 2 * (store - z);
    shift       int := 2 * (store - least(store, z + 6));
BEGIN
    body := '';
    generalised := false;
    SELECT count(*) = 1 OR coalesce(bool_or(p = '{county}'), false),
           array_agg(p) FILTER (WHERE length(p) = 9), array_agg(p) FILTER (WHERE length(p) = 12),
           array_agg(p) FILTER (WHERE length(p) = 15), array_agg(p) FILTER (WHERE length(p) = 17),
           min(p COLLATE "C"), max((p || '~') COLLATE "C")
    INTO whole, towns, villages, cells, micro_cells, lowest, beyond FROM unnest(prefixes) AS p;
    IF whole AND (z > 12 AND length(lowest) = 9 OR z > 14 AND length(lowest) = 12) THEN
        -- the tile is the smaller: by place alone, the prefix checked row by row and not by a second index
        whole := false;
        lowest := '';
        beyond := '~';
    END IF;
    CASE layer
WHEN 'divisions' THEN body := (SELECT coalesce(st_asmvt(q, 'divisions', 4096, 'geom'), '') FROM (
        SELECT p.id, p.level, p.name, p.here::int AS n,
               coalesce(p.outline, CASE WHEN p.here THEN st_point(p.px & 4095, p.py & 4095) END) AS geom
        FROM (SELECT c.*, c.px >> 12 = x AND c.py >> 12 = y AS here FROM (
                SELECT t.code AS id, t.*, floor(((st_xmin(t.geom_3857) + st_xmax(t.geom_3857)) / 2 + 20037508.342789244) / 40075016.685578488 * fine)::bigint AS px, floor((20037508.342789244 - (st_ymin(t.geom_3857) + st_ymax(t.geom_3857)) / 2) / 40075016.685578488 * fine)::bigint AS py,
                       st_asmvtgeom(coalesce(s.geom_3857, CASE WHEN z < 14 THEN st_simplifypreservetopology(t.geom_3857, tolerance_m)
                                             ELSE t.geom_3857 END), box, 4096, 64, true) AS outline
                FROM (SELECT code, level, name, grid_code, geom_3857, valid_to FROM division) t LEFT JOIN tile_shape s ON s.layer = 'divisions' AND s.code = t.code AND s.band = zoom_band
                WHERE t.geom_3857 && reach AND t.valid_to IS NULL AND t.level = ANY (CASE WHEN z < 9 THEN ARRAY['county', 'town'] ELSE ARRAY['county', 'town', 'village'] END) AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells)) OFFSET 0) c) p ORDER BY p.id) q WHERE q.geom IS NOT NULL);
WHEN 'cells' THEN body := (SELECT coalesce(st_asmvt(q, 'cells', 4096, 'geom'), '') FROM (
        SELECT p.id, p.level, CASE WHEN z >= 12 THEN p.name END AS name, CASE WHEN z >= 12 THEN p.parent_code END AS parent, (SELECT count(*) FROM alert a WHERE a.grid_code >= p.id AND a.grid_code < p.id || '~' AND a.status NOT IN ('cleared', 'closed') AND a.status IN ('open', 'acknowledged', 'assigned'))::int AS alerts, p.here::int AS n,
               coalesce(p.outline, CASE WHEN p.here THEN st_point(p.px & 4095, p.py & 4095) END) AS geom
        FROM (SELECT c.*, c.px >> 12 = x AND c.py >> 12 = y AS here FROM (
                SELECT t.code AS id, t.*, floor(((st_xmin(t.geom_3857) + st_xmax(t.geom_3857)) / 2 + 20037508.342789244) / 40075016.685578488 * fine)::bigint AS px, floor((20037508.342789244 - (st_ymin(t.geom_3857) + st_ymax(t.geom_3857)) / 2) / 40075016.685578488 * fine)::bigint AS py,
                       st_asmvtgeom(coalesce(s.geom_3857, CASE WHEN z < 14 THEN st_simplifypreservetopology(t.geom_3857, tolerance_m)
                                             ELSE t.geom_3857 END), box, 4096, 64, true) AS outline
                FROM (SELECT code, level, name, parent_code, grid_code, geom_3857, valid_to FROM grid_cell) t LEFT JOIN tile_shape s ON s.layer = 'cells' AND s.code = t.code AND s.band = zoom_band
                WHERE t.geom_3857 && reach AND t.valid_to IS NULL AND z >= 9 AND (z >= 13 OR t.level = 'cell') AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells)) OFFSET 0) c) p ORDER BY p.id) q WHERE q.geom IS NOT NULL);

    WHEN 'addresses' THEN
        generalised := NOT (z > 12) OR budget < (
            SELECT coalesce(sum(t.n), 0) FROM tile_count t WHERE t.layer = 'addresses' AND t.level = store
            AND t.cell >= lowest_cell AND t.cell < beyond_cell AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells)));
        IF NOT generalised THEN body := (SELECT coalesce(st_asmvt(q, 'addresses', 4096, 'geom'), '') FROM (
        SELECT p.id, p.text, p.depth, p.status, 1 AS n, st_point(p.px & 4095, p.py & 4095) AS geom FROM (
            SELECT t.id, t.full_text AS text, t.depth AS depth, t.status AS status, floor((st_x(t.geom_3857) + 20037508.342789244) / 40075016.685578488 * fine)::bigint AS px, floor((20037508.342789244 - st_y(t.geom_3857)) / 40075016.685578488 * fine)::bigint AS py
            FROM standard_address t WHERE t.geom_3857 && near AND t.status = 'published' AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells)) OFFSET 0
        ) p WHERE p.px >> 12 = x AND p.py >> 12 = y ORDER BY p.id) q WHERE q.geom IS NOT NULL);
        ELSIF z > 12 THEN body := (SELECT coalesce(st_asmvt(q, 'addresses', 4096, 'geom'), '') FROM (
        SELECT CASE WHEN g.n = 1 THEN g.one END AS id, t.full_text AS text, t.depth AS depth, t.status AS status, g.n,
               st_point((g.square & 63) * 64 + 32, (g.square >> 6) * 64 + 32) AS geom
        FROM (SELECT ((p.py & 4032) | (p.px >> 6 & 63))::int AS square, count(*)::int AS n, min(p.id) AS one
              FROM (SELECT t.id, floor((st_x(t.geom_3857) + 20037508.342789244) / 40075016.685578488 * fine)::bigint AS px, floor((20037508.342789244 - st_y(t.geom_3857)) / 40075016.685578488 * fine)::bigint AS py
                    FROM standard_address t WHERE t.geom_3857 && near AND t.status = 'published' AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells)) OFFSET 0) p
              WHERE p.px >> 12 = x AND p.py >> 12 = y GROUP BY 1) g
        LEFT JOIN standard_address t ON t.id = g.one AND g.n = 1 AND z >= 15 ORDER BY g.square) q WHERE q.geom IS NOT NULL);
        ELSE body := (SELECT coalesce(st_asmvt(q, 'addresses', 4096, 'geom'), '') FROM (
        SELECT g.n::int AS n, st_point(((g.local >> 0 & 1)::int | (g.local >> 1 & 2)::int | (g.local >> 2 & 4)::int | (g.local >> 3 & 8)::int | (g.local >> 4 & 16)::int | (g.local >> 5 & 32)::int) * 64 + 32, (((g.local >> 1) >> 0 & 1)::int | ((g.local >> 1) >> 1 & 2)::int | ((g.local >> 1) >> 2 & 4)::int | ((g.local >> 1) >> 3 & 8)::int | ((g.local >> 1) >> 4 & 16)::int | ((g.local >> 1) >> 5 & 32)::int) * 64 + 32) AS geom
        FROM (SELECT t.cell - lowest_cell >> shift AS local, sum(t.n) AS n, sum(t.members) AS members FROM tile_count t
              WHERE t.layer = 'addresses' AND t.level = store AND t.cell >= lowest_cell AND t.cell < beyond_cell AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells))
              GROUP BY 1 HAVING sum(t.n) > 0) g ORDER BY g.local) q WHERE q.geom IS NOT NULL);
        END IF;

    WHEN 'persons' THEN
        generalised := NOT (z > 12) OR budget < (
            SELECT coalesce(sum(t.n), 0) FROM tile_count t WHERE t.layer = 'persons' AND t.level = store
            AND t.cell >= lowest_cell AND t.cell < beyond_cell AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells)));
        IF NOT generalised THEN body := (SELECT coalesce(st_asmvt(q, 'persons', 4096, 'geom'), '') FROM (
        SELECT p.id, p.household_no, p.status, p.members, 1 AS n, st_point(p.px & 4095, p.py & 4095) AS geom FROM (
            SELECT t.id, t.household_no AS household_no, (SELECT string_agg(s, ',') FROM jsonb_array_elements_text(t.status_codes) AS s) AS status, (SELECT count(*) FROM household_member m WHERE m.household_id = t.id AND m.valid_to IS NULL)::int AS members, floor((st_x(t.geom_3857) + 20037508.342789244) / 40075016.685578488 * fine)::bigint AS px, floor((20037508.342789244 - st_y(t.geom_3857)) / 40075016.685578488 * fine)::bigint AS py
            FROM household t WHERE t.geom_3857 && near AND true AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells)) OFFSET 0
        ) p WHERE p.px >> 12 = x AND p.py >> 12 = y ORDER BY p.id) q WHERE q.geom IS NOT NULL);
        ELSIF z > 12 THEN body := (SELECT coalesce(st_asmvt(q, 'persons', 4096, 'geom'), '') FROM (
        SELECT CASE WHEN g.n = 1 THEN g.one END AS id, t.household_no AS household_no, (SELECT string_agg(s, ',') FROM jsonb_array_elements_text(t.status_codes) AS s) AS status, g.members, g.n,
               st_point((g.square & 63) * 64 + 32, (g.square >> 6) * 64 + 32) AS geom
        FROM (SELECT ((p.py & 4032) | (p.px >> 6 & 63))::int AS square, count(*)::int AS n, min(p.id) AS one, sum(p.members)::int AS members
              FROM (SELECT t.id, floor((st_x(t.geom_3857) + 20037508.342789244) / 40075016.685578488 * fine)::bigint AS px, floor((20037508.342789244 - st_y(t.geom_3857)) / 40075016.685578488 * fine)::bigint AS py, (SELECT count(*) FROM household_member m WHERE m.household_id = t.id AND m.valid_to IS NULL)::int AS members
                    FROM household t WHERE t.geom_3857 && near AND true AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells)) OFFSET 0) p
              WHERE p.px >> 12 = x AND p.py >> 12 = y GROUP BY 1) g
        LEFT JOIN household t ON t.id = g.one AND g.n = 1 AND z >= 15 ORDER BY g.square) q WHERE q.geom IS NOT NULL);
        ELSE body := (SELECT coalesce(st_asmvt(q, 'persons', 4096, 'geom'), '') FROM (
        SELECT g.n::int AS n, nullif(g.members, 0)::int AS members, st_point(((g.local >> 0 & 1)::int | (g.local >> 1 & 2)::int | (g.local >> 2 & 4)::int | (g.local >> 3 & 8)::int | (g.local >> 4 & 16)::int | (g.local >> 5 & 32)::int) * 64 + 32, (((g.local >> 1) >> 0 & 1)::int | ((g.local >> 1) >> 1 & 2)::int | ((g.local >> 1) >> 2 & 4)::int | ((g.local >> 1) >> 3 & 8)::int | ((g.local >> 1) >> 4 & 16)::int | ((g.local >> 1) >> 5 & 32)::int) * 64 + 32) AS geom
        FROM (SELECT t.cell - lowest_cell >> shift AS local, sum(t.n) AS n, sum(t.members) AS members FROM tile_count t
              WHERE t.layer = 'persons' AND t.level = store AND t.cell >= lowest_cell AND t.cell < beyond_cell AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells))
              GROUP BY 1 HAVING sum(t.n) > 0) g ORDER BY g.local) q WHERE q.geom IS NOT NULL);
        END IF;

    WHEN 'events' THEN
        generalised := NOT (z > 12) OR budget < (
            SELECT coalesce(sum(t.n), 0) FROM tile_count t WHERE t.layer = 'events' AND t.level = store
            AND t.cell >= lowest_cell AND t.cell < beyond_cell AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells)));
        IF NOT generalised THEN body := (SELECT coalesce(st_asmvt(q, 'events', 4096, 'geom'), '') FROM (
        SELECT p.id, p.kind, p.title, p.state, p.at, 1 AS n, st_point(p.px & 4095, p.py & 4095) AS geom FROM (
            SELECT t.id, t.kind AS kind, t.title AS title, t.state AS state, to_char(t.occurred_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') AS at, floor((st_x(t.geom_3857) + 20037508.342789244) / 40075016.685578488 * fine)::bigint AS px, floor((20037508.342789244 - st_y(t.geom_3857)) / 40075016.685578488 * fine)::bigint AS py
            FROM event t WHERE t.geom_3857 && near AND true AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells)) OFFSET 0
        ) p WHERE p.px >> 12 = x AND p.py >> 12 = y ORDER BY p.id) q WHERE q.geom IS NOT NULL);
        ELSIF z > 12 THEN body := (SELECT coalesce(st_asmvt(q, 'events', 4096, 'geom'), '') FROM (
        SELECT CASE WHEN g.n = 1 THEN g.one END AS id, t.kind AS kind, t.title AS title, t.state AS state, to_char(t.occurred_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') AS at, g.n,
               st_point((g.square & 63) * 64 + 32, (g.square >> 6) * 64 + 32) AS geom
        FROM (SELECT ((p.py & 4032) | (p.px >> 6 & 63))::int AS square, count(*)::int AS n, min(p.id) AS one
              FROM (SELECT t.id, floor((st_x(t.geom_3857) + 20037508.342789244) / 40075016.685578488 * fine)::bigint AS px, floor((20037508.342789244 - st_y(t.geom_3857)) / 40075016.685578488 * fine)::bigint AS py
                    FROM event t WHERE t.geom_3857 && near AND true AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells)) OFFSET 0) p
              WHERE p.px >> 12 = x AND p.py >> 12 = y GROUP BY 1) g
        LEFT JOIN event t ON t.id = g.one AND g.n = 1 AND z >= 15 ORDER BY g.square) q WHERE q.geom IS NOT NULL);
        ELSE body := (SELECT coalesce(st_asmvt(q, 'events', 4096, 'geom'), '') FROM (
        SELECT g.n::int AS n, st_point(((g.local >> 0 & 1)::int | (g.local >> 1 & 2)::int | (g.local >> 2 & 4)::int | (g.local >> 3 & 8)::int | (g.local >> 4 & 16)::int | (g.local >> 5 & 32)::int) * 64 + 32, (((g.local >> 1) >> 0 & 1)::int | ((g.local >> 1) >> 1 & 2)::int | ((g.local >> 1) >> 2 & 4)::int | ((g.local >> 1) >> 3 & 8)::int | ((g.local >> 1) >> 4 & 16)::int | ((g.local >> 1) >> 5 & 32)::int) * 64 + 32) AS geom
        FROM (SELECT t.cell - lowest_cell >> shift AS local, sum(t.n) AS n, sum(t.members) AS members FROM tile_count t
              WHERE t.layer = 'events' AND t.level = store AND t.cell >= lowest_cell AND t.cell < beyond_cell AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells))
              GROUP BY 1 HAVING sum(t.n) > 0) g ORDER BY g.local) q WHERE q.geom IS NOT NULL);
        END IF;

    WHEN 'objects' THEN
        generalised := NOT (z > 12) OR budget < (
            SELECT coalesce(sum(t.n), 0) FROM tile_count t WHERE t.layer = 'objects' AND t.level = store
            AND t.cell >= lowest_cell AND t.cell < beyond_cell AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells)));
        IF NOT generalised THEN body := (SELECT coalesce(st_asmvt(q, 'objects', 4096, 'geom'), '') FROM (
        SELECT p.id, p.kind, p.name, p.state, 1 AS n, st_point(p.px & 4095, p.py & 4095) AS geom FROM (
            SELECT t.id, t.kind AS kind, t.name AS name, t.state AS state, floor((st_x(t.geom_3857) + 20037508.342789244) / 40075016.685578488 * fine)::bigint AS px, floor((20037508.342789244 - st_y(t.geom_3857)) / 40075016.685578488 * fine)::bigint AS py
            FROM facility t WHERE t.geom_3857 && near AND true AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells)) OFFSET 0
        ) p WHERE p.px >> 12 = x AND p.py >> 12 = y ORDER BY p.id) q WHERE q.geom IS NOT NULL);
        ELSIF z > 12 THEN body := (SELECT coalesce(st_asmvt(q, 'objects', 4096, 'geom'), '') FROM (
        SELECT CASE WHEN g.n = 1 THEN g.one END AS id, t.kind AS kind, t.name AS name, t.state AS state, g.n,
               st_point((g.square & 63) * 64 + 32, (g.square >> 6) * 64 + 32) AS geom
        FROM (SELECT ((p.py & 4032) | (p.px >> 6 & 63))::int AS square, count(*)::int AS n, min(p.id) AS one
              FROM (SELECT t.id, floor((st_x(t.geom_3857) + 20037508.342789244) / 40075016.685578488 * fine)::bigint AS px, floor((20037508.342789244 - st_y(t.geom_3857)) / 40075016.685578488 * fine)::bigint AS py
                    FROM facility t WHERE t.geom_3857 && near AND true AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells)) OFFSET 0) p
              WHERE p.px >> 12 = x AND p.py >> 12 = y GROUP BY 1) g
        LEFT JOIN facility t ON t.id = g.one AND g.n = 1 AND z >= 15 ORDER BY g.square) q WHERE q.geom IS NOT NULL);
        ELSE body := (SELECT coalesce(st_asmvt(q, 'objects', 4096, 'geom'), '') FROM (
        SELECT g.n::int AS n, st_point(((g.local >> 0 & 1)::int | (g.local >> 1 & 2)::int | (g.local >> 2 & 4)::int | (g.local >> 3 & 8)::int | (g.local >> 4 & 16)::int | (g.local >> 5 & 32)::int) * 64 + 32, (((g.local >> 1) >> 0 & 1)::int | ((g.local >> 1) >> 1 & 2)::int | ((g.local >> 1) >> 2 & 4)::int | ((g.local >> 1) >> 3 & 8)::int | ((g.local >> 1) >> 4 & 16)::int | ((g.local >> 1) >> 5 & 32)::int) * 64 + 32) AS geom
        FROM (SELECT t.cell - lowest_cell >> shift AS local, sum(t.n) AS n, sum(t.members) AS members FROM tile_count t
              WHERE t.layer = 'objects' AND t.level = store AND t.cell >= lowest_cell AND t.cell < beyond_cell AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells))
              GROUP BY 1 HAVING sum(t.n) > 0) g ORDER BY g.local) q WHERE q.geom IS NOT NULL);
        END IF;

    WHEN 'alerts' THEN
        generalised := NOT (true) OR budget < (
            SELECT coalesce(sum(t.n), 0) FROM tile_count t WHERE t.layer = 'alerts' AND t.level = store
            AND t.cell >= lowest_cell AND t.cell < beyond_cell AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells)));
        IF NOT generalised THEN body := (SELECT coalesce(st_asmvt(q, 'alerts', 4096, 'geom'), '') FROM (
        SELECT p.id, p.rule, p.title, p.severity, p.status, 1 AS n, st_point(p.px & 4095, p.py & 4095) AS geom FROM (
            SELECT t.id, t.rule AS rule, t.title AS title, t.severity AS severity, t.status AS status, floor((st_x(t.geom_3857) + 20037508.342789244) / 40075016.685578488 * fine)::bigint AS px, floor((20037508.342789244 - st_y(t.geom_3857)) / 40075016.685578488 * fine)::bigint AS py
            FROM alert t WHERE t.geom_3857 && near AND t.status NOT IN ('cleared', 'closed') AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells)) OFFSET 0
        ) p WHERE p.px >> 12 = x AND p.py >> 12 = y ORDER BY p.id) q WHERE q.geom IS NOT NULL);
        ELSIF z > 12 THEN body := (SELECT coalesce(st_asmvt(q, 'alerts', 4096, 'geom'), '') FROM (
        SELECT CASE WHEN g.n = 1 THEN g.one END AS id, t.rule AS rule, t.title AS title, t.severity AS severity, t.status AS status, g.n,
               st_point((g.square & 63) * 64 + 32, (g.square >> 6) * 64 + 32) AS geom
        FROM (SELECT ((p.py & 4032) | (p.px >> 6 & 63))::int AS square, count(*)::int AS n, min(p.id) AS one
              FROM (SELECT t.id, floor((st_x(t.geom_3857) + 20037508.342789244) / 40075016.685578488 * fine)::bigint AS px, floor((20037508.342789244 - st_y(t.geom_3857)) / 40075016.685578488 * fine)::bigint AS py
                    FROM alert t WHERE t.geom_3857 && near AND t.status NOT IN ('cleared', 'closed') AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells)) OFFSET 0) p
              WHERE p.px >> 12 = x AND p.py >> 12 = y GROUP BY 1) g
        LEFT JOIN alert t ON t.id = g.one AND g.n = 1 AND z >= 15 ORDER BY g.square) q WHERE q.geom IS NOT NULL);
        ELSE body := (SELECT coalesce(st_asmvt(q, 'alerts', 4096, 'geom'), '') FROM (
        SELECT g.n::int AS n, st_point(((g.local >> 0 & 1)::int | (g.local >> 1 & 2)::int | (g.local >> 2 & 4)::int | (g.local >> 3 & 8)::int | (g.local >> 4 & 16)::int | (g.local >> 5 & 32)::int) * 64 + 32, (((g.local >> 1) >> 0 & 1)::int | ((g.local >> 1) >> 1 & 2)::int | ((g.local >> 1) >> 2 & 4)::int | ((g.local >> 1) >> 3 & 8)::int | ((g.local >> 1) >> 4 & 16)::int | ((g.local >> 1) >> 5 & 32)::int) * 64 + 32) AS geom
        FROM (SELECT t.cell - lowest_cell >> shift AS local, sum(t.n) AS n, sum(t.members) AS members FROM tile_count t
              WHERE t.layer = 'alerts' AND t.level = store AND t.cell >= lowest_cell AND t.cell < beyond_cell AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells))
              GROUP BY 1 HAVING sum(t.n) > 0) g ORDER BY g.local) q WHERE q.geom IS NOT NULL);
        END IF;

    WHEN 'places' THEN
        generalised := NOT (z > 12) OR budget < (
            SELECT coalesce(sum(t.n), 0) FROM tile_count t WHERE t.layer = 'places' AND t.level = store
            AND t.cell >= lowest_cell AND t.cell < beyond_cell AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells)));
        IF NOT generalised THEN body := (SELECT coalesce(st_asmvt(q, 'places', 4096, 'geom'), '') FROM (
            SELECT p.id, p.kind, p.name, p.occupancy, (p.px >> 12 = x AND p.py >> 12 = y)::int AS n,
                   CASE WHEN p.px >> 12 = x AND p.py >> 12 = y
                        THEN coalesce(CASE WHEN NOT p.is_point THEN p.outline END, st_point(p.px & 4095, p.py & 4095))
                        WHEN NOT p.is_point THEN p.outline END AS geom
            FROM (SELECT t.id, t.kind AS kind, t.name AS name, t.occupancy AS occupancy, floor(((st_xmin(t.geom_3857) + st_xmax(t.geom_3857)) / 2 + 20037508.342789244) / 40075016.685578488 * fine)::bigint AS px, floor((20037508.342789244 - (st_ymin(t.geom_3857) + st_ymax(t.geom_3857)) / 2) / 40075016.685578488 * fine)::bigint AS py, st_geometrytype(t.geom_3857) = 'ST_Point' AS is_point,
                         st_asmvtgeom(t.geom_3857, box, 4096, 64, true) AS outline
                  FROM place t WHERE t.geom_3857 && reach AND true AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells)) OFFSET 0) p ORDER BY p.id) q WHERE q.geom IS NOT NULL);
        ELSIF z > 12 THEN body := (SELECT coalesce(st_asmvt(q, 'places', 4096, 'geom'), '') FROM (
        SELECT CASE WHEN g.n = 1 THEN g.one END AS id, t.kind AS kind, t.name AS name, t.occupancy AS occupancy, g.n,
               st_point((g.square & 63) * 64 + 32, (g.square >> 6) * 64 + 32) AS geom
        FROM (SELECT ((p.py & 4032) | (p.px >> 6 & 63))::int AS square, count(*)::int AS n, min(p.id) AS one
              FROM (SELECT t.id, floor(((st_xmin(t.geom_3857) + st_xmax(t.geom_3857)) / 2 + 20037508.342789244) / 40075016.685578488 * fine)::bigint AS px, floor((20037508.342789244 - (st_ymin(t.geom_3857) + st_ymax(t.geom_3857)) / 2) / 40075016.685578488 * fine)::bigint AS py
                    FROM place t WHERE t.geom_3857 && near AND true AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells)) OFFSET 0) p
              WHERE p.px >> 12 = x AND p.py >> 12 = y GROUP BY 1) g
        LEFT JOIN place t ON t.id = g.one AND g.n = 1 AND z >= 15 ORDER BY g.square) q WHERE q.geom IS NOT NULL);
        ELSE body := (SELECT coalesce(st_asmvt(q, 'places', 4096, 'geom'), '') FROM (
        SELECT g.n::int AS n, st_point(((g.local >> 0 & 1)::int | (g.local >> 1 & 2)::int | (g.local >> 2 & 4)::int | (g.local >> 3 & 8)::int | (g.local >> 4 & 16)::int | (g.local >> 5 & 32)::int) * 64 + 32, (((g.local >> 1) >> 0 & 1)::int | ((g.local >> 1) >> 1 & 2)::int | ((g.local >> 1) >> 2 & 4)::int | ((g.local >> 1) >> 3 & 8)::int | ((g.local >> 1) >> 4 & 16)::int | ((g.local >> 1) >> 5 & 32)::int) * 64 + 32) AS geom
        FROM (SELECT t.cell - lowest_cell >> shift AS local, sum(t.n) AS n, sum(t.members) AS members FROM tile_count t
              WHERE t.layer = 'places' AND t.level = store AND t.cell >= lowest_cell AND t.cell < beyond_cell AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR left(t.grid_code, 9) = ANY (towns) OR left(t.grid_code, 12) = ANY (villages) OR left(t.grid_code, 15) = ANY (cells) OR t.grid_code = ANY (micro_cells))
              GROUP BY 1 HAVING sum(t.n) > 0) g ORDER BY g.local) q WHERE q.geom IS NOT NULL);
        END IF;
    ELSE NULL;
    END CASE;
    generalised := generalised AND body <> '';
END
$$;

ALTER FUNCTION {schema}.tile_layer(text,integer,integer,integer) OWNER TO onemap_tiles;
REVOKE ALL ON FUNCTION {schema}.tile_layer(text,integer,integer,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {schema}.tile_layer(text,integer,integer,integer) TO onemap_app;
