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
    prefixes    text[] := platform.scope_prefixes();
    whole       boolean;  -- the range from lowest to beyond says it all: the county, or any single prefix
    towns       text[];
    villages    text[];
    cells       text[];
    micro_cells text[];
    lowest      text;
    beyond      text;  -- prefixes may nest
    zoom_band   smallint := CASE WHEN z < 14 THEN greatest(7, z + 1 - z % 2) END;
    fine        float := 4096 * 2.0 ^ z;
    budget      int := {budget};
    store       smallint := least(greatest(z + 6, 14), 18);
    shift       int := 2 * (store - least(store, z + 6));
    {declared}
BEGIN
    body := '';
    generalised := false;
    SELECT count(*) = 1 OR coalesce(bool_or(p = '{county}'), false),
           array_agg(p) FILTER (WHERE length(p) = 9), array_agg(p) FILTER (WHERE length(p) = 12),
           array_agg(p) FILTER (WHERE length(p) = 15), array_agg(p) FILTER (WHERE length(p) = 17),
           min(p COLLATE "C"), max((p || '~') COLLATE "C")
    INTO whole, towns, villages, cells, micro_cells, lowest, beyond FROM unnest(prefixes) AS p;
    IF whole AND (z > {counted_to} AND length(lowest) = 9 OR z > 14 AND length(lowest) = 12) THEN
        -- the tile is the smaller: by place alone, the prefix checked row by row and not by a second index
        whole := false;
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
