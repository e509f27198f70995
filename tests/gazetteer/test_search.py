"""Searching as people type: what was said first, numbers as numbers, divisions by any of their names, one's own cells."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, text

from database.connection.engine import Database
from database.rights.scope import Role, Scope
from gazetteer.matching.division_names import find_divisions
from gazetteer.matching.index.library import Library, natural_key
from gazetteer.matching.index.segment import Record
from gazetteer.matching.search import search
from grid.extent import with_cell_bounds
from layers.people.household_search import find_households, households_inside
from tests import world
from tests.world import CELLS, CHUNHUI, LIAOYUAN, MOGAN, QIANQIU, WUKANG

HEAD = "德清县武康街道千秋社区"
ROOMS = [f"{HEAD}泉湖街7号{b}幢{u}单元{r}室" for b, u, r in ((1, 1, 101), (1, 1, 1002), (1, 2, 201), (2, 1, 101))]
TEXTS = [
    *(f"{HEAD}泉湖街{n}号" for n in (100, 11, 10, 2, 13, 15, 7, 1)),
    f"{HEAD}泉湖街7号1幢",
    f"{HEAD}泉湖街7号1幢1单元",
    *ROOMS,
    *(f"德清县莫干山镇燎原村{g}组{n}号" for g, n in ((10, 10), (1, 10), (1, 2), (2, 1))),
]


def record(address_id: int, road: str, tail: str, depth: int = 8, division: str = QIANQIU) -> Record:
    return Record(address_id, division, road + tail, road, "", "", depth, road + tail)


@pytest.fixture(scope="module")
def county(app_database: Database, owner: Any, system: Scope) -> Database:
    with owner.begin() as connection:
        tables = "standard_address, division, grid_cell, household, person, place_name"
        connection.execute(text(f"TRUNCATE {', '.join('c330521.' + t for t in tables.split(', '))} CASCADE"))
    with app_database.transaction(system) as connection:
        world.build_county(connection)
        connection.execute(text("UPDATE division SET former_names = '[\"老桥村\"]' WHERE code = :c"), {"c": CHUNHUI})
        world.insert(
            connection,
            "division",
            code=MOGAN + "206",
            level="village",
            parent_code=MOGAN,
            name="春晖村村民委员会",
            returning=None,
        )
        ids = {}
        for n, one in enumerate(TEXTS):
            cell = CELLS[3] if "燎原" in one else CELLS[1] if "2幢" in one else CELLS[0]
            ids[one] = world.add_address(connection, one, cell, n)
            if one in ROOMS or one.endswith("10组10号"):
                household = world.add_household(connection, f"H33052100{n:04d}", cell, ids[one], n)
                world.add_person(connection, f"甲{n}", cell, household)
        world.add_household(connection, "330521-77", CELLS[0])
    return app_database


@pytest.fixture
def connection(county: Database, system: Scope) -> Iterator[Connection]:
    with county.transaction(system) as opened:
        yield opened


def texts(connection: Connection, typed: str, limit: int = 20) -> list[str]:
    found = search(connection, typed, limit).candidates
    return [c.full_text.removeprefix(HEAD).removeprefix("德清县莫干山镇燎原村") for c in found]


def test_numbers_are_ordered_as_numbers() -> None:
    written = ["10组10号", "1组10号", "1组2号", "泉湖街11号", "泉湖街1号", "泉湖街1号2幢", "2组1号"]
    assert sorted(written, key=natural_key) == [
        "1组2号", "1组10号", "2组1号", "10组10号", "泉湖街1号", "泉湖街1号2幢", "泉湖街11号",
    ]  # fmt: skip


def test_the_exact_number_comes_first_however_many_begin_so() -> None:
    records = [record(n, "泉湖街", f"{n}号") for n in range(100, 5000)] + [record(1, "泉湖街", "1号")]
    records += [record(10_000 + n, "泉湖街", f"1号{n}室", 12) for n in range(3000)]
    library = Library.of(records)
    assert library.completing("泉湖街1", "", {QIANQIU}, 3) == [1, 100, 101]
    assert library.completing("泉湖街1号", "", {QIANQIU}, 3) == [1, 10_000, 10_001]
    assert library.completing("泉湖街1", "", {CHUNHUI}, 3) == []
    later = library.with_changes([1], [])
    assert later.completing("泉湖街1", "", {QIANQIU}, 1) == [100], "one that is gone is not offered"


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("泉湖街1", ["泉湖街1号", "泉湖街10号", "泉湖街11号", "泉湖街13号", "泉湖街15号", "泉湖街100号"]),
        (
            "泉湖街7号",
            ["泉湖街7号", "泉湖街7号1幢", "泉湖街7号1幢1单元", "泉湖街7号1幢1单元101室", "泉湖街7号1幢1单元1002室"],
        ),
        ("泉湖街", ["泉湖街1号", "泉湖街2号", "泉湖街7号", "泉湖街10号"]),
        ("燎原村", ["1组2号", "1组10号", "2组1号", "10组10号"]),
        ("燎原村1组", ["1组2号", "1组10号"]),
        ("燎原村1", ["2组1号", "1组2号", "1组10号", "10组10号"]),
    ],
)
def test_what_was_said_then_what_lies_in_it_in_the_order_of_numbers(
    connection: Connection, typed: str, first: list[str]
) -> None:
    assert texts(connection, typed)[: len(first)] == first


@pytest.mark.parametrize("typed", ["10号", "10", "１０号"])
def test_a_number_alone_means_those_in_ones_own_cells(county: Database, typed: str) -> None:
    with county.transaction(Scope("330521", "w", Role.GRID_WORKER, (CELLS[3],))) as connection:
        assert texts(connection, typed) == ["1组10号", "10组10号"]
    with county.transaction(Scope("330521", "w", Role.GRID_WORKER, (CELLS[0],))) as connection:
        assert texts(connection, typed) == ["泉湖街10号"]
        assert texts(connection, "燎原村1组10号") == []


def test_more_than_is_shown_is_said(connection: Connection) -> None:
    assert search(connection, "泉湖街", 3).more
    assert not search(connection, "燎原村10组10号", 3).more


@pytest.mark.parametrize(
    ("typed", "codes"),
    [
        ("莫干山镇", [MOGAN]),
        ("莫干山", [MOGAN]),
        ("武康", [WUKANG]),
        ("燎原村民委员会", [LIAOYUAN]),
        ("莫干山镇燎原", [LIAOYUAN]),
        ("德清县武康千秋", [QIANQIU]),
        ("春晖", [CHUNHUI, MOGAN + "206"]),
        ("老桥", [CHUNHUI]),
        ("千秋社區", [QIANQIU]),
        ("泉湖", []),
    ],
)
def test_divisions_are_found_by_any_of_their_names_and_equal_ones_told_apart(
    connection: Connection, typed: str, codes: list[str]
) -> None:
    found = with_cell_bounds(connection, find_divisions(connection, typed))
    assert [hit.code for hit in found] == codes
    assert all(hit.town for hit in found if hit.level == "village")
    if typed == "春晖":
        assert [(hit.kind, hit.town) for hit in found] == [("社区", "武康街道"), ("村", "莫干山镇")]
        assert found[0].bounds is not None
    if typed == "老桥":
        assert found[0].former == "老桥村"


def test_a_worker_finds_the_village_above_and_no_other(county: Database) -> None:
    with county.transaction(Scope("330521", "w", Role.GRID_WORKER, (CELLS[3],))) as connection:
        (village,) = with_cell_bounds(connection, find_divisions(connection, "燎原"))
        assert village.bounds is not None
        assert village.bounds[0] == pytest.approx(world.west_of(CELLS[3]))
        assert find_divisions(connection, "千秋") == []


@pytest.mark.parametrize(
    ("typed", "rooms"),
    [
        ("泉湖街7号", ["1幢1单元101室", "1幢1单元1002室", "1幢2单元201室", "2幢1单元101室"]),
        ("泉湖街7号1幢", ["1幢1单元101室", "1幢1单元1002室", "1幢2单元201室"]),
        ("泉湖街7号1幢1单元", ["1幢1单元101室", "1幢1单元1002室"]),
        ("泉湖街7号2幢1单元101室", ["2幢1单元101室"]),
        ("泉湖街1号", []),
    ],
)
def test_a_door_or_building_finds_the_households_in_its_rooms(
    connection: Connection, typed: str, rooms: list[str]
) -> None:
    found, more = find_households(connection, typed)
    assert [(one.address or "").removeprefix(HEAD + "泉湖街7号") for one in found] == rooms
    assert not more
    assert all(one.members_n == 1 for one in found)


def test_households_are_found_by_number_however_it_is_written(connection: Connection) -> None:
    assert [one.household_no for one in find_households(connection, "ｈ33052100 0010")[0]] == ["H330521000010"]
    assert len(find_households(connection, "H33052100")[0]) == 5
    assert find_households(connection, "H33052100", limit=2)[1]
    assert [one.household_no for one in find_households(connection, "330521-7")[0]] == ["330521-77"]


def test_households_outside_the_scope_are_not_found(county: Database) -> None:
    with county.transaction(Scope("330521", "w", Role.GRID_WORKER, (CELLS[0],))) as connection:
        found, _more = find_households(connection, "泉湖街7号")
        assert [(one.address or "").removeprefix(HEAD + "泉湖街7号") for one in found] == [
            "1幢1单元101室", "1幢1单元1002室", "1幢2单元201室",
        ]  # fmt: skip
        assert len(find_households(connection, "H33052100")[0]) == 3
        door = search(connection, "泉湖街7号").candidates[0]
        assert len(households_inside(connection, door.address_id)[0]) == 3
