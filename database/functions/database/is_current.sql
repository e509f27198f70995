-- true on the days of a period [valid_from, valid_to): the first day holds, valid_to is the first day that no longer does; no end: for good

CREATE OR REPLACE FUNCTION {schema}.is_current(valid_from date, valid_to date, on_day date) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT valid_from <= on_day AND (valid_to IS NULL OR valid_to > on_day) $$;

GRANT EXECUTE ON FUNCTION {schema}.is_current(date,date,date) TO onemap_app;
