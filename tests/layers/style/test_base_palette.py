"""The base map can be read in every theme: its names on the grounds they stand on, roads on the land."""

import pytest

from layers.base.catalogue import LAYERS
from layers.style.base_map import NAMED_FROM, ORDER, WIDTHS
from layers.style.base_palette import BASE_THEMES, BasePalette
from layers.style.colour import contrast
from layers.style.palette import THEMES
from tests.layers.style.test_palette import NEEDED

THEME = pytest.mark.parametrize("name", BASE_THEMES)
TEXTS = ("road_text", "area_text", "locality_text", "number_text", "point_text", "contour_text")


@THEME
def test_names_can_be_read_on_land_buildings_roads_and_their_halo(name: str) -> None:
    base: BasePalette = BASE_THEMES[name]
    for text in TEXTS:
        for ground in (*base.grounds(), THEMES[name].halo):
            assert contrast(getattr(base, text), ground) >= NEEDED[name], (text, ground)
    for ground in (base.water, THEMES[name].halo):
        assert contrast(base.water_text, ground) >= NEEDED[name]
    for road in base.roads.values():  # a name lies along its road, with a halo around it
        assert contrast(base.road_text, road.fill) >= 3


@THEME
def test_the_names_of_records_can_be_read_on_the_base_map(name: str) -> None:
    for text in ("town_text", "village_text", "cell_text"):
        for ground in BASE_THEMES[name].grounds():
            assert contrast(getattr(THEMES[name], text), ground) >= NEEDED[name], (text, ground)


@THEME
def test_every_class_has_its_colour(name: str) -> None:
    base = BASE_THEMES[name]
    assert set(base.land) == {one.name for one in LAYERS["land_use"].classes}
    assert set(base.points) == {one.name for one in LAYERS["points"].classes}
    assert {*base.roads, "path"} == {one.name for one in LAYERS["roads"].classes}
    assert set(ORDER) == set(WIDTHS) == set(NAMED_FROM) == set(base.roads)


def test_themes_are_those_of_the_records() -> None:
    assert set(BASE_THEMES) == set(THEMES)
