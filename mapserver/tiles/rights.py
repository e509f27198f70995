"""Which layers an account may ask for, by how sensitive they are; how far it sees in them is its scope."""

from __future__ import annotations

from collections.abc import Sequence

from access.accounts import permissions
from access.accounts.accounts import Account
from database.rights.scope import Role
from layers.base.catalogue import TILES
from layers.tiles.catalogue import LAYERS
from layers.tiles.tile import check_layers
from mapserver.door.problems import NotPermitted

NEEDED = {"personal": permissions.HOUSEHOLD_VIEW, "internal": permissions.MAP_VIEW, "public": permissions.MAP_VIEW}


def permitted_layers(role: Role) -> tuple[str, ...]:
    """The layers that an account of this role may see, those of the base map first."""
    return (*TILES, *permitted_kinds(role)) if permissions.MAP_VIEW in permissions.permissions_of(role) else ()


def permitted_kinds(role: Role) -> tuple[str, ...]:
    """The kinds of record that an account of this role may see."""
    held = permissions.permissions_of(role)
    names = (name for name, layer in LAYERS.items() if NEEDED[layer.sensitivity] in held)
    return tuple(names) if permissions.MAP_VIEW in held else ()


def check_permitted(names: Sequence[str], account: Account) -> None:
    """Raise UnknownLayer, or NotPermitted when one of the layers is not for the account's role."""
    check_layers(names)
    allowed = permitted_layers(account.role)
    for name in names:
        if name not in allowed:
            title = LAYERS[name].title if name in LAYERS else TILES[name][0]
            raise NotPermitted(f"{title} / {name}")
