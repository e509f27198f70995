-- true when who sees the outer code sees the inner one

CREATE OR REPLACE FUNCTION {schema}.place_within(inner_code text, outer_code text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT inner_code ^@ outer_code $$;

GRANT EXECUTE ON FUNCTION {schema}.place_within(text,text) TO onemap_app;
