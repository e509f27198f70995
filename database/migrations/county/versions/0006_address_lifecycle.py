"""The life of addresses: an append-only log written by triggers, its counter, change sets, several successors.

``log_address_events`` runs once a statement and compares whole states, so every path is logged: operations, imports, a
plain UPDATE. Numbers come from one row that stays locked until the writer commits; a reader who has seen number N has
seen all that is below it. An operation says why in ``address.operation`` (see gazetteer/lifecycle/operation.py).

Revision ID: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from database.row_security import APP_ROLE, TILE_ROLE, protect_table

revision = "0006"
down_revision = "0005"

GRID_CODE = "grid_code ~ '^[0-9]{6}([0-9]{3}([0-9]{3}([0-9]{3}([0-9]{2})?)?)?)?$'"
#: What an event keeps of an address: all but what is derived from it.
STATE = (
    "uid", "code", "full_text", "province", "city", "county", "town", "village", "village_group", "road", "number_plate",
    "building", "entrance", "floor", "room", "depth", "division_code", "status", "valid_from", "valid_to", "source",
    "source_key", "grid_code",
)  # fmt: skip


def upgrade() -> None:
    _tables()
    _successors()
    schema = op.get_context().opts["version_table_schema"]
    _state_function(schema)
    _counter(schema)
    _log(schema)
    _what_is_there(schema)
    for table in ("address_change_set", "address_change_item"):
        for statement in protect_table(table):
            op.execute(statement)
    for statement in protect_table("address_event", append_only=True):
        op.execute(statement)


def _grid_code() -> sa.Column[str]:
    return sa.Column(
        "grid_code",
        sa.Text(collation="C"),
        nullable=False,
        comment="grid code (网格编码): the permission of the row; row-level security compares its prefix",
    )


def _tables() -> None:
    op.create_table(
        "address_event",
        sa.Column(
            "number",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="order of commits; no reader misses one",
        ),
        sa.Column("operation_id", sa.Uuid(), comment="what was done in one go; none for a plain write"),
        sa.Column(
            "kind", sa.Text(), nullable=False, comment="created, imported, renamed … ; see gazetteer/lifecycle/kinds.py"
        ),
        sa.Column("reason", sa.Text(), comment="why, in words"),
        sa.Column("reverts", sa.Uuid(), comment="the operation this one takes back"),
        sa.Column("uid", sa.Uuid(), nullable=False, comment="the address, by its lifelong identity"),
        sa.Column("before", postgresql.JSONB(), comment="state before; none when it is new"),
        sa.Column("after", postgresql.JSONB(), comment="state after; none when it left this grid code"),
        sa.Column(
            "local_key",
            sa.Text(collation="C"),
            comment="road or group and below, normalised, in the state after: how a text of that time finds it",
        ),
        sa.Column("effective_on", sa.Date(), nullable=False, comment="day from which it holds"),
        sa.Column("actor", sa.Text(), nullable=False, comment="who"),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.func.now(),
            nullable=False,
            comment="when it was recorded",
        ),
        _grid_code(),
        sa.CheckConstraint("before IS NOT NULL OR after IS NOT NULL", name=op.f("ck_address_event_states")),
        sa.CheckConstraint(GRID_CODE, name=op.f("ck_address_event_grid_code_grammar")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_address_event")),
        comment="log of the address library (地址变更日志)",
    )
    op.create_index("ix_address_event_uid", "address_event", ["uid", "number"])
    op.create_index("ix_address_event_operation", "address_event", ["operation_id"])
    op.create_index("ix_address_event_local_key", "address_event", ["local_key", "uid"])
    op.create_index(op.f("ix_address_event_grid_code"), "address_event", ["grid_code"])
    op.create_table(
        "address_feed",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False, comment="always 1"),
        sa.Column("number", sa.BigInteger(), server_default=sa.text("0"), nullable=False, comment="last one given"),
        _grid_code(),
        sa.CheckConstraint(GRID_CODE, name=op.f("ck_address_feed_grid_code_grammar")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_feed")),
        comment="counter of address events (地址变更序号)",
    )
    op.create_index(op.f("ix_address_feed_grid_code"), "address_feed", ["grid_code"])
    op.create_table(
        "address_change_set",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="surrogate key"),
        sa.Column("title", sa.Text(), nullable=False, comment="what it is about"),
        sa.Column("reason", sa.Text(), nullable=False, comment="why, e.g. the document that orders it"),
        sa.Column("effective_on", sa.Date(), nullable=False, comment="day from which it holds"),
        sa.Column(
            "state",
            sa.Text(),
            server_default=sa.text("'draft'"),
            nullable=False,
            comment="draft, submitted, approved, published, …",
        ),
        sa.Column("author", sa.Text(), nullable=False, comment="who prepared it"),
        sa.Column("approver", sa.Text(), comment="who approved or rejected it"),
        sa.Column("note", sa.Text(), comment="the approver's words"),
        sa.Column(
            "basis",
            sa.BigInteger(),
            nullable=False,
            comment="last event known when it was prepared; later ones conflict",
        ),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False, comment="when"
        ),
        sa.Column("decided_at", sa.DateTime(timezone=True), comment="when approved or rejected"),
        sa.Column("published_at", sa.DateTime(timezone=True), comment="when published"),
        _grid_code(),
        sa.CheckConstraint(
            "state IN ('draft','submitted','approved','published','rejected','withdrawn')",
            name=op.f("ck_address_change_set_state"),
        ),
        sa.CheckConstraint(GRID_CODE, name=op.f("ck_address_change_set_grid_code_grammar")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_change_set")),
        comment="address change sets (地址变更集)",
    )
    op.create_index(op.f("ix_address_change_set_grid_code"), "address_change_set", ["grid_code"])
    op.create_table(
        "address_change_item",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="surrogate key"),
        sa.Column("change_set_id", sa.BigInteger(), nullable=False, comment="the set"),
        sa.Column("position", sa.Integer(), nullable=False, comment="order within the set"),
        sa.Column("kind", sa.Text(), nullable=False, comment="rename_road, split, merge …"),
        sa.Column("arguments", postgresql.JSONB(), nullable=False, comment="what the operation needs"),
        sa.Column("operation_id", sa.Uuid(), comment="the operation once published"),
        _grid_code(),
        sa.CheckConstraint(GRID_CODE, name=op.f("ck_address_change_item_grid_code_grammar")),
        sa.ForeignKeyConstraint(
            ["change_set_id"],
            ["address_change_set.id"],
            name=op.f("fk_address_change_item_change_set_id_address_change_set"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_change_item")),
        comment="operations of change sets (变更集条目)",
    )
    op.create_index(op.f("ix_address_change_item_grid_code"), "address_change_item", ["grid_code"])
    op.create_index(op.f("ix_address_change_item_change_set_id"), "address_change_item", ["change_set_id"])


def _successors() -> None:
    """A split address has several successors; they are named by the identity that survives everything."""
    op.add_column(
        "standard_address",
        sa.Column(
            "successors",
            postgresql.ARRAY(sa.Uuid()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="uid of what replaced it when retired",
        ),
    )
    op.execute("ALTER TABLE standard_address NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "UPDATE standard_address a SET successors = ARRAY[s.uid] FROM standard_address s WHERE s.id = a.successor_id"
    )
    op.execute("ALTER TABLE standard_address FORCE ROW LEVEL SECURITY")
    op.drop_column("standard_address", "successor_id")


def _state_function(schema: str) -> None:
    pairs = ", ".join(f"'{name}', a.{name}" for name in STATE)
    op.execute(
        f"""
        CREATE FUNCTION {schema}.address_state(a {schema}.standard_address) RETURNS jsonb LANGUAGE sql STABLE
        AS $$ SELECT jsonb_strip_nulls(jsonb_build_object({pairs}, 'lon', public.st_x(a.geom), 'lat', public.st_y(a.geom),
            'successors', CASE WHEN a.successors <> '{{}}' THEN to_jsonb(a.successors) END)) $$
        """
    )
    op.execute(f"COMMENT ON FUNCTION {schema}.address_state IS 'an address as the log keeps it'")


def _counter(schema: str) -> None:
    for statement in protect_table("address_feed"):
        op.execute(statement)
    op.execute(f"REVOKE ALL ON address_feed FROM {APP_ROLE}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON address_feed TO {TILE_ROLE}")
    op.execute(f"CREATE POLICY counter ON address_feed TO {TILE_ROLE} USING (true) WITH CHECK (true)")
    op.execute(
        f"""
        CREATE FUNCTION {schema}.take_event_numbers(n bigint) RETURNS bigint
        LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = {schema}, pg_temp
        AS $$
            INSERT INTO address_feed AS f (id, number, grid_code) SELECT 1, n, '{schema.removeprefix("c")}' WHERE n > 0
            ON CONFLICT (id) DO UPDATE SET number = f.number + excluded.number RETURNING f.number - n
        $$
        """
    )
    op.execute(
        f"""
        CREATE FUNCTION {schema}.last_event_number() RETURNS bigint
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = {schema}, pg_temp
        AS $$ SELECT coalesce(max(number), 0) FROM address_feed $$
        """
    )
    comments = {
        "take_event_numbers(bigint)": "the number before the first of n new ones; holds the counter until the commit",
        "last_event_number()": "the last number given",
    }
    op.execute(f"GRANT CREATE ON SCHEMA {schema} TO {TILE_ROLE}")
    for signature, comment in comments.items():
        op.execute(f"COMMENT ON FUNCTION {schema}.{signature} IS '{comment}'")
        op.execute(f"ALTER FUNCTION {schema}.{signature} OWNER TO {TILE_ROLE}")
        op.execute(f"REVOKE ALL ON FUNCTION {schema}.{signature} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {schema}.{signature} TO {APP_ROLE}")
    op.execute(f"REVOKE CREATE ON SCHEMA {schema} FROM {TILE_ROLE}")


# Served by ix_address_event_uid (the last event of each address). Dates must not run backwards for one address: only then is
# the order of the log the order of the days, and "as of" one look-up.
_WRITE = """
    WITH numbered AS (
        SELECT c.*, row_number() OVER (ORDER BY c.id, c.arrives) AS n FROM ({changes}) c
    ), took AS (
        SELECT take_event_numbers((SELECT count(*) FROM numbered)) AS first
    )
    INSERT INTO address_event
        (number, operation_id, kind, reason, reverts, uid, before, after, local_key, effective_on, actor, grid_code)
    SELECT took.first + n, (about ->> 'id')::uuid, CASE WHEN NOT arrives THEN 'left'
               WHEN before - 'grid_code' = after - 'grid_code' THEN 'regridded' ELSE coalesce(about ->> 'kind', {plain}) END,
           about ->> 'reason', (about ->> 'reverts')::uuid, uid, before, after, local_key, day,
           coalesce(nullif(current_setting('onemap.actor', true), ''), session_user), grid_code
    FROM numbered, took
