"""How divisions and cells are drawn, and their names."""

from __future__ import annotations

from layers.base.catalogue import NAMES
from layers.style.colour import parts
from layers.style.expressions import Expression, Layer, Layout, Paint, by_zoom, drawn, is_level
from layers.style.fonts import REGULAR, SEMIBOLD, Weight
from layers.style.palette import Palette, Wash

#: Width of the band of a cell in pixels: zoom, width. Tiles of outlines reach 8 pixels beyond their edge, above zoom 14 more.
BAND = ((9, 1.2), (12, 3), (14, 6), (17, 9))
NOT_MICRO = ["!=", ["get", "level"], "micro_cell"]


def scope_layers(palette: Palette) -> list[Layer]:
    """The ground: all that is in the scope, be it a county or one cell; lowest of all."""
    return [
        drawn("divisions-ground", "fill", "ground", "divisions", paint={"fill-color": palette.ground}),
        drawn("cells-ground", "fill", "ground", "cells", filter=NOT_MICRO, minzoom=9, paint={"fill-color": palette.ground}),
    ]  # fmt: skip


def shade_layers(palette: Palette) -> list[Layer]:
    """A band inside the outline of each cell in which alerts wait, as atlases mark a border: the land in the cell keeps its colour."""
    return [
        drawn(
            "cells-shade", "line", "ground", "cells", minzoom=9,
            filter=["all", NOT_MICRO, [">=", ["coalesce", ["get", "alerts"], 0], palette.washes[0].alerts]],
            layout={"line-join": "round"},
            paint={
                "line-color": _shades(palette),
                "line-width": by_zoom(*(part for zoom, width in BAND for part in (zoom, width))),
                "line-offset": by_zoom(*(part for zoom, width in BAND for part in (zoom, width / 2))),
            },
        ),
    ]  # fmt: skip


def outline_layers(palette: Palette) -> list[Layer]:
    """Outlines of cells and divisions, lowest first."""
    return [*_cells(palette), *_outlines(palette)]


def _cells(palette: Palette) -> list[Layer]:
    scale = palette.line_scale
    return [
        drawn(
            "cells-line", "line", "ground", "cells", filter=NOT_MICRO, minzoom=11,
            layout={"line-join": "round"},
            paint={
                "line-color": palette.cell_line,
                "line-width": by_zoom(11, 0.4 * scale, 15, 1 * scale),
                "line-opacity": by_zoom(11, 0.25, 13, 0.5),
            },
        ),
        drawn(
            "cells-micro", "line", "ground", "cells", filter=is_level("micro_cell"), minzoom=14,
            layout={"line-join": "round"},
            paint={
                "line-color": palette.cell_line, "line-width": 0.6 * scale,
                "line-dasharray": [2, 2], "line-opacity": 0.4,
            },
        ),
    ]  # fmt: skip


def _shades(palette: Palette) -> Expression:
    first, *rest = palette.washes
    steps = [part for wash in rest for part in (wash.alerts, washed(wash))]
    return ["step", ["get", "alerts"], washed(first), *steps]


def washed(wash: Wash) -> str:
    """The colour of a wash with its opacity, as CSS writes it."""
    red, green, blue = parts(wash.colour)
    return f"rgba({red}, {green}, {blue}, {wash.opacity:g})"


def _outlines(palette: Palette) -> list[Layer]:
    scale = palette.line_scale
    village = {
        "line-color": palette.village_line,
        "line-width": by_zoom(10, 0.5 * scale, 15, 1.6 * scale),
        "line-dasharray": [4, 2],
    }
    town = {"line-color": palette.town_line, "line-width": by_zoom(8, 0.8 * scale, 14, 2 * scale)}
    county = {"line-color": palette.county_line, "line-width": by_zoom(8, 1.6 * scale, 14, 3 * scale)}
    round_joins = {"line-join": "round"}
    return [
        drawn("divisions-village", "line", "ground", "divisions", filter=is_level("village"), minzoom=10,
              layout=round_joins, paint=village),
        drawn("divisions-town", "line", "ground", "divisions", filter=is_level("town"), layout=round_joins, paint=town),
        drawn("divisions-county", "line", "ground", "divisions", filter=is_level("county"),
              layout=round_joins, paint=county),
    ]  # fmt: skip


def name_layers(palette: Palette) -> list[Layer]:
    """Names of cells, villages and towns; what stands last is placed first and keeps its place."""
    return [
        drawn(
            "cells-name", "symbol", NAMES, "cell_names", minzoom=14, maxzoom=17,
            layout=name_text(REGULAR, by_zoom(14, 11, 17, 14)), paint=name_paint(palette, palette.cell_text),
        ),
        drawn(
            "divisions-village-name", "symbol", NAMES, "division_names",
            filter=is_level("village"), minzoom=11, maxzoom=16,
            layout=name_text(REGULAR, by_zoom(11, 12, 15, 15)), paint=name_paint(palette, palette.village_text),
        ),
        drawn(
            "divisions-town-name", "symbol", NAMES, "division_names",
            filter=is_level("town"), minzoom=8, maxzoom=15,
            layout=name_text(SEMIBOLD, by_zoom(8, 12, 12, 17, 15, 19), spacing=0.08),
            paint=name_paint(palette, palette.town_text),
        ),
    ]  # fmt: skip


def name_text(weight: Weight, size: float | Expression, spacing: float = 0.02) -> Layout:
    """The layout of a name. spacing: between characters, in their own size."""
    return {
        "text-field": ["get", "name"],
        "text-font": [weight.stack],
        "text-size": size,
        "text-max-width": 8,
        "text-line-height": 1.25,
        "text-letter-spacing": spacing,
        "text-padding": 6,
    }


def name_paint(palette: Palette, colour: str) -> Paint:
    """The paint of a name: its colour and a halo of the ground's."""
    return {"text-color": colour, "text-halo-color": palette.halo, "text-halo-width": 1.6, "text-halo-blur": 0.4}
