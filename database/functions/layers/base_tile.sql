-- the base map in one tile, for everybody of the county; whether something was left out

CREATE OR REPLACE FUNCTION {schema}.base_tile(z int, x int, y int, OUT body bytea, OUT generalised boolean) RETURNS record
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = {schema}, public, pg_temp
SET plan_cache_mode = force_custom_plan
SET max_parallel_workers_per_gather = 0
SET jit = off
SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    box         geometry := st_tileenvelope(z, x, y);
    reach       geometry := st_tileenvelope(z, x, y, margin => 64.0 / 4096);
    pixel_m     float := 40075016.685578488 / 512 / 2 ^ z;
    fine        float := 4096 * 2.0 ^ z;
BEGIN
    body := '';
    generalised := false;
    IF z NOT BETWEEN 5 AND 16 OR NOT EXISTS (SELECT FROM unnest(platform.scope_prefixes()) AS p WHERE left(p, 6) = '{county}') THEN
        RETURN;
    END IF;
    WITH found AS (
        SELECT t.id, t.kind, t.class, t.name, t.number, round(t.height_m)::int AS height, t.min_zoom, t.geom_3857 AS shape FROM base_feature t
        WHERE z <= 12 AND t.min_zoom <= 12 AND t.min_zoom <= z AND t.geom_3857 && reach
        UNION ALL
        SELECT t.id, t.kind, t.class, t.name, t.number, round(t.height_m)::int AS height, t.min_zoom, t.geom_3857 AS shape FROM base_feature t WHERE z > 12 AND t.min_zoom <= z AND t.geom_3857 && reach
    ), ranked AS MATERIALIZED (
        SELECT f.*, f.area > 0 AS is_area,
               row_number() OVER (PARTITION BY f.kind ORDER BY f.min_zoom, f.area DESC, f.id) AS place
        FROM (SELECT f.*, st_area(f.shape) AS area FROM found f) f
    ), kept AS MATERIALIZED (
        SELECT * FROM ranked WHERE place <= 4000
    ), features AS (  -- the pieces of one road are one line, so that its name is written along all of it
        SELECT k.kind, k.class, k.name, k.number, k.height, NULL::text AS "of", NULL::int AS rank, min(k.place) AS place,
               st_linemerge(st_collectionhomogenize(st_collect(k.shape))) AS shape
        FROM kept k WHERE st_dimension(k.shape) = 1 GROUP BY 1, 2, 3, 4, 5
        UNION ALL
        SELECT k.kind, k.class, CASE WHEN NOT k.is_area THEN k.name END, k.number, k.height, NULL, NULL, k.place, k.shape
        FROM kept k WHERE st_dimension(k.shape) <> 1
        UNION ALL  -- a named area has its name at one point, in one tile
        SELECT 'labels', p.class, p.name, NULL, NULL, p.kind, p.rank, p.place, p.at
        FROM (SELECT k.*, st_pointonsurface(k.shape) AS at, floor(ln(k.area) / ln(2))::int AS rank FROM kept k
              WHERE k.is_area AND k.name IS NOT NULL AND sqrt(k.area) >= pixel_m * CASE WHEN z < 16 THEN 24 ELSE 6 END) p
        WHERE floor((st_x(p.at) + 20037508.342789244) / 40075016.685578488 * 2.0 ^ z) = x AND floor((20037508.342789244 - st_y(p.at)) / 40075016.685578488 * 2.0 ^ z) = y
    ), layers AS (
        SELECT f.kind, st_asmvt(q, f.kind, 4096, 'geom' ORDER BY f.place, f.name) AS layer
        FROM features f CROSS JOIN LATERAL (
            SELECT f.class, f.name, f.number, f.height, f."of", f.rank,
                   st_asmvtgeom(CASE WHEN z < 14 THEN st_simplify(f.shape, pixel_m / 2, true) ELSE f.shape END, box, 4096, 64, true) AS geom
        ) q WHERE q.geom IS NOT NULL GROUP BY f.kind
    )
    SELECT coalesce(string_agg(l.layer, '' ORDER BY l.kind), ''), EXISTS (SELECT FROM ranked WHERE place > 4000)
    INTO body, generalised FROM layers l;
END $$;
ALTER FUNCTION {schema}.base_tile(integer, integer, integer) OWNER TO onemap_tiles;
REVOKE ALL ON FUNCTION {schema}.base_tile(integer, integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {schema}.base_tile(integer, integer, integer) TO onemap_app;
