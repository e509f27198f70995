"""The tree of addresses: a room hangs on its entrance, that on its building, that on its door number, where the library has them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text

# The deepest address of the same village, group, road and number with equal upper levels; none where two are equal. Joined by
# hash over whole streets; a few streets are served by ix_standard_address_road_key.
_LINK = text("""
WITH street AS (
    SELECT DISTINCT division_code, road_key, number_key FROM standard_address WHERE id = ANY(:ids) AND road_key IS NOT NULL
), family AS MATERIALIZED (
    SELECT a.id, a.division_code, a.road_key, coalesce(a.number_key, '') AS number_key, a.depth, a.parent_id,
           concat_ws('/', a.village_group, a.road, a.number_plate) AS plate, a.building, a.entrance
    FROM standard_address a JOIN street s ON s.road_key = a.road_key AND s.division_code = a.division_code
     AND s.number_key IS NOT DISTINCT FROM a.number_key
    WHERE a.status <> 'retired'
), above AS (
    SELECT a.id, p.id AS parent_id, p.depth, count(*) OVER (PARTITION BY a.id, p.depth) AS equals
    FROM family a JOIN family p ON p.division_code = a.division_code AND p.road_key = a.road_key
     AND p.number_key = a.number_key AND p.plate = a.plate AND p.depth < a.depth
     AND (p.depth = 8 OR p.depth = 9 AND p.building = a.building
          OR p.depth = 10 AND p.building IS NOT DISTINCT FROM a.building AND p.entrance = a.entrance)
    WHERE a.parent_id IS NULL
), nearest AS (
    SELECT DISTINCT ON (id) id, parent_id, equals FROM above ORDER BY id, depth DESC
)
UPDATE standard_address a SET parent_id = n.parent_id FROM nearest n WHERE a.id = n.id AND n.equals = 1
""")


def link_parents(connection: Connection, ids: Sequence[int]) -> int:
    """Hang these addresses, and others at the same door numbers, on the addresses above them; returns how many."""
    return connection.execute(_LINK, {"ids": list(ids)}).rowcount if ids else 0
