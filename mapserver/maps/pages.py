"""From a connection to a page: what the route and the command share."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from alerts.detection.rules import RULES
from alerts.lifecycle import ENDED, STATUS_LABELS
from alerts.store import AlertFilter, get_alert, list_alerts
from alerts.wording import in_words
from database.clock import CHINA
from grid.extent import county_bounds
from layers.tiles.outlines import FAR, NEAR, cell_outlines, division_outlines, sibling_outlines, unit_outline
from mapserver.maps.alerts_map import LIMIT, alert_page, alerts_page, bounds_of
from mapserver.maps.offline import Page
from mapserver.maps.panel import SEVERITIES, MapHeading


def make_alerts_page(connection: Connection, county: str, *, synthetic: bool, where: AlertFilter) -> Page:
    """The map of the alerts in scope that pass the filter, at most 20,000, in the order of the list.

    Without a status in the filter: those that have not ended, for years of closed ones would hide them.
    """
    criteria = where
    if not criteria.status:
        where = replace(where, status=tuple(s for s in STATUS_LABELS if s not in ENDED))
    page = list_alerts(connection, where, limit=LIMIT, with_reason=True)
    unit = unit_outline(connection, where.grid) if where.grid else []
    words = _words(criteria, unit[0]["properties"]["name"] if unit else where.grid)
    heading = MapHeading(
        county, synthetic, datetime.now(CHINA), words, limited=page.next is not None, unended=not criteria.status
    )
    cells = cell_outlines(connection, sorted({alert.grid_code for alert in page.items}), band=FAR)
    bounds = bounds_of(unit) or county_bounds(connection)
    return alerts_page(heading, page.items, cells, division_outlines(connection), bounds)


def make_alert_page(connection: Connection, county: str, *, synthetic: bool, alert_id: int) -> Page:
    """The map of one alert. Raises AlertNotFound."""
    alert = get_alert(connection, alert_id)
    heading = MapHeading(county, synthetic, datetime.now(CHINA))
    code = alert.grid_code
    return alert_page(
        heading,
        alert,
        in_words(alert),
        unit_outline(connection, code),
        sibling_outlines(connection, code),
        division_outlines(connection, around=code, band=NEAR),
    )


def _words(where: AlertFilter, grid: str | None) -> str:
    """The filter in Chinese, for the title block."""
    parts = []
    if where.status:
        parts.append("状态：" + "、".join(STATUS_LABELS[s] for s in where.status))
    if where.rule:
        parts.append("规则：" + "、".join(RULES[r].title if r in RULES else r for r in where.rule))
    if where.severity:
        parts.append("级别：" + "、".join(SEVERITIES[s][0] for s in where.severity))
    if grid:
        parts.append(f"范围：{grid}")
    if where.first_day or where.last_day:
        parts.append(f"时间：{where.first_day or '…'} 至 {where.last_day or '今'}")
    if where.new_since:
        parts.append(f"{where.new_since} 以来新发现")
    if where.assignee:
        parts.append(f"承办人：{where.assignee}")
    if where.unassigned:
        parts.append("未指派")
    if where.ceased is not None:
        parts.append("条件已不成立" if where.ceased else "条件仍成立")
    if where.q:
        parts.append(f"关键词：{where.q}")
    return "；".join(parts)
