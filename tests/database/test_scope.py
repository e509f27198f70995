"""Who sees what is decided in the database, for every table, for the production role."""

import random

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from database.connection.engine import Database
from database.rights.scope import InvalidScope, Role, Scope
from database.tables.base import CountyBase
from database.upgrade.all_servers import migrate_all
from database.upgrade.migrate import EmptyMetadata, differences, refuse_empty

INSERT = text(
    "INSERT INTO facility (kind, name, source, source_key, grid_code, geom) "
    "VALUES ('lamp', :name, 's', :name, :code, st_setsrid(st_point(120, 30.5), 4490))"
)


def scope(*prefixes: str, county: str = "330521") -> Scope:
    return Scope(county, "tester", Role.GRID_WORKER, prefixes)


def test_a_stranger_without_a_scope_sees_no_table(database: Database) -> None:
    with database.platform() as connection, pytest.raises(ProgrammingError):
        connection.execute(text("SELECT * FROM facility"))


def test_without_a_scope_a_table_named_in_full_is_empty(database: Database, system: Scope) -> None:
    with database.transaction(system) as connection:
        connection.execute(INSERT, {"name": "a", "code": "330521100001"})
    with database.platform() as connection:
        assert connection.scalar(text("SELECT count(*) FROM c330521.facility")) == 0


def test_a_scope_sees_its_prefix_and_nothing_else(database: Database, system: Scope) -> None:
    with database.transaction(system) as connection:
        for code in (
            "330521",
            "330521100",
            "330521100001",
            "330521100001001",
            "33052110000100101",
            "330521101001",
        ):
            connection.execute(INSERT, {"name": code, "code": code})
    seen = text("SELECT name FROM facility ORDER BY name")
    with database.transaction(scope("330521100001")) as connection:
        assert connection.scalars(seen).all() == ["330521100001", "330521100001001", "33052110000100101"]
    with database.transaction(scope("330521100001001", "330521101")) as connection:
        assert connection.scalars(seen).all() == ["330521100001001", "33052110000100101", "330521101001"]
    with database.transaction(scope("330521")) as connection:
        assert len(connection.scalars(seen).all()) == 6


def test_a_scope_does_not_outlive_its_transaction(database: Database, system: Scope) -> None:
    with database.transaction(system) as connection:
        connection.execute(INSERT, {"name": "a", "code": "330521100001"})
    for _ in range(20):  # whichever pooled connection comes
        with database.platform() as connection:
            assert connection.scalar(text("SELECT platform.scope_prefixes()")) in (None, [])
            assert connection.scalar(text("SELECT count(*) FROM c330521.facility")) == 0


def test_nobody_writes_outside_their_scope(database: Database) -> None:
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        database.transaction(scope("330521100")) as connection,
    ):
        connection.execute(INSERT, {"name": "a", "code": "330521101001"})


def test_nobody_moves_a_row_out_of_their_scope(database: Database) -> None:
    with database.transaction(scope("330521100")) as connection:
        connection.execute(INSERT, {"name": "a", "code": "330521100001"})
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        database.transaction(scope("330521100")) as connection,
    ):
        connection.execute(text("UPDATE facility SET grid_code = '330521101001'"))


def test_two_counties_never_see_each_other(database: Database, system: Scope, neighbour: str) -> None:
    with database.transaction(system) as connection:
        connection.execute(INSERT, {"name": "a", "code": "330521100001"})
    with database.transaction(Scope.of_system(neighbour)) as connection:
        assert connection.scalar(text("SELECT count(*) FROM facility")) == 0
        assert connection.scalar(text("SELECT count(*) FROM c330521.facility")) == 0
        assert connection.execute(text("UPDATE c330521.facility SET name = 'x'")).rowcount == 0
        assert connection.execute(text("DELETE FROM c330521.facility")).rowcount == 0


def test_the_database_itself_refuses_a_prefix_of_another_county(database: Database) -> None:
    with pytest.raises(DBAPIError, match="outside county"), database.platform() as connection:
        connection.execute(text("SELECT platform.enter_scope('330521', 'x', 'system', ARRAY['330522'])"))
    for wrong in (
        "'330521', NULL",
        "'330521', '33052'",
        "'330521', ''",
        "'330521', '3305211' || repeat('0', 11)",
        "'330521', '330521x'",
    ):
        with pytest.raises(DBAPIError, match="outside county"), database.platform() as connection:
            connection.execute(text(f"SELECT platform.enter_scope('330521', 'x', 'system', ARRAY[{wrong}])"))
    with pytest.raises(DBAPIError, match="no county"), database.platform() as connection:
        connection.execute(text("SELECT platform.enter_scope('999999', 'x', 'system', ARRAY['999999'])"))