"""
_INSERTED = """
    SELECT n.id, true AS arrives, n.uid, NULL::jsonb AS before, address_state(n) AS after, n.local_key, n.grid_code,
           coalesce((about ->> 'effective_on')::date, least(n.valid_from, CURRENT_DATE)) AS day FROM new_rows n
"""
_UPDATED = """
    SELECT e.* FROM (
        SELECT o.id, o.uid, o.grid_code AS old_code, n.grid_code AS new_code, address_state(o) AS before, address_state(n) AS after,
               n.local_key
        FROM old_rows o JOIN new_rows n ON n.id = o.id
        WHERE ROW(o.*) IS DISTINCT FROM ROW(n.*)
    ) pair CROSS JOIN LATERAL (
        SELECT pair.id, true AS arrives, pair.uid, pair.before, pair.after, pair.local_key, pair.new_code AS grid_code, today AS day
        UNION ALL
        SELECT pair.id, false, pair.uid, pair.before, NULL, NULL, pair.old_code, today WHERE pair.old_code <> pair.new_code
    ) e WHERE pair.before <> pair.after
"""
_DELETED = """
    SELECT o.id, true AS arrives, o.uid, address_state(o) AS before, NULL::jsonb AS after, NULL::text AS local_key, o.grid_code,
           today AS day FROM old_rows o
