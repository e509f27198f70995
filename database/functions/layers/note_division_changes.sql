-- the changes of divisions that an operation on addresses makes

CREATE OR REPLACE FUNCTION {schema}.note_division_changes() RETURNS trigger
LANGUAGE plpgsql
SET search_path = {schema}, public, pg_temp
SET enable_nestloop = off
AS $$
BEGIN
    IF coalesce(current_setting('address.operation', true), '') = '' THEN
        RETURN NULL;
    END IF;
    INSERT INTO change (entity, entity_id, operation, fields, before, after, actor, grid_code)
    SELECT 'division', n.code, CASE WHEN o.valid_to IS NULL AND n.valid_to IS NOT NULL THEN 'removed' ELSE 'changed' END,
           d.fields, d.before, d.after,
           coalesce(nullif(current_setting('onemap.actor', true), ''), session_user), n.code
    FROM old_rows o JOIN new_rows n ON n.code = o.code
    CROSS JOIN LATERAL (
        SELECT jsonb_agg(a.key ORDER BY a.key) AS fields, jsonb_object_agg(a.key, b.value) AS before,
               jsonb_object_agg(a.key, a.value) AS after
        FROM jsonb_each(jsonb_build_object('code', n.code, 'name', n.name, 'kind', n.kind, 'class_code', n.class_code, 'former_names', n.former_names, 'valid_from', n.valid_from, 'valid_to', n.valid_to)) a JOIN jsonb_each(jsonb_build_object('code', o.code, 'name', o.name, 'kind', o.kind, 'class_code', o.class_code, 'former_names', o.former_names, 'valid_from', o.valid_from, 'valid_to', o.valid_to)) b ON b.key = a.key
        WHERE a.value IS DISTINCT FROM b.value
    ) d
    WHERE d.fields IS NOT NULL ORDER BY n.code;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER note_changes AFTER UPDATE ON {schema}.division
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION {schema}.note_division_changes();
