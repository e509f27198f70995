-- the one way into a county that lives on this server: valid for the current transaction

CREATE OR REPLACE FUNCTION platform.enter_scope(county text, actor text, role text, prefixes text[]) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM platform.county c WHERE c.code = enter_scope.county AND c.server IS NULL) THEN
        RAISE EXCEPTION 'onemap: no county %', county USING ERRCODE = 'OM404';
    END IF;
    IF cardinality(prefixes) = 0 OR EXISTS (
        SELECT FROM unnest(prefixes) AS p WHERE p IS NULL OR p !~ '^[0-9]{6,17}$' OR NOT p ^@ county
    ) THEN
        RAISE EXCEPTION 'onemap: prefix outside county %', county USING ERRCODE = 'OM403';
    END IF;
    PERFORM set_config('search_path', 'c' || county || ', public', true),
            set_config('onemap.county', county, true),
            set_config('onemap.actor', actor, true),
            set_config('onemap.role', role, true),
            set_config('onemap.prefixes', array_to_string(prefixes, ','), true);
END
$$;
