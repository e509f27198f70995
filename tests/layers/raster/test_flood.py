"""Elevations at addresses, and who is below the water: counted by hand on a slope from 0 to 60 m."""

from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from database.clock import day_in_china
from database.connection.engine import Database
from database.rights.scope import Role, Scope
from layers.raster import elevations
from layers.raster.elevations import find_dem, refresh_elevations
from layers.raster.errors import NoElevationModel
from layers.raster.flood import Flood, Need, count_flooded, list_flooded
from layers.raster.ingest import drop_raster
from tests import world
from tests.layers.raster import make
from tests.layers.raster.conftest import Add
from tests.world import CELLS, QIANQIU, WUKANG

YEAR = timedelta(days=365.25)


def years_ago(years: float) -> date:
    return day_in_china() - years * YEAR


@pytest.fixture
def village(county_map: Database, system: Scope) -> dict[str, int]:
    """A household at an address in each cell: ground at 12.5, 22.6, 32.5 and 42.6 m; and one without an address."""
    households = {}
    with county_map.transaction(system) as connection:
        for n, cell in enumerate(CELLS):
            address = world.add_address(connection, f"德清县永安街{n + 1}号", cell, n % 2)
            households[cell] = world.add_household(connection, f"H{n}", cell, address)
        first, second, third, _ = (households[cell] for cell in CELLS)
        world.add_person(connection, "老甲", CELLS[0], first, birth_date=years_ago(81))  # alone
        world.add_person(connection, "乙", CELLS[1], second, birth_date=years_ago(40))
        world.add_person(connection, "小丙", CELLS[1], second, birth_date=years_ago(3), relation="子")
        world.add_person(
            connection, "丁", CELLS[2], third, birth_date=years_ago(30), status_codes=["disabled", "party_member"]
        )
        gone = world.add_person(connection, "故", CELLS[1], second, birth_date=years_ago(90))
        connection.execute(text("UPDATE person SET death_date = CURRENT_DATE WHERE id = :id"), {"id": gone})
        world.add_household(connection, "H9", CELLS[0], None)
    return households


def counted(database: Database, scope: Scope, level_m: float) -> Flood:
    with database.transaction(scope) as connection:
        return count_flooded(connection, level_m)


def scope_of(*prefixes: str, role: Role = Role.GRID_WORKER) -> Scope:
    return Scope("330521", "tester", role, prefixes)


def test_without_a_model_there_is_no_elevation(
    county_map: Database, system: Scope, folder: Path, village: dict[str, int]
) -> None:
    with pytest.raises(NoElevationModel):
        refresh_elevations(county_map, system, folder)
    found = counted(county_map, system, 100)
    assert (found.total.households_n, found.unknown_households_n) == (0, 5)


def test_elevations_are_closed_to_strangers(
    add: Add, dem: Path, county_map: Database, system: Scope, folder: Path, village: dict[str, int], neighbour: str
) -> None:
    add(dem)
    refresh_elevations(county_map, system, folder)
    query = text("SELECT count(*) FROM c330521.address_elevation")
    with county_map.platform() as connection:
        assert connection.scalar(query) == 0
    with county_map.transaction(Scope.of_system(neighbour)) as connection:
        assert connection.scalar(query) == 0
        assert count_flooded(connection, 100).total.households_n == 0
    with county_map.transaction(scope_of(CELLS[0])) as connection:
        assert connection.scalar(query) == 1


def test_elevations_follow_addresses_and_models(
    add: Add, dem: Path, tmp_path: Path, county_map: Database, system: Scope, folder: Path, village: dict[str, int]
) -> None:
    add(dem)
    assert refresh_elevations(county_map, system, folder).read_n == 4
    metres = text("SELECT elevation_m FROM address_elevation ORDER BY address_id")
    with county_map.transaction(system) as connection:
        assert connection.scalars(metres).all() == [12.5, 22.6, 32.5, 42.6]
    assert refresh_elevations(county_map, system, folder).read_n == 0
    with county_map.transaction(
        system
    ) as connection:  # one moves within its cell, one to another cell, one beyond the model
        moves = (
            (CELLS[0], world.point(CELLS[0], 50)),
            (CELLS[3], world.point(CELLS[2])),
            (CELLS[1], "SRID=4490;POINT(121 30.5)"),
        )
        for cell, point in moves:
            connection.execute(
                text("UPDATE standard_address SET geom = CAST(:g AS geometry) WHERE grid_code = :c"),
                {"g": point, "c": cell},
            )
        connection.execute(
            text("UPDATE standard_address SET grid_code = :n WHERE grid_code = :c"), {"n": CELLS[2], "c": CELLS[3]}
        )
    report = refresh_elevations(county_map, system, folder)
    assert (report.read_n, report.empty_n) == (3, 1)
    with county_map.transaction(system) as connection:
        assert connection.scalars(metres).all() == [17.5, None, 32.5, 32.5]
    with county_map.transaction(scope_of(CELLS[2])) as connection:
        assert connection.scalar(text("SELECT count(*) FROM address_elevation")) == 2
    add(make.write(tmp_path / "new.tif", make.slope() + 100, nodata=-9999), replace=True)
    assert counted(county_map, system, 20).models[0].replaced is True
    assert refresh_elevations(county_map, system, folder).read_n == 4
    with county_map.transaction(system) as connection:
        assert connection.scalars(metres).all() == [117.5, None, 132.5, 132.5]


