"""The county at a glance."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from database.accounts import Account
from layers.overview import get_overview
from mapserver.auth import permissions
from mapserver.deps import CountyConnection, requires

router = APIRouter(prefix="/api/{county}", tags=["overview"])


class Overview(BaseModel):
    """Totals and open alerts, as far as the account sees."""

    county: str
    name: str
    bounds: list[float] | None = Field(description="west, south, east, north in EPSG:4490")
    totals: dict[str, int]
    alerts: dict[str, Any]
    towns: list[dict[str, str]]


@router.get("/overview")
def overview(
    account: Annotated[Account, Depends(requires(permissions.MAP_VIEW))], connection: CountyConnection
) -> Overview:
    """Totals of every library, alerts by status, severity and rule, bounds and towns of the account's scope."""
    return Overview(county=account.county, name=account.county_name, **get_overview(connection))
