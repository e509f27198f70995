"""Pieces that several functions share: the scope, the columns that are read, the templates."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from layers.catalogue.kind import Field, Kind
from layers.catalogue.registry import KINDS

#: The rows of the entered scope (``platform.scope_reach``), of table ``t``. The first two conditions follow from the third: they let a
#: narrow scope use the index on grid_code instead. A number between the first and the second bound of a range has an odd place.
SCOPE = (
    "t.grid_code >= lowest AND t.grid_code < beyond AND (whole OR (width_bucket(t.grid_code::bigint, bounds) & 1) <> 0)"
)
_COLUMN = re.compile(r"\{t\}\.(\w+)")


def template(folder: Path, name: str, **parts: str) -> str:
    """A template with its parts; ``{schema}`` and ``{county}`` stay."""
    text = (folder / f"{name}.sql").read_text("utf-8")
    for part, value in parts.items():
        text = text.replace("{" + part + "}", value)
    return text


def columns(kind: Kind) -> list[str]:
    """What a tile shows of a row hangs on these columns, and on its grid code and place."""
    texts = [kind.shows, *(field.expression("{t}", on_tile=True) for field in kind.tile_fields())]
    named = dict.fromkeys(column for text in texts for column in _COLUMN.findall(text))
    of_area = ["code", "level"] if kind.is_area else []
    return [column for column in dict.fromkeys([*of_area, *named]) if column != "id"]


def grants(kind: Kind) -> str:
    """What the owner of the functions may read of the kind's table, column by column."""
    read = dict.fromkeys([kind.key, *columns(kind), "grid_code", "geom", "geom_3857"])
    return f"GRANT SELECT ({', '.join(read)}) ON {{schema}}.{kind.table.name} TO onemap_tiles;"


def records() -> Iterable[Kind]:
    """The kinds that are rows with a place, counted where they are many."""
    return [kind for kind in KINDS.values() if not kind.is_area]


def areas() -> Iterable[Kind]:
    """The kinds that are outlines, generalised where they are small."""
    return [kind for kind in KINDS.values() if kind.is_area]


def parts_of(kind: Kind) -> Field | None:
    """The field of a kind that counts parts of a record (members of a household)."""
    return next((field for field in kind.tile_fields() if field.parts is not None), None)
