"""An old county with its records becomes what a new one is; where it does not, the upgrade says so and names it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text

from database.backup import take_backup
from database.embedded import EmbeddedCluster
from database.engine import Database
from database.migrate import migrate_county, upgrade_schema
from database.schema_check import SchemaDiffers, refuse_unlike, unlike_fresh
from database.scope import Scope
from database.settings import Settings
from tests import world
from tests.world import CELLS

#: County → the last revision of the counties of a release: 0.1, 0.2, 0.3.
RELEASES = {"330596": "0004", "330597": "0011", "330598": "0024"}
TABLES = ("grid_cell", "standard_address", "person", "household", "household_member", "event", "place", "facility")
CHANGED = "c330598"
POINT = "SRID=4490;POINT(120.005 30.505)"


@pytest.fixture
def old(owner: Engine, app_database: Database) -> Iterator[None]:
    """A county of each release, with records of then."""
    try:
        for county, revision in RELEASES.items():
            with owner.begin() as connection:
                connection.execute(text(f"CREATE SCHEMA c{county}"))
                connection.execute(
                    text("INSERT INTO platform.county (code, name, synthetic) VALUES (:code, '老县', true)"),
                    {"code": county},
                )
                upgrade_schema(connection, "county", f"c{county}", revision)
            with app_database.transaction(Scope.of_system(county)) as connection:
                fill(connection, CELLS[0].replace("330521", county))
        yield
    finally:
        for county in RELEASES:
            with owner.begin() as connection:
                connection.execute(text(f"DROP SCHEMA IF EXISTS c{county} CASCADE"))
                connection.execute(text("DELETE FROM platform.county WHERE code = :code"), {"code": county})


def fill(connection: Connection, here: str) -> None:
    """A record of each kind."""
    world.insert(connection, "grid_cell", code=here, level="cell", parent_code=here[:12], name="第一网格",
                 geom=world.square(120.0), returning=None)  # fmt: skip
    address = world.insert(
        connection, "standard_address", code=f"{here[:12]}00000001", full_text="永安街1号", depth=5, match_key="a",
        local_key="a", road_key="a", number_key="a", division_code=here[:12], source="t", source_key="1", grid_code=here,
    )  # fmt: skip
    person = world.insert(
        connection, "person", name="甲", source="t", source_key="1", grid_code=here, birth_date="1951-03-07",
        actual_address_id=address, id_number_masked="330598********001X", id_number_cipher=b"x", id_number_hash=b"x" * 32,
    )  # fmt: skip
    household = world.insert(connection, "household", household_no="H1", source="t", grid_code=here)
    world.add_member(connection, household, person, here)
    world.insert(connection, "event", kind="k", title="t", occurred_at="2024-01-01", source="t", source_key="1",
                 attributes={"备注": "老"}, grid_code=here)  # fmt: skip
    world.insert(connection, "place", kind="unit", name="店", source="t", source_key="1", grid_code=here)
    world.insert(connection, "facility", kind="lamp", name="灯", source="t", source_key="1", grid_code=here, geom=POINT)


@pytest.mark.usefixtures("old")
def test_old_counties_keep_their_records_and_become_what_a_new_one_is(
    owner: Engine, app_database: Database, cluster: EmbeddedCluster, settings: Settings, tmp_path: Path
) -> None:
    # the new release is installed, the data is old: now a backup is taken
    _, manifest, _ = take_backup(settings, cluster.dsn("superuser"), tmp_path / "backups")
    assert {county: manifest.state.revisions[f"c{county}"] for county in RELEASES} == RELEASES

    for county in RELEASES:
        migrate_county(owner, county)
    assert unlike_fresh(owner) == {}
    for county in RELEASES:
        with app_database.transaction(Scope.of_system(county)) as connection:
            counts = [connection.scalar(text(f"SELECT count(*) FROM {table}")) for table in TABLES]
            person = connection.execute(text("SELECT name, id_number_masked FROM person")).one()
            note = connection.scalar(text("SELECT attributes ->> '备注' FROM event"))
        assert (county, counts, tuple(person), note) == (county, [1] * 8, ("甲", "330" + "*" * 13 + "1X"), "老")

    # whatever was changed beside the migrations is named, and nothing of it is called upgraded
    with owner.begin() as connection:
        connection.execute(text(f"SET search_path = {CHANGED}, public"))
        for statement in (
            "DROP INDEX ix_person_living",
            "ALTER TABLE visit NO FORCE ROW LEVEL SECURITY",
            "DROP POLICY scope ON event",
            "REVOKE SELECT ON household FROM onemap_app",
            "ALTER TABLE facility ADD COLUMN extra text",
            "CREATE OR REPLACE FUNCTION refresh_statistics() RETURNS void LANGUAGE plpgsql AS $$ BEGIN END $$",
        ):
            connection.execute(text(statement))
    with pytest.raises(SchemaDiffers) as refused:
        refuse_unlike(owner)
    told = refused.value.facts["objects"]
    assert isinstance(told, dict)
    assert told.keys() == {CHANGED}
    assert set(told[CHANGED]) == {
        "缺少 / missing: 索引 / index ix_person_living",
        "不同 / differs: 表 / table visit",
        "缺少 / missing: 行级策略 / policy event.scope",
        "不同 / differs: 表 / table household",
        "多出 / extra: 列 / column facility.extra",
        "不同 / differs: 函数 / function <schema>.refresh_statistics()",
    }
    for word in ("ix_person_living", "event.scope", "onemap backup"):
        assert word in refused.value.detail
