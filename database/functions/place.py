"""Put the functions of a schema in place: those whose text changed, and those that are not as they were put.

The comment of a function ends with two digests: of its text, and of what the database made of it (definition, owner, grants,
triggers). So a new text is noticed, and so is a change by hand; everything else is left alone, with no lock on its tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, text

from database.functions.texts import Branch, FunctionText, FunctionTextInvalid, function_texts
from database.rights.row_security import GUARD_ROLE, TILE_ROLE
from database.tables.catalogue import ROUTINE_GRANTS

_DIGESTS = re.compile(r"\[([0-9a-f]{16}) ([0-9a-f]{16})\]$")

#: The functions of a schema but those of the job queue, which procrastinate makes. has_dependents: a policy, a default or another
#: object needs it, so that it can be replaced only.
_PRESENT = text(f"""
SELECT p.proname AS name, p.oid::regprocedure::text AS signature, obj_description(p.oid, 'pg_proc') AS comment,
       left(encode(sha256(convert_to(pg_get_functiondef(p.oid) || {ROUTINE_GRANTS} || coalesce((
           SELECT string_agg(concat(pg_get_triggerdef(t.oid), t.tgenabled), ',' ORDER BY t.tgrelid::regclass::text, t.tgname)
           FROM pg_trigger t WHERE t.tgfoid = p.oid), ''), 'UTF8')), 'hex'), 16) AS made,
       EXISTS (SELECT FROM pg_depend d WHERE d.refclassid = 'pg_proc'::regclass AND d.refobjid = p.oid
               AND d.classid <> 'pg_trigger'::regclass AND d.deptype <> 'e') AS has_dependents
FROM pg_proc p
WHERE p.pronamespace = CAST(:schema AS regnamespace) AND p.prokind IN ('f', 'p') AND p.proname NOT LIKE 'procrastinate\\_%'
ORDER BY p.proname
""")  # noqa: S608 - a constant of ours
_TRIGGERS = text("""
SELECT format('DROP TRIGGER %I ON %s', t.tgname, t.tgrelid::regclass) FROM pg_trigger t
WHERE t.tgfoid = CAST(:signature AS regprocedure)
""")
_GRANTEES = text("""
SELECT DISTINCT quote_ident(pg_get_userbyid(a.grantee)) FROM pg_proc p, aclexplode(p.proacl) a
WHERE p.oid = CAST(:signature AS regprocedure) AND a.grantee NOT IN (0, p.proowner)
""")


@dataclass(frozen=True, slots=True)
class _Present:
    """A function as it stands in the database. made: digest of what it is now; text, was_made: as noted when it was put."""

    name: str
    signature: str
    made: str
    has_dependents: bool
    text: str | None
    was_made: str | None


def put_functions(connection: Connection, branch: Branch, schema: str) -> list[str]:
    """Make the functions of a schema those of this release, in the caller's transaction; returns the names that were put or dropped.

    connection: of the owner. A function of an earlier release that has no text any more is dropped; one that somebody made by hand
    is left (``onemap doctor`` names it). Raises FunctionTextInvalid when a text does not make exactly the function it is named after.
    """
    wanted = {function.name: function for function in function_texts(branch)}
    present = _present(connection, schema)
    upgraded = bool(present) and all(function.text is None for function in present)
    gone = [f for f in present if f.name not in wanted and (upgraded or f.text is not None)]
    changed = _changed(wanted, present)
    stale = [f for f in present if f.name in {function.name for function in changed}]
    for function in (*gone, *stale):
        _clear_away(connection, function)
    if changed:
        _make(connection, schema, changed)
        _note(connection, schema, changed)
    return sorted({function.name for function in changed} | {function.name for function in gone})


def _present(connection: Connection, schema: str) -> list[_Present]:
    with_schema = "SELECT set_config('search_path', 'pg_catalog', true)"  # every name is written in full
    before = connection.scalar(text("SELECT current_setting('search_path')"))
    connection.execute(text(with_schema))
    rows = connection.execute(_PRESENT, {"schema": schema}).all()
    connection.execute(text("SELECT set_config('search_path', :path, true)"), {"path": before})
    found = []
    for row in rows:
        digests = _DIGESTS.search(row.comment or "")
        noted = digests.groups() if digests else (None, None)
        found.append(_Present(row.name, row.signature, row.made, row.has_dependents, *noted))
    return found


def _changed(wanted: dict[str, FunctionText], present: Iterable[_Present]) -> list[FunctionText]:
    good: dict[str, list[bool]] = {}
    for function in present:
        digest = wanted[function.name].digest if function.name in wanted else None
        good.setdefault(function.name, []).append(function.text == digest and function.was_made == function.made)
    return [function for function in wanted.values() if good.get(function.name) != [True]]


def _clear_away(connection: Connection, function: _Present) -> None:
    """Drop a function, so that its text may give it another signature, owner or grants; what others need is stripped instead."""
    for statement in connection.scalars(_TRIGGERS, {"signature": function.signature}).all():
        connection.execute(text(statement))
    if not function.has_dependents:
        connection.execute(text(f"DROP FUNCTION {function.signature}"))
        return
    connection.execute(text(f"ALTER FUNCTION {function.signature} OWNER TO CURRENT_USER"))
    for grantee in connection.scalars(_GRANTEES, {"signature": function.signature}).all():
        connection.execute(text(f"REVOKE ALL ON FUNCTION {function.signature} FROM {grantee}"))
    connection.execute(text(f"GRANT EXECUTE ON FUNCTION {function.signature} TO PUBLIC"))


def _make(connection: Connection, schema: str, functions: list[FunctionText]) -> None:
    """In one round trip. A body is read when it is called, so functions may call each other in any order."""
    owners = f"{TILE_ROLE}, {GUARD_ROLE}"
    statements = [
        "SET LOCAL check_function_bodies = off;",
        f"GRANT USAGE, CREATE ON SCHEMA {schema} TO {owners};",
        *(function.sql(schema) for function in functions),
        f"REVOKE CREATE ON SCHEMA {schema} FROM {owners};",
        "SET LOCAL check_function_bodies = on;",
    ]
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute("\n".join(statements))  # as it stands: no colon or percent sign is a parameter


def _note(connection: Connection, schema: str, functions: list[FunctionText]) -> None:
    made = {function.signature: function for function in _present(connection, schema)}
    by_name: dict[str, list[_Present]] = {}
    for present in made.values():
        by_name.setdefault(present.name, []).append(present)
    comments = []
    for function in functions:
        found = by_name.get(function.name, [])
        if len(found) != 1:
            raise FunctionTextInvalid(f"{function.room}/{function.name}: {[f.signature for f in found]}")
        comment = f"{function.comment} [{function.digest} {found[0].made}]".replace("'", "''")
        comments.append(f"COMMENT ON FUNCTION {found[0].signature} IS '{comment}';")
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute("\n".join(comments))
