"""How records are drawn: a soft dot for what stands for several, a dot for one from afar, an icon from near."""

from __future__ import annotations

from typing import Any

from alerts.lifecycle import OFF_THE_MAP
from layers.style.areas import name_paint, name_text
from layers.style.expressions import SEVERAL, SINGLE, Expression, Layer, by_several, by_zoom, drawn
from layers.style.fonts import REGULAR
from layers.style.palette import Palette

#: From this zoom on a record is an icon; below it, a dot.
ICONS_FROM = 16
ALERT_ICONS_FROM = 12
WAITING = ["!", ["in", ["get", "status"], ["literal", sorted(OFF_THE_MAP)]]]
IS_POINT = ["==", ["geometry-type"], "Point"]
#: Tile layer → its source, the zoom it begins at, and its dot at zoom 13 and 18 (radius in pixels).
DOTS = {
    "addresses": ("near", 13, 1.5, 6),
    "places": ("near", 8, 2, 6),
    "objects": ("near", 8, 2, 6),
    "persons": ("near", 13, 2.5, 9),
    "events": ("near", 8, 2, 7),
}
ICONS = {
    "addresses": "address",
    "places": "place",
    "objects": "object",
    "persons": "household",
    "events": "event",
}


def record_layers(palette: Palette) -> list[Layer]:
    """Counts below, then dots and icons, alerts above all; lowest first."""
    return [
        *_counts(palette),
        *_places_with_outlines(palette),
        *(_dot(palette, name) for name in DOTS),
        *(_icon(name) for name in DOTS),
        _place_names(palette),
        *_alerts(palette),
    ]


def _colour(palette: Palette, layer: str) -> str:
    colours = {
        "addresses": palette.addresses,
        "places": palette.places,
        "objects": palette.objects,
        "persons": palette.persons,
        "events": palette.events,
        "alerts": palette.alert_high,
    }
    return colours[layer]


def _counts(palette: Palette) -> list[Layer]:
    places = {name: (source, minzoom) for name, (source, minzoom, *_) in DOTS.items()} | {"alerts": ("alerts", 0)}
    return [
        drawn(
            f"{name}-count", "circle", source, name, minzoom=minzoom, filter=SEVERAL,
            paint={
                "circle-color": _colour(palette, name),
                "circle-opacity": by_several(0.7, 0.25, 5, 0.6),
                "circle-radius": by_several(0.7, 3, 5, 7),
            },
        )
        for name, (source, minzoom) in places.items()
    ]  # fmt: skip


def _places_with_outlines(palette: Palette) -> list[Layer]:
    paint = {"fill-color": palette.places, "fill-opacity": 0.12, "fill-outline-color": palette.places}
    is_area = ["all", SINGLE, ["==", ["geometry-type"], "Polygon"]]
    return [drawn("places-area", "fill", "near", "places", minzoom=8, filter=is_area, paint=paint)]


def _dot(palette: Palette, name: str) -> Layer:
    source, minzoom, small, large = DOTS[name]
    paint: dict[str, Any] = {
        "circle-color": _colour(palette, name),
        "circle-radius": by_zoom(13, small, 18, large),
        "circle-stroke-color": palette.ring,
        "circle-stroke-width": 1,
    }
    if name == "addresses":  # a ring: there are many, and they stay behind
        paint |= {"circle-color": palette.ground, "circle-stroke-color": palette.addresses, "circle-stroke-width": 1.4}
    if name == "persons":
        has_status = ["!=", ["coalesce", ["get", "status"], ""], ""]
        paint["circle-color"] = ["case", has_status, palette.persons_status, palette.persons]
        paint["circle-stroke-width"] = 1.5
    shown = ["all", SINGLE, IS_POINT] if name == "places" else SINGLE
    return drawn(f"{name}-dot", "circle", source, name, minzoom=minzoom, maxzoom=ICONS_FROM, filter=shown, paint=paint)


def _icon(name: str) -> Layer:
    source = DOTS[name][0]
    image: str | Expression = ICONS[name]
    if name == "persons":
        image = ["case", ["!=", ["coalesce", ["get", "status"], ""], ""], "household-status", "household"]
    shown = ["all", SINGLE, IS_POINT] if name == "places" else SINGLE
    return drawn(
        f"{name}-icon", "symbol", source, name, minzoom=ICONS_FROM, filter=shown,
        layout={
            "icon-image": image, "icon-size": by_zoom(ICONS_FROM, 0.6, 18, 1),
            "icon-allow-overlap": True, "icon-ignore-placement": True,
        },
    )  # fmt: skip


def _place_names(palette: Palette) -> Layer:
    return drawn(
        "places-name", "symbol", "near", "places", minzoom=17, filter=["all", SINGLE, ["has", "name"]],
        layout=name_text(REGULAR, 12) | {"text-anchor": "top", "text-offset": [0, 0.8], "text-optional": True},
        paint=name_paint(palette, palette.place_text),
    )  # fmt: skip


def _alerts(palette: Palette) -> list[Layer]:
    shown = ["all", SINGLE, WAITING]
    by_severity = ["match", ["get", "severity"], "high", 3, "medium", 2, 1]
    colour = [
        "match", ["get", "severity"],
        "high", palette.alert_high, "medium", palette.alert_medium, palette.alert_low,
    ]  # fmt: skip
    icon = ["match", ["get", "severity"], "high", "alert-high", "medium", "alert-medium", "alert-low"]
    return [
        drawn(
            "alerts-dot", "circle", "alerts", "alerts", maxzoom=ALERT_ICONS_FROM, filter=shown,
            layout={"circle-sort-key": by_severity},
            paint={
                "circle-color": colour, "circle-radius": by_zoom(8, 2.5, 12, 5),
                "circle-stroke-color": palette.ring, "circle-stroke-width": by_zoom(8, 0.8, 12, 1.5),
            },
        ),
        drawn(
            "alerts-icon", "symbol", "alerts", "alerts", minzoom=ALERT_ICONS_FROM, filter=shown,
            layout={
                "icon-image": icon, "icon-size": by_zoom(ALERT_ICONS_FROM, 0.6, 16, 1),
                "icon-allow-overlap": True, "icon-ignore-placement": True, "symbol-sort-key": by_severity,
            },
        ),
    ]  # fmt: skip
