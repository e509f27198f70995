-- {comment}

CREATE OR REPLACE FUNCTION {schema}.{function}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = {schema}, public, pg_temp{settings}
AS $$
BEGIN
    {body};
    RETURN NULL;
END
$$;

ALTER FUNCTION {schema}.{function}() OWNER TO onemap_tiles;
REVOKE ALL ON FUNCTION {schema}.{function}() FROM PUBLIC;

{trigger} EXECUTE FUNCTION {schema}.{function}();
{grants}
