-- keys of the features of the entered scope in a box (degrees), NULL for too many

CREATE OR REPLACE FUNCTION {schema}.features_in_box(collection text, west double precision, south double precision, east double precision, north double precision, most integer) RETURNS bigint[]
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = {schema}, public, pg_temp
SET plan_cache_mode = force_custom_plan
SET max_parallel_workers_per_gather = 0
SET jit = off
AS $$
DECLARE
    prefixes    text[] := platform.scope_prefixes();
    whole       boolean;  -- of platform.scope_reach(), as the next three
    lowest      text;
    beyond      text;
    bounds      bigint[];
    reach       geometry := st_expand(st_transform(st_makeenvelope(
        greatest(least(west, 180), -180), greatest(least(south, 85), -85),
        greatest(least(east, 180), -180), greatest(least(north, 85), -85), 4326), 3857), 0.01);
    found       bigint[] := '{}';
    outermost   text[] := ARRAY(SELECT DISTINCT p COLLATE "C" FROM unnest(prefixes) AS p
        WHERE NOT EXISTS (SELECT FROM unnest(prefixes) AS o WHERE p <> o AND starts_with(p, o)));
    one         text;
BEGIN
    SELECT r.whole, r.lowest, r.beyond, r.bounds INTO whole, lowest, beyond, bounds FROM platform.scope_reach() r;
    IF cardinality(outermost) > 20 THEN
        outermost := ARRAY[NULL];
    END IF;
    FOREACH one IN ARRAY outermost LOOP
        IF one IS NOT NULL THEN
            lowest := one;
            beyond := one || '~';
        END IF;
        CASE collection
{branches}
        ELSE RETURN found;
        END CASE;
        IF cardinality(found) > most THEN
            RETURN NULL;
        END IF;
    END LOOP;
    RETURN found;
END
$$;

ALTER FUNCTION {schema}.features_in_box(text,double precision,double precision,double precision,double precision,integer) OWNER TO onemap_tiles;
REVOKE ALL ON FUNCTION {schema}.features_in_box(text,double precision,double precision,double precision,double precision,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {schema}.features_in_box(text,double precision,double precision,double precision,double precision,integer) TO onemap_app;
