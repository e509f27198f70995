"""What changed on the tiles since a moment: boxes of tile numbers, read from the rows of ``tile_change``, never from a NOTIFY.

A moment is a snapshot of the database as text (``pg_current_snapshot``). A transaction that began before it and commits after it is
not visible in it, so nothing that commits late is missed. Rows are kept for a day.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from database.connection.engine import Database
from database.errors import Invalid
from database.rights.scope import Scope
from database.rights.statement import Statement
from layers.base.catalogue import NAMES
from layers.tiles.catalogue import LAYERS

CHANNEL = "onemap_tile"
#: More boxes than this are told as one box a layer.
MOST_BOXES = 400
#: Zoom of the tile numbers of a box.
BOX_ZOOM = 18
#: Changes are kept for a day; a moment older than this must not be asked about.
OLDEST_S = 12 * 3600.0
#: Layers whose names or numbers the tile ``names`` carries: when they change, it does.
NAMED = frozenset({"divisions", "cells", "addresses"})
_MOMENT = re.compile(r"\d{1,19}:\d{1,19}:(\d{1,19}(,\d{1,19})*)?")


class InvalidMoment(Invalid):
    """更新位置无效 | Not a moment of this feed"""


class Box(NamedTuple):
    """Tile numbers at zoom 18, both ends inside: what a layer shows there changed."""

    layer: str
    col_from: int
    row_from: int
    col_to: int
    row_to: int

    def touches(self, layers: tuple[str, ...], z: int, x: int, y: int) -> bool:
        """Whether a tile with these layers may show it; a tile with outlines also shows a margin of 64/4096."""
        if self.layer not in layers:
            return False
        (x_from, y_from), (x_to, y_to) = self.tiles(z)
        return x_from <= x <= x_to and y_from <= y <= y_to

    def tiles(self, z: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """The tiles of a zoom that may show it: north-west and south-east corner, both inside."""
        shift = BOX_ZOOM - z
        margin = 0 if self.layer in LAYERS and LAYERS[self.layer].geometry == "point" else max(1, (1 << shift) // 64)
        return (
            ((self.col_from - margin) >> shift, (self.row_from - margin) >> shift),
            ((self.col_to + margin) >> shift, (self.row_to + margin) >> shift),
        )


#: One row; the boxes as text, their numbers with commas. Served by ``ix_tile_change_xid``.
_CHANGED = Statement(
    "SELECT pg_current_snapshot()::text AS moment, ARRAY("
    "SELECT DISTINCT concat_ws(',', c.layer, c.col_from, c.row_from, c.col_to, c.row_to) FROM tile_change c "
    "WHERE c.xid >= CAST(CAST(pg_snapshot_xmin(CAST(%(since)s AS pg_snapshot)) AS text) AS bigint) "
    "AND NOT pg_visible_in_snapshot(CAST(CAST(c.xid AS text) AS xid8), CAST(%(since)s AS pg_snapshot))) AS changed"
)


def current_moment(connection: Connection) -> str:
    """The moment from which on changes are to be told."""
    return str(connection.scalar(text("SELECT pg_current_snapshot()::text")))


def check_moment(moment: str) -> str:
    """The moment, when it has the form of one. Raises InvalidMoment."""
    if len(moment) > 4000 or not _MOMENT.fullmatch(moment):
        raise InvalidMoment
    low, high, _ = moment.split(":")
    if not 0 < int(low) <= int(high) < 2**63:
        raise InvalidMoment
    return moment


def read_changes(connection: Connection, since: str) -> tuple[str, list[Box]]:
    """The new moment, and what committed after ``since`` as far as the scope reaches.

    Raises InvalidMoment when ``since`` is no moment.
    """
    return _changes_of(connection.execute(_CHANGED.text, {"since": check_moment(since)}).one())


def read_changes_at_once(database: Database, scope: Scope, since: str) -> tuple[str, list[Box]]:
    """The same in a transaction of its own, in one trip to the server."""
    return _changes_of(database.read_in_one_trip(scope, _CHANGED, {"since": check_moment(since)}))


def _changes_of(row: Any) -> tuple[str, list[Box]]:
    boxes = set()
    for changed in row.changed:
        layer, *numbers = changed.split(",")
        boxes.add(Box(layer, *map(int, numbers)))
    boxes |= {box._replace(layer=NAMES) for box in boxes if box.layer in NAMED}
    return str(row.moment), sorted(boxes if len(boxes) <= MOST_BOXES else _merged(boxes))


def _merged(boxes: set[Box]) -> list[Box]:
    """One box a layer."""
    return [
        Box(
            layer,
            min(box.col_from for box in boxes if box.layer == layer),
            min(box.row_from for box in boxes if box.layer == layer),
            max(box.col_to for box in boxes if box.layer == layer),
            max(box.row_to for box in boxes if box.layer == layer),
        )
        for layer in {box.layer for box in boxes}
    ]