def test_a_stopped_refresh_goes_on_in_batches(
    add: Add,
    dem: Path,
    county_map: Database,
    system: Scope,
    folder: Path,
    village: dict[str, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add(dem)
    monkeypatch.setattr(elevations, "BATCH", 3)
    progress: list[int] = []
    assert refresh_elevations(county_map, system, folder, progress=progress.append).read_n == 4
    assert progress == [3, 4]


def test_the_finest_model_is_taken(add: Add, dem: Path, tmp_path: Path, county_map: Database, system: Scope) -> None:
    add(dem, "fine")
    add(make.write(tmp_path / "coarse.tif", make.slope()[::4, ::4], nodata=-9999), "coarse")
    add(make.write(tmp_path / "cover.tif", (make.slope()).astype("uint8"), nodata=0), "cover", "land_cover")
    with county_map.transaction(system) as connection:
        assert find_dem(connection).name == "fine"
        assert find_dem(connection, "coarse").name == "coarse"
        with pytest.raises(NoElevationModel):
            find_dem(connection, "cover")


def test_who_is_below_the_water(
    add: Add, dem: Path, county_map: Database, system: Scope, folder: Path, village: dict[str, int]
) -> None:
    add(dem)
    refresh_elevations(county_map, system, folder)
    found = counted(county_map, system, 33.0)
    assert asdict(found.total) == {
        "households_n": 3, "persons_n": 4, "help_n": 3, "help_households_n": 3, "old_n": 1, "alone_n": 1, "disabled_n": 1,
        "child_n": 1, "deepest_m": 20.5,
    }  # fmt: skip
    cells = {cell.code: cell for cell in found.cells}
    assert list(cells) == list(CELLS[:3])
    assert (cells[CELLS[1]].persons_n, cells[CELLS[1]].help_n, cells[CELLS[1]].deepest_m) == (2, 1, 10.4)
    assert cells[CELLS[0]].name == "千秋社区第1网格"
    assert found.unknown_households_n == 1
    assert [asdict(model) for model in found.models] == [
        {"name": "dem", "title": "dem", "resolution_m": pytest.approx(25.8, abs=3), "replaced": False}
    ]
    assert counted(county_map, system, 12.5).total.households_n == 0
    drop_raster(county_map, system, folder, "dem")
    assert counted(county_map, system, 33.0).total.households_n == 3


@pytest.mark.parametrize(
    ("prefixes", "cells"),
    [
        ((WUKANG,), CELLS[:3]),
        ((QIANQIU,), CELLS[:2]),
        ((CELLS[1],), CELLS[1:2]),
        ((CELLS[0], CELLS[3]), (CELLS[0], CELLS[3])),
    ],
)
def test_nobody_counts_beyond_their_scope(
    add: Add, dem: Path, county_map: Database, system: Scope, folder: Path, village: dict[str, int],
    prefixes: tuple[str, ...], cells: tuple[str, ...],
) -> None:  # fmt: skip
    add(dem)
    refresh_elevations(county_map, system, folder)
    found = counted(county_map, scope_of(*prefixes), 100)
    assert [cell.code for cell in found.cells] == list(cells)
    assert found.unknown_households_n == (1 if CELLS[0].startswith(prefixes) else 0)
    with county_map.transaction(scope_of(*prefixes)) as connection:
        listed = list_flooded(connection, 100).items
    assert [household.grid_code for household in listed] == list(cells)


def test_the_list_goes_from_the_lowest_up_and_is_audited(
    add: Add, dem: Path, county_map: Database, system: Scope, folder: Path, village: dict[str, int]
) -> None:
    add(dem)
    refresh_elevations(county_map, system, folder)
    pages, after = [], None
    with county_map.transaction(system) as connection:
        for _ in range(9):
            page = list_flooded(connection, 100, after=after, limit=3)
            pages.append(page.items)
            if page.next is None:
                break
            after = page.next
        targets = connection.scalars(text("SELECT target FROM audit_event WHERE action = 'list_flooded'")).all()
    assert [[household.id for household in page] for page in pages] == [
        [village[cell] for cell in CELLS[:3]], [village[CELLS[3]]]
    ]  # fmt: skip
    assert targets == ["level 100 m, 3 households", "level 100 m, 1 households"]
    first, second, third = pages[0]
    assert (first.depth_m, first.persons_n, first.help_n) == (87.5, 1, 1)
    assert [need.code for need in first.needs] == ["old", "alone"]
    assert [need.code for need in second.needs] == ["child"]
    assert third.needs == [Need("disabled", "残疾")]


def test_a_person_in_two_households_is_one_person(
    add: Add, dem: Path, county_map: Database, system: Scope, folder: Path, village: dict[str, int]
) -> None:
    with county_map.transaction(system) as connection:
        person = connection.scalar(text("SELECT id FROM person WHERE name = '老甲'"))
        world.add_member(connection, village[CELLS[3]], int(person or 0), CELLS[3])
    add(dem)
    refresh_elevations(county_map, system, folder)
    assert counted(county_map, system, 100).total.persons_n == 4
