"""Names on the map: what a scope is called, and which characters its names are written with."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text

from layers.tiles.catalogue import LAYERS


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
    """The characters in the names of these tile layers, as far as the entered scope reaches."""
    found: set[str] = set()
    for layer in layers:
        of = LAYERS[layer]
        split = f"SELECT DISTINCT regexp_split_to_table(name, '') FROM {of.table} WHERE {of.shows} AND name IS NOT NULL"  # noqa: S608 (both from the catalogue)
        found.update(connection.scalars(text(split)))
    return found - {""}
