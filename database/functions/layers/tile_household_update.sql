-- keeps counts and changes of the layer persons

CREATE OR REPLACE FUNCTION {schema}.tile_household_update() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = {schema}, public, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
    BEGIN

    WITH changed AS MATERIALIZED (SELECT -1 AS sign, o.* FROM old_rows o JOIN new_rows n ON n.id = o.id WHERE (n.household_no, n.status_codes, n.grid_code, n.geom_3857) IS DISTINCT FROM (o.household_no, o.status_codes, o.grid_code, o.geom_3857) UNION ALL SELECT 1, n.* FROM old_rows o JOIN new_rows n ON n.id = o.id WHERE (n.household_no, n.status_codes, n.grid_code, n.geom_3857) IS DISTINCT FROM (o.household_no, o.status_codes, o.grid_code, o.geom_3857) UNION ALL SELECT -1, o.* FROM old_rows o WHERE NOT EXISTS (SELECT FROM new_rows n WHERE n.id = o.id) UNION ALL SELECT 1, n.* FROM new_rows n WHERE NOT EXISTS (SELECT FROM old_rows o WHERE o.id = n.id)),
    placed AS MATERIALIZED (
        SELECT r.sign, r.grid_code, (SELECT count(*) FROM household_member m WHERE m.household_id = r.id AND m.valid_to IS NULL) AS members, least(262143, greatest(0, floor(((st_xmin(r.geom_3857) + st_xmax(r.geom_3857)) / 2 + 20037508.342789244) / 40075016.685578488 * 262144)::int)) AS col, least(262143, greatest(0, floor((-(st_ymin(r.geom_3857) + st_ymax(r.geom_3857)) / 2 + 20037508.342789244) / 40075016.685578488 * 262144)::int)) AS row, least(262143, greatest(0, floor((st_xmin(r.geom_3857) + 20037508.342789244) / 40075016.685578488 * 262144)::int)) AS col_from, least(262143, greatest(0, floor((-st_ymax(r.geom_3857) + 20037508.342789244) / 40075016.685578488 * 262144)::int)) AS row_from, least(262143, greatest(0, floor((st_xmax(r.geom_3857) + 20037508.342789244) / 40075016.685578488 * 262144)::int)) AS col_to, least(262143, greatest(0, floor((-st_ymin(r.geom_3857) + 20037508.342789244) / 40075016.685578488 * 262144)::int)) AS row_to
        FROM changed r WHERE r.geom_3857 IS NOT NULL AND true
    ), counted AS (
    INSERT INTO tile_count (layer, level, cell, grid_code, n, members)
    SELECT 'persons', l.level, b.cell >> 2 * (18 - l.level), b.grid_code, sum(b.n), sum(b.members)
    FROM (SELECT tile_cell(p.col, p.row) AS cell, p.grid_code, sum(p.sign) AS n, sum(p.sign * p.members) AS members
          FROM placed p GROUP BY p.col, p.row, p.grid_code
          HAVING sum(p.sign) <> 0 OR sum(p.sign * p.members) <> 0) b
    CROSS JOIN unnest(ARRAY[14, 15, 16, 17, 18]) AS l(level)
    GROUP BY l.level, b.cell >> 2 * (18 - l.level), b.grid_code HAVING sum(b.n) <> 0 OR sum(b.members) <> 0
)
INSERT INTO tile_change (layer, col_from, row_from, col_to, row_to, grid_code) SELECT 'persons', min(p.col_from), min(p.row_from), max(p.col_to), max(p.row_to), p.grid_code FROM placed p GROUP BY p.col_from >> 6, p.row_from >> 6, p.grid_code;
        IF FOUND THEN
            PERFORM pg_notify('onemap_tile', '{county}');
            IF (pg_current_xact_id()::text)::bigint % 32 = 0 THEN PERFORM settle_tile_counts(); END IF;
        END IF;
        RETURN NULL;
    END
$$;

ALTER FUNCTION {schema}.tile_household_update() OWNER TO onemap_tiles;
REVOKE ALL ON FUNCTION {schema}.tile_household_update() FROM PUBLIC;

CREATE OR REPLACE TRIGGER tile_update AFTER UPDATE ON {schema}.household
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION {schema}.tile_household_update();
