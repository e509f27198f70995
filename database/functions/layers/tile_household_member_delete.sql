-- keeps counts and changes of the layer persons

CREATE OR REPLACE FUNCTION {schema}.tile_household_member_delete() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = {schema}, public, pg_temp
SET jit = off
AS $$
BEGIN
    WITH net AS MATERIALIZED (
        SELECT c.household_id, sum(c.sign) AS n FROM (SELECT -1 AS sign, o.* FROM old_rows o) c WHERE c.valid_to IS NULL
        GROUP BY c.household_id HAVING sum(c.sign) <> 0
    ), home AS MATERIALIZED (
        SELECT net.n, h.grid_code, h.geom_3857 FROM net JOIN household h ON h.id = net.household_id
        ORDER BY h.id FOR SHARE OF h
    ), placed AS MATERIALIZED (
        SELECT 0 AS sign, r.n AS members, r.grid_code, least(262143, greatest(0, floor(((st_xmin(r.geom_3857) + st_xmax(r.geom_3857)) / 2 + 20037508.342789244) / 40075016.685578488 * 262144)::int)) AS col, least(262143, greatest(0, floor((-(st_ymin(r.geom_3857) + st_ymax(r.geom_3857)) / 2 + 20037508.342789244) / 40075016.685578488 * 262144)::int)) AS row, least(262143, greatest(0, floor((st_xmin(r.geom_3857) + 20037508.342789244) / 40075016.685578488 * 262144)::int)) AS col_from, least(262143, greatest(0, floor((-st_ymax(r.geom_3857) + 20037508.342789244) / 40075016.685578488 * 262144)::int)) AS row_from, least(262143, greatest(0, floor((st_xmax(r.geom_3857) + 20037508.342789244) / 40075016.685578488 * 262144)::int)) AS col_to, least(262143, greatest(0, floor((-st_ymin(r.geom_3857) + 20037508.342789244) / 40075016.685578488 * 262144)::int)) AS row_to FROM home r WHERE r.geom_3857 IS NOT NULL
    ), summed AS MATERIALIZED (
        SELECT tile_cell(p.col, p.row) AS cell, p.grid_code, sum(p.members) AS members FROM placed p
        GROUP BY p.col, p.row, p.grid_code
    ), counted AS (
        INSERT INTO tile_count (layer, level, cell, grid_code, n, members)
        SELECT 'persons', l.level, s.cell >> 2 * (18 - l.level), s.grid_code, 0, sum(s.members)
        FROM summed s CROSS JOIN unnest(ARRAY[14, 15, 16, 17, 18]) AS l(level)
        GROUP BY l.level, s.cell >> 2 * (18 - l.level), s.grid_code HAVING sum(s.members) <> 0
    )
    INSERT INTO tile_change (layer, col_from, row_from, col_to, row_to, grid_code)
    SELECT 'persons', min(p.col_from), min(p.row_from), max(p.col_to), max(p.row_to), p.grid_code FROM placed p
    GROUP BY p.col_from >> 6, p.row_from >> 6, p.grid_code;
    IF FOUND THEN
        PERFORM pg_notify('onemap_tile', '{county}');
        IF (pg_current_xact_id()::text)::bigint % 32 = 0 THEN PERFORM settle_tile_counts(); END IF;
    END IF;
    RETURN NULL;
END
$$;

ALTER FUNCTION {schema}.tile_household_member_delete() OWNER TO onemap_tiles;
REVOKE ALL ON FUNCTION {schema}.tile_household_member_delete() FROM PUBLIC;

CREATE OR REPLACE TRIGGER tile_delete AFTER DELETE ON {schema}.household_member
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION {schema}.tile_household_member_delete();
