"""Every SQL function stands in one file, the database has what the files say, and a change by hand is put right."""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, text

from database.checks.schema_check import unlike_fresh
from database.functions import texts
from database.functions.place import put_functions
from database.functions.texts import Branch, FunctionText, FunctionTextInvalid, function_texts, register
from database.upgrade.migrate import migrate_county
from mapserver.server.metadata import COUNTY_METADATA
from tests.rooms import ROOMS

SCHEMA = "c330521"
TEXTS = [(branch, function) for branch in ("platform", "county") for function in function_texts(branch)]
IDS = [f"{branch}-{function.name}" for branch, function in TEXTS]
NAMES = text(
    "SELECT proname FROM pg_proc WHERE pronamespace = CAST(:schema AS regnamespace) AND proname NOT LIKE 'procrastinate%' "
    "ORDER BY 1"
)
IS_THERE = text("SELECT to_regprocedure(:signature) IS NOT NULL")


@pytest.mark.parametrize(("branch", "function"), TEXTS, ids=IDS)
def test_a_text_makes_one_function_and_guards_what_runs_as_its_owner(branch: Branch, function: FunctionText) -> None:
    schema = "platform" if branch == "platform" else SCHEMA
    sql = function.sql(schema)
    assert re.findall(r"CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE) ([\w.]+)\(", sql) == [f"{schema}.{function.name}"]
    assert f"CREATE OR REPLACE FUNCTION {schema}.{function.name}(" in sql
    triggers = re.findall(r"EXECUTE FUNCTION ([\w.]+)\(", sql)
    assert set(triggers) <= {f"{schema}.{function.name}"}, "a trigger stands beside the function that it calls"
    assert function.room in ROOMS
    if "SECURITY DEFINER" in sql:
        assert re.search(rf"SET search_path = {schema}(, public)?, pg_temp\n", sql)
        assert re.search(rf"REVOKE ALL ON FUNCTION {schema}.{function.name}\(.*\) FROM PUBLIC;", sql)


def test_every_function_of_the_database_has_a_text(owner: Engine) -> None:
    assert COUNTY_METADATA.tables
    with owner.connect() as connection:
        for branch, schema in (("platform", "platform"), ("county", SCHEMA), ("county", "c330522")):
            present = connection.scalars(NAMES, {"schema": schema}).all()
            assert present == [function.name for _, function in TEXTS if _ == branch]


def test_what_was_changed_by_hand_is_seen_and_put_right_and_nothing_else_is_touched(owner: Engine) -> None:
    oid = text(f"SELECT CAST('{SCHEMA}.tile_cell(integer, integer)' AS regprocedure)::oid")
    with owner.begin() as connection:
        before = connection.scalar(oid)
        for statement in (
            f"CREATE OR REPLACE FUNCTION {SCHEMA}.refresh_statistics() RETURNS void LANGUAGE plpgsql AS $$ BEGIN END $$",
            f"GRANT EXECUTE ON FUNCTION {SCHEMA}.village_losses(double precision) TO PUBLIC",
            f"DROP TRIGGER log_update ON {SCHEMA}.standard_address",
            f"ALTER FUNCTION {SCHEMA}.public_plate(bytea) RESET search_path",
            f"DROP FUNCTION {SCHEMA}.is_visible(text)",
            f"CREATE FUNCTION {SCHEMA}.tile_cell(integer) RETURNS int LANGUAGE sql AS 'SELECT 1'",
            f"CREATE FUNCTION {SCHEMA}.of_the_county() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "GRANT EXECUTE ON FUNCTION platform.scope_prefixes() TO onemap_guard WITH GRANT OPTION",
        ):
            connection.execute(text(statement))
    differences = {f"{d.how} {d.name}" for d in unlike_fresh(owner)[SCHEMA]}
    assert differences == {
        "changed <schema>.refresh_statistics()", "changed <schema>.village_losses(double precision)",
        "missing standard_address.log_update", "changed <schema>.public_plate(bytea)", "missing <schema>.is_visible(text)",
        "extra <schema>.tile_cell(integer)", "extra <schema>.of_the_county()",
    }  # fmt: skip
    with owner.begin() as connection:
        assert put_functions(connection, "platform", "platform") == [
            "scope_prefixes"
        ]  # policies of every county need it
    migrate_county(owner, "330521")
    assert [d.name for d in unlike_fresh(owner)[SCHEMA]] == ["<schema>.of_the_county()"], (
        "what is not ours is named and left"
    )
    with owner.begin() as connection:
        connection.execute(text(f"DROP FUNCTION {SCHEMA}.of_the_county()"))
        assert connection.scalar(oid) != before, "of two functions with one name neither is trusted"
        assert put_functions(connection, "county", SCHEMA) == []


@pytest.fixture
def attempt(owner: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    """A county whose functions may be changed: nothing stays. Providers of the test are forgotten."""
    monkeypatch.setattr(texts, "_providers", {key: list(found) for key, found in texts._providers.items()})
    with owner.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


def test_a_room_that_writes_functions_itself_changes_and_withdraws_them(attempt: Connection) -> None:
    written: list[tuple[str, str]] = []
    register("layers", lambda: written)
    head = "-- what is asked for in a test\n\nCREATE OR REPLACE FUNCTION {schema}.asked"
    written[:] = [("asked", head + "(a int) RETURNS int LANGUAGE sql AS $$ SELECT a $$;")]
    assert put_functions(attempt, "county", SCHEMA) == ["asked"]
    assert put_functions(attempt, "county", SCHEMA) == []
    # another signature and another type of answer: no migration needs to drop the old one
    written[:] = [("asked", head + "(a text, b int) RETURNS text LANGUAGE sql AS $$ SELECT '{county}' || a $$;")]
    assert put_functions(attempt, "county", SCHEMA) == ["asked"]
    assert attempt.scalar(text(f"SELECT {SCHEMA}.asked('x', 1)")) == "330521x"
    assert not attempt.scalar(IS_THERE, {"signature": f"{SCHEMA}.asked(integer)"})
    written.clear()
    assert put_functions(attempt, "county", SCHEMA) == ["asked"]
    assert not attempt.scalar(IS_THERE, {"signature": f"{SCHEMA}.asked(text, integer)"})


@pytest.mark.parametrize(
    "written",
    [
        ("asked", "CREATE OR REPLACE FUNCTION {schema}.asked() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;"),
        ("asked", "-- another name\n\nCREATE OR REPLACE FUNCTION {schema}.other() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;"),
        ("asked", "-- unknown value\n\nCREATE OR REPLACE FUNCTION {scheme}.asked() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;"),
        ("tile_cell", "-- a second time\n\n"),
        ("Asked", "-- a name in quotes\n\n"),
    ],
    ids=lambda written: written[1].split("\n")[0][:20],
)  # fmt: skip
def test_a_text_that_is_not_as_it_must_be_is_refused(attempt: Connection, written: tuple[str, str]) -> None:
    register("layers", lambda: [written])
    with pytest.raises(FunctionTextInvalid):
        put_functions(attempt, "county", SCHEMA)
