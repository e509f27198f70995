"""Finding a person, and revealing a masked number for a stated purpose."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from access import permissions
from access.accounts import Account
from layers.households import find_persons, reveal
from mapserver.deps import AppContext, CountyConnection, RecordId, requires
from mapserver.door.route import DoorRoute
from mapserver.schemas.households import PersonList, PersonOut, PersonQuery, RevealIn, RevealOut

router = APIRouter(prefix="/api/{county}/persons", tags=["households"], route_class=DoorRoute)


@router.post("/search")
def search(
    account: Annotated[Account, Depends(requires(permissions.HOUSEHOLD_VIEW))],
    connection: CountyConnection,
    context: AppContext,
    body: PersonQuery,
) -> PersonList:
    """Find persons in scope by ID number, phone or name. A POST, so that no number stands in a URL. Audited."""
    found = find_persons(connection, context.sealer, id_number=body.id_number, phone=body.phone, name=body.name)
    return PersonList(persons=[PersonOut(**person) for person in found])


@router.post("/{person_id}/reveal")
def reveal_number(
    account: Annotated[Account, Depends(requires(permissions.PERSONAL_REVEAL))],
    connection: CountyConnection,
    context: AppContext,
    person_id: RecordId,
    body: RevealIn,
) -> RevealOut:
    """The ID number or phone itself, for a stated purpose; who looked, when and why is kept."""
    return RevealOut(value=reveal(connection, person_id, body.field, purpose=body.purpose, sealer=context.sealer))
