"""Boundaries: every level is a partition of the one above, without gap or overlap, and valid."""

import numpy as np
import pytest
import shapely

from demo.land.boundaries import Boundaries, grow_regions, make_boundaries
from demo.land.divisions import make_divisions
from demo.scales import SCALES


@pytest.fixture(scope="module", params=[1, 2, 3])
def boundaries(request: pytest.FixtureRequest) -> Boundaries:
    return make_boundaries(np.random.default_rng(request.param), SCALES["small"])


def test_every_polygon_is_valid_and_in_one_piece(boundaries: Boundaries) -> None:
    for level in (boundaries.micro, boundaries.cell, boundaries.village, boundaries.town):
        assert shapely.is_valid(level).all()
        assert (shapely.get_type_id(level) == shapely.GeometryType.POLYGON).all()
    assert shapely.is_valid(boundaries.county)


def test_neighbours_share_every_vertex(boundaries: Boundaries) -> None:
    for level in (boundaries.micro, boundaries.cell, boundaries.village, boundaries.town):
        assert shapely.coverage_is_valid(level)


def test_parts_fill_the_whole_exactly(boundaries: Boundaries) -> None:
    for parts, group, wholes in (
        (boundaries.micro, boundaries.cell_of_micro, boundaries.cell),
        (boundaries.cell, boundaries.village_of_cell, boundaries.village),
        (boundaries.village, boundaries.town_of_village, boundaries.town),
    ):
        for number, whole in enumerate(wholes):
            union = shapely.union_all(parts[group == number])
            assert shapely.symmetric_difference(union, whole).area < 1e-15
    assert shapely.area(boundaries.town).sum() == pytest.approx(boundaries.county.area, rel=1e-12)


def test_coordinates_lie_on_the_lattice_around_the_stated_place(boundaries: Boundaries) -> None:
    coordinates = shapely.get_coordinates(boundaries.micro)
    assert np.array_equal(coordinates, np.round(coordinates, 7))
    west, south, east, north = boundaries.county.bounds
    assert 119.7 < west < east < 120.3 and 30.3 < south < north < 30.7


def test_the_inner_circle_of_a_micro_cell_lies_inside(boundaries: Boundaries) -> None:
    inside = shapely.contains_properly(boundaries.micro, shapely.points(boundaries.seeds))
    assert inside.all()
    assert (boundaries.inner_radius_m > 1).all()


def test_codes_nest_and_are_different(boundaries: Boundaries) -> None:
    divisions = make_divisions(np.random.default_rng(1), SCALES["small"], boundaries)
    assert len(set(divisions.micro_code)) == len(divisions.micro_code)
    for micro, cell in zip(divisions.micro_code, boundaries.cell_of_micro, strict=True):
        assert len(micro) == 17 and micro.startswith(divisions.cell_code[cell])
    for cell, village in zip(divisions.cell_code, boundaries.village_of_cell, strict=True):
        assert len(cell) == 15 and cell.startswith(divisions.village_code[village])
    for village, town in zip(divisions.village_code, boundaries.town_of_village, strict=True):
        assert len(village) == 12 and village.startswith(divisions.town_code[town])


def test_regions_of_a_graph_are_connected_and_all_used() -> None:
    side = 12
    neighbours = [
        [y * side + x for x, y in ((i % side - 1, i // side), (i % side + 1, i // side), (i % side, i // side - 1), (i % side, i // side + 1)) if 0 <= x < side and 0 <= y < side]
        for i in range(side * side)
    ]  # fmt: skip
    points = np.array([[i % side, i // side] for i in range(side * side)], dtype=float)
    region = grow_regions(np.random.default_rng(5), neighbours, points, 9)
    assert sorted(set(region.tolist())) == list(range(9))
    for number in range(9):
        members = set(np.flatnonzero(region == number).tolist())
        reached, stack = set(), [min(members)]
        while stack:
            node = stack.pop()
            if node not in reached:
                reached.add(node)
                stack += [other for other in neighbours[node] if other in members]
        assert reached == members
