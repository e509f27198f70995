"""An installation of before the shorter masks: what is stored anywhere is rewritten, what named two places is split."""

from collections.abc import Iterator

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, text

from database.counties import create_county
from database.engine import Database
from database.migrate import MIGRATIONS, migrate_county
from database.scope import Role, Scope
from tests import world
from tests.world import CELLS, MOGAN, WUKANG

COUNTY, OLD = "330599", "0024"
WEST, EAST = (code.replace("330521", COUNTY) for code in (WUKANG, MOGAN))
HERE, THERE = (code.replace("330521", COUNTY) for code in (CELLS[0], CELLS[3]))


def to_revision(owner: Engine, revision: str) -> None:
    with owner.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA c{COUNTY}"))
        connection.execute(text(f"SET search_path = c{COUNTY}, public"))
        connection.dialect.default_schema_name = f"c{COUNTY}"
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS / "county"))
        config.attributes.update(connection=connection, schema=f"c{COUNTY}")
        command.upgrade(config, revision)


@pytest.fixture
def old(owner: Engine, app_database: Database) -> Iterator[Scope]:
    """A county at the revision before, with records of that time."""
    create_county(owner, COUNTY, "旧县")
    with owner.begin() as connection:
        connection.execute(text(f"DROP SCHEMA c{COUNTY} CASCADE"))
    to_revision(owner, OLD)
    scope = Scope.of_system(COUNTY)
    with app_database.transaction(scope) as connection:
        fill(connection)
    yield scope
    with owner.begin() as connection:
        connection.execute(text(f"DROP SCHEMA c{COUNTY} CASCADE"))
        connection.execute(text("DELETE FROM platform.county WHERE code = :code"), {"code": COUNTY})


def fill(connection: Connection) -> None:
    masked = {"id_number_masked": "330521********001X", "phone_masked": "138****5678"}
    sealed = {"id_number_cipher": b"x", "id_number_hash": b"x" * 32, "phone_cipher": b"y", "phone_hash": b"y" * 32}
    world.insert(connection, "grid_worker", name="王", phone_masked="0572****2345", grid_code=HERE)
    addresses = [
        world.insert(
            connection, "standard_address", code=f"{cell[:12]}0000000{n}", full_text=f"{name}街1号", depth=5, match_key=name,
            local_key=name, road_key=name, number_key=name, division_code=cell[:12], source="t", source_key=name,
            grid_code=cell,
        )
        for n, (cell, name) in enumerate(((HERE, "西"), (THERE, "东")))
    ]  # fmt: skip
    person = world.insert(
        connection, "person", name="甲", source="t", source_key="1", grid_code=THERE, birth_date="1951-03-07",
        registered_address_id=addresses[0], actual_address_id=addresses[1], **masked, **sealed,
    )  # fmt: skip
    for no, cell in (("HU-W", HERE), ("HU-E", THERE)):
        world.insert(connection, "household", household_no=no, source="t", grid_code=cell)
    world.insert(
        connection, "change", entity="person", entity_id=str(person), operation="changed", actor="x", grid_code=THERE,
        fields=["actual_address_id", "birth_date", "grid_code", "id_number_masked"],
        before={"actual_address_id": addresses[0], "actual_address_text": "西街1号", "birth_date": "1951-03-07",
                "grid_code": HERE, **masked},
        after={"actual_address_id": addresses[1], "actual_address_text": "东街1号", "birth_date": "1951-03-08",
               "grid_code": THERE, **masked},
    )  # fmt: skip
    world.insert(
        connection, "event", kind="k", title="来电138****5678", occurred_at="2024-01-01", source="t", source_key="1",
        attributes={"证": "330521********001X", "号": "20240301****"}, grid_code=HERE,
    )  # fmt: skip
    for rule, facts, reason in (
        ("two_households", {"姓名": "甲", "户号": ["HU-E", "HU-W"], "地址": ["东街1号", "西街1号"],
                            "after": {"household_no": "HU-E"}}, "甲同时在 HU-E（东街1号）；HU-W（西街1号）"),
        ("registered_actual_differ", {"姓名": "甲", "户籍地址": "西街1号", "现住址": "东街1号", "距离（米）": 9,
                                      "before": {"birth_date": "1951-03-07", **masked, "grid_code": HERE}},
         "甲户籍在西街1号，实际住在东街1号。"),
        ("two_households", {"姓名": "乙", "户号": ["HU-E"], "地址": ["东街1号"]}, "乙在 HU-E"),
    ):  # fmt: skip
        world.insert(
            connection, "alert", fingerprint=str(hash(reason)), rule=rule, severity="high", subject_kind="person",
            subject_id=str(person), household_id=1, title="甲", reason=reason, facts=facts, grid_code=THERE,
        )  # fmt: skip


def everything(database: Database, *prefixes: str) -> str:
    """Every row of every table that a scope shows, as JSON."""
    with database.transaction(Scope(COUNTY, "x", Role.TOWN_OFFICIAL, prefixes)) as connection:
        tables = connection.scalars(
            text("SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' "
                 "AND has_table_privilege(oid, 'SELECT') AND relname <> 'alembic_version'")
        ).all()  # fmt: skip
        shown = ""
        for table in tables:
            for row in connection.scalars(text(f"SELECT to_jsonb(t) - 'birth_date' FROM {table} t")):
                shown += f"{table}: {row}\n"
    return shown


def test_what_was_stored_before_is_rewritten_and_split(owner: Engine, app_database: Database, old: Scope) -> None:
    migrate_county(owner, COUNTY)
    county = everything(app_database, COUNTY)
    assert "********001X" not in county
    assert "138****5678" not in county
    assert "0572****" not in county
    assert "330*************1X" in county
    assert "来电*******5678" in county
    assert "20240301****" in county, "what only looks like a mask stays"
    assert "03-07" not in county
    assert "03-08" not in county
    east, west = everything(app_database, EAST), everything(app_database, WEST)
    assert "东街1号" in east
    for foreign in ("西街1号", "HU-W", HERE, "1951-"):
        assert foreign not in east, [line for line in east.splitlines() if foreign in line]
    assert "东街1号" not in west
    with app_database.transaction(old) as connection:
        reasons = list(connection.scalars(text("SELECT reason FROM alert ORDER BY id")))
        wholes = list(connection.scalars(text("SELECT reason FROM alert_whole ORDER BY alert_id")))
        (fields,) = connection.scalars(text("SELECT fields FROM change"))
        households = list(connection.scalars(text("SELECT household_id FROM alert")))
    assert reasons == [
        "甲同时是几个户的现有成员，其中有本辖区以外的户。请核实应保留哪一户。",
        "甲户籍在本辖区以外，实际住在东街1号。",
        "乙在 HU-E",
    ]
    assert wholes == ["甲同时在 HU-E（东街1号）；HU-W（西街1号）", "甲户籍在西街1号，实际住在东街1号。"]
    assert fields == ["actual_address_id", "birth_date", "grid_code", "id_number"]
    assert households == [None, None, None], "the first household lies in the other town"
