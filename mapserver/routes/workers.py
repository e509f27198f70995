"""Who an alert can be given to."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from access.accounts import permissions
from access.accounts.accounts import Account, list_accounts
from alerts.store import FIELD_ROLES
from mapserver.door.deps import AppContext, requires
from mapserver.door.route import DoorRoute
from mapserver.schemas.page import PageOut

router = APIRouter(prefix="/api/{county}", tags=["alerts"], route_class=DoorRoute)


class WorkerOut(BaseModel):
    """An account that can be assigned an alert."""

    username: str = Field(examples=["grid-worker-01"])
    name: str = Field(examples=["示例网格员"])
    role: str = Field(examples=["grid_worker"])
    grid_code: str = Field(examples=["330521001001001"])


@router.get("/workers")
def workers(
    account: Annotated[Account, Depends(requires(permissions.ALERTS_ASSIGN))], context: AppContext
) -> PageOut[WorkerOut]:
    """The field accounts whose grid lies inside the asker's own scope."""
    with context.database.platform() as connection:
        found = list_accounts(connection, account.county, FIELD_ROLES)
    return PageOut[WorkerOut].whole(
        WorkerOut(username=a.username, name=a.display_name, role=a.role.value, grid_code=a.prefixes[0])
        for a in found
        if all(account.scope.covers(prefix) for prefix in a.prefixes)
    )
