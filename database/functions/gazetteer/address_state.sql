-- an address as the log keeps it

CREATE OR REPLACE FUNCTION {schema}.address_state(a {schema}.standard_address) RETURNS jsonb
LANGUAGE sql STABLE
AS $$
SELECT jsonb_strip_nulls(jsonb_build_object('uid', a.uid, 'code', a.code, 'full_text', a.full_text, 'province', a.province, 'city', a.city, 'county', a.county, 'town', a.town, 'village', a.village, 'village_group', a.village_group, 'road', a.road, 'number_plate', a.number_plate, 'building', a.building, 'entrance', a.entrance, 'floor', a.floor, 'room', a.room, 'depth', a.depth, 'division_code', a.division_code, 'status', a.status, 'valid_from', a.valid_from, 'valid_to', a.valid_to, 'source', a.source, 'source_key', a.source_key, 'grid_code', a.grid_code, 'lon', public.st_x(a.geom), 'lat', public.st_y(a.geom),
           'successors', CASE WHEN a.successors <> '{}' THEN to_jsonb(a.successors) END))
$$;
