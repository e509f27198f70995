"""An old county with its records becomes what a new one is; where it does not, the upgrade says so and names it."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from database.engine import Database
from database.migrate import migrate_county, upgrade_schema
from database.schema_check import SchemaDiffers, refuse_unlike, unlike_fresh
from database.scope import Scope
from tests import world
from tests.world import CELLS

COUNTY = "330598"
#: The last revision of the counties of release 0.1.
OLDEST = "0004"


@pytest.fixture
def old(owner: Engine, app_database: Database) -> Iterator[Scope]:
    """A county of the first release, with records of then."""
    with owner.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA c{COUNTY}"))
        connection.execute(
            text("INSERT INTO platform.county (code, name, synthetic) VALUES (:code, '老县', true)"), {"code": COUNTY}
        )
        upgrade_schema(connection, "county", f"c{COUNTY}", OLDEST)
    scope = Scope.of_system(COUNTY)
    here = CELLS[0].replace("330521", COUNTY)
    with app_database.transaction(scope) as connection:
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
    yield scope
    with owner.begin() as connection:
        connection.execute(text(f"DROP SCHEMA c{COUNTY} CASCADE"))
        connection.execute(text("DELETE FROM platform.county WHERE code = :code"), {"code": COUNTY})


def test_an_old_county_keeps_its_records_and_becomes_what_a_new_one_is(
    owner: Engine, app_database: Database, old: Scope
) -> None:
    migrate_county(owner, COUNTY)
    assert unlike_fresh(owner) == {}
    with app_database.transaction(old) as connection:
        counts = [
            connection.scalar(text(f"SELECT count(*) FROM {table}"))
            for table in ("grid_cell", "standard_address", "person", "household", "household_member", "event")
        ]
        shown = connection.execute(text("SELECT name, id_number_masked FROM person")).one()
        indexed = connection.scalar(text("SELECT attributes ->> '备注' FROM event"))
    assert counts == [1] * 6
    assert tuple(shown) == ("甲", "330" + "*" * 13 + "1X")
    assert indexed == "老"

    # whatever is changed beside the migrations is named, and nothing of it is called upgraded
    with owner.begin() as connection:
        connection.execute(text(f"SET search_path = c{COUNTY}, public"))
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
    assert told.keys() == {f"c{COUNTY}"}
    assert set(told[f"c{COUNTY}"]) == {
        "缺少 / missing: 索引 / index ix_person_living",
        "不同 / differs: 表 / table visit",
        "缺少 / missing: 行级策略 / policy event.scope",
        "不同 / differs: 表 / table household",
        "多出 / extra: 列 / column facility.extra",
        "不同 / differs: 函数 / function <schema>.refresh_statistics()",
    }
    for word in ("ix_person_living", "event.scope", "onemap backup"):
        assert word in refused.value.detail
