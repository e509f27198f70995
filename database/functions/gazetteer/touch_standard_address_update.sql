-- notes the addresses that a statement changed, for the indexes

CREATE OR REPLACE FUNCTION {schema}.touch_standard_address_update() RETURNS trigger
LANGUAGE plpgsql
SET search_path = {schema}, pg_temp
SET enable_nestloop = off
SET jit = off
AS $$
BEGIN
    INSERT INTO address_touch (address_ids, grid_code)
    SELECT array_agg(DISTINCT c.id), c.grid_code FROM (SELECT n.id AS id, n.grid_code FROM new_rows n JOIN old_rows o ON o.id = n.id WHERE (n.status, n.full_text, n.match_key, n.local_key, n.road_key, n.division_code, n.village_group, n.city, n.depth) IS DISTINCT FROM (o.status, o.full_text, o.match_key, o.local_key, o.road_key, o.division_code, o.village_group, o.city, o.depth)) c GROUP BY c.grid_code;
    IF FOUND THEN
        DELETE FROM address_touch WHERE touched_at < now() - interval '1 day';
        PERFORM pg_notify('onemap_address', '{county}');
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER touch_update AFTER UPDATE ON {schema}.standard_address
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION {schema}.touch_standard_address_update();
