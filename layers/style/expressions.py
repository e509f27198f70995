"""Pieces of style layers that several of them share."""

from __future__ import annotations

from typing import Any

#: JSON document: a layer, its layout and its paint (MapLibre Style Specification 8, Layers)
Layer = dict[str, Any]
Layout = dict[str, Any]
Paint = dict[str, Any]
Expression = list[Any]

#: A tile with too much in it holds counts: one feature stands for `n` records.
SEVERAL: Expression = [">", ["coalesce", ["get", "n"], 1], 1]
SINGLE: Expression = ["!", SEVERAL]


def by_zoom(*stops: float) -> Expression:
    """A number that grows evenly with the zoom. stops: zoom, number, zoom, number …"""
    return ["interpolate", ["linear"], ["zoom"], *stops]


def by_several(*stops: float) -> Expression:
    """A number that grows with the logarithm of the count. stops: ln(n), number …"""
    return ["interpolate", ["linear"], ["ln", ["get", "n"]], *stops]


def is_level(level: str) -> Expression:
    """Whether a division or a cell is of this level."""
    return ["==", ["get", "level"], level]


def drawn(name: str, kind: str, source: str, of: str, **more: Any) -> Layer:
    """A style layer. of: the tile layer. more: filter, minzoom, maxzoom, layout, paint."""
    return {"id": name, "type": kind, "source": source, "source-layer": of, **more}