REACH = text("""
    SELECT c.code, c.code ^@ ANY (platform.scope_prefixes()) AS visible,
           c.code >= r.lowest AND c.code < r.beyond AND (r.whole OR (width_bucket(c.code::bigint, r.bounds) & 1) <> 0) AS reached
    FROM platform.scope_reach() r, unnest(CAST(:codes AS text[])) AS c(code)
""")


def a_code(chance: random.Random, levels: tuple[int, ...] = (0, 1, 2, 3, 4)) -> str:
    """A grid code; few groups, so that codes meet, zeros and nines among them."""
    groups = [chance.choice(("000", "001", "002", "999")) for _ in range(3)] + [chance.choice(("00", "01", "99"))]
    return "330521" + "".join(groups[: chance.choice(levels)])


def test_the_bounds_of_a_scope_say_what_its_prefixes_say(database: Database) -> None:
    chance = random.Random(5)
    codes = sorted({a_code(chance) for _ in range(400)})
    met = {True: 0, False: 0}
    for most in (1, 1, 2, 5, 5, 20, 40, 60, 60):
        prefixes = [a_code(chance, (1, 2, 3, 4) if most > 1 else (1, 2, 3)) for _ in range(most)]
        prefixes += prefixes[:1] if most > 20 else []  # one may be given twice
        with database.transaction(scope(*prefixes)) as connection:
            rows = connection.execute(REACH, {"codes": codes}).all()
        assert [row.code for row in rows if row.visible != row.reached] == [], prefixes
        for row in rows:
            met[row.visible] += 1
    assert min(met.values()) > 100
    with database.transaction(scope("330521", *codes[1:])) as connection:  # the county, and much inside it
        assert all(row.reached for row in connection.execute(REACH, {"codes": codes}))
    with database.platform() as connection:  # nobody entered
        assert not any(row.reached for row in connection.execute(REACH, {"codes": codes}))


def test_cells_in_a_row_are_one_range(database: Database) -> None:
    cells = [f"33052110020{village}{cell:03d}" for village in range(4) for cell in range(1, 26)]
    with database.transaction(scope(*cells)) as connection:
        bounds = connection.scalar(text("SELECT bounds FROM platform.scope_reach()"))
    assert bounds[:2] == [330521100200001, 330521100200026]
    assert len(bounds) == 2 * 4 * 2  # of 4 villages, codes of cells and of micro cells


@pytest.mark.parametrize("prefixes", [(), ("330522",), ("3305",), ("330521x",), ("",)])
def test_a_malformed_scope_is_refused(prefixes: tuple[str, ...]) -> None:
    with pytest.raises(InvalidScope):
        scope(*prefixes)


def test_every_county_table_forces_row_security(owner: Engine) -> None:
    with owner.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT relname, relrowsecurity AND relforcerowsecurity, "
                "(SELECT count(*) FROM pg_policy WHERE polrelid = c.oid AND polname = 'scope') "
                "FROM pg_class c WHERE relnamespace = 'c330521'::regnamespace AND relkind IN ('r', 'p') "
                "AND relname <> 'alembic_version'"
            )
        ).all()
    assert {row[0] for row in rows} >= set(CountyBase.metadata.tables)
    assert [row for row in rows if not row[1] or row[2] != 1] == []


def test_history_is_append_only(database: Database, system: Scope) -> None:
    for table in ("alert_step", "audit_event", "change"):
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET actor = 'x'"):
            with (
                pytest.raises(ProgrammingError, match="permission denied"),
                database.transaction(system) as connection,
            ):
                connection.execute(text(statement))


def test_the_application_role_owns_nothing_and_bypasses_nothing(owner: Engine) -> None:
    with owner.connect() as connection:
        assert (
            connection.execute(
                text(
                    "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = 'onemap_app'"
                )
            ).scalar()
            is False
        )
        assert connection.scalar(text("SELECT count(*) FROM pg_class WHERE relowner = 'onemap_app'::regrole")) == 0


def test_models_and_migrations_agree(owner: Engine) -> None:
    assert differences(owner) == []
    assert differences(owner, "330521") == []


def test_migrating_again_changes_nothing_and_covers_every_county(owner: Engine) -> None:
    assert migrate_all(owner) == ["330521", "330522"]


def test_empty_metadata_is_refused() -> None:
    from sqlalchemy import MetaData

    with pytest.raises(EmptyMetadata):
        refuse_empty(MetaData())
