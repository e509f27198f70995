"""Masks that nothing completes, and what a row says of places its reader does not see.

Shorter masks, stored ones rewritten wherever they stand; numbers and days of birth out of the changes; alerts and changes
that name two places: what their own grid code does not hold moves into ``alert_whole`` and ``change_whole``, seen by who sees both.

Revision ID: 0026
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from database.row_security import APP_ROLE, protect_table

revision = "0026"
down_revision = "0025"

GRAMMAR = "~ '^[0-9]{6}([0-9]{3}([0-9]{3}([0-9]{3}([0-9]{2})?)?)?)?$'"
NO_NUMBERS = (
    "NOT (coalesce(before, '{}') || coalesce(after, '{}')) ?| "
    "ARRAY['id_number','id_number_masked','phone','phone_masked'] "
    "AND greatest(length(before ->> 'birth_date'), length(after ->> 'birth_date'), length(before ->> 'death_date'), "
    "length(after ->> 'death_date'), 0) <= 4"
)
OUTSIDE = "（辖区外）"
#: what a state says of the place of an address → the key that names the address
NAMED_BY = {
    "registered_address_id": ["registered_address_text", "registered_address_id"],
    "actual_address_id": ["actual_address_text", "actual_address_id"],
    "address_id": ["address_text", "address_id"],
}
#: what a state says of the record's own place
OF_ITS_PLACE = [
    "grid_code", "lon", "lat", "outline", "area_m2", "full_text", "code", "province", "city", "county", "town", "village",
    "village_group", "road", "number_plate", "building", "entrance", "floor", "room", "division_code",
    *(key for keys in NAMED_BY.values() for key in keys),
]  # fmt: skip
#: append-only and chained, or a log that nobody rewrites; neither ever held a mask
LEFT_ALONE = ("alembic_version", "audit_event", "address_event")


def upgrade() -> None:
    schema: str = op.get_context().opts["version_table_schema"]
    _functions(schema)
    _tables()
    _masks(schema)
    _changes(schema.removeprefix("c"))
    _alerts(schema.removeprefix("c"))
    for table in ("change", "change_whole"):
        op.create_check_constraint(op.f(f"ck_{table}_no_numbers"), table, NO_NUMBERS)
    # an import numbers its changes itself, so that the whole of one finds it
    op.execute(f"GRANT USAGE ON SEQUENCE {schema}.change_id_seq TO {APP_ROLE}")


def _functions(schema: str) -> None:
    for signature, body, volatility, comment in (
        ("place_within(inner_code text, outer_code text) RETURNS boolean", "SELECT inner_code ^@ outer_code",
         "IMMUTABLE", "true when who sees the outer code sees the inner one"),
        ("is_visible(code text) RETURNS boolean", "SELECT code ^@ ANY ((SELECT platform.scope_prefixes())::text[])",
         "STABLE", "true when the entered scope shows rows of this grid code"),
        ("common_grid_code(codes text[]) RETURNS text",
         "SELECT left(codes[1], max(n)) FROM unnest(ARRAY[6, 9, 12, 15, 17]) AS n "
         "WHERE NOT EXISTS (SELECT FROM unnest(codes) AS c WHERE length(c) < n OR left(c, n) <> left(codes[1], n))",
         "IMMUTABLE", "the longest grid code that holds all of these: who sees it sees each of them"),
    ):  # fmt: skip
        op.execute(f"CREATE FUNCTION {schema}.{signature} LANGUAGE sql {volatility} PARALLEL SAFE AS $$ {body} $$")
        name = signature.partition("(")[0]
        op.execute(f"COMMENT ON FUNCTION {schema}.{name} IS '{comment}'")
        op.execute(f"GRANT EXECUTE ON FUNCTION {schema}.{name} TO {APP_ROLE}")


def _code(name: str, comment: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(collation="C"), nullable=False, comment=comment)


def _both(table: str, key: str, of: str, comment: str, *columns: sa.Column[object]) -> None:
    """A table beside ``of`` whose rows are about two places."""
    op.create_table(
        table,
        sa.Column(key, sa.BigInteger(), autoincrement=False, nullable=False, comment=f"the {of}"),
        *columns,
        _code("grid_code", "grid code (网格编码): the permission of the row; row-level security compares its prefix"),
        _code("also_grid_code", "grid code of the other places named: who does not see those does not see the row"),
        sa.CheckConstraint(f"grid_code {GRAMMAR}", name=op.f(f"ck_{table}_grid_code_grammar")),
        sa.CheckConstraint(f"also_grid_code {GRAMMAR}", name=op.f(f"ck_{table}_also_grid_code_grammar")),
        sa.ForeignKeyConstraint([key], [f"{of}.id"], ondelete="CASCADE", name=op.f(f"fk_{table}_{key}")),
        sa.PrimaryKeyConstraint(key, name=op.f(f"pk_{table}")),
        comment=comment,
    )
    op.create_index(op.f(f"ix_{table}_grid_code"), table, ["grid_code"])


def _tables() -> None:
    _both(
        "change_whole", "change_id", "change", "changes that cross scopes, in full (跨范围异动全文)",
        sa.Column("before", JSONB(), nullable=True, comment="state before"),
        sa.Column("after", JSONB(), nullable=True, comment="state after"),
    )  # fmt: skip
    _both(
        "alert_whole", "alert_id", "alert", "alerts that cross scopes, in full (跨范围预警全文)",
        sa.Column("reason", sa.Text(), nullable=False, comment="why, with every place named"),
        sa.Column(
            "facts", JSONB(), server_default=sa.text("'{}'"), nullable=False,
            comment="what the rule saw, before and after, in full",
        ),
    )  # fmt: skip
    op.add_column(
        "alert",
        sa.Column(
            "finding_key",
            sa.Text(),
            nullable=True,
            comment="the same for alerts that tell one finding to several sides, each in its own words",
        ),
    )
    op.create_index(
        "ix_alert_finding_key", "alert", ["finding_key"], postgresql_where=sa.text("finding_key IS NOT NULL")
    )
    op.create_table(
        "person_look",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="surrogate key"),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False, comment="when"),
        sa.Column("actor", sa.Text(), nullable=False, comment="who"),
        sa.Column(
            "kind", sa.Text(), nullable=False, comment="search by number, by name, reveal, check of a file of numbers"
        ),
        sa.Column("found", sa.Boolean(), nullable=False, comment="whether anybody was found"),
        _code("grid_code", "grid code (网格编码): the permission of the row; row-level security compares its prefix"),
        sa.CheckConstraint("kind IN ('number','name','reveal','check')", name=op.f("ck_person_look_kind")),
        sa.CheckConstraint(f"grid_code {GRAMMAR}", name=op.f("ck_person_look_grid_code_grammar")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_look")),
        comment="looks at personal numbers, for the limits (查号计数)",
    )
    op.create_index(op.f("ix_person_look_grid_code"), "person_look", ["grid_code"])
    op.create_index("ix_person_look_actor", "person_look", ["actor", "kind", "at"])
    for statement in (
        *protect_table("change_whole", append_only=True, both=True),
        *protect_table("alert_whole", both=True),
        *protect_table("person_look", append_only=True),
    ):
        op.execute(statement)


# --- masks --------------------------------------------------------------------------------------------------


def _masks(schema: str) -> None:
    """Every stored mask, in whatever column of text or JSON it stands, becomes the shorter one."""
    op.drop_constraint(op.f("ck_person_id_number_masked"), "person")
    op.execute(
        r"""
        CREATE OR REPLACE FUNCTION pg_temp.mask_again(t text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
            SELECT regexp_replace(regexp_replace(t,
                '(?<![0-9*])([0-9]{3})[0-9]{3}\*{8}[0-9]{2}([0-9][0-9Xx])(?![0-9])', '\1*************\2', 'g'),
                '(?<![0-9*-])[0-9-]{1,5}\*{4}([0-9]{4})(?![0-9*])', '*******\1', 'g')
        $$
        """
    )
    exact = {"person": ("id_number_masked", "phone_masked"), "grid_worker": ("phone_masked",)}
    columns = op.get_bind().execute(
        sa.text(
            "SELECT c.table_name, array_agg(c.column_name::text), array_agg(c.data_type::text) "
            "FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name) "
            "WHERE c.table_schema = :schema AND t.table_type = 'BASE TABLE' AND c.is_generated = 'NEVER' "
            "AND c.data_type IN ('text', 'jsonb') AND c.table_name <> ALL(:left_alone) GROUP BY 1 ORDER BY 1"
        ),
        {"schema": schema, "left_alone": list(LEFT_ALONE)},
    )
    for table, names, kinds in columns.all():
        told = [(n, k) for n, k in zip(names, kinds, strict=True) if n not in exact.get(table, ())]
        _rewrite(table, told)
    _open("person", "grid_worker")
    shorter = (
        "CASE WHEN length(phone_masked) >= 8 THEN repeat('*', length(phone_masked) - 4) || right(phone_masked, 4) END"
    )
    for table in exact:
        op.execute(f"UPDATE {table} SET phone_masked = {shorter} WHERE length(phone_masked) >= 8")
    op.execute(
        "UPDATE person SET id_number_masked = left(id_number_masked, 3) || repeat('*', 13) || right(id_number_masked, 2)"
    )
    _close("person", "grid_worker")
    op.create_check_constraint(
        op.f("ck_person_id_number_masked"),
        "person",
        "id_number_masked IS NULL OR id_number_masked ~ '^[0-9]{3}[*]{13}[0-9][0-9X]$'",
    )
    for table in exact:
        op.create_check_constraint(
            op.f(f"ck_{table}_phone_masked"), table, "phone_masked IS NULL OR phone_masked ~ '^[*]{4,}[0-9]{1,4}$'"
        )


def _rewrite(table: str, columns: list[tuple[str, str]]) -> None:
    if not columns:
        return
    text = {n: f'"{n}"::text' if kind == "jsonb" else f'"{n}"' for n, kind in columns}
    assignments = ", ".join(
        f'"{n}" = pg_temp.mask_again({text[n]})' + ("::jsonb" if kind == "jsonb" else "") for n, kind in columns
    )
    where = " OR ".join(f"{t} LIKE '%****%'" for t in text.values())
    _open(table)
    op.execute(f"UPDATE {table} SET {assignments} WHERE {where}")
    _close(table)


def _open(*tables: str) -> None:
    """For the owner's own statements; row-level security is forced again afterwards."""
    for table in tables:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")


def _close(*tables: str) -> None:
    for table in tables:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


# --- changes ------------------------------------------------------------------------------------------------


def _changes(county: str) -> None:
    """Numbers and days go; what the row's own grid code does not hold moves into ``change_whole``."""
    _open("change", "change_whole", "standard_address")
    year = (
        "- 'id_number_masked' - 'phone_masked' || "
        "CASE WHEN {0} ? 'birth_date' THEN jsonb_build_object('birth_date', left({0} ->> 'birth_date', 4)) ELSE '{{}}' END || "
        "CASE WHEN {0} ? 'death_date' THEN jsonb_build_object('death_date', left({0} ->> 'death_date', 4)) ELSE '{{}}' END"
    )
    op.execute(
        "UPDATE change SET before = before " + year.format("before") + ", after = after " + year.format("after") + ", "
        "fields = replace(replace(fields::text, '\"id_number_masked\"', '\"id_number\"'), '\"phone_masked\"', '\"phone\"')::jsonb "
        "WHERE entity = 'person'"
    )
    op.execute(_foreign_keys_function())
    op.execute(
        sa.text(
            "DROP TABLE IF EXISTS pg_temp.crossing; CREATE TEMP TABLE crossing ON COMMIT DROP AS SELECT * FROM (SELECT c.id, c.before, c.after, c.grid_code, "
            "pg_temp.foreign_keys(c.before, c.grid_code, c.operation) AS hidden_before, "
            "pg_temp.foreign_keys(c.after, c.grid_code, c.operation) AS hidden_after FROM change c "
            f"WHERE coalesce(c.before, '{{}}') || coalesce(c.after, '{{}}') ?| ARRAY{list(OF_ITS_PLACE)!r}) f "
            "WHERE hidden_before <> '{}' OR hidden_after <> '{}'"
        )
    )
    op.execute(
        "INSERT INTO change_whole (change_id, before, after, grid_code, also_grid_code) "
        f"SELECT id, before, after, grid_code, '{county}' FROM crossing"
    )
    op.execute(
        "UPDATE change c SET before = pg_temp.without(f.before, f.hidden_before), "
        "after = pg_temp.without(f.after, f.hidden_after) FROM crossing f WHERE f.id = c.id"
    )
    _close("change", "change_whole", "standard_address")


def _foreign_keys_function() -> str:
    """Keys of a state that tell of a place outside a grid code. What no address is known of counts as outside, unless new."""
    branches = " || ".join(
        f"""CASE WHEN state ->> '{key}' IS NOT NULL AND NOT coalesce((SELECT a.grid_code ^@ code FROM standard_address a
                 WHERE a.id = (state ->> '{key}')::bigint), false)
                 OR operation = 'changed' AND state ? '{keys[0]}' AND state ->> '{key}' IS NULL
            THEN ARRAY{keys!r} ELSE '{{}}' END"""
        for key, keys in NAMED_BY.items()
    )
    return f"""
        CREATE OR REPLACE FUNCTION pg_temp.foreign_keys(state jsonb, code text, operation text) RETURNS text[] LANGUAGE sql STABLE AS $$
            SELECT ARRAY(SELECT DISTINCT k FROM unnest({branches} ||
                CASE WHEN NOT (state ->> 'grid_code') ^@ code THEN ARRAY{OF_ITS_PLACE!r} ELSE '{{}}' END) AS k
                WHERE state ? k AND jsonb_typeof(state -> k) <> 'null')
        $$;
        CREATE OR REPLACE FUNCTION pg_temp.without(state jsonb, hidden text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
            SELECT state || coalesce((SELECT jsonb_object_agg(k, '{OUTSIDE}') FROM unnest(hidden) AS k), '{{}}')
        $$
    """


# --- alerts -------------------------------------------------------------------------------------------------


def _alerts(county: str) -> None:
    """An alert that names a place outside its own grid code keeps the whole for the county and says less itself."""
    tables = ("alert", "alert_whole", "household", "person", "standard_address")
    _open(*tables)
    op.execute(
        f"""
        DROP TABLE IF EXISTS pg_temp.crossing_alert;
        CREATE TEMP TABLE crossing_alert ON COMMIT DROP AS SELECT a.id, a.reason, a.facts, a.grid_code FROM alert a
        WHERE a.rule = 'two_households' AND EXISTS (
                SELECT FROM jsonb_array_elements_text(a.facts -> '户号') AS no LEFT JOIN household h ON h.household_no = no
                WHERE h.id IS NULL OR NOT h.grid_code ^@ a.grid_code)
           OR a.rule = 'registered_actual_differ' AND NOT EXISTS (
                SELECT FROM person p JOIN standard_address r ON r.id = p.registered_address_id
                WHERE p.id::text = a.subject_id AND r.grid_code ^@ a.grid_code AND r.full_text = a.facts ->> '户籍地址')
           OR a.rule = 'vacant_but_occupied' AND EXISTS (
                SELECT FROM household h WHERE h.id = a.household_id AND NOT h.grid_code ^@ a.grid_code)
           OR coalesce(nullif(a.facts -> 'before', 'null'), '{{}}') || coalesce(nullif(a.facts -> 'after', 'null'), '{{}}')
              ?| ARRAY{OF_ITS_PLACE!r}
        """
    )
    op.execute(
        "INSERT INTO alert_whole (alert_id, reason, facts, grid_code, also_grid_code) "
        f"SELECT id, reason, facts, grid_code, '{county}' FROM crossing_alert"
    )
    op.execute(
        """
        UPDATE alert a SET facts = f.facts - 'before' - 'after' - '户号' - '地址' - '户籍地址' - '距离（米）'
               - CASE WHEN a.rule = 'vacant_but_occupied' THEN '居住人' ELSE '' END,
               reason = CASE a.rule
                   WHEN 'two_households' THEN (f.facts ->> '姓名') || '同时是几个户的现有成员，其中有本辖区以外的户。请核实应保留哪一户。'
                   WHEN 'registered_actual_differ' THEN (f.facts ->> '姓名') || '户籍在本辖区以外，实际住在' || (f.facts ->> '现住址') || '。'
                   WHEN 'vacant_but_occupied' THEN '房屋“' || (f.facts ->> '房屋') || '”登记为空置，人口登记中有人住在这里。'
                   ELSE a.reason END
        FROM crossing_alert f WHERE f.id = a.id
        """
    )
    op.execute(
        "UPDATE alert a SET household_id = NULL FROM household h WHERE h.id = a.household_id AND NOT h.grid_code ^@ a.grid_code"
    )
    # the days of birth and the numbers in what brought an alert about
    for table in ("alert", "alert_whole"):
        for side in ("before", "after"):
            op.execute(
                f"""
                UPDATE {table} SET facts = jsonb_set(facts, '{{{side}}}', (facts -> '{side}') - 'id_number_masked' - 'phone_masked'
                       - 'birth_date' - 'death_date') WHERE jsonb_typeof(facts -> '{side}') = 'object'
                """
            )
    _close(*tables)
