-- notes the addresses that a statement changed, for the indexes

CREATE OR REPLACE FUNCTION {schema}.touch_{table}_{verb}() RETURNS trigger
LANGUAGE plpgsql
SET search_path = {schema}, pg_temp{settings}
AS $$
BEGIN
    INSERT INTO address_touch (address_ids, grid_code)
    SELECT array_agg(DISTINCT c.id), c.grid_code FROM ({changed}) c GROUP BY c.grid_code;
    IF FOUND THEN
        DELETE FROM address_touch WHERE touched_at < now() - interval '1 day';
        PERFORM pg_notify('onemap_address', '{county}');
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER touch_{verb} AFTER {event} ON {schema}.{table}
    REFERENCING {transitions} FOR EACH STATEMENT EXECUTE FUNCTION {schema}.touch_{table}_{verb}();
