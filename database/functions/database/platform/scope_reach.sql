-- the entered scope as a function that reads beside row security needs it; nothing when no scope was entered

CREATE OR REPLACE FUNCTION platform.scope_reach(OUT whole boolean, OUT lowest text, OUT beyond text, OUT bounds bigint[]) RETURNS record
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET plan_cache_mode = auto
AS $$
DECLARE
    kept     text := current_setting('onemap.bounds', true);
    prefixes text[];
BEGIN
    -- whole: the range from lowest to beyond says it all: the county, or any single prefix; bounds are of the others only
    IF kept <> '' THEN
        bounds := string_to_array(kept, ',');
        whole := bounds[1] < 1000000;
        SELECT min(b::text COLLATE "C"), max(b::text COLLATE "C") INTO lowest, beyond FROM unnest(bounds) AS b;
    ELSE
        prefixes := platform.scope_prefixes();
        SELECT count(*) = 1 OR coalesce(bool_or(length(p) = 6), false), min(p COLLATE "C"), max((p || '~') COLLATE "C")
        INTO whole, lowest, beyond FROM unnest(prefixes) AS p;  -- prefixes may nest
        IF NOT whole THEN
            bounds := platform.code_bounds(prefixes);
        END IF;
    END IF;
END
$$;
