"""How records are drawn: a soft dot for what stands for several, a dot for one from afar, an icon from near.

What is drawn, in which colour and from which zoom is declared in the layer catalogue.
"""

from __future__ import annotations

from typing import Any

from layers.catalogue.kind import Kind, Look, Variant
from layers.catalogue.registry import KINDS
from layers.style.areas import name_paint, name_text
from layers.style.expressions import SEVERAL, SINGLE, Expression, Layer, by_several, by_zoom, drawn
from layers.style.fonts import REGULAR, SEMIBOLD
from layers.style.palette import Palette, colour_in

IS_POINT = ["==", ["geometry-type"], "Point"]
IS_AREA = ["==", ["geometry-type"], "Polygon"]
#: Sources of tiles: of records seen from near, and of what is above all.
NEAR, ABOVE = "near", "alerts"
NAMES_FROM = 17
#: Which dots have a number: from afar the large ones, so that names of villages keep their place; from near all.
NUMBERED: Expression = ["step", ["zoom"], [">=", ["get", "n"], 10], 14, SEVERAL]

Drawn = tuple[Kind, Look]


def record_layers(palette: Palette) -> list[Layer]:
    """Counts below, then outlines, dots, icons and names, what is above all last; lowest first."""
    kinds = drawn_kinds()
    near = [one for one in kinds if not one[1].above]
    above = [one for one in kinds if one[1].above]
    named = [kind for kind, _ in near if kind.geometry == "mixed" and any(f.name == "name" for f in kind.tile_fields())]
    return [
        *(_count(palette, *one) for one in kinds),
        *(_count_number(palette, *one) for one in kinds),
        *(_outline(palette, *one) for one in near if one[0].geometry == "mixed"),
        *(_dot(palette, *one) for one in near),
        *(_icon(*one) for one in near),
        *(_name(palette, kind) for kind in named),
        *(layer for one in above for layer in (_dot(palette, *one), _icon(*one))),
    ]


def drawn_kinds() -> list[Drawn]:
    """The kinds whose records are drawn, lowest first."""
    return [(kind, kind.look) for kind in KINDS.values() if kind.look is not None]


def variant_colours(kind: Kind, palette: Palette) -> dict[str, str]:
    """Value of the deciding field → colour of the records that have it."""
    variants = kind.look.variants if kind.look is not None else ()
    return {one.value: colour_in(palette, one.colour) for one in variants if one.value is not None}


def record_sources() -> dict[str, tuple[str, ...]]:
    """Source of tiles → the kinds that are asked for in it."""
    sources: dict[str, tuple[str, ...]] = {NEAR: (), ABOVE: ()}
    for kind, look in drawn_kinds():
        sources[_source(look)] += (kind.name,)
    return sources


def _source(look: Look) -> str:
    return ABOVE if look.above else NEAR


def _count(palette: Palette, kind: Kind, look: Look) -> Layer:
    return drawn(
        f"{kind.name}-count", "circle", _source(look), kind.name, minzoom=look.minzoom, filter=SEVERAL,
        paint={
            "circle-color": colour_in(palette, kind.colour),
            "circle-opacity": by_several(0.7, 0.25, 5, 0.6),
            "circle-radius": by_several(0.7, 3, 5, 7),
        },
    )  # fmt: skip


def _count_number(palette: Palette, kind: Kind, look: Look) -> Layer:
    """How many a dot stands for, where there is room: the most first."""
    return drawn(
        f"{kind.name}-count-number", "symbol", _source(look), kind.name, minzoom=look.minzoom, filter=NUMBERED,
        layout={
            "text-field": ["to-string", ["get", "n"]], "text-font": [SEMIBOLD.stack], "text-size": by_several(1, 9, 6, 12),
            "text-padding": 4, "symbol-sort-key": ["-", 0, ["get", "n"]],
        },
        paint=name_paint(palette, colour_in(palette, kind.colour)),
    )  # fmt: skip


