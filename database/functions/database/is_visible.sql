-- true when the entered scope shows rows of this grid code

CREATE OR REPLACE FUNCTION {schema}.is_visible(code text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT code ^@ ANY ((SELECT platform.scope_prefixes())::text[]) $$;

GRANT EXECUTE ON FUNCTION {schema}.is_visible(text) TO onemap_app;
