-- ANALYZE of every table of the county, after a large publish

CREATE OR REPLACE FUNCTION {schema}.refresh_statistics() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = {schema}, pg_temp
AS $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT relname FROM pg_class
                WHERE relnamespace = '{schema}'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
    LOOP
        EXECUTE format('ANALYZE %I', name);
    END LOOP;
END
$$;

REVOKE ALL ON FUNCTION {schema}.refresh_statistics() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {schema}.refresh_statistics() TO onemap_app;