"""


def _log(schema: str) -> None:
    op.execute(
        f"""
        CREATE FUNCTION {schema}.log_address_events() RETURNS trigger LANGUAGE plpgsql
        SET search_path = {schema}, public, pg_temp
        AS $$
        #variable_conflict use_column
        DECLARE
            about jsonb := nullif(current_setting('address.operation', true), '')::jsonb;
            today date := coalesce((about ->> 'effective_on')::date, CURRENT_DATE);
            clash record;
        BEGIN
            IF today > CURRENT_DATE THEN
                RAISE EXCEPTION 'an address event cannot hold from a day to come: %', today USING ERRCODE = '22008';
            END IF;
            IF TG_OP = 'INSERT' THEN
                {_WRITE.format(changes=_INSERTED, plain="'created'")};
            ELSIF TG_OP = 'UPDATE' THEN
                SELECT o.full_text, last.effective_on INTO clash FROM old_rows o CROSS JOIN LATERAL (
                    SELECT e.effective_on FROM address_event e WHERE e.uid = o.uid ORDER BY e.number DESC LIMIT 1) last
                WHERE last.effective_on > today LIMIT 1;
                IF FOUND THEN
                    RAISE EXCEPTION '% has changed on % already', clash.full_text, clash.effective_on USING ERRCODE = '22008';
                END IF;
                {_WRITE.format(changes=_UPDATED, plain="'edited'")};
            ELSE
                {_WRITE.format(changes=_DELETED, plain="'deleted'")};
            END IF;
            RETURN NULL;
        END $$
        """
    )
    op.execute(f"COMMENT ON FUNCTION {schema}.log_address_events IS 'appends every change of an address to the log'")
    tables = {
        "INSERT": "REFERENCING NEW TABLE AS new_rows",
        "UPDATE": "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
        "DELETE": "REFERENCING OLD TABLE AS old_rows",
    }
    for verb, referencing in tables.items():
        op.execute(
            f"CREATE TRIGGER log_{verb.lower()} AFTER {verb} ON standard_address {referencing} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {schema}.log_address_events()"
        )


def _what_is_there(schema: str) -> None:
    """The addresses of before the log are its first events."""
    op.execute("ALTER TABLE standard_address NO FORCE ROW LEVEL SECURITY")
    op.execute(
        f"""
        INSERT INTO address_event (number, kind, uid, after, local_key, effective_on, actor, grid_code)
        SELECT row_number() OVER (ORDER BY a.id), 'created', a.uid, {schema}.address_state(a), a.local_key,
               least(a.valid_from, CURRENT_DATE), 'migration', a.grid_code FROM standard_address a
        """
    )
    op.execute("ALTER TABLE address_feed NO FORCE ROW LEVEL SECURITY")
    op.execute(
        f"INSERT INTO address_feed (id, number, grid_code) SELECT 1, count(*), '{schema.removeprefix('c')}' FROM address_event"
    )
    op.execute("ALTER TABLE address_feed FORCE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE standard_address FORCE ROW LEVEL SECURITY")
