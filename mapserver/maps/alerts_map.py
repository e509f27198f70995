"""The map of alerts, and the map of one alert, for officials: cells, markers by severity, popups with the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import folium
from branca.element import MacroElement
from folium.features import GeoJsonPopup, GeoJsonTooltip
from jinja2 import Template

from layers.alerts.lifecycle import STATUS_LABELS
from layers.anomaly.rules import RULES
from mapserver.maps.offline import render_page, safe_text

SEVERITIES: dict[str, tuple[str, str]] = {
    "high": ("高", "#b42318"),
    "medium": ("中", "#b54708"),
    "low": ("低", "#175cd3"),
}
STEP_LABELS: dict[str, str] = {
    "raise": "系统发现", "acknowledge": "知悉", "assign": "指派", "verify": "核查", "close": "办结", "reopen": "重开",
}  # fmt: skip
LIMIT = 5000


@dataclass(frozen=True, slots=True)
class MapHeading:
    """What the title block says. limited: there are more alerts than the map shows."""

    county: str
    synthetic: bool
    made_at: datetime
    filters: str = ""
    limited: bool = False


def alerts_page(
    heading: MapHeading,
    alerts: Sequence[dict[str, Any]],
    cells: Sequence[dict[str, Any]],
    divisions: Sequence[dict[str, Any]],
    bounds: Sequence[float] | None,
) -> str:
    """The page of many alerts. cells, divisions: GeoJSON features (code, name); bounds: west, south, east, north."""
    page = _empty_map(bounds)
    _add_divisions(page, divisions)
    _add_cells(page, cells, Counter(alert["grid_code"] for alert in alerts))
    for severity, (label, colour) in SEVERITIES.items():
        shown = [alert for alert in alerts if alert["severity"] == severity and alert["lon"] is not None]
        if shown:
            _add_markers(page, f"预警（{label}）{len(shown)} 条", colour, shown)
    folium.LayerControl(collapsed=False).add_to(page)
    n = len(alerts)
    summary = "没有符合条件的预警" if not n else f"共 {n} 条预警"
    if heading.limited:
        summary = f"只显示最近的 {n} 条预警，请缩小范围"
    without_point = sum(alert["lon"] is None for alert in alerts)
    if without_point:
        summary += f"，其中 {without_point} 条没有位置，未上图"
    _add_panel(page, _title_block("预警地图", heading, summary) + _legend(alerts))
    return render_page(page, title=f"{heading.county} 预警地图")


def alert_page(heading: MapHeading, alert: dict[str, Any], cells: Sequence[dict[str, Any]]) -> str:
    """The page of one alert: its cell, its point, facts, before and after, history."""
    bounds = _bounds_of(cells)
    page = _empty_map(bounds)
    _add_cells(page, cells, Counter({alert["grid_code"]: 1}))
    if alert["lon"] is not None:
        label, colour = SEVERITIES[alert["severity"]]
        _add_markers(page, f"预警（{label}）", colour, [alert])
    where = "" if alert["lon"] is not None else "（没有位置）"
    _add_panel(page, _title_block(alert["title"], heading, _rule_title(alert) + where) + _alert_block(alert), wide=True)
    return render_page(page, title=alert["title"])


# --- the map ------------------------------------------------------------------------------------------------


def _empty_map(bounds: Sequence[float] | None) -> folium.Map:
    page = folium.Map(tiles=None, zoom_control=True, prefer_canvas=True, attribution_control=False, zoom_snap=0.25)
    scale = MacroElement()  # type: ignore[no-untyped-call]
    scale._template = Template(
        "{% macro script(this, kwargs) %}L.control.scale({imperial: false}).addTo({{ this._parent.get_name() }});{% endmacro %}"
    )
    page.add_child(scale)
    if bounds is not None:
        west, south, east, north = bounds
        page.fit_bounds([[south, west], [north, east]], padding=(24, 24))
    else:
        page.location = [30.0, 120.0]
    return page


def _add_divisions(page: folium.Map, features: Sequence[dict[str, Any]]) -> None:
    if not features:
        return
    folium.GeoJson(
        _collection(features, lambda p: {"text": safe_text(p["name"])}),
        name="行政区划",
        style_function=lambda _: {
            "color": "#475467",
            "weight": 1.2,
            "dashArray": "5 3",
            "fill": True,
            "fillOpacity": 0,
        },
        tooltip=GeoJsonTooltip(fields=["text"], labels=False, sticky=True),
    ).add_to(page)


def _add_cells(page: folium.Map, features: Sequence[dict[str, Any]], counts: Counter[str]) -> None:
    if not features:
        return

    def shown(p: dict[str, Any]) -> dict[str, Any]:
        return {"text": f"{safe_text(p['name'])}：预警 {counts[p['code']]} 条", "n": counts[p["code"]]}

    top = max(counts.values(), default=1)
    folium.GeoJson(
        _collection(features, shown),
        name="有预警的网格",
        style_function=lambda f: {
            "color": "#344054",
            "weight": 1,
            "fillColor": "#f79009",
            "fillOpacity": 0.12 + 0.33 * min(1.0, f["properties"]["n"] / top),
        },
        tooltip=GeoJsonTooltip(fields=["text"], labels=False, sticky=True),
    ).add_to(page)


def _add_markers(page: folium.Map, name: str, colour: str, alerts: Sequence[dict[str, Any]]) -> None:
    features = [
        {
            "type": "Feature",
            "properties": {"html": _popup(alert)},
            "geometry": {"type": "Point", "coordinates": [round(alert["lon"], 6), round(alert["lat"], 6)]},
        }
        for alert in alerts
    ]
    folium.GeoJson(
        {"type": "FeatureCollection", "features": features},
        name=name,
        marker=folium.CircleMarker(
            radius=7, color="#ffffff", weight=1.5, fill=True, fill_color=colour, fill_opacity=0.92
        ),
        popup=GeoJsonPopup(fields=["html"], labels=False, max_width=340),
        zoom_on_click=False,
    ).add_to(page)


def _collection(features: Sequence[dict[str, Any]], shown: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": [{**f, "properties": shown(f["properties"])} for f in features]}


def _bounds_of(features: Sequence[dict[str, Any]]) -> tuple[float, float, float, float] | None:
    def positions(coordinates: Any) -> Any:
        if isinstance(coordinates[0], int | float):
            yield coordinates
        else:
            for part in coordinates:
                yield from positions(part)

    points = [p for f in features for p in positions(f["geometry"]["coordinates"])]
    if not points:
        return None
    lons, lats = [p[0] for p in points], [p[1] for p in points]
    return min(lons), min(lats), max(lons), max(lats)


# --- words; everything from records goes through safe_text ------------------------------------------------------


def _rule_title(alert: dict[str, Any]) -> str:
    rule = RULES.get(alert["rule"])
    return rule.title if rule else str(alert["rule"])


def _popup(alert: dict[str, Any]) -> str:
    label, colour = SEVERITIES[alert["severity"]]
    return (
        f'<div class="om-popup"><b>{safe_text(alert["title"])}</b>'
        f'<p><span class="om-chip" style="background:{colour}">{label}</span> {safe_text(_rule_title(alert))} · '
        f"{safe_text(STATUS_LABELS.get(alert['status'], alert['status']))} · {alert['last_raised_at']:%Y-%m-%d}</p>"
        f"<p>{safe_text(alert['reason'])}</p></div>"
    )


def _title_block(title: str, heading: MapHeading, summary: str) -> str:
    filters = f"<p>{safe_text(heading.filters)}</p>" if heading.filters else ""
    synthetic = '<p class="om-synthetic">演示数据（合成），不是真实的人和事</p>' if heading.synthetic else ""
    return (
        f"<h1>{safe_text(title)}</h1><p><b>{safe_text(heading.county)}</b>　{heading.made_at:%Y-%m-%d %H:%M}</p>{filters}"
        f"<p>{safe_text(summary)}</p>{synthetic}"
    )


def _legend(alerts: Sequence[dict[str, Any]]) -> str:
    counts = Counter(alert["severity"] for alert in alerts)
    rows = "".join(
        f'<li><i style="background:{colour}"></i>{label}级 <span>{counts[severity]}</span></li>'
        for severity, (label, colour) in SEVERITIES.items()
    )
    return f'<ul class="om-legend" aria-label="图例">{rows}</ul>'


def _alert_block(alert: dict[str, Any]) -> str:
    parts = [f'<p class="om-reason">{safe_text(alert["reason"])}</p>', _table("事实", alert["facts"])]
    if alert.get("before") or alert.get("after"):
        parts.append(_before_after(alert.get("before") or {}, alert.get("after") or {}))
    steps = "".join(
        f"<li><b>{safe_text(STEP_LABELS.get(s['action'], s['action']))}</b> → {safe_text(STATUS_LABELS.get(s['to_status'], s['to_status']))}"
        f"　{s['at']:%Y-%m-%d %H:%M}　{safe_text(s['actor_name'])}{'：' + safe_text(s['reason']) if s['reason'] else ''}</li>"
        for s in alert["history"]
    )
    parts.append(f"<h2>处置记录</h2><ol>{steps}</ol>")
    return "".join(parts)


def _table(title: str, facts: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><th>{safe_text(name)}</th><td>{safe_text(_words(value))}</td></tr>" for name, value in facts.items()
    )
    return f"<h2>{title}</h2><table>{rows}</table>" if rows else ""


def _before_after(before: dict[str, Any], after: dict[str, Any]) -> str:
    changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    rows = "".join(
        f"<tr><th>{safe_text(name)}</th><td>{safe_text(_words(before.get(name)))}</td><td>{safe_text(_words(after.get(name)))}</td></tr>"
        for name in changed
    )
    return f"<h2>异动</h2><table><tr><th></th><th>之前</th><th>之后</th></tr>{rows}</table>" if rows else ""


def _words(value: object) -> str:
    if value is None or value == "":
        return "—"
    return "、".join(str(v) for v in value) if isinstance(value, list) else str(value)


_PANEL_STYLE = """
<style>
  .om-panel { position: absolute; z-index: 1000; left: 12px; bottom: 44px; max-width: 300px; max-height: calc(100% - 120px);
    overflow: auto; padding: 12px 16px; background: #fff; border-radius: 8px; box-shadow: 0 1px 6px rgba(16,24,40,.25);
    font: 14px/1.55 "Noto Sans SC", "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", sans-serif; color: #1d2939; }
  .om-panel.om-wide { max-width: 380px; }
  .om-panel h1 { margin: 0 0 4px; font-size: 17px; line-height: 1.4; }
  .om-panel h2 { margin: 12px 0 4px; font-size: 14px; }
  .om-panel p { margin: 2px 0; }
  .om-panel .om-synthetic { margin-top: 6px; padding: 2px 8px; border-radius: 4px; background: #fef0c7; color: #7a2e0e; }
  .om-panel table { width: 100%; border-collapse: collapse; }
  .om-panel th, .om-panel td { padding: 3px 6px; border-top: 1px solid #eaecf0; text-align: left; vertical-align: top;
    font-weight: normal; overflow-wrap: anywhere; }
  .om-panel th { color: #475467; white-space: nowrap; }
  .om-panel ol { margin: 0; padding-left: 20px; }
  .om-legend { list-style: none; margin: 8px 0 0; padding: 0; }
  .om-legend i { display: inline-block; width: 12px; height: 12px; margin-right: 8px; border-radius: 50%; }
  .om-legend span { float: right; color: #475467; }
  .om-popup { font: 14px/1.55 "Noto Sans SC", "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; }
  .om-popup p { margin: 4px 0 0 !important; }
  .om-chip { color: #fff; border-radius: 4px; padding: 0 6px; }
  .leaflet-container { background: #eef2f6; font-family: "Noto Sans SC", "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; }
  .leaflet-control-layers { font-size: 14px; line-height: 1.7; }
  .foliumpopup table, .foliumpopup td { border: 0; }
  @media (max-width: 640px) { .om-panel, .om-panel.om-wide { right: 12px; max-width: none; max-height: 40%; } }
</style>
"""


def _add_panel(page: folium.Map, content: str, *, wide: bool = False) -> None:
    panel = MacroElement()  # type: ignore[no-untyped-call]
    body = f'{_PANEL_STYLE}<section class="om-panel{" om-wide" if wide else ""}">{content}</section>'
    panel._template = Template("{% macro html(this, kwargs) %}{% raw %}" + body + "{% endraw %}{% endmacro %}")
    page.add_child(panel)
