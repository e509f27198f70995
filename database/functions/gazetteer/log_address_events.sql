-- appends every change of an address to the log

CREATE OR REPLACE FUNCTION {schema}.log_address_events() RETURNS trigger
LANGUAGE plpgsql
SET search_path = {schema}, public, pg_temp
SET enable_nestloop = off
SET jit = off
AS $$
        #variable_conflict use_column
        DECLARE
            about jsonb := nullif(current_setting('address.operation', true), '')::jsonb;
            today date := coalesce((about ->> 'effective_on')::date, CURRENT_DATE);
            clash record;
        BEGIN
            IF today > CURRENT_DATE THEN
                RAISE EXCEPTION 'an address event cannot hold from a day to come: %', today USING ERRCODE = '22008';
            END IF;
            IF TG_OP = 'INSERT' THEN

    WITH numbered AS (
        SELECT c.*, row_number() OVER (ORDER BY c.id, c.arrives) AS n FROM (
    SELECT n.id, true AS arrives, n.uid, NULL::jsonb AS before, address_state(n) AS after, n.local_key, n.grid_code,
           coalesce((about ->> 'effective_on')::date, least(n.valid_from, CURRENT_DATE)) AS day FROM new_rows n
) c
    ), took AS (
        SELECT take_event_numbers((SELECT count(*) FROM numbered)) AS first
    )
    INSERT INTO address_event
        (number, operation_id, kind, reason, reverts, uid, before, after, local_key, effective_on, actor, grid_code)
    SELECT took.first + n, (about ->> 'id')::uuid, CASE WHEN NOT arrives THEN 'left'
               WHEN before - 'grid_code' = after - 'grid_code' THEN 'regridded' ELSE coalesce(about ->> 'kind', 'created') END,
           about ->> 'reason', (about ->> 'reverts')::uuid, uid, before, after, local_key, day,
           coalesce(nullif(current_setting('onemap.actor', true), ''), session_user), grid_code
    FROM numbered, took
;
            ELSIF TG_OP = 'UPDATE' THEN
                SELECT o.full_text, last.effective_on INTO clash FROM old_rows o CROSS JOIN LATERAL (
                    SELECT e.effective_on FROM address_event e WHERE e.uid = o.uid ORDER BY e.number DESC LIMIT 1) last
                WHERE last.effective_on > today LIMIT 1;
                IF FOUND THEN
                    RAISE EXCEPTION '% has changed on % already', clash.full_text, clash.effective_on USING ERRCODE = '22008';
                END IF;

    WITH numbered AS (
        SELECT c.*, row_number() OVER (ORDER BY c.id, c.arrives) AS n FROM (
    SELECT e.* FROM (
        SELECT o.id, o.uid, o.grid_code AS old_code, n.grid_code AS new_code, address_state(o) AS before, address_state(n) AS after,
               n.local_key
        FROM old_rows o JOIN new_rows n ON n.id = o.id
        WHERE ROW(o.*) IS DISTINCT FROM ROW(n.*)
    ) pair CROSS JOIN LATERAL (
        SELECT pair.id, true AS arrives, pair.uid, pair.before, pair.after, pair.local_key, pair.new_code AS grid_code, today AS day
        UNION ALL
        SELECT pair.id, false, pair.uid, pair.before, NULL, NULL, pair.old_code, today WHERE pair.old_code <> pair.new_code
    ) e WHERE pair.before <> pair.after
) c
    ), took AS (
        SELECT take_event_numbers((SELECT count(*) FROM numbered)) AS first
    )
    INSERT INTO address_event
        (number, operation_id, kind, reason, reverts, uid, before, after, local_key, effective_on, actor, grid_code)
    SELECT took.first + n, (about ->> 'id')::uuid, CASE WHEN NOT arrives THEN 'left'
               WHEN before - 'grid_code' = after - 'grid_code' THEN 'regridded' ELSE coalesce(about ->> 'kind', 'edited') END,
           about ->> 'reason', (about ->> 'reverts')::uuid, uid, before, after, local_key, day,
           coalesce(nullif(current_setting('onemap.actor', true), ''), session_user), grid_code
    FROM numbered, took
;
            ELSE

    WITH numbered AS (
        SELECT c.*, row_number() OVER (ORDER BY c.id, c.arrives) AS n FROM (
    SELECT o.id, true AS arrives, o.uid, address_state(o) AS before, NULL::jsonb AS after, NULL::text AS local_key, o.grid_code,
           today AS day FROM old_rows o
) c
    ), took AS (
        SELECT take_event_numbers((SELECT count(*) FROM numbered)) AS first
    )
    INSERT INTO address_event
        (number, operation_id, kind, reason, reverts, uid, before, after, local_key, effective_on, actor, grid_code)
    SELECT took.first + n, (about ->> 'id')::uuid, CASE WHEN NOT arrives THEN 'left'
               WHEN before - 'grid_code' = after - 'grid_code' THEN 'regridded' ELSE coalesce(about ->> 'kind', 'deleted') END,
           about ->> 'reason', (about ->> 'reverts')::uuid, uid, before, after, local_key, day,
           coalesce(nullif(current_setting('onemap.actor', true), ''), session_user), grid_code
    FROM numbered, took
;
            END IF;
            RETURN NULL;
        END
$$;

CREATE OR REPLACE TRIGGER log_delete AFTER DELETE ON {schema}.standard_address
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION {schema}.log_address_events();

CREATE OR REPLACE TRIGGER log_insert AFTER INSERT ON {schema}.standard_address
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION {schema}.log_address_events();

CREATE OR REPLACE TRIGGER log_update AFTER UPDATE ON {schema}.standard_address
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION {schema}.log_address_events();
