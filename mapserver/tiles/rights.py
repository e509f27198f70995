"""Which layers an account may ask for, by how sensitive they are; how far it sees in them is its scope."""

from __future__ import annotations

from collections.abc import Sequence

from access import permissions
from access.accounts import Account
from database.scope import Role
from layers.base.catalogue import TILES
from layers.tiles.catalogue import LAYERS
from layers.tiles.tile import check_layers
from mapserver.problems import NotPermitted

NEEDED = {"personal": permissions.HOUSEHOLD_VIEW, "internal": permissions.MAP_VIEW, "public": permissions.MAP_VIEW}


def permitted_layers(role: Role) -> tuple[str, ...]:
    """The layers that an account of this role may see."""
    held = permissions.permissions_of(role)
    return tuple(
        name for name, layer in LAYERS.items() if permissions.MAP_VIEW in held and NEEDED[layer.sensitivity] in held
    )


def permitted_tiles(role: Role) -> tuple[str, ...]:
    """The same, and before them the base map and the names, for whoever may see the map."""
    of_the_map = tuple(TILES) if permissions.MAP_VIEW in permissions.permissions_of(role) else ()
    return of_the_map + permitted_layers(role)


def check_permitted(names: Sequence[str], account: Account) -> None:
    """Raise UnknownLayer, or NotPermitted when one of the layers is not for the account's role."""
    check_layers(names)
    allowed = permitted_tiles(account.role)
    for name in names:
        if name not in allowed:
            title = LAYERS[name].title if name in LAYERS else TILES[name][0]
            raise NotPermitted(f"{title} / {name}")
