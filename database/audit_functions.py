"""The functions and the trigger that chain an audit trail; the same for the platform and for every county.

What is hashed stands in ``access/audit_chain.py`` as well, which verifies it anywhere without a database; a test holds the
two against each other.
"""

from __future__ import annotations

from collections.abc import Sequence

from database.row_security import APP_ROLE, GUARD_ROLE

FORMAT = "onemap-audit-1"
NOTHING_BEFORE = "0" * 64


def chain_functions(schema: str, chain: str, columns: Sequence[str], head_columns: str = "") -> list[str]:
    """The statements. chain: its name, within every hash. columns: of the trail, in the order in which they are hashed.

    head_columns: further columns of the head and their values, as ``, name = value``.
    """
    fields = ", ".join("platform.audit_time(e.at)" if name == "at" else f"CAST(e.{name} AS text)" for name in columns)
    name, _, value = head_columns.partition("=")
    also, its = (f", {name.strip()}", f", {value.strip()}") if head_columns else ("", "")
    return [
        f"""
        CREATE FUNCTION {schema}.chain_audit() RETURNS bigint
        LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = {schema}, pg_temp
        AS $$
        DECLARE
            head audit_head%ROWTYPE;
            e audit_event%ROWTYPE;
            done bigint := 0;
            said text;
        BEGIN
            SELECT * INTO head FROM audit_head WHERE id = 1 FOR UPDATE;
            IF NOT FOUND THEN
                INSERT INTO audit_head (id, number, hash, at{also})
                SELECT 1, coalesce(max(l.number), 0), coalesce(max(l.hash), '{NOTHING_BEFORE}'), clock_timestamp(){its}
                FROM (SELECT number, hash FROM audit_event WHERE number IS NOT NULL ORDER BY number DESC LIMIT 1) l
                ON CONFLICT (id) DO NOTHING;
                SELECT * INTO head FROM audit_head WHERE id = 1 FOR UPDATE;
            END IF;
            FOR e IN SELECT * FROM audit_event WHERE number IS NULL ORDER BY id LOOP
                said := platform.audit_hash('{FORMAT}', '{chain}', CAST(head.number + 1 AS text), head.hash, {fields});
                UPDATE audit_event SET number = head.number + 1, previous = head.hash, hash = said WHERE id = e.id;
                head.number := head.number + 1;
                head.hash := said;
                done := done + 1;
            END LOOP;
            IF done > 0 THEN
                UPDATE audit_head SET number = head.number, hash = head.hash, at = clock_timestamp() WHERE id = 1;
            END IF;
            RETURN done;
        END $$
        """,  # noqa: S608 - names of columns only
        f"""
        CREATE FUNCTION {schema}.chain_audit_event() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp
        AS $$
        BEGIN
            -- a transaction that sees one moment cannot see the head move; its rows are chained by the next commit
            IF current_setting('transaction_isolation') = 'read committed'
               AND EXISTS (SELECT FROM audit_event WHERE id = NEW.id AND number IS NULL) THEN
                PERFORM chain_audit();
            END IF;
            RETURN NULL;
        END $$
        """,
        f"COMMENT ON FUNCTION {schema}.chain_audit() IS 'chains the rows of the audit trail that are not yet; how many'",
        f"COMMENT ON FUNCTION {schema}.chain_audit_event() IS 'chains the audit trail when a transaction commits'",
        f"CREATE CONSTRAINT TRIGGER chain_audit AFTER INSERT ON {schema}.audit_event "
        f"DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION {schema}.chain_audit_event()",
        f"GRANT USAGE, CREATE ON SCHEMA {schema} TO {GUARD_ROLE}",
        f"ALTER FUNCTION {schema}.chain_audit() OWNER TO {GUARD_ROLE}",
        f"ALTER FUNCTION {schema}.chain_audit_event() OWNER TO {GUARD_ROLE}",
        f"REVOKE CREATE ON SCHEMA {schema} FROM {GUARD_ROLE}",
        f"REVOKE ALL ON FUNCTION {schema}.chain_audit(), {schema}.chain_audit_event() FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION {schema}.chain_audit() TO {APP_ROLE}",
        f"SELECT {schema}.chain_audit()",
    ]
