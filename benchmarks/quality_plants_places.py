"""How an error of order, position, codes and cells is planted; see ``quality_plants.py``."""

# ruff: noqa: ARG001 - every plant is called alike

from __future__ import annotations

from benchmarks.quality_errors import MOVED, PLANTS, ROADWISE, Planter, east, north, plant, shifted
from benchmarks.quality_library import COUNTY, SIZE, corner, village_code


@plant("number_gap")
def _number_gap(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    gone = p.one(road, 17)["id"]
    p.run("DELETE FROM address_cell WHERE address_id = :id", id=gone)
    p.run("DELETE FROM standard_address WHERE id = :id", id=gone)
    p.expect(rule, p.one(road, 19)["id"])
    return set()


@plant("number_parity")
def _number_parity(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    row = p.one(road, 17)
    p.expect(rule, p.set(row, lat=north(row, -20)))
    return set()


@plant("number_out_of_order")
def _number_out_of_order(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    one, two = p.one(road, 17), p.one(road, 19)
    if k % 2:
        p.expect(rule, p.set(one, lon=two["lon"], lat=two["lat"]), p.set(two, lon=one["lon"], lat=one["lat"]))
    else:
        p.expect(rule, p.set(one, lon=east(one, 73)))
    return set()


@plant("number_far_from_neighbours")
def _number_far(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    row = p.one(road, 17)
    p.expect(rule, p.set(row, lat=north(row, 431.7)))
    return set()


@plant("outside_village")
def _outside_village(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    row = p.one(road, 17)
    inwards = -1 if v % 25 else 1
    west = corner(v)[0] if inwards < 0 else corner(v)[0] + SIZE
    p.expect(rule, p.set(row, lon=west + inwards * 100 / 96_000))
    return MOVED


@plant("outside_county")
def _outside_county(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    p.expect(rule, p.set(p.one(road, 17), lat=30.15))
    return MOVED


@plant("wrong_zone")
def _wrong_zone(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    row = p.one(road, 17)
    p.expect(rule, p.set(row, lon=row["lon"] + 3))
    return MOVED


def _whole_source(system: str) -> None:
    def offset(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
        if k == 0:
            numbers = range(1, 31)
            copies = [p.copy(row, source=rule, **shifted(row, system)) for row in (p.one(road, n) for n in numbers)]
            p.expect(rule, *copies)
        return MOVED | {"duplicate_across_sources", "outside_county"}

    PLANTS["offset_gcj02" if system == "GCJ-02" else "offset_bd09"] = offset


_whole_source("GCJ-02")
_whole_source("BD-09")


@plant("point_crowded")
def _point_crowded(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    row, head = p.one(road, 17), p.one(road, 17)["full_text"].removesuffix("17号")
    for n in range(1, 31):
        new = {"road": f"{road}市场", "number_plate": f"{n}号", "full_text": f"{head}市场{n}号"}
        p.expect(rule, p.copy(row, **new, lat=north(row, 333.3), parent_id=None))
    return set()


@plant("far_from_road")
def _far_from_road(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    row = p.one(road, 17)
    p.expect(rule, p.set(row, lon=east(row, 1_900.0)))
    return MOVED - {"outside_village"}


@plant("coordinates_rounded")
def _rounded(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    row = p.one(road, 17)
    p.expect(rule, p.set(row, lon=round(row["lon"], 3), lat=round(row["lat"], 3)))
    return ROADWISE


@plant("point_at_village_centre")
def _village_centre(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    west, south = corner(v)
    p.expect(rule, p.set(p.one(road, 17), lon=west + SIZE / 2, lat=south + SIZE / 2))
    return MOVED - {"outside_village"} | {"coordinates_rounded", "duplicate_point"}


@plant("child_far_from_parent")
def _child_far(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    row = p.room(road)
    p.expect(rule, p.set(row, lat=north(row, 431.7)))
    return set()


@plant("division_abolished")
def _abolished(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    code = f"{village_code(v)[:9]}{900 + k}"
    p.run(
        "INSERT INTO division (code, level, name, parent_code, valid_to) "
        "VALUES (:code, 'village', '旧村', left(:code, 9), DATE '2024-01-01')",
        code=code,
    )
    p.expect(rule, p.set(p.one(road, 17), division_code=code))
    return {"village_name_differs", "grid_other_village", "code_other_village"}


@plant("division_not_village")
def _not_village(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    p.expect(rule, p.set(p.one(road, 17), division_code=village_code(v)[:9]))
    return set()


@plant("code_unknown_village")
def _code_unknown(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    p.expect(rule, p.set(p.one(road, 17), code=f"{COUNTY}997997{k:08d}"))
    return set()


@plant("code_other_village")
def _code_other(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    p.expect(rule, p.set(p.one(road, 17), code=f"{village_code(v + 1)}8{k:07d}"))
    return set()


@plant("grid_other_village")
def _grid_other(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    p.expect(rule, p.set(p.one(road, 17), grid_code=f"{village_code(v + 1)}001"))
    return {"cell_code_differs"}


def _whole_village(p: Planter, rule: str, k: int, set_clause: str) -> None:
    """The last villages are nobody else's street."""
    if k == 0:
        v = p.size.villages - (1 if rule == "division_parent_differs" else 2)
        p.run(f"UPDATE division SET {set_clause} WHERE code = :code", code=village_code(v))
        p.expect(rule, *p.run("SELECT min(id) FROM standard_address WHERE division_code = :code", code=village_code(v)))
        p.planted.allowed |= {(name, village_code(v)) for name in ("village_name_differs", "committee_in_community")}


@plant("division_parent_differs")
def _division_parent(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    _whole_village(p, rule, k, "parent_code = '330521999'")
    return set()


@plant("village_kind_differs")
def _village_kind(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    _whole_village(p, rule, k, "name = CASE WHEN name LIKE '%社区' THEN '新成村' ELSE '新成社区' END")
    return set()


@plant("published_without_local")
def _without_local(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    row = p.one(road, 17)
    head = "".join(row[name] for name in ("province", "city", "county", "town", "village"))
    p.expect(rule, p.copy(row, full_text=head, road=None, number_plate=None, depth=5, lat=north(row, 77)))
    return {"duplicate_text"}


@plant("cell_missing")
def _cell_missing(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    row = p.one(road, 17)
    p.run("DELETE FROM address_cell WHERE address_id = :id", id=row["id"])
    p.expect(rule, row["id"])
    return set()


def _link(rule: str, set_clause: str, also: set[str]) -> None:
    def change(p: Planter, name: str, v: int, road: str, k: int) -> set[str]:
        row = p.one(road, 17)
        p.run(f"UPDATE address_cell SET {set_clause} WHERE address_id = :id", id=row["id"])
        p.expect(name, row["id"])
        return also

    PLANTS[rule] = change


_link("cell_unknown", "cell_code = left(cell_code, 12) || '999'", {"cell_code_differs"})
_link("cell_code_differs", "cell_code = left(cell_code, 12) || '002'", {"cell_not_covering"})
_link("cell_far", "reason = 'nearest', distance_m = 150", set())


@plant("cell_not_covering")
def _cell_not_covering(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    row = p.one(road, 17)
    p.expect(rule, p.set(row, lon=corner(v)[0] + SIZE / 2 + 57.3 / 96_000))
    return MOVED - {"outside_village"}


@plant("cell_too_coarse")
def _cell_too_coarse(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    if k == 0:
        cell = f"{village_code(p.size.villages - 2)}001"
        p.run(
            "INSERT INTO grid_cell (code, level, name, parent_code, geom) "
            "SELECT code || '01', 'micro_cell', name, code, geom FROM grid_cell WHERE code = :cell",
            cell=cell,
        )
        p.expect(rule, *p.run("SELECT address_id FROM address_cell WHERE cell_code = :cell", cell=cell))
    return set()
