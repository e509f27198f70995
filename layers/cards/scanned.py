"""The households behind a scanned door plate, for a worker who may see them."""

from __future__ import annotations

from sqlalchemy import Connection

from access.audit.record import record
from gazetteer.codes.token import Token
from gazetteer.library.addresses import get_address
from gazetteer.plates.plates import PLATES
from gazetteer.plates.tokens import owner_of
from layers.people.household_search import FoundHousehold, households_inside


def households_behind(connection: Connection, token: Token) -> list[FoundHousehold] | None:
    """The households at the address of a plate; None when it lies outside the scope. The look is audited."""
    address_id = owner_of(connection, PLATES, token.serial)
    if address_id is None:
        return None
    address = get_address(connection, address_id)
    record(connection, "scan_plate", target=f"address:{address_id}", grid_code=address.grid_code)
    return households_inside(connection, address_id)[0]
