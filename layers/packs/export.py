"""A pack of a scope from the database: one moment, inside the scope, audited."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, replace
from datetime import datetime

from access.audit import record
from database.clock import CHINA
from database.connection.engine import Database
from database.errors import Invalid, Missing
from database.rights.scope import Role, Scope
from database.upgrade.counties import get_county
from grid.extent import county_bounds
from layers.base.catalogue import TILES
from layers.catalogue.tilejson import VectorLayer
from layers.packs.drawing import drawing_files
from layers.packs.pack import Pack
from layers.style.fonts import FontLibrary
from layers.tiles.catalogue import LAYERS
from layers.tiles.names import name_of
from layers.tiles.pyramid import read_pyramid
from layers.tiles.tile import get_tilejson

#: Layers that say something about persons: households, and titles that name them (the titles of alerts do, of events may).
MINZOOM, MAXZOOM = 12, 18
#: The styles draw all above it from tiles of this zoom.
USUAL_MAXZOOM = 16


class NothingInScope(Missing):
    """这个范围内没有任何数据 | There is nothing in this scope"""


class PackPurposeMissing(Invalid):
    """含住户、事件和预警的离线包必须说明用途 | A pack with households, events and alerts needs a purpose"""


@dataclass(frozen=True, slots=True)
class PackOrder:
    """What to pack. scope: a grid code of 6 to 17 digits. personal: with the layers about persons, which needs a purpose."""

    scope: str
    maxzoom: int = USUAL_MAXZOOM
    personal: bool = False
    purpose: str | None = None

    def layers(self) -> tuple[str, ...]:
        """The tile layers of the pack."""
        return (*TILES, *(name for name in LAYERS if self.personal or not LAYERS[name].about_people))


def make_pack(database: Database, order: PackOrder, library: FontLibrary, *, actor: str) -> Pack:
    """Everything the scope holds at one moment, recorded in the audit trail.

    Raises InvalidScope, CountyNotFound, PackPurposeMissing, NothingInScope, FontFilesMissing.
    """
    if order.personal and not (order.purpose or "").strip():
        raise PackPurposeMissing("--purpose")
    scope = Scope(order.scope[:6], actor, Role.SYSTEM, (order.scope,))
    layers = order.layers()
    with database.platform() as connection:
        get_county(connection, scope.county)
    with database.transaction(scope, one_moment=True) as connection:
        tiles = {
            tile: gzip.compress(body, compresslevel=9, mtime=0)
            for tile, body in read_pyramid(connection, layers, order.maxzoom)
        }
        bounds = county_bounds(connection)
        if not tiles or bounds is None:
            raise NothingInScope(order.scope)
        west, south, east, north = bounds
        pack = Pack(
            scope=order.scope,
            title=name_of(connection, order.scope),
            made_at=datetime.now(CHINA).replace(microsecond=0),
            bounds=(west, south, east, north),
            layers=_described(get_tilejson(connection, layers, "")["vector_layers"], {z for z, _x, _y in tiles}),
            tiles=tiles,
            files=drawing_files(connection, library, layers, bounds, order.maxzoom),
            maxzoom=order.maxzoom,
        )
        target = f"{len(tiles)} tiles: {','.join(layers)}"
        record.record(connection, "export_tiles", target=target, purpose=order.purpose, grid_code=order.scope)
    return replace(pack, identity=pack.made_identity())


def _described(layers: list[VectorLayer], zooms: set[int]) -> list[VectorLayer]:
    """Layers of TileJSON with no zoom that the pack has not, and with the kinds of their attributes instead of their meaning, as
    MBTiles 1.3 wants them."""
    lowest, highest = min(zooms), max(zooms)
    kinds = {"string": "String", "integer": "Number", "number": "Number"}
    return [
        {
            **layer,
            "minzoom": min(max(layer["minzoom"], lowest), highest),
            "maxzoom": min(layer["maxzoom"], highest),
            "fields": {field.name: kinds[field.kind] for field in LAYERS[layer["id"]].fields}
            if layer["id"] in LAYERS
            else {name: "Number" if name in ("height", "rank") else "String" for name in layer["fields"]},
        }
        for layer in layers
    ]
