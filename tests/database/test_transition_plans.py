"""A statement trigger is as fast after a statement of no row as before one."""

import time

from sqlalchemy import Connection, Engine, text

from database.connection.engine import Database
from database.rights.scope import Scope
from tests.world import QIANQIU, build_county

ROWS = 6000
CELL = QIANQIU + "001"


def test_functions_that_join_old_and_new_rows_never_nest_loops(owner: Engine, county: str) -> None:
    with owner.begin() as connection:
        careless = connection.scalars(
            text(
                "SELECT DISTINCT p.oid::regprocedure::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
                "JOIN pg_proc p ON p.oid = t.tgfoid WHERE c.relnamespace = CAST(:schema AS regnamespace) "
                "AND t.tgoldtable IS NOT NULL AND t.tgnewtable IS NOT NULL AND c.relname <> 'household_member' "
                "AND NOT coalesce('enable_nestloop=off' = ANY (p.proconfig), false)"
            ),
            {"schema": f"c{county}"},
        ).all()
    assert careless == []


def test_an_update_of_no_row_does_not_make_the_next_one_slow(database: Database, system: Scope) -> None:
    fresh = _update_after(database, system, empty_first=False)
    used = _update_after(database, system, empty_first=True)
    assert used < 5 * fresh + 0.5


def test_members_are_counted_quickly_after_a_statement_of_no_row(database: Database, system: Scope) -> None:
    with database.transaction(system) as connection:
        build_county(connection)
        _households(connection)
    fresh = _members_after(database, system, empty_first=False)
    used = _members_after(database, system, empty_first=True)
    assert used < 5 * fresh + 0.5


_MEMBERS = (
    "INSERT INTO household_member (household_id, person_id, grid_code) "
    "SELECT h.id, p.id, h.grid_code FROM household h JOIN person p ON p.source_key = h.household_no"
)


def _households(connection: Connection) -> None:
    connection.execute(
        text(
            "INSERT INTO household (household_no, source, grid_code, geom) SELECT n::text, 'test', :cell, "
            "st_setsrid(st_point(120.0 + n * 0.000001, 30.505), 4490) FROM generate_series(1, :n) AS n"
        ),
        {"cell": CELL, "n": ROWS},
    )
    connection.execute(
        text(
            "INSERT INTO person (name, source, source_key, grid_code) "
            "SELECT '人' || n, 'test', n::text, :cell FROM generate_series(1, :n) AS n"
        ),
        {"cell": CELL, "n": ROWS},
    )


def _update_after(database: Database, system: Scope, *, empty_first: bool) -> float:
    """Seconds of an update of many addresses in a session of its own."""
    database.engine.dispose()
    with database.transaction(system) as connection:
        connection.execute(text("DELETE FROM standard_address"))
        connection.execute(
            text(
                "INSERT INTO standard_address (code, full_text, depth, match_key, local_key, division_code, source, source_key, "
                "grid_code, geom) SELECT CAST(:village AS text) || lpad(n::text, 8, '0'), '路' || n, 7, n::text, n::text, :village, 'test', n::text, :cell, "
                "st_setsrid(st_point(120.0 + n * 0.000001, 30.505), 4490) FROM generate_series(1, :n) AS n"
            ),
            {"village": QIANQIU, "cell": CELL, "n": ROWS},
        )
    database.engine.dispose()
    with database.transaction(system) as connection:
        if empty_first:
            connection.execute(text("UPDATE standard_address SET full_text = full_text WHERE false"))
        started = time.perf_counter()
        connection.execute(text("UPDATE standard_address SET full_text = full_text || '号'"))
        return time.perf_counter() - started


def _members_after(database: Database, system: Scope, *, empty_first: bool) -> float:
    """Seconds of an insert of many members in a session of its own."""
    with database.transaction(system) as connection:
        connection.execute(text("DELETE FROM household_member"))
    database.engine.dispose()
    with database.transaction(system) as connection:
        if empty_first:
            connection.execute(text(_MEMBERS + " WHERE false"))
        started = time.perf_counter()
        connection.execute(text(_MEMBERS))
        seconds = time.perf_counter() - started
        counted = connection.scalar(text("SELECT sum(members) FROM tile_count WHERE layer = 'persons' AND level = 18"))
    assert counted == ROWS
    return seconds
