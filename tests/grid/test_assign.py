"""Which cell is responsible for a point, and since when."""

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import Connection, text

from database.connection.engine import Database
from database.rights.scope import Role, Scope
from grid.assign import InvalidGeometry, NoCellNearby, assign_cell, assign_cells
from grid.cells import CellNotFound, cell_at, get_cell
from grid.postings import post_worker, responsible_on
from grid.topology import check_cells

VILLAGE = "330521100001"
WEST, EAST = VILLAGE + "001", VILLAGE + "002"


def square(west: float, south: float, size: float = 0.01) -> str:
    e, n = west + size, south + size
    return f"SRID=4490;MULTIPOLYGON((({west} {south},{e} {south},{e} {n},{west} {n},{west} {south})))"


def draw(connection: Connection, code: str, geom: str) -> None:
    micro = len(code) == 17
    connection.execute(
        text(
            "INSERT INTO grid_cell (code, level, parent_code, name, geom) "
            "VALUES (:code, :level, :parent, :name, CAST(:geom AS geometry)) "
            "ON CONFLICT (code) DO UPDATE SET geom = excluded.geom"
        ),
        {
            "code": code,
            "level": "micro_cell" if micro else "cell",
            "parent": code[:15] if micro else code[:12],
            "name": code,
            "geom": geom,
        },
    )


def address(connection: Connection, key: str, lon: float, lat: float, grid_code: str = VILLAGE) -> int:
    return int(
        connection.execute(
            text(
                "INSERT INTO standard_address (code, full_text, depth, match_key, local_key, division_code, source, "
                "source_key, grid_code, geom) VALUES (:code, :full, 8, :full, :full, :division, 't', :key, "
                ":grid_code, st_setsrid(st_point(:lon, :lat), 4490)) RETURNING id"
            ),
            {
                "code": VILLAGE + key.zfill(8),
                "full": key + "号",
                "division": VILLAGE,
                "key": key,
                "grid_code": grid_code,
                "lon": lon,
                "lat": lat,
            },
        ).scalar_one()
    )


@pytest.fixture
def connection(database: Database, system: Scope) -> Iterator[Connection]:
    """Two cells side by side (about 960 m wide) in a village that reaches further south."""
    with database.transaction(system) as connection:
        connection.execute(
            text(
                "INSERT INTO division (code, level, name, geom) VALUES (:code, 'village', '甲村', CAST(:geom AS geometry))"
            ),
            {"code": VILLAGE, "geom": square(120.0, 30.48, 0.03)},
        )
        draw(connection, WEST, square(120.0, 30.5))
        draw(connection, EAST, square(120.01, 30.5))
        yield connection


def test_a_point_inside_a_cell_belongs_to_it(connection: Connection) -> None:
    found = assign_cell(connection, 120.005, 30.505)
    assert (found.cell_code, found.reason, found.distance_m) == (WEST, "inside", 0)


def test_on_a_shared_boundary_the_lowest_code_wins_and_says_so(connection: Connection) -> None:
    found = assign_cell(connection, 120.01, 30.505)
    assert (found.cell_code, found.reason) == (WEST, "tie")


def test_a_point_in_a_survey_sliver_goes_to_the_nearest_cell_in_metres(connection: Connection) -> None:
    found = assign_cell(connection, 120.0202, 30.505)  # 19 m east of the eastern cell
    assert (found.cell_code, found.reason) == (EAST, "nearest")
    assert found.distance_m == pytest.approx(19.2, abs=0.5)


def test_beyond_the_gap_the_village_answers_and_beyond_it_nobody(connection: Connection) -> None:
    assert assign_cell(connection, 120.005, 30.49).reason == "village"
    with pytest.raises(NoCellNearby):
        assign_cell(connection, 121.0, 31.0)


def test_no_coordinates_are_no_point(connection: Connection) -> None:
    with pytest.raises(InvalidGeometry):
        assign_cell(connection, 3375000.0, 500000.0)