def _outline(palette: Palette, kind: Kind, look: Look) -> Layer:
    colour = colour_in(palette, kind.colour)
    return drawn(
        f"{kind.name}-area", "fill", _source(look), kind.name, minzoom=look.minzoom, filter=["all", SINGLE, IS_AREA],
        paint={"fill-color": colour, "fill-opacity": 0.12, "fill-outline-color": colour},
    )  # fmt: skip


def _dot(palette: Palette, kind: Kind, look: Look) -> Layer:
    colour = colour_in(palette, kind.colour)
    paint: dict[str, Any] = {
        "circle-color": _decided(look, {v: colour_in(palette, v.colour) for v in look.variants}, colour),
        "circle-radius": by_zoom(*look.dot),
        "circle-stroke-color": palette.ring,
        "circle-stroke-width": 1.5 if look.variants else 1,
    }
    if look.ring:
        paint |= {"circle-color": palette.ground, "circle-stroke-color": colour, "circle-stroke-width": 1.4}
    if look.above:
        paint["circle-stroke-width"] = by_zoom(8, 0.8, 12, 1.5)
    more = {"layout": {"circle-sort-key": _rank(look)}} if look.above else {}
    return drawn(
        f"{kind.name}-dot", "circle", _source(look), kind.name, minzoom=look.minzoom, maxzoom=look.icons_from,
        filter=_single(kind, look), **more, paint=paint,
    )  # fmt: skip


def _icon(kind: Kind, look: Look) -> Layer:
    # what is above all shows its shape from afar: its colours alone would not tell everybody how pressing it is
    size = by_zoom(look.icons_from, 0.4, 12, 0.65, 16, 1) if look.above else by_zoom(look.icons_from, 0.6, 18, 1)
    layout: dict[str, Any] = {
        "icon-image": _decided(look, {v: v.icon for v in look.variants}, look.icon), "icon-size": size,
        "icon-allow-overlap": True, "icon-padding": 0,
        # names give way to records seen from near; not to plates, whose numbers stand at them, nor to alerts, seen from afar
        "icon-ignore-placement": look.ring or look.above,
    }  # fmt: skip
    if look.above:
        layout["symbol-sort-key"] = _rank(look)
    return drawn(
        f"{kind.name}-icon", "symbol", _source(look), kind.name, minzoom=look.icons_from, filter=_single(kind, look),
        layout=layout,
    )  # fmt: skip


def _name(palette: Palette, kind: Kind) -> Layer:
    return drawn(
        f"{kind.name}-name", "symbol", NEAR, kind.name, minzoom=NAMES_FROM, filter=["all", SINGLE, ["has", "name"]],
        layout=name_text(REGULAR, 12) | {"text-anchor": "top", "text-offset": [0, 0.8], "text-optional": True},
        paint=name_paint(palette, palette.place_text),
    )  # fmt: skip


def _single(kind: Kind, look: Look) -> Expression:
    """Records that stand alone, are points, and are to be drawn."""
    conditions: list[Any] = [SINGLE]
    if kind.geometry == "mixed":
        conditions.append(IS_POINT)
    if look.unless is not None:
        name, values = look.unless
        conditions.append(["!", ["in", ["get", name], ["literal", sorted(values)]]])
    return ["all", *conditions] if len(conditions) > 1 else SINGLE


def _decided(look: Look, choices: dict[Variant, str], otherwise: str) -> str | Expression:
    """The choice for the value of the deciding field."""
    if look.decided_by is None:
        return otherwise
    any_value = [choice for variant, choice in choices.items() if variant.value is None]
    if any_value:
        return ["case", ["!=", ["coalesce", ["get", look.decided_by], ""], ""], any_value[0], otherwise]
    *named, (_, last) = choices.items()
    return [
        "match", ["get", look.decided_by], *(part for variant, choice in named for part in (variant.value, choice)), last,
    ]  # fmt: skip


def _rank(look: Look) -> Expression:
    """The most pressing variant highest."""
    *named, _ = look.variants
    ranks = (part for n, variant in enumerate(named) for part in (variant.value, len(look.variants) - n))
    return ["match", ["get", look.decided_by], *ranks, 1]
