"""How the base map is drawn: below the records the land, waters, buildings and roads; above them its names."""

from __future__ import annotations

from layers.base.catalogue import BASE, HOUSE_NUMBERS_FROM, LAYERS, NAMES
from layers.style.base_palette import BASE_THEMES, BasePalette
from layers.style.expressions import Expression, Layer, Layout, Paint, by_zoom, drawn
from layers.style.fonts import REGULAR, SEMIBOLD, Weight
from layers.style.palette import Palette

#: Width of a road in pixels by class: zoom, width …; the casing is wider by twice its rim.
WIDTHS: dict[str, tuple[float, ...]] = {
    "expressway": (5, 0.8, 8, 1.4, 11, 2.6, 14, 6, 16, 12, 19, 40),
    "main_road": (8, 0.7, 11, 1.8, 14, 5, 16, 11, 19, 36),
    "street": (11, 0.5, 13, 1.4, 14, 3, 16, 8, 19, 28),
    "village_road": (11, 0.4, 13, 1, 14, 2, 16, 5, 19, 20),
    "lane": (14, 0.8, 15, 1.6, 16, 3.4, 19, 14),
}
#: Zoom from which a road has a casing; below it, it is one line.
CASED_FROM = {"expressway": 8, "main_road": 10, "street": 13, "village_road": 13, "lane": 15}
RIM = {"expressway": 1.0, "main_road": 1.0, "street": 0.8, "village_road": 0.7, "lane": 0.6}
NAMED_FROM = {"expressway": 10, "main_road": 12, "street": 14, "village_road": 14, "lane": 16}
#: Drawn lowest first, so that a larger road runs over a smaller one.
ORDER = ("lane", "village_road", "street", "main_road", "expressway")
#: How far beside its point a name stands, in its own size: clear of the icon of a record there.
BESIDE = 1.0
ROUND = {"line-join": "round", "line-cap": "round"}


def base_of(palette: Palette) -> BasePalette:
    """The colours of the base map in the theme of a palette."""
    return BASE_THEMES[palette.name]


def _is(name: str) -> Expression:
    return ["==", ["get", "class"], name]


def ground_layers(palette: Palette) -> list[Layer]:
    """Land use and contours: below the shades of cells."""
    base = base_of(palette)
    land: Expression = [
        "match",
        ["get", "class"],
        *(part for pair in base.land.items() for part in pair),
        palette.ground,
    ]
    return [
        drawn("base-land", "fill", BASE, "land_use", minzoom=7,
              paint={"fill-color": land, "fill-opacity": by_zoom(7, 0.6, 10, 1), "fill-antialias": False}),
        drawn("base-contours", "line", BASE, "contours", minzoom=12, layout={"line-join": "round"},
              paint={"line-color": base.contour,
                     "line-width": ["match", ["get", "class"], "index", 1.0, 0.5], "line-opacity": 0.75}),
    ]  # fmt: skip


def water_layers(palette: Palette) -> list[Layer]:
    """Waters: over the shades of cells, which would turn them brown."""
    base = base_of(palette)
    line = {"line-color": base.water_line, "line-width": by_zoom(8, 0.6, 12, 1, 14, 1.8, 17, 4)}
    return [
        drawn("base-waterways", "line", BASE, "waterways", minzoom=8, layout=dict(ROUND), paint=line),
        drawn("base-water", "fill", BASE, "water", paint={"fill-color": base.water}),
        drawn("base-water-line", "line", BASE, "water", minzoom=11,
              paint={"line-color": base.water_line, "line-width": by_zoom(11, 0.4, 16, 1.2)}),
    ]  # fmt: skip


def built_layers(palette: Palette) -> list[Layer]:
    """Buildings, roads and railways: above the shades of cells, below their outlines."""
    base = base_of(palette)
    scale = palette.line_scale
    layers = [
        drawn("base-buildings", "fill", BASE, "buildings", minzoom=13,
              paint={"fill-color": base.building, "fill-opacity": by_zoom(13, 0.5, 15, 1)}),
        drawn("base-buildings-line", "line", BASE, "buildings", minzoom=15,
              paint={"line-color": base.building_line, "line-width": by_zoom(15, 0.3 * scale, 18, 1 * scale)}),
        drawn("base-paths", "line", BASE, "roads", minzoom=15, filter=_is("path"),
              paint={"line-color": base.path, "line-width": by_zoom(15, 0.8, 18, 1.6), "line-dasharray": [3, 2]}),
    ]  # fmt: skip
    layers += [_casing(base, name, scale) for name in ORDER]
    layers += [_road(base, name) for name in ORDER]
    rail = by_zoom(7, 0.8 * scale, 12, 1.6 * scale, 16, 3.2 * scale)
    sleepers = by_zoom(7, 0.4, 12, 0.9, 16, 2)
    layers += [
        drawn("base-railways", "line", BASE, "railways", minzoom=7, paint={"line-color": base.rail, "line-width": rail}),
        drawn("base-railways-gap", "line", BASE, "railways", minzoom=11,
              paint={"line-color": base.rail_gap, "line-width": sleepers, "line-dasharray": [5, 5]}),
    ]  # fmt: skip
    return layers


