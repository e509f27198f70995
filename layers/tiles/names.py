"""Names on the map: what a scope is called, and which characters its names are written with."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text

from layers.base.catalogue import LABELS
from layers.base.catalogue import LAYERS as BASE_LAYERS
from layers.tiles.catalogue import LAYERS

#: Source layer of the base map or of the names → what is written on it.
_WRITTEN = {
    **{
        name: f"SELECT concat(name, number) AS written FROM base_feature WHERE kind = '{name}'"  # noqa: S608
        for name in BASE_LAYERS
    },
    LABELS.name: "SELECT name AS written FROM base_feature",
    "division_names": "SELECT name AS written FROM division WHERE valid_to IS NULL",
    "cell_names": "SELECT name AS written FROM grid_cell WHERE valid_to IS NULL",
    "house_numbers": "SELECT regexp_replace(number_plate, '号$', '') AS written FROM standard_address",
}


def name_of(connection: Connection, code: str) -> str:
    """The name of the division or cell with this code, else the code."""
    name = connection.scalar(
        text(
            "SELECT name FROM division WHERE code = :code AND valid_to IS NULL "
            "UNION ALL SELECT name FROM grid_cell WHERE code = :code AND valid_to IS NULL LIMIT 1"
        ),
        {"code": code},
    )
    return str(name or code)


def characters(connection: Connection, layers: Sequence[str]) -> set[str]:
    """The characters in the names of these source layers, as far as the entered scope reaches."""
    found: set[str] = set("0123456789")
    for layer in layers:
        if layer in _WRITTEN:
            split = f"SELECT DISTINCT regexp_split_to_table(t.written, '') FROM ({_WRITTEN[layer]}) t WHERE t.written IS NOT NULL"  # noqa: S608 (constants)
            found.update(connection.scalars(text(split)))
            continue
        of = LAYERS[layer]
        if not any(field.name == "name" for field in of.fields):
            continue  # of these only counts are written
        split = f"SELECT DISTINCT regexp_split_to_table(name, '') FROM {of.table} WHERE {of.shows} AND name IS NOT NULL"  # noqa: S608 (both from the catalogue)
        found.update(connection.scalars(text(split)))
    return found - {""}
