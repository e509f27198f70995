"""Folium pages of alerts, as self-contained HTML in a sandbox of their own."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse

from access.accounts import permissions
from access.accounts.accounts import Account
from alerts.store import AlertFilter
from mapserver.door.audited import audited
from mapserver.door.deps import CountyConnection, RecordId, requires
from mapserver.door.route import DoorRoute
from mapserver.maps.pages import make_alert_page, make_alerts_page
from mapserver.schemas.alerts import alert_filter

router = APIRouter(prefix="/maps/{county}", tags=["maps"], default_response_class=HTMLResponse, route_class=DoorRoute)

Viewer = Annotated[Account, Depends(requires(permissions.ALERTS_VIEW))]


@router.get("/alerts")
@audited("map_alerts")
def alerts_map(
    account: Viewer, connection: CountyConnection, where: Annotated[AlertFilter, Depends(alert_filter)]
) -> HTMLResponse:
    """The alerts in scope on one page, with the same filters as the list; opens without any network."""
    page = make_alerts_page(connection, account.county_name, synthetic=account.synthetic, where=where)
    return HTMLResponse(page, headers={"Content-Security-Policy": page.policy})


@router.get("/alerts/{alert_id}")
@audited("map_alert", "alert:{alert_id}")
def alert_map(account: Viewer, connection: CountyConnection, alert_id: RecordId) -> HTMLResponse:
    """One alert: its cell, its point, the facts, before and after, the history."""
    page = make_alert_page(connection, account.county_name, synthetic=account.synthetic, alert_id=alert_id)
    return HTMLResponse(page, headers={"Content-Security-Policy": page.policy})
