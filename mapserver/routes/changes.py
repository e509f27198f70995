"""Changes (异动): what each publish made different."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from access.accounts import permissions
from access.accounts.accounts import Account
from layers.changes.feed import list_changes
from layers.changes.vocabulary import ChangeOperation
from mapserver.door.audited import audited
from mapserver.door.deps import CountyConnection, requires
from mapserver.door.route import DoorRoute
from mapserver.schemas.page import After, PageOut

router = APIRouter(prefix="/api/{county}", tags=["changes"], route_class=DoorRoute)


class ChangeOut(BaseModel):
    """The difference between two states of a record; personal numbers masked."""

    id: int
    batch_id: int | None
    entity: str = Field(examples=["person"])
    entity_id: str = Field(examples=["118"])
    operation: ChangeOperation
    fields: list[str] = Field(examples=[["household_id"]])
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    actor: str
    at: datetime
    grid_code: str


@router.get("/changes")
@audited("read_changes", "entity:{entity} batch:{batch} after:{after}", rows=lambda page: page.items)
def changes(
    account: Annotated[Account, Depends(requires(permissions.CHANGES_VIEW))],
    connection: CountyConnection,
    entity: Annotated[str | None, Query(max_length=50, examples=["person"])] = None,
    batch: Annotated[int | None, Query(ge=1)] = None,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> PageOut[ChangeOut]:
    """The changes in scope, latest first."""
    page = list_changes(connection, entity=entity, batch=batch, after=after, limit=limit)
    return PageOut[ChangeOut].of(page, lambda change: ChangeOut(**asdict(change)))
