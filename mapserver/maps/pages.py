"""From a connection to a page: what the route and the command share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from layers.alerts.lifecycle import STATUS_LABELS
from layers.alerts.store import AlertFilter, get_alert, list_alerts
from layers.anomaly.rules import RULES
from layers.outlines import cell_outlines, division_outlines
from layers.overview import county_bounds
from mapserver.maps.alerts_map import LIMIT, SEVERITIES, MapHeading, alert_page, alerts_page

LOCAL_TIME = ZoneInfo("Asia/Shanghai")


def make_alerts_page(connection: Connection, county: str, *, synthetic: bool, where: AlertFilter) -> str:
    """The map of the alerts in scope that pass the filter, the latest 5,000 of them."""
    page = list_alerts(connection, where, limit=LIMIT, with_reason=True)
    heading = MapHeading(county, synthetic, datetime.now(LOCAL_TIME), _words(where), limited=page.next is not None)
    cells = cell_outlines(connection, sorted({alert["grid_code"] for alert in page.alerts}))
    bounds = _bounds(page.alerts) or county_bounds(connection)
    return alerts_page(heading, page.alerts, cells, division_outlines(connection), bounds)


def make_alert_page(connection: Connection, county: str, *, synthetic: bool, alert_id: int) -> str:
    """The map of one alert. Raises AlertNotFound."""
    alert = get_alert(connection, alert_id)
    heading = MapHeading(county, synthetic, datetime.now(LOCAL_TIME))
    return alert_page(heading, alert, cell_outlines(connection, [alert["grid_code"]]))


def _bounds(alerts: Sequence[dict[str, Any]]) -> tuple[float, float, float, float] | None:
    points = [(alert["lon"], alert["lat"]) for alert in alerts if alert["lon"] is not None]
    if not points:
        return None
    lons, lats = [p[0] for p in points], [p[1] for p in points]
    return min(lons) - 0.005, min(lats) - 0.005, max(lons) + 0.005, max(lats) + 0.005


def _words(where: AlertFilter) -> str:
    """The filter in Chinese, for the title block."""
    parts = []
    if where.status:
        parts.append("状态：" + "、".join(STATUS_LABELS[s] for s in where.status))
    if where.rule:
        parts.append("规则：" + "、".join(RULES[r].title if r in RULES else r for r in where.rule))
    if where.severity:
        parts.append("级别：" + "、".join(SEVERITIES[s][0] for s in where.severity))
    if where.grid:
        parts.append(f"网格：{where.grid}")
    if where.first_day or where.last_day:
        parts.append(f"时间：{where.first_day or '…'} 至 {where.last_day or '今'}")
    if where.q:
        parts.append(f"关键词：{where.q}")
    return "；".join(parts)