def _casing(base: BasePalette, name: str, scale: float) -> Layer:
    return drawn(
        f"base-roads-{name}-casing", "line", BASE, "roads", minzoom=CASED_FROM[name], filter=_is(name),
        layout={"line-join": "round", "line-cap": "butt"},
        paint={"line-color": base.roads[name].casing, "line-width": by_zoom(*_wider(name, scale))},
    )  # fmt: skip


def _road(base: BasePalette, name: str) -> Layer:
    far = ["step", ["zoom"], base.roads[name].casing, CASED_FROM[name], base.roads[name].fill]
    return drawn(
        f"base-roads-{name}", "line", BASE, "roads", minzoom=WIDTHS[name][0], filter=_is(name),
        layout=dict(ROUND), paint={"line-color": far, "line-width": by_zoom(*WIDTHS[name])},
    )  # fmt: skip


def _wider(name: str, scale: float) -> list[float]:
    """The stops of a casing: the road and its rim on both sides."""
    stops: list[float] = []
    widths = WIDTHS[name]
    for zoom, width in zip(widths[::2], widths[1::2], strict=True):
        stops += [zoom, round(width + 2 * RIM[name] * scale * (0.7 if zoom < 13 else 1), 2)]
    return stops


def label_layers(palette: Palette) -> list[Layer]:
    """Names of waters, land, roads, places and doors; what stands last is placed first and keeps its place."""
    base = base_of(palette)
    return [
        *_house_numbers(palette, base),
        _points(palette, base),
        _contour_heights(palette, base),
        *_area_names(palette, base),
        *_road_names(palette, base),
        *_road_numbers(),
        *_localities(palette, base),
    ]


def _text(weight: Weight, size: float | Expression, more: Layout, field: str = "name") -> Layout:
    return {
        "text-field": ["get", field],
        "text-font": [weight.stack],
        "text-size": size,
    } | more


def _paint(palette: Palette, colour: str, width: float = 1.4) -> Paint:
    return {"text-color": colour, "text-halo-color": palette.halo, "text-halo-width": width, "text-halo-blur": 0.3}


def _house_numbers(palette: Palette, base: BasePalette) -> list[Layer]:
    return [
        drawn(
            "addresses-number", "symbol", NAMES, "house_numbers", minzoom=HOUSE_NUMBERS_FROM + 1,
            layout=_text(REGULAR, by_zoom(17, 10, 19, 13), {
                "text-padding": 1, "text-variable-anchor": ["top", "bottom"], "text-radial-offset": BESIDE,
            }, "number"),
            paint=_paint(palette, base.number_text, 1.2),
        )
    ]  # fmt: skip


def _points(palette: Palette, base: BasePalette) -> Layer:
    pictures = [part for name in base.points for part in (name, f"poi-{name}")]
    image: Expression = ["match", ["get", "class"], *pictures, "poi-other"]
    colour: Expression = [
        "match",
        ["get", "class"],
        *(part for pair in base.points.items() for part in pair),
        base.point_text,
    ]
    return drawn(
        "base-points", "symbol", BASE, "points", minzoom=13,
        layout=_text(REGULAR, by_zoom(13, 10.5, 17, 12), {
            "icon-image": image, "icon-size": by_zoom(13, 0.7, 17, 1), "icon-optional": ["step", ["zoom"], False, 16, True],
            "text-variable-anchor": ["top", "bottom", "left", "right"], "text-radial-offset": BESIDE, "text-justify": "auto",
            "text-optional": True, "text-max-width": 7, "text-padding": 2, "icon-padding": 1,
        }),
        paint=_paint(palette, base.point_text) | {"text-color": colour},
    )  # fmt: skip


