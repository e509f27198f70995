"""One declaration, many readers: tiles, features, the style, the legend and the overview say what the catalogue says."""

import re
from pathlib import Path
from typing import Any

import pytest

from alerts.kind import ALERTS
from layers.catalogue.kind import SUBJECTS, Field, Kind
from layers.catalogue.registry import KINDS, KindDeclaredTwice, register
from layers.features.collections import COLLECTIONS
from layers.style.colour import contrast
from layers.style.icons import ICONS
from layers.style.palette import LIGHT, THEMES, colour_in, colours_of
from layers.style.records import record_layers, variant_colours
from layers.tiles.catalogue import LAYERS, N
from mapserver.maps.panel import COLOURS
from mapserver.schemas.overview import Totals

WEB_MAP = Path(__file__).parents[3] / "frontend/src/map/layers.ts"
EACH = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))


def columns_in(text: str) -> set[str]:
    return set(re.findall(r"\{t\}\.(\w+)", text))


@EACH
def test_what_a_kind_says_of_its_table_is_true(kind: Kind) -> None:
    columns = set(kind.table.columns.keys())
    assert {kind.key, "grid_code", "geom", "geom_3857"} <= columns
    for field in kind.fields:
        named = columns_in(field.expression("{t}")) | columns_in(field.expression("{t}", on_tile=True))
        assert named <= columns, field.name
        assert field.tile is None or 0 <= field.tile <= 18
    assert columns_in(kind.shows) <= columns
    assert len({field.name for field in kind.fields}) == len(kind.fields)
    assert kind.time is None or columns_in(kind.field_named(kind.time).expression("{t}")) <= columns
    assert all(columns_of_total <= set(total.model.__table__.columns.keys()) for total in kind.totals
               for columns_of_total in [set(re.findall(r"^(\w+)", total.condition)) - {"true"}])  # fmt: skip


@EACH
def test_everything_has_a_name_in_both_languages(kind: Kind) -> None:
    labels = [kind.title, SUBJECTS[kind.subject], *(f.label for f in kind.fields), *(t.label for t in kind.totals)]
    for label in labels:
        assert re.search("[\u4e00-\u9fff]", label.zh), label
        assert label.en.isascii() and label.en.strip(), label


@EACH
def test_tiles_carry_the_fields_of_the_catalogue(kind: Kind) -> None:
    layer = LAYERS[kind.name]
    assert [f.name for f in layer.fields] == ["id", *(f.name for f in kind.fields if f.tile is not None), "n"]
    assert layer.fields[-1] is N
    assert (layer.title, layer.table, layer.geometry) == (kind.title.zh, kind.table.name, kind.geometry)
    assert (layer.minzoom, layer.rows_from, layer.sensitivity) == (kind.minzoom, kind.rows_from, kind.sensitivity)


@EACH
def test_features_have_the_fields_of_the_catalogue(kind: Kind) -> None:
    collection = COLLECTIONS[kind.name]
    declared = {f.name: f for f in kind.fields if f.ogc}
    assert list(collection.properties) == list(declared)
    for name, one in collection.properties.items():
        field = declared[name]
        assert (one.title, one.kind) == (field.label.zh, field.type)
        assert (one.queryable, one.writable) == (field.queryable, field.writable)
    assert kind.time is None or kind.time in collection.properties
    assert collection.sensitivity == kind.sensitivity


@pytest.mark.parametrize("theme", THEMES)
def test_the_style_draws_every_kind_that_has_a_look_in_its_colour(theme: str) -> None:
    palette = THEMES[theme]
    drawn: dict[str, dict[str, Any]] = {layer["id"]: layer for layer in record_layers(palette)}
    for kind in KINDS.values():
        if kind.look is None:
            assert kind.is_area
            continue
        colour = colour_in(palette, kind.colour)
        assert drawn[f"{kind.name}-count"]["paint"]["circle-color"] == colour
        dot, icon = drawn[f"{kind.name}-dot"], drawn[f"{kind.name}-icon"]
        assert colour in str(dot["paint"])
        assert (dot["minzoom"], dot["maxzoom"], icon["minzoom"]) == (
            kind.look.minzoom, kind.look.icons_from, kind.look.icons_from,
        )  # fmt: skip
        assert {kind.look.icon, *(v.icon for v in kind.look.variants)} <= set(ICONS)
        assert all(getattr(palette, v.colour) in str(dot["paint"]) for v in kind.look.variants)
        decisive = {kind.look.decided_by, *(kind.look.unless or ())[:1]} - {None}
        assert decisive <= {f.name for f in kind.tile_fields()}
    assert {layer["source-layer"] for layer in drawn.values()} == {n for n, k in KINDS.items() if k.look is not None}


def test_what_presses_most_lies_above_all() -> None:
    order = [layer["source-layer"] for layer in record_layers(LIGHT)]
    assert order[-2:] == ["alerts", "alerts"]
    assert [kind.order for kind in KINDS.values()] == sorted({kind.order for kind in KINDS.values()})


def test_a_severity_has_one_colour_on_every_map() -> None:
    colours = variant_colours(ALERTS, LIGHT)
    assert set(colours) == {"high", "medium", "low"}
    assert colours == COLOURS
    assert not re.search("#[0-9a-f]{6}", WEB_MAP.read_text("utf-8")), "the web map draws the served style"


def test_the_web_map_names_no_kind_but_those_it_shows_at_first() -> None:
    text = WEB_MAP.read_text("utf-8")
    assert not [label for kind in KINDS.values() for label in (kind.title.zh, kind.noun.zh) if label in text]
    shown = re.search(r"SHOWN_AT_FIRST: TileLayer\[\] = \[(.*)\]", text)
    assert shown and set(re.findall(r"'(\w+)'", shown[1])) <= {*KINDS, "base"}


@EACH
def test_a_kind_has_a_noun_and_is_seen_from_somewhere(kind: Kind) -> None:
    assert kind.noun.zh and "：" not in kind.noun.zh and kind.title.zh.endswith(kind.noun.zh)
    assert kind.title.en.endswith(kind.noun.en)
    assert kind.minzoom <= kind.seen_from <= 13


def test_the_overview_has_every_total_of_the_catalogue() -> None:
    declared = [total.name for kind in KINDS.values() for total in kind.totals]
    assert list(Totals.model_fields) == declared
    assert len(set(declared)) == len(declared)
    assert {"addresses", "persons", "households", "events", "places", "objects", "cells"} <= set(declared)


def test_a_room_above_adds_its_own_fields() -> None:
    added: Field = next(field for field in KINDS["cells"].fields if field.name == "alerts")
    assert added.counts == "alerts"
    assert "alerts" in COLLECTIONS["cells"].properties


def test_two_kinds_never_have_one_name() -> None:
    with pytest.raises(KindDeclaredTwice):
        register(KINDS["objects"])


def test_a_colour_is_known_in_every_theme() -> None:
    for kind in KINDS.values():
        colours = colours_of(kind.colour)
        assert set(colours) == set(THEMES)
        assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in colours.values())


@pytest.mark.parametrize("theme", THEMES)
def test_a_colour_of_its_own_stands_out_like_those_of_the_palette(theme: str) -> None:
    palette = THEMES[theme]
    for kind in KINDS.values():
        if isinstance(kind.colour, str):
            continue
        colour = colour_in(palette, kind.colour)
        assert contrast(colour, palette.ground) >= (4.5 if theme == "contrast" else 3.0), kind.name
        assert contrast(colour, palette.symbol) >= 3.0, kind.name  # the figure inside the icon
