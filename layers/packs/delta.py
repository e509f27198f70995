"""What changed between two packs of a scope, as a pack to be laid over the older one."""

from __future__ import annotations

from dataclasses import replace

from database.errors import Invalid
from layers.packs.pack import REMOVED, Pack


class PackMismatch(Invalid):
    """增量包与这个离线包不配套 | The delta is not one for this pack"""


def make_delta(base: Pack, new: Pack) -> Pack:
    """The tiles and files of ``new`` that ``base`` has not, and marks for what is gone. Zoom 0 is always in it.

    A reader may also keep both and ask the delta first: a mark is an empty tile. Raises PackMismatch when they are of
    different scopes or ``base`` is itself a delta.
    """
    if base.scope != new.scope or base.base is not None:
        raise PackMismatch(f"{base.scope} ≠ {new.scope}" if base.scope != new.scope else "delta / 增量包")
    tiles = {tile: body for tile, body in new.tiles.items() if base.tiles.get(tile) != body or tile[0] == 0}
    tiles |= dict.fromkeys(base.tiles.keys() - new.tiles.keys(), REMOVED)
    files = {name: body for name, body in new.files.items() if base.files.get(name) != body}
    gone = tuple(sorted(base.files.keys() - new.files.keys()))
    return replace(new, tiles=tiles, files=files, removed=gone, base=base.identity)


def apply_delta(base: Pack, delta: Pack) -> Pack:
    """The newer pack, equal in every tile and file to the one the delta was made from. Raises PackMismatch."""
    if delta.base is None or delta.base != base.identity or base.scope != delta.scope:
        raise PackMismatch(f"{delta.base} ≠ {base.identity}")
    tiles = {tile: body for tile, body in (base.tiles | delta.tiles).items() if body != REMOVED}
    files = {name: body for name, body in (base.files | delta.files).items() if name not in delta.removed}
    made = replace(delta, tiles=tiles, files=files, removed=(), base=None)
    if made.made_identity() != delta.identity:
        raise PackMismatch(f"{made.made_identity()} ≠ {delta.identity}")
    return made
