"""The one catalogue of tile layers: source, geometry, columns by zoom, zoom range, generalisation, sensitivity.

The SQL of a layer stands in the migration that made ``tile_layer()``; a test holds every tile against what is declared here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from alerts.lifecycle import NOT_ENDED

MAX_ZOOM = 18
#: More rows than this in one tile are counted together; told in ``X-Generalised``.
BUDGET = 3000
#: Fewer at these zooms, where a tile covers a whole town centre on the screen of a phone.
CROWDED_ZOOMS, CROWDED_BUDGET = (13, 14), 800
#: Up to this zoom point layers come from precomputed counts.
COUNTED_TO = 12
#: From this zoom on, a row that stands alone keeps its attributes even in a tile over the budget.
DETAIL_FROM = 15
#: An aggregating tile has so many cells a side.
CELLS_A_SIDE = 64

COUNTS = (
    f"to zoom {COUNTED_TO} counts, {CELLS_A_SIDE} x {CELLS_A_SIDE} to a tile; above, rows, "
    f"and counts where a tile holds more than {BUDGET} ({CROWDED_BUDGET} at zoom 13 and 14)"
)
FEW = f"rows; counts, {CELLS_A_SIDE} x {CELLS_A_SIDE} to a tile, where a tile holds more than {BUDGET} ({CROWDED_BUDGET} at zoom 13 and 14)"
SHARED_EDGES = "outlines simplified to half a pixel, edges shared, to zoom 13; as surveyed from zoom 14"


@dataclass(frozen=True, slots=True)
class Field:
    """An attribute. kind: of its values. rows_only: absent where rows are counted together. minzoom: below it absent."""

    name: str
    meaning: str
    minzoom: int = 0
    rows_only: bool = True
    kind: Literal["string", "integer"] = "string"


@dataclass(frozen=True, slots=True)
class TileLayer:
    """One layer. table: where its rows live. shows: which of them, SQL. rows_from: lowest zoom at which rows are told apart.

    minzoom: below it the layer is empty. sensitivity: 'public' names and outlines; 'internal' records; 'personal' about
    households. names_people: a title of it may hold a name, whoever may see the layer. geometry: 'mixed' is points and outlines.
    """

    name: str
    title: str
    table: str
    shows: str
    geometry: Literal["point", "polygon", "mixed"]
    minzoom: int
    rows_from: int
    generalisation: str
    sensitivity: Literal["public", "internal", "personal"]
    fields: tuple[Field, ...]
    names_people: bool = False

    @property
    def about_people(self) -> bool:
        """True for a layer that a browser shall not keep: the next person at that desk may be somebody else."""
        return self.names_people or self.sensitivity == "personal"

    @property
    def counted(self) -> bool:
        """True for a layer whose rows have counts; outlines are generalised instead."""
        return self.geometry != "polygon"


N = Field(
    "n",
    "rows this feature stands for; adds up to the permitted rows over the tiles of a zoom",
    rows_only=False,
    kind="integer",
)


def _fields(*own: Field, numbers: str = "", **meanings: str) -> tuple[Field, ...]:
    """numbers: names of those whose values are whole numbers."""
    whole = numbers.split()
    named = (Field(name, text, kind="integer" if name in whole else "string") for name, text in meanings.items())
    return (*named, *own, N)


LAYERS: dict[str, TileLayer] = {
    layer.name: layer
    for layer in (
        TileLayer(
            "divisions", "行政区划", "division", "valid_to IS NULL", "polygon", 0, 0, SHARED_EDGES, "public",
            _fields(id="division code", level="county, town, village (from zoom 9)", name="name"),
        ),
        TileLayer(
            "cells", "网格", "grid_cell", "valid_to IS NULL", "polygon", 9, 9, SHARED_EDGES, "public",
            _fields(
                Field("name", "name", 12), Field("parent", "village or cell", 12),
                id="cell code", level="cell, micro_cell (from zoom 13)",
                alerts="alerts that wait, including those of its micro cells", numbers="alerts",
            ),
        ),
        TileLayer(
            "addresses", "标准地址", "standard_address", "status = 'published'", "point", 0, 13, COUNTS, "internal",
            _fields(id="address id", text="full text", depth="deepest level, 5-12", status="published",
                    numbers="id depth"),
        ),
        TileLayer(
            "places", "地：房屋与场所", "place", "true", "mixed", 0, 13, COUNTS, "internal",
            _fields(id="place id", kind="building, dwelling, premises, unit, zone, parcel", name="name",
                    occupancy="occupied, vacant, let, unknown", numbers="id"),
        ),
        TileLayer(
            "persons", "人：住户", "household", "true", "point", 0, 13, COUNTS, "personal",
            _fields(Field("members", "members, of all households it stands for", rows_only=False, kind="integer"),
                    id="household id", household_no="household number", status="status codes, comma", numbers="id"),
        ),
        TileLayer(
            "events", "事：事件", "event", "true", "point", 0, 13, COUNTS, "internal",
            _fields(id="event id", kind="kind", title="title", state="state", at="local time",
                    numbers="id"),
            names_people=True,
        ),
        TileLayer(
            "objects", "物：部件", "facility", "true", "point", 0, 13, COUNTS, "internal",
            _fields(id="object id", kind="kind", name="name", state="normal, damaged, missing, retired",
                    numbers="id"),
        ),
        TileLayer(
            "alerts", "预警", "alert", NOT_ENDED, "point", 0, 0, FEW, "internal",
            _fields(id="alert id", rule="rule", title="title", severity="high, medium, low", status="status",
                    numbers="id"),
            names_people=True,
        ),
    )
}  # fmt: skip


def is_personal(layers: Iterable[str]) -> bool:
    """True when one of the layers is about people."""
    return any(LAYERS[name].about_people for name in layers if name in LAYERS)
