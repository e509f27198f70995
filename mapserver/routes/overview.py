"""The county at a glance."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from access.accounts import permissions
from access.accounts.accounts import Account
from alerts.totals import count_alerts
from layers.cards.overview import get_overview
from mapserver.door.deps import CountyConnection, requires
from mapserver.door.route import DoorRoute
from mapserver.schemas.overview import Overview
from mapserver.schemas.record import shown

router = APIRouter(prefix="/api/{county}", tags=["overview"], route_class=DoorRoute)


@router.get("/overview")
def overview(
    account: Annotated[Account, Depends(requires(permissions.MAP_VIEW))], connection: CountyConnection
) -> Overview:
    """Totals of every library, alerts by status, severity and rule, bounds and towns of the account's scope."""
    return shown(
        Overview,
        get_overview(connection),
        county=account.county,
        name=account.county_name,
        alerts=count_alerts(connection),
    )
