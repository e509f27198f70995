-- rules of the divisions inside and above the entered scope

CREATE OR REPLACE FUNCTION {schema}.address_rules_in_reach() RETURNS TABLE(division_code text, written text, standard text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = {schema}, pg_temp
AS $$
SELECT r.division_code, r.written, r.standard FROM address_rule r
WHERE EXISTS (SELECT FROM unnest(platform.scope_prefixes()) AS p
              WHERE starts_with(r.division_code, p) OR starts_with(p, r.division_code))
$$;

ALTER FUNCTION {schema}.address_rules_in_reach() OWNER TO onemap_tiles;
REVOKE ALL ON FUNCTION {schema}.address_rules_in_reach() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {schema}.address_rules_in_reach() TO onemap_app;
