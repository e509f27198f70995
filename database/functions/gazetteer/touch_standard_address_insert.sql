-- notes the addresses that a statement changed, for the indexes

CREATE OR REPLACE FUNCTION {schema}.touch_standard_address_insert() RETURNS trigger
LANGUAGE plpgsql
SET search_path = {schema}, pg_temp
AS $$
BEGIN
    INSERT INTO address_touch (address_ids, grid_code)
    SELECT array_agg(DISTINCT c.id), c.grid_code FROM (SELECT n.id AS id, n.grid_code FROM new_rows n WHERE n.status = 'published') c GROUP BY c.grid_code;
    IF FOUND THEN
        DELETE FROM address_touch WHERE touched_at < now() - interval '1 day';
        PERFORM pg_notify('onemap_address', '{county}');
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER touch_insert AFTER INSERT ON {schema}.standard_address
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION {schema}.touch_standard_address_insert();
