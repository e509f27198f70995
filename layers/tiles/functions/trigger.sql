-- {comment}

CREATE OR REPLACE FUNCTION {schema}.{function}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = {schema}, public, pg_temp
SET jit = off{settings}
AS $$
BEGIN
    {body};
    IF FOUND THEN
        PERFORM pg_notify('onemap_tile', '{county}');
        IF (pg_current_xact_id()::text)::bigint % 32 = 0 THEN PERFORM settle_tile_counts(); END IF;
    END IF;
    RETURN NULL;
END
$$;

ALTER FUNCTION {schema}.{function}() OWNER TO onemap_tiles;
REVOKE ALL ON FUNCTION {schema}.{function}() FROM PUBLIC;

{trigger} EXECUTE FUNCTION {schema}.{function}();
{grants}
