"""``valid_to`` is the first day no longer valid, and says so; facts of alerts have keys that do not change with a word.

Three comments said "last day"; every reader took it for the first day no longer valid: [valid_from, valid_to). No date changes.
The keys of facts were the Chinese labels; old alerts get the keys of ``alerts/detection/facts.py``.

Revision ID: 0042
"""

from alembic import op

revision = "0042"
down_revision = "0045"

DATED = ("standard_address", "household_member", "person_place")
#: As the labels were when they were the keys.
KEYS = """
    ('姓名', 'person_name'),
    ('年龄', 'age'),
    ('户号', 'household_no'),
    ('住址', 'home_address'),
    ('上次走访', 'last_visit_on'),
    ('未走访天数', 'days_without_visit'),
    ('地址', 'address'),
    ('户籍地址', 'registered_address'),
    ('现住址', 'actual_address'),
    ('现住址（原文）', 'written_address'),
    ('可对应到', 'matched_level'),
    ('类型', 'difference'),
    ('距离（米）', 'distance_m'),
    ('房屋', 'dwelling'),
    ('登记状态', 'recorded_occupancy'),
    ('居住人', 'resident_names'),
    ('网格', 'cell_name'),
    ('事件类型', 'event_kind'),
    ('统计截至', 'counted_until'),
    ('近7天', 'last_week_n'),
    ('历史周均', 'weekly_mean'),
    ('上限', 'weekly_bound'),
    ('逐周（由近及远）', 'weeks_n'),
    ('本辖区以外', 'elsewhere')
"""


def renamed() -> list[str]:
    """The statements that give old facts their keys."""
    statements = []
    for table in ("alert", "alert_whole"):
        statements += [
            # the owner is under row-level security too; and no tile changes by a key, so no trigger has to look
            f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE TRIGGER USER",
            f"UPDATE {table} a SET facts = (SELECT jsonb_object_agg(coalesce(k.key, f.key), f.value) "
            f"FROM jsonb_each(a.facts) f LEFT JOIN (VALUES {KEYS}) AS k(label, key) ON k.label = f.key) "
            f"WHERE EXISTS (SELECT FROM (VALUES {KEYS}) AS k(label, key) WHERE a.facts ? k.label)",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY, ENABLE TRIGGER USER",
        ]
    return statements


def upgrade() -> None:
    for table in DATED:
        op.execute(f"COMMENT ON COLUMN {table}.valid_to IS 'first day no longer valid'")
    for statement in renamed():
        op.execute(statement)
