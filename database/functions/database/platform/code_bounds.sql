-- the grid codes under these prefixes as numbers: sorted bounds of ranges, the first of a range inside, the second beyond it

CREATE OR REPLACE FUNCTION platform.code_bounds(prefixes text[]) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET plan_cache_mode = auto
AS $$
BEGIN
    -- codes of one length are compared as numbers; codes of different lengths are numbers of different size and never meet.
    -- Prefixes in a row are one range: 5,000 cells of 200 villages are 400 ranges.
    RETURN (
        WITH runs AS (
            SELECT n, min(code) AS low, max(code) + 1 AS high
            FROM (SELECT n, code, code - row_number() OVER (ORDER BY n, code) AS run
                  FROM (SELECT DISTINCT length(p) AS n, p::bigint AS code FROM unnest(prefixes) AS p) a) b
            GROUP BY n, run
        ), ranges AS (
            SELECT r.low * f.factor AS low, r.high * f.factor AS high
            FROM runs r CROSS JOIN unnest(ARRAY[6, 9, 12, 15, 17]) AS l(n)
            CROSS JOIN LATERAL (SELECT (10 ^ (l.n - r.n)::numeric)::bigint AS factor) f WHERE l.n >= r.n
        ), apart AS (
            SELECT low, high, count(*) FILTER (WHERE before IS NULL OR low > before) OVER (ORDER BY low, high) AS place
            FROM (SELECT low, high, max(high) OVER (ORDER BY low, high ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
                  FROM ranges) c
        )
        SELECT array_agg(edge ORDER BY edge)
        FROM (SELECT unnest(ARRAY[min(low), max(high)]) AS edge FROM apart GROUP BY place) d
    );
END
$$;