def _area_names(palette: Palette, base: BasePalette) -> list[Layer]:
    water = ["==", ["get", "of"], "water"]
    # rank is the logarithm of the area; at each zoom an area must be large enough to carry its name
    large: Expression = [">=", ["get", "rank"], ["step", ["zoom"], 23, 11, 21, 12, 19, 13, 17, 14, 15, 15, 13, 16, 8]]
    return [
        drawn("base-area-names", "symbol", BASE, "labels", minzoom=11,
              filter=["all", large, ["in", ["get", "of"], ["literal", ["land_use", "buildings"]]]],
              layout=_text(REGULAR, by_zoom(11, 11, 17, 12.5), {"text-max-width": 7, "text-padding": 6}),
              paint=_paint(palette, base.area_text)),
        drawn("base-waterway-names", "symbol", BASE, "waterways", minzoom=11,
              layout=_text(REGULAR, by_zoom(11, 11, 16, 13), {
                  "symbol-placement": "line", "symbol-spacing": 320, "text-letter-spacing": 0.15, "text-max-angle": 35,
              }),
              paint=_paint(palette, base.water_text)),
        drawn("base-water-names", "symbol", BASE, "labels", minzoom=10, filter=["all", large, water],
              layout=_text(REGULAR, by_zoom(10, 11.5, 16, 15), {"text-letter-spacing": 0.12, "text-padding": 6, "text-max-width": 6}),
              paint=_paint(palette, base.water_text)),
    ]  # fmt: skip


def _contour_heights(palette: Palette, base: BasePalette) -> Layer:
    """The height of an index contour, along it: only where it runs straight enough, and far apart."""
    return drawn(
        "base-contour-heights", "symbol", BASE, "contours", minzoom=13, filter=_is("index"),
        layout=_text(REGULAR, 10, {
            "text-field": ["to-string", ["get", "height"]], "symbol-placement": "line", "symbol-spacing": 420,
            "text-max-angle": 25, "text-padding": 12,
        }),
        paint=_paint(palette, base.contour_text, 1.2),
    )  # fmt: skip


def _road_names(palette: Palette, base: BasePalette) -> list[Layer]:
    return [
        drawn(
            f"base-roads-{name}-name", "symbol", BASE, "roads", minzoom=NAMED_FROM[name], filter=_is(name),
            layout=_text(REGULAR, by_zoom(NAMED_FROM[name], 10.5, 17, 13), {
                "symbol-placement": "line", "symbol-spacing": 280, "text-letter-spacing": 0.08, "text-max-angle": 35,
                "text-padding": 4,
            }),
            paint=_paint(palette, base.road_text, 1.6),
        )
        for name in ORDER
    ]  # fmt: skip


def _road_numbers() -> list[Layer]:
    """The number of a main road on a shield; the national network's red, others' yellow."""
    return [
        drawn(
            "base-road-numbers", "symbol", BASE, "roads", minzoom=9,
            filter=["all", ["has", "number"], ["in", ["get", "class"], ["literal", ["expressway", "main_road"]]]],
            layout=_text(SEMIBOLD, 10, {
                "icon-image": ["case", ["==", ["slice", ["get", "number"], 0, 1], "G"], "shield-national", "shield-provincial"],
                "icon-text-fit": "both", "icon-text-fit-padding": [1, 3, 1, 3], "symbol-placement": "line",
                "symbol-spacing": 480, "icon-rotation-alignment": "viewport", "text-rotation-alignment": "viewport",
                "text-padding": 20,
            }, "number"),
            paint={"text-color": ["case", ["==", ["slice", ["get", "number"], 0, 1], "G"], "#ffffff", "#1a1a1a"]},
        )
    ]  # fmt: skip


def _localities(palette: Palette, base: BasePalette) -> list[Layer]:
    floor: Expression = ["step", ["zoom"], False, *(
        part for one in sorted({one.minzoom for one in LAYERS["localities"].classes})
        for part in (one, ["in", ["get", "class"], ["literal", [c.name for c in LAYERS["localities"].classes if c.minzoom <= one]]])
    )]  # fmt: skip
    return [
        drawn(
            "base-localities", "symbol", BASE, "localities", minzoom=8, maxzoom=18,
            filter=["all", floor, ["!", _is("peak")]],
            layout=_text(REGULAR, by_zoom(8, 11, 13, 11.5, 16, 13), {
                "text-max-width": 7, "text-padding": 8, "text-anchor": "bottom", "text-offset": [0, -1.3],
            }),
            paint=_paint(palette, base.locality_text),
        ),
        drawn(
            "base-peaks", "symbol", BASE, "localities", minzoom=12, filter=_is("peak"),
            layout=_text(REGULAR, 11, {
                "icon-image": "peak", "text-anchor": "top", "text-offset": [0, 0.5], "text-optional": True, "text-padding": 6,
            }),
            paint=_paint(palette, base.area_text),
        ),
    ]  # fmt: skip
