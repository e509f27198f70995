-- grid prefixes of the current scope; none when no scope was entered

CREATE OR REPLACE FUNCTION platform.scope_prefixes() RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT string_to_array(current_setting('onemap.prefixes', true), ',') $$;
