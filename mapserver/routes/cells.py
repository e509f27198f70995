"""The cell under the pointer of the map."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, Field

from access.accounts import permissions
from access.accounts.accounts import Account
from access.accounts.permissions import permissions_of
from alerts.totals import count_waiting_in
from grid.vocabulary import Duty
from layers.cards.cell import count_households, get_cell_card
from mapserver.door.deps import CountyConnection, requires
from mapserver.door.route import DoorRoute
from mapserver.schemas.overview import OpenBySeverity

router = APIRouter(prefix="/api/{county}", tags=["overview"], route_class=DoorRoute)


class CellWorkerOut(BaseModel):
    """Who is responsible for a cell today."""

    name: str = Field(examples=["王网格"])
    duty: Duty


class CellOut(BaseModel):
    """A cell in a few words."""

    code: str = Field(examples=["330521001001001"])
    name: str = Field(examples=["永安一网格"])
    level: str = Field(examples=["cell"], description="cell or micro_cell")
    village: str | None = Field(description="its village or community; null when that is out of sight")
    workers: list[CellWorkerOut] = Field(description="the lead first; a micro cell's own before its cell's")
    households: int | None = Field(description="null for roles that see no households")
    open_alerts: OpenBySeverity | None = Field(description="null for roles that see no alerts")


@router.get("/cells/{code}", responses={404: {}})
def cell(
    account: Annotated[Account, Depends(requires(permissions.MAP_VIEW))],
    connection: CountyConnection,
    code: Annotated[str, Path(pattern=r"^\d{15}(\d{2})?$", examples=["330521001001001"])],
) -> CellOut:
    """The name of a cell, who is responsible for it today, its households and the alerts that wait in it, under the asker's rights."""
    card = get_cell_card(connection, code)
    may = permissions_of(account.role)
    return CellOut(
        code=card.code,
        name=card.name,
        level=card.level,
        village=card.village,
        workers=[CellWorkerOut(name=one.name, duty=Duty(one.duty)) for one in card.workers],
        households=count_households(connection, code) if permissions.HOUSEHOLD_VIEW in may else None,
        open_alerts=OpenBySeverity(**count_waiting_in(connection, code)) if permissions.ALERTS_VIEW in may else None,
    )
