"""The tree of addresses: a room hangs on its entrance, that on its building, that on its door number, where the library has them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text

#: From so many addresses on, whole streets are joined by hashing, whatever the planner believes of the tables: a first import
#: runs before there are statistics of them, and a nested loop over 12,000 flats took 31 s.
MANY = 500

# The deepest address of the same village, group, road and number with equal upper levels; none where two are equal. Windows over
# whole streets instead of a join of them with themselves. A few streets are served by ix_standard_address_road_key.
_FIND = text("""
CREATE TEMP TABLE found_parent ON COMMIT DROP AS
WITH street AS MATERIALIZED (
    SELECT DISTINCT division_code, road_key, coalesce(number_key, '') AS number_key
    FROM standard_address WHERE id = ANY(:ids) AND road_key IS NOT NULL
), family AS (
    SELECT a.id, a.division_code, a.road_key, s.number_key, a.depth, a.parent_id, a.building, a.entrance,
           concat_ws('/', a.village_group, a.road, a.number_plate) AS plate
    FROM standard_address a JOIN street s ON s.road_key = a.road_key AND s.division_code = a.division_code
     AND s.number_key = coalesce(a.number_key, '')
    WHERE a.status <> 'retired'
), counted AS (
    SELECT id, depth, parent_id, building, entrance,
           min(id) FILTER (WHERE depth = 8) OVER plates AS plate_id,
           count(*) FILTER (WHERE depth = 8) OVER plates AS plates_n,
           min(id) FILTER (WHERE depth = 9) OVER buildings AS building_id,
           count(*) FILTER (WHERE depth = 9) OVER buildings AS buildings_n,
           min(id) FILTER (WHERE depth = 10) OVER entrances AS entrance_id,
           count(*) FILTER (WHERE depth = 10) OVER entrances AS entrances_n
    FROM family
    WINDOW plates AS (PARTITION BY division_code, road_key, number_key, plate),
           buildings AS (PARTITION BY division_code, road_key, number_key, plate, building),
           entrances AS (PARTITION BY division_code, road_key, number_key, plate, building, entrance)
), nearest AS (
    SELECT id, CASE WHEN depth > 10 AND entrance IS NOT NULL AND entrances_n > 0
                        THEN CASE WHEN entrances_n = 1 THEN entrance_id END
                    WHEN depth > 9 AND building IS NOT NULL AND buildings_n > 0
                        THEN CASE WHEN buildings_n = 1 THEN building_id END
                    WHEN depth > 8 AND plates_n = 1 THEN plate_id END AS parent_id
    FROM counted WHERE parent_id IS NULL
)
SELECT id, parent_id FROM nearest WHERE parent_id IS NOT NULL
""")
_LINK = text("UPDATE standard_address a SET parent_id = f.parent_id FROM found_parent f WHERE a.id = f.id")


def link_parents(connection: Connection, ids: Sequence[int]) -> int:
    """Hang these addresses, and others at the same door numbers, on the addresses above them; returns how many."""
    if not ids:
        return 0
    many = len(ids) >= MANY
    connection.execute(text("DROP TABLE IF EXISTS pg_temp.found_parent"))
    if many:
        connection.execute(text("SET LOCAL enable_nestloop = off"))
    connection.execute(_FIND, {"ids": list(ids)})
    if many:
        connection.execute(text("SET LOCAL enable_nestloop = on"))
    connection.execute(text("ANALYZE pg_temp.found_parent"))
    return connection.execute(_LINK).rowcount
