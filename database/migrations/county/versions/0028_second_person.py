"""What a village has lost lately, counted over every path by which addresses leave the library.

``village_losses`` reads the log of address events, which triggers write, so that change sets, single operations, roll
backs, mergers of villages and imports count alike, whoever did them. It counts beyond the asker's scope (half a village
is no village) and says numbers only. What operations of the window brought into a village does not count towards its
size, so that nobody widens the limit with new addresses first.

Revision ID: 0028
"""

from alembic import op

from database.row_security import APP_ROLE, GUARD_ROLE

revision = "0028"
down_revision = "0027"

#: An event by which a published address left its village: retired, deleted, or given to another village.
LOST = (
    "kind <> 'left' AND (before ->> 'status') = 'published' AND (after IS NULL OR (after ->> 'status') <> 'published' "
    "OR (after ->> 'division_code') <> (before ->> 'division_code'))"
)

#: What the function reads, and no more.
READ = {
    "standard_address": "uid, status, division_code",
    "address_event": "uid, kind, operation_id, before, after, recorded_at",
    "address_change_set": "id, author, approver, state",
    "address_change_item": "change_set_id, operation_id",
}


def upgrade() -> None:
    schema = op.get_context().opts["version_table_schema"]
    op.execute(
        "CREATE INDEX ix_address_event_recorded_at ON address_event (recorded_at) WHERE operation_id IS NOT NULL"
    )
    op.execute(f"CREATE INDEX ix_address_event_lost ON address_event (recorded_at) WHERE {LOST}")
    op.execute(
        f"""
        CREATE FUNCTION {schema}.village_losses(hours double precision)
        RETURNS TABLE (village text, lost bigint, before_n bigint)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = {schema}, pg_temp
        AS $$
            WITH recent AS (
                SELECT e.uid, e.before ->> 'division_code' AS village, e.operation_id, e.recorded_at
                FROM address_event e WHERE {LOST}
                AND e.recorded_at > now() - make_interval(secs => hours * 3600)
            ), touched AS (
                SELECT DISTINCT r.village FROM recent r WHERE r.recorded_at = now()
            ), gained AS (
                SELECT e.uid, e.after ->> 'division_code' AS village FROM address_event e
                WHERE e.recorded_at > now() - make_interval(secs => hours * 3600) AND e.operation_id IS NOT NULL
                AND e.kind IN ('created', 'published', 'split', 'merged', 'villages_merged')
                AND (e.after ->> 'status') = 'published'
                AND ((e.before ->> 'status') IS DISTINCT FROM 'published'
                     OR (e.before ->> 'division_code') <> (e.after ->> 'division_code'))
            ), gone AS (
                SELECT r.village, r.uid,
                    bool_or(NOT EXISTS (
                        SELECT FROM address_change_item i JOIN address_change_set s ON s.id = i.change_set_id
                        WHERE i.operation_id = r.operation_id AND s.state = 'published' AND s.approver <> s.author)) AS alone,
                    NOT EXISTS (SELECT FROM gained g WHERE g.uid = r.uid AND g.village = r.village) AS old
                FROM recent r JOIN touched t ON t.village = r.village
                WHERE NOT EXISTS (SELECT FROM standard_address a
                    WHERE a.uid = r.uid AND a.status = 'published' AND a.division_code = r.village)
                GROUP BY r.village, r.uid
            )
            SELECT g.village, count(*) FILTER (WHERE g.alone), count(*) FILTER (WHERE g.old) + (
                SELECT count(*) FROM standard_address a WHERE a.division_code = g.village AND a.status = 'published'
                AND NOT EXISTS (SELECT FROM gained n WHERE n.uid = a.uid AND n.village = g.village))
            FROM gone g GROUP BY g.village HAVING count(*) FILTER (WHERE g.alone) > 0
        $$
        """
    )
    signature = f"{schema}.village_losses(double precision)"
    op.execute(
        f"COMMENT ON FUNCTION {signature} IS 'villages from which this transaction took addresses: how many they lost within "
        "the last hours without a second person, and how many they had before'"
    )
    op.execute(f"GRANT USAGE, CREATE ON SCHEMA {schema} TO {GUARD_ROLE}")
    op.execute(f"ALTER FUNCTION {signature} OWNER TO {GUARD_ROLE}")
    op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO {APP_ROLE}")
    op.execute(f"REVOKE CREATE ON SCHEMA {schema} FROM {GUARD_ROLE}")
    for table, columns in READ.items():
        op.execute(f"GRANT SELECT ({columns}) ON {table} TO {GUARD_ROLE}")
        op.execute(f"CREATE POLICY guard ON {table} FOR SELECT TO {GUARD_ROLE} USING (true)")
    op.create_index("ix_address_change_item_operation_id", "address_change_item", ["operation_id"])
