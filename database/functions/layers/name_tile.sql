-- names and house numbers in one tile, inside the scope

CREATE OR REPLACE FUNCTION {schema}.name_tile(z int, x int, y int, OUT body bytea, OUT generalised boolean) RETURNS record
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = {schema}, public, pg_temp
SET plan_cache_mode = force_custom_plan
SET max_parallel_workers_per_gather = 0
SET jit = off
SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    whole       boolean;
    lowest      text;
    beyond      text;
    bounds      bigint[];
    box         geometry := st_tileenvelope(z, x, y);
BEGIN
    body := '';
    generalised := false;
    SELECT r.whole, r.lowest, r.beyond, r.bounds INTO whole, lowest, beyond, bounds FROM platform.scope_reach() r;
    body := body || (SELECT coalesce(st_asmvt(q, 'division_names', 4096, 'geom'), '') FROM (
        SELECT p.code AS id, p.level, p.name, st_asmvtgeom(p.at, box, 4096, 0, false) AS geom
        FROM (SELECT t.code, t.level, t.name, CASE WHEN st_covers(t.geom_3857, st_centroid(t.geom_3857)) THEN st_centroid(t.geom_3857) ELSE st_pointonsurface(t.geom_3857) END AS at FROM division t
              WHERE t.geom_3857 && box AND t.valid_to IS NULL AND t.level = ANY (CASE WHEN z < 7 THEN ARRAY['county'] WHEN z < 10 THEN ARRAY['county', 'town']
                                               ELSE ARRAY['county', 'town', 'village'] END) AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR (width_bucket(t.grid_code::bigint, bounds) & 1) <> 0) OFFSET 0) p
        WHERE floor((st_x(p.at) + 20037508.342789244) / 40075016.685578488 * 2.0 ^ z) = x AND floor((20037508.342789244 - st_y(p.at)) / 40075016.685578488 * 2.0 ^ z) = y ORDER BY p.code) q WHERE q.geom IS NOT NULL);
    IF z >= 13 THEN
        body := body || (SELECT coalesce(st_asmvt(q, 'cell_names', 4096, 'geom'), '') FROM (
        SELECT p.code AS id, p.name, st_asmvtgeom(p.at, box, 4096, 0, false) AS geom
        FROM (SELECT t.code, t.name, CASE WHEN st_covers(t.geom_3857, st_centroid(t.geom_3857)) THEN st_centroid(t.geom_3857) ELSE st_pointonsurface(t.geom_3857) END AS at FROM grid_cell t
              WHERE t.geom_3857 && box AND t.valid_to IS NULL AND t.level = 'cell' AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR (width_bucket(t.grid_code::bigint, bounds) & 1) <> 0) OFFSET 0) p
        WHERE floor((st_x(p.at) + 20037508.342789244) / 40075016.685578488 * 2.0 ^ z) = x AND floor((20037508.342789244 - st_y(p.at)) / 40075016.685578488 * 2.0 ^ z) = y ORDER BY p.code) q WHERE q.geom IS NOT NULL);
    END IF;
    IF z >= 16 THEN
        body := body || (SELECT coalesce(st_asmvt(q, 'house_numbers', 4096, 'geom'), '') FROM (
        SELECT p.number, st_asmvtgeom(p.at, box, 4096, 0, false) AS geom
        FROM (SELECT min(t.id) AS id, regexp_replace(t.number_plate, '号$', '') AS number, t.geom_3857 AS at FROM standard_address t
              WHERE t.geom_3857 && box AND t.status = 'published' AND t.number_plate IS NOT NULL
                AND t.building IS NULL AND t.entrance IS NULL AND t.floor IS NULL AND t.room IS NULL AND t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR (width_bucket(t.grid_code::bigint, bounds) & 1) <> 0)
              GROUP BY 2, 3) p
        WHERE floor((st_x(p.at) + 20037508.342789244) / 40075016.685578488 * 2.0 ^ z) = x AND floor((20037508.342789244 - st_y(p.at)) / 40075016.685578488 * 2.0 ^ z) = y ORDER BY p.id) q WHERE q.geom IS NOT NULL);
    END IF;
END $$;
ALTER FUNCTION {schema}.name_tile(integer, integer, integer) OWNER TO onemap_tiles;
REVOKE ALL ON FUNCTION {schema}.name_tile(integer, integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {schema}.name_tile(integer, integer, integer) TO onemap_app;
