"""The layer catalogue as tiles tell it: source, geometry, columns by zoom, zoom range, generalisation, sensitivity.

A test holds every tile against what is declared here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from layers.catalogue.kind import Field as CatalogueField
from layers.catalogue.kind import Kind
from layers.catalogue.registry import View

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
    kind: Literal["string", "integer", "number"] = "string"


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


def _layer(kind: Kind) -> TileLayer:
    counted = COUNTS if kind.rows_from > COUNTED_TO else FEW
    return TileLayer(
        kind.name,
        kind.title.zh,
        kind.table.name,
        kind.shown(),
        kind.geometry,
        kind.minzoom,
        kind.rows_from,
        SHARED_EDGES if kind.is_area else counted,
        kind.sensitivity,
        (
            Field("id", kind.key_meaning, kind="integer" if kind.key_is_number() else "string"),
            *(_field(field) for field in kind.tile_fields()),
            N,
        ),
        kind.names_people,
    )


def _field(field: CatalogueField) -> Field:
    kind = field.type if field.type in ("integer", "number") and field.tile_sql is None else "string"
    return Field(
        field.name,
        field.explained or field.label.en.lower(),
        field.tile or 0,
        field.rows_only,
        kind,
    )


LAYERS: Mapping[str, TileLayer] = View(_layer)


def is_personal(layers: Iterable[str]) -> bool:
    """True when one of the layers is about people."""
    return any(LAYERS[name].about_people for name in layers if name in LAYERS)
