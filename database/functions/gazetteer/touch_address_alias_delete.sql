-- notes the addresses that a statement changed, for the indexes

CREATE OR REPLACE FUNCTION {schema}.touch_address_alias_delete() RETURNS trigger
LANGUAGE plpgsql
SET search_path = {schema}, pg_temp
AS $$
BEGIN
    INSERT INTO address_touch (address_ids, grid_code)
    SELECT array_agg(DISTINCT c.id), c.grid_code FROM (SELECT o.address_id AS id, o.grid_code FROM old_rows o) c GROUP BY c.grid_code;
    IF FOUND THEN
        DELETE FROM address_touch WHERE touched_at < now() - interval '1 day';
        PERFORM pg_notify('onemap_address', '{county}');
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER touch_delete AFTER DELETE ON {schema}.address_alias
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION {schema}.touch_address_alias_delete();
