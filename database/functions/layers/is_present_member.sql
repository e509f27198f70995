-- true when a membership is current on a day and its person is alive: who counts as a present member of a household (现有成员)

CREATE OR REPLACE FUNCTION {schema}.is_present_member(valid_from date, valid_to date, death_date date, on_day date) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT {schema}.is_current(valid_from, valid_to, on_day) AND (death_date IS NULL OR death_date > on_day) $$;

GRANT EXECUTE ON FUNCTION {schema}.is_present_member(date,date,date,date) TO onemap_app;
