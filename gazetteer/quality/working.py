"""The columns that rules read, copied once a run through row-level security into a temporary table.

One copy serves all rules: no policy in their plans, statistics of what is there now, and derived columns made once:
``live`` (not retired), ``plain`` (only ideographs, digits, Latin letters and dashes in the text), ``number_n`` and
``number_sub`` of a plain plate, ``road_id`` of (town, road), (village, group) or, for
a lane without a road's name, (village, group, lane), ``path`` of the levels below the village, ``text_id``
of (village, match key): grouping by numbers is several times faster than by texts.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

#: Numbers of a plate are compared only where it is a plain one: 12号, 12-3号. 附12号 and 甲12号 count apart.
_TABLE = r"""
CREATE TEMP TABLE quality_address ON COMMIT DROP AS
SELECT a.id, a.uid, a.code, a.full_text, a.province, a.city, a.county, a.town, a.village, a.village_group, a.road,
       a.number_plate, a.building, a.entrance, a.floor, a.room, a.depth, a.match_key, a.local_key, a.road_key,
       a.number_key, a.parent_id, a.successors, a.division_code, a.status, a.status <> 'retired' AS live,
       a.valid_from, a.valid_to, a.source, a.updated_at, a.grid_code, a.geom, st_x(a.geom) AS lon, st_y(a.geom) AS lat,
       a.full_text ~ '^[\u3400-\u9fff0-9A-Za-z-]+$' AS plain,
       CASE WHEN a.number_key ~ '^[0-9]{1,6}(-[0-9]{1,5})?号$' THEN substring(a.number_key FROM '^[0-9]+')::int END AS number_n,
       CASE WHEN a.number_key ~ '^[0-9]{1,6}-[0-9]{1,5}号$' THEN substring(a.number_key FROM '-([0-9]+)')::int END AS number_sub,
       CASE WHEN a.road_key IS NOT NULL THEN
           hashtextextended(CASE WHEN a.road IS NULL THEN a.division_code
                                 WHEN a.road_key ~ '^[0-9]' THEN a.division_code || coalesce(a.village_group, '')
                                 ELSE left(a.division_code, 9) END || a.road_key, 0)
       END AS road_id,
       hashtextextended(concat_ws('/', a.village_group, a.road, a.number_plate, a.building, a.entrance, a.floor, a.room),
                        hashtext(a.division_code)) AS path,
       hashtextextended(a.match_key, hashtext(a.division_code)) AS text_id
FROM standard_address a
"""
# a few hundred rows; under the policy the planner takes them for a handful and joins row by row
_DIVISIONS = """
CREATE TEMP TABLE quality_division ON COMMIT DROP AS
SELECT code, level, parent_code, name, former_names, valid_from, valid_to FROM division
"""
#: Made only for rules that name them: each address with its parent, joined once for all rules about parents.
TABLES = {
    "quality_child": """
        CREATE TEMP TABLE quality_child ON COMMIT DROP AS
        SELECT a.id, a.parent_id, a.depth, a.division_code, a.status, a.live, a.lon, a.lat, p.depth AS parent_depth,
               p.division_code AS parent_division, p.status AS parent_status, p.live AS parent_live, p.lon AS parent_lon,
               p.lat AS parent_lat, p.valid_to AS parent_valid_to,
               CASE WHEN p.village_group <> coalesce(a.village_group, '') THEN '组'
                    WHEN p.road <> coalesce(a.road, '') THEN '路'
                    WHEN p.number_plate <> coalesce(a.number_plate, '') THEN '门牌号'
                    WHEN p.building <> coalesce(a.building, '') THEN '楼栋'
                    WHEN p.entrance <> coalesce(a.entrance, '') THEN '单元' END AS differing_level
        FROM pg_temp.quality_address a JOIN pg_temp.quality_address p ON p.id = a.parent_id
    """,
}
_FOUND = "CREATE TEMP TABLE quality_found (rule text, address_id bigint, facts jsonb) ON COMMIT DROP"


def prepare(connection: Connection) -> None:
    """Make ``pg_temp.quality_address``, ``quality_division`` and the empty ``quality_found``; they end with the transaction."""
    for name in ("quality_address", "quality_division", "quality_found"):
        connection.execute(text(f"DROP TABLE IF EXISTS pg_temp.{name}"))
    connection.exec_driver_sql("SET LOCAL work_mem = '256MB'")
    connection.exec_driver_sql(_TABLE)
    connection.exec_driver_sql("CREATE UNIQUE INDEX quality_address_id ON pg_temp.quality_address (id)")
    connection.exec_driver_sql("ANALYZE pg_temp.quality_address")
    connection.exec_driver_sql(_DIVISIONS)
    connection.exec_driver_sql("ANALYZE pg_temp.quality_division")
    connection.exec_driver_sql(_FOUND)
