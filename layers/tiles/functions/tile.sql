-- {comment}

CREATE OR REPLACE FUNCTION {schema}.{function}(layer text, z integer, x integer, y integer, OUT body bytea, OUT generalised boolean) RETURNS record
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = {schema}, public, pg_temp
SET plan_cache_mode = force_custom_plan
SET max_parallel_workers_per_gather = 0
SET jit = off
SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    whole       boolean;  -- of platform.scope_reach(), as the next three
    lowest      text;
    beyond      text;
    bounds      bigint[];
    zoom_band   smallint := CASE WHEN z < 14 THEN greatest(7, z + 1 - z % 2) END;
    fine        float := 4096 * 2.0 ^ z;
    budget      int := {budget};
    store       smallint := least(greatest(z + 6, 14), 18);
    shift       int := 2 * (store - least(store, z + 6));
    {declared}
BEGIN
    body := '';
    generalised := false;
    SELECT r.whole, r.lowest, r.beyond, r.bounds INTO whole, lowest, beyond, bounds FROM platform.scope_reach() r;
    IF whole AND (z > {counted_to} AND length(lowest) = 9 OR z > 14 AND length(lowest) = 12) THEN
        -- the tile is the smaller: by place alone, the prefix checked row by row and not by a second index
        whole := false;
        bounds := platform.code_bounds(ARRAY[lowest]);
        lowest := '';
        beyond := '~';
    END IF;
    CASE layer
{branches}
    ELSE NULL;
    END CASE;
    generalised := generalised AND body <> '';
END
$$;

ALTER FUNCTION {schema}.{function}(text,integer,integer,integer) OWNER TO onemap_tiles;
REVOKE ALL ON FUNCTION {schema}.{function}(text,integer,integer,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {schema}.{function}(text,integer,integer,integer) TO onemap_app;
{grants}
