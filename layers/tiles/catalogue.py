"""The layers that tiles can hold: what each shows, from which zoom on, and how sensitive it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MAX_ZOOM = 18


@dataclass(frozen=True, slots=True)
class TileLayer:
    """One layer. table: where its rows live. fields: attribute → what it is. minzoom: below it the layer is empty.

    sensitivity: 'public' names and outlines; 'internal' records; 'personal' about households.
    """

    name: str
    title: str
    table: str
    geometry: Literal["point", "polygon", "mixed"]
    minzoom: int
    sensitivity: Literal["public", "internal", "personal"]
    fields: dict[str, str]


LAYERS: dict[str, TileLayer] = {
    layer.name: layer
    for layer in (
        TileLayer(
            "divisions", "行政区划", "division", "polygon", 0, "public",
            {"id": "division code", "level": "county, town, village", "name": "name"},
        ),
        TileLayer(
            "cells", "网格", "grid_cell", "polygon", 9, "public",
            {"id": "cell code", "level": "cell, micro_cell (from zoom 13)", "name": "name", "parent": "village or cell",
             "alerts": "alerts that wait, including those of its micro cells"},
        ),
        TileLayer(
            "addresses", "标准地址", "standard_address", "point", 13, "internal",
            {"id": "address id", "text": "full text", "depth": "deepest level, 5-12", "status": "published"},
        ),
        TileLayer(
            "places", "地：房屋与场所", "place", "mixed", 13, "internal",
            {"id": "place id", "kind": "building, dwelling, premises, unit, zone, parcel", "name": "name",
             "occupancy": "occupied, vacant, let, unknown"},
        ),
        TileLayer(
            "persons", "人：住户", "household", "point", 13, "personal",
            {"id": "household id", "household_no": "household number", "members": "members", "status": "status codes, comma"},
        ),
        TileLayer(
            "events", "事：事件", "event", "point", 13, "internal",
            {"id": "event id", "kind": "kind", "title": "title", "state": "state", "at": "local time"},
        ),
        TileLayer(
            "objects", "物：部件", "facility", "point", 13, "internal",
            {"id": "object id", "kind": "kind", "name": "name", "state": "normal, damaged, missing, retired"},
        ),
        TileLayer(
            "alerts", "预警", "alert", "point", 0, "internal",
            {"id": "alert id", "rule": "rule", "title": "title", "severity": "high, medium, low", "status": "status"},
        ),
    )
}  # fmt: skip
