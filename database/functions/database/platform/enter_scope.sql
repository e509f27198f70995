-- the one way into a county that lives on this server: valid for the current transaction

CREATE OR REPLACE FUNCTION platform.enter_scope(county text, actor text, role text, prefixes text[]) RETURNS void
LANGUAGE plpgsql
SET plan_cache_mode = auto
AS $$
DECLARE
    list text := array_to_string(prefixes, ',');
BEGIN
    IF NOT EXISTS (SELECT FROM platform.county c WHERE c.code = enter_scope.county AND c.server IS NULL) THEN
        RAISE EXCEPTION 'onemap: no county %', county USING ERRCODE = 'OM404';
    END IF;
    IF cardinality(prefixes) = 0 OR array_position(prefixes, NULL) > 0 OR county !~ '^[0-9]{6}$'
        OR list !~ ('^' || county || '[0-9]{0,11}(,' || county || '[0-9]{0,11})*$')  -- one expression for all: 5,000 cost 6 ms one by one
    THEN
        RAISE EXCEPTION 'onemap: prefix outside county %', county USING ERRCODE = 'OM403';
    END IF;
    PERFORM set_config('search_path', 'c' || county || ', public', true),
            set_config('onemap.county', county, true),
            set_config('onemap.actor', actor, true),
            set_config('onemap.role', role, true),
            set_config('onemap.prefixes', list, true),
            -- of many prefixes, once for all that will read (platform.scope_reach)
            set_config('onemap.bounds', CASE WHEN cardinality(prefixes) > 20
                THEN array_to_string(platform.code_bounds(prefixes), ',') ELSE '' END, true);
END
$$;
