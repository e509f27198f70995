-- what a place code shows to anybody who scans it, counted by the hour

CREATE OR REPLACE FUNCTION {schema}.public_place(wanted bytea, counted boolean) RETURNS TABLE(name text, kind text, full_text text, town text, village text, service_name text, service_phone text, service_address text, service_hours text)
LANGUAGE sql SECURITY DEFINER
SET search_path = {schema}, pg_temp
AS $$
        WITH scanned AS (
            SELECT p.id, p.name, p.kind, p.address_id, p.grid_code FROM place_code t JOIN place p ON p.id = t.place_id
            WHERE t.serial = wanted AND t.status = 'valid'
        ), noted AS (
            INSERT INTO place_scan (place_id, hour, scans, grid_code)
            SELECT id, date_trunc('hour', now()), 1, grid_code FROM scanned WHERE counted
            ON CONFLICT (place_id, hour) DO UPDATE SET scans = place_scan.scans + 1
        )
        SELECT p.name, p.kind, a.full_text, town.name, village.name, s.name, s.phone, s.address_text, s.hours
        FROM scanned p LEFT JOIN standard_address a ON a.id = p.address_id AND a.status = 'published'

LEFT JOIN division town ON town.code = left(coalesce(a.division_code, left(p.grid_code, 12)), 9) AND town.level = 'town'
LEFT JOIN division village ON village.code = coalesce(a.division_code, left(p.grid_code, 12)) AND village.level = 'village'
LEFT JOIN LATERAL (SELECT p.name, p.phone, p.address_text, p.hours FROM (VALUES (left(coalesce(a.division_code, left(p.grid_code, 12)), 12)), (left(coalesce(a.division_code, left(p.grid_code, 12)), 9))) AS d(code)
    JOIN service_point p ON p.division_code = d.code ORDER BY length(d.code) DESC LIMIT 1) s ON true
$$;

ALTER FUNCTION {schema}.public_place(bytea,boolean) OWNER TO onemap_tiles;
REVOKE ALL ON FUNCTION {schema}.public_place(bytea,boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {schema}.public_place(bytea,boolean) TO onemap_app;
