-- what a door plate shows to anybody who scans it; no row for what is not valid

CREATE OR REPLACE FUNCTION {schema}.public_plate(wanted bytea) RETURNS TABLE(full_text text, code text, town text, village text, service_name text, service_phone text, service_address text, service_hours text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = {schema}, pg_temp
AS $$
        SELECT a.full_text, a.code, town.name, village.name, s.name, s.phone, s.address_text, s.hours
        FROM plate_token t JOIN standard_address a ON a.id = t.address_id

LEFT JOIN division town ON town.code = left(a.division_code, 9) AND town.level = 'town'
LEFT JOIN division village ON village.code = a.division_code AND village.level = 'village'
LEFT JOIN LATERAL (SELECT p.name, p.phone, p.address_text, p.hours FROM (VALUES (left(a.division_code, 12)), (left(a.division_code, 9))) AS d(code)
    JOIN service_point p ON p.division_code = d.code ORDER BY length(d.code) DESC LIMIT 1) s ON true

        WHERE t.serial = wanted AND t.status = 'valid' AND a.status = 'published'
$$;

ALTER FUNCTION {schema}.public_plate(bytea) OWNER TO onemap_tiles;
REVOKE ALL ON FUNCTION {schema}.public_plate(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {schema}.public_plate(bytea) TO onemap_app;
