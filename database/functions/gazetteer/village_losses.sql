-- villages from which this transaction took addresses: how many they lost within the last hours without a second person, and how many they had before

CREATE OR REPLACE FUNCTION {schema}.village_losses(hours double precision) RETURNS TABLE(village text, lost bigint, before_n bigint)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = {schema}, pg_temp
AS $$
WITH recent AS (
    SELECT e.uid, e.before ->> 'division_code' AS village, e.operation_id, e.recorded_at
    FROM address_event e WHERE kind <> 'left' AND (before ->> 'status') = 'published' AND (after IS NULL OR (after ->> 'status') <> 'published' OR (after ->> 'division_code') <> (before ->> 'division_code'))
    AND e.recorded_at > now() - make_interval(secs => hours * 3600)
), touched AS (
    SELECT DISTINCT r.village FROM recent r WHERE r.recorded_at = now()
), gained AS (
    SELECT e.uid, e.after ->> 'division_code' AS village FROM address_event e
    WHERE e.recorded_at > now() - make_interval(secs => hours * 3600) AND e.operation_id IS NOT NULL
    AND e.kind IN ('created', 'published', 'split', 'merged', 'villages_merged')
    AND (e.after ->> 'status') = 'published'
    AND ((e.before ->> 'status') IS DISTINCT FROM 'published'
         OR (e.before ->> 'division_code') <> (e.after ->> 'division_code'))
), gone AS (
    SELECT r.village, r.uid,
        bool_or(NOT EXISTS (
            SELECT FROM address_change_item i JOIN address_change_set s ON s.id = i.change_set_id
            WHERE i.operation_id = r.operation_id AND s.state = 'published' AND s.approver <> s.author)) AS alone,
        NOT EXISTS (SELECT FROM gained g WHERE g.uid = r.uid AND g.village = r.village) AS old
    FROM recent r JOIN touched t ON t.village = r.village
    WHERE NOT EXISTS (SELECT FROM standard_address a
        WHERE a.uid = r.uid AND a.status = 'published' AND a.division_code = r.village)
    GROUP BY r.village, r.uid
)
SELECT g.village, count(*) FILTER (WHERE g.alone), count(*) FILTER (WHERE g.old) + (
    SELECT count(*) FROM standard_address a WHERE a.division_code = g.village AND a.status = 'published'
    AND NOT EXISTS (SELECT FROM gained n WHERE n.uid = a.uid AND n.village = g.village))
FROM gone g GROUP BY g.village HAVING count(*) FILTER (WHERE g.alone) > 0
$$;

ALTER FUNCTION {schema}.village_losses(double precision) OWNER TO onemap_guard;
REVOKE ALL ON FUNCTION {schema}.village_losses(double precision) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {schema}.village_losses(double precision) TO onemap_app;
