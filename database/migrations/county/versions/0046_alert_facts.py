"""Alerts keep their facts under stable keys and as codes, with the version of the rule; no word of a language is a key.

Every key and code of the six rules is turned; a key that none of them knows stays as it is. The version stays empty: what is
here was told before versions were kept. Title and reason stay.

Revision ID: 0046
"""

import json

import sqlalchemy as sa
from alembic import op
from sqlalchemy import text

revision = "0046"
down_revision = "0045"

KEYS = {
    "elderly_alone_unvisited": {
        "姓名": "person_name", "年龄": "age", "户号": "household_no", "住址": "address", "上次走访": "last_visit_on",
        "未走访天数": "unvisited_days",
    },
    "event_surge": {
        "网格": "cell_name", "事件类型": "event_kind", "统计截至": "as_of", "近7天": "last_7_days_n", "历史周均": "weekly_mean",
        "上限": "bound", "逐周（由近及远）": "weekly_counts",
    },
    "registered_actual_differ": {
        "姓名": "person_name", "户籍地址": "registered_address", "现住址": "actual_address", "类型": "residence",
        "距离（米）": "distance_m",
    },
    "two_households": {
        "姓名": "person_name", "户号": "household_nos", "地址": "addresses", "本辖区以外": "households_elsewhere_n",
    },
    "unknown_address": {"姓名": "person_name", "现住址（原文）": "written_address", "可对应到": "known_level"},
    "vacant_but_occupied": {"房屋": "dwelling_name", "地址": "address", "登记状态": "occupancy", "居住人": "residents"},
}  # fmt: skip
ELSEWHERE = {"本辖区以外": "elsewhere"}
CODES = {
    "registered_address": ELSEWHERE,
    "actual_address": ELSEWHERE,
    "residence": {"同村不同址": "same_village", "跨村居住": "other_village"},
    "occupancy": {"空置": "vacant"},
    "known_level": {
        "无": None, "省": "province", "市": "city", "县": "county", "乡镇街道": "town", "村社区": "village",
        "组、自然村": "village_group", "街路巷": "road", "门牌号": "number_plate", "楼栋": "building", "单元": "entrance",
        "楼层": "floor", "户室": "room",
    },
}  # fmt: skip
# The residents that a list counted in words ("2 人登记在本辖区以外") become a number of their own.
_TURNED = """
CREATE FUNCTION pg_temp.turned(rule text, facts jsonb, keys jsonb, codes jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_object_agg(key, CASE
        WHEN codes -> key ? word THEN codes -> key -> word
        WHEN key = 'households_elsewhere_n' AND word ~ '^[0-9]+ 户$' THEN to_jsonb(split_part(word, ' ', 1)::int)
        WHEN key = 'residents' THEN (
            SELECT coalesce(jsonb_agg(one.value ORDER BY one.ordinality), '[]')
            FROM jsonb_array_elements(value) WITH ORDINALITY one WHERE one.value #>> '{}' !~ '^[0-9]+ 人登记在本辖区以外$')
        ELSE value END) || coalesce((
            SELECT jsonb_build_object('residents_elsewhere_n', split_part(one.word, ' ', 1)::int)
            FROM jsonb_array_elements_text(CASE rule WHEN 'vacant_but_occupied' THEN facts -> '居住人' END) one(word)
            WHERE one.word ~ '^[0-9]+ 人登记在本辖区以外$'), '{}')
    FROM (SELECT coalesce(keys -> rule ->> f.key, f.key) AS key, f.value, f.value #>> '{}' AS word FROM jsonb_each(facts) f) f
$$
"""
_OF_ALERTS = """
UPDATE alert SET facts = pg_temp.turned(rule, facts, CAST(:keys AS jsonb), CAST(:codes AS jsonb))
WHERE rule = ANY(:rules) AND facts <> '{}'
"""
_OF_WHOLES = """
UPDATE alert_whole w SET facts = pg_temp.turned(a.rule, w.facts, CAST(:keys AS jsonb), CAST(:codes AS jsonb))
FROM alert a WHERE a.id = w.alert_id AND a.rule = ANY(:rules) AND w.facts <> '{}'
"""


def upgrade() -> None:
    op.add_column(
        "alert",
        sa.Column(
            "rule_version",
            sa.SmallInteger(),
            comment="version of the rule whose facts these are; empty: from before versions were kept",
        ),
    )
    tables = ("alert", "alert_whole")
    for table in tables:  # for the owner's own statements; row-level security is forced again afterwards
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    values = {"keys": json.dumps(KEYS), "codes": json.dumps(CODES), "rules": list(KEYS)}
    connection = op.get_bind()
    connection.exec_driver_sql(_TURNED)
    connection.execute(text(_OF_ALERTS), values)
    connection.execute(text(_OF_WHOLES), values)
    connection.exec_driver_sql("DROP FUNCTION pg_temp.turned(text, jsonb, jsonb, jsonb)")
    for table in tables:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