def test_micro_cells_take_over_from_the_cell_they_divide(connection: Connection) -> None:
    draw(connection, WEST + "01", square(120.0, 30.5))
    assert assign_cell(connection, 120.005, 30.505).cell_code == WEST + "01"


def test_the_link_is_dated_and_the_address_only_projects_it(connection: Connection) -> None:
    ids = [address(connection, "1", 120.005, 30.505), address(connection, "2", 120.015, 30.505)]
    assert assign_cells(connection) == {"inside": 2, "none": 0}
    connection.execute(text("UPDATE address_cell SET valid_from = '2026-01-01'"))
    before = connection.execute(text("SELECT updated_at, full_text FROM standard_address ORDER BY id")).all()
    draw(connection, WEST, square(120.0, 30.5, 0.005))
    draw(connection, EAST, square(120.0051, 30.5, 0.0149))
    draw(connection, VILLAGE + "003", square(120.004, 30.504, 0.002))
    connection.execute(text("UPDATE grid_cell SET valid_to = CURRENT_DATE + 1 WHERE code = :c"), {"c": WEST})
    assign_cells(connection)
    links = connection.execute(
        text("SELECT cell_code, valid_from, valid_to FROM address_cell WHERE address_id = :id ORDER BY id"),
        {"id": ids[0]},
    ).all()
    today = connection.scalar(text("SELECT CURRENT_DATE"))
    assert links == [(WEST, date(2026, 1, 1), today), (VILLAGE + "003", today, None)]
    assert connection.execute(text("SELECT updated_at, full_text FROM standard_address ORDER BY id")).all() == before


def test_assigning_again_changes_nothing(connection: Connection) -> None:
    address(connection, "1", 120.005, 30.505)
    assign_cells(connection)
    links = connection.execute(text("SELECT * FROM address_cell")).all()
    assign_cells(connection)
    assert connection.execute(text("SELECT * FROM address_cell")).all() == links


def test_overlaps_gaps_and_cells_outside_their_village_are_found(connection: Connection) -> None:
    draw(connection, VILLAGE + "003", square(120.015, 30.505, 0.002))
    draw(connection, VILLAGE + "004", square(120.028, 30.485, 0.01))
    faults = {(fault.kind, fault.codes) for fault in check_cells(connection)}
    assert ("overlap", (EAST, VILLAGE + "003")) in faults
    assert ("gap", (VILLAGE,)) in faults
    assert ("outside_parent", (VILLAGE + "004", VILLAGE)) in faults
    overlap = next(f for f in check_cells(connection) if f.kind == "overlap")
    assert overlap.area_m2 == pytest.approx(191.9 * 221.7, rel=0.01)


def test_a_cell_outside_the_scope_is_not_found(connection: Connection, database: Database) -> None:
    connection.commit()
    stranger = Scope("330521", "x", Role.GRID_WORKER, (EAST,))
    with database.transaction(stranger) as other, pytest.raises(CellNotFound):
        get_cell(other, WEST)
    with database.transaction(stranger) as other, pytest.raises(CellNotFound):
        cell_at(other, 120.005, 30.505)


def test_who_was_responsible_on_a_day(connection: Connection) -> None:
    workers = [
        connection.execute(
            text("INSERT INTO grid_worker (name, grid_code) VALUES (:n, :c) RETURNING id"), {"n": n, "c": WEST}
        ).scalar_one()
        for n in ("甲", "乙")
    ]
    post_worker(connection, workers[0], WEST, since=date(2026, 1, 1))
    post_worker(connection, workers[1], WEST, since=date(2026, 4, 1))
    assert [w.name for w in responsible_on(connection, WEST, date(2026, 3, 1))] == ["甲"]
    assert [w.name for w in responsible_on(connection, WEST, date(2026, 4, 1))] == ["乙"]
    assert responsible_on(connection, WEST, date(2025, 1, 1)) == []
