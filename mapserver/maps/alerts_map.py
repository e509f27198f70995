"""The map of alerts, and the map of one alert, for officials: outlines, markers by severity, popups with the reason."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import folium
from branca.element import MacroElement
from folium.features import GeoJsonTooltip
from folium.utilities import JsCode
from jinja2 import Template

from alerts.lifecycle import STATUS_LABELS
from alerts.records import AlertFile, ListedAlert
from alerts.wording import Wording
from database.geodesy.geojson import Feature
from layers.style.palette import LIGHT
from mapserver.maps import panel
from mapserver.maps.coordinates import Coordinates
from mapserver.maps.offline import Page, render_page, safe_text
from mapserver.maps.panel import COLOURS, SEVERITIES, MapHeading

LIMIT = 20_000  # alerts on a page
FULL_TEXT_LIMIT = 5_000  # with more of them the popups leave the reason out, so that the page stays below 5 MB
STACK_LIMIT = 10  # alerts in one popup, where several share a point
RADIUS = {"high": 9, "medium": 9, "low": 6}  # of the box around a sign, pixels
# A severity has a shape of its own, as the icons of the served style have: corners in a box from -1 to 1; low is a disc. Stands in page.css too.
CORNERS = {"high": [[0, -1], [1, 0.8], [-1, 0.8]], "medium": [[0, -1], [1, 0], [0, 1], [-1, 0]]}
NARROW = JsCode("window.innerWidth <= 760")  # as in page.css
Bounds = Sequence[float]


def alerts_page(
    heading: MapHeading,
    alerts: Sequence[ListedAlert],
    cells: Sequence[Feature],
    divisions: Sequence[Feature],
    bounds: Bounds | None,
) -> Page:
    """The page of many alerts. cells, divisions: GeoJSON features (code, name); bounds: west, south, east, north."""
    page, drawn = _empty_map(bounds), Coordinates()
    _add_divisions(page, drawn, divisions)
    _add_cells(page, drawn, panel.CELLS_WITH_ALERTS, cells, Counter(alert.grid_code for alert in alerts))
    layers = [layer for severity in SEVERITIES if (layer := _marker_layer(severity, drawn, alerts)) is not None]
    for layer in layers:
        layer.add_to(page)
    page.keep_in_front(*reversed(layers))
    folium.LayerControl(collapsed=NARROW).add_to(page)  # type: ignore[arg-type]
    _add_html(page, panel.head("预警地图", heading, panel.summary(alerts, heading)) + panel.side(panel.legend(alerts)))
    return render_page(page, drawn, title=f"{heading.county} 预警地图")


def alert_page(
    heading: MapHeading,
    alert: AlertFile,
    wording: Wording,
    own: Sequence[Feature],
    around: Sequence[Feature],
    divisions: Sequence[Feature],
) -> Page:
    """The page of one alert. wording: the alert in Chinese; own: the outline of its cell; around: the other cells of the village."""
    page, drawn = _empty_map(bounds_of(own) or _bounds_at(alert)), Coordinates()
    _add_divisions(page, drawn, divisions)
    _add_cells(page, drawn, "同村其他网格", around, Counter())
    _add_cells(page, drawn, "所在网格", own, None)
    layer = _marker_layer(alert.severity, drawn, [alert])
    if layer is not None:
        layer.add_to(page)
    folium.LayerControl(collapsed=True).add_to(page)
    _add_html(
        page,
        panel.head(alert.title, heading, panel.alert_lines(alert)) + panel.side(panel.alert_blocks(alert, wording)),
    )
    return render_page(page, drawn, title=alert.title)


def _empty_map(bounds: Bounds | None) -> folium.Map:
    page = folium.Map([30.0, 120.0], tiles=None, zoom_control=False, prefer_canvas=True, attribution_control=False)
    _add_script(
        page,
        "L.control.zoom({zoomInTitle: '放大', zoomOutTitle: '缩小'}).addTo(MAP);"
        "L.control.scale({imperial: false}).addTo(MAP);",
    )
    if bounds is not None:
        west, south, east, north = bounds
        page.fit_bounds([[south, west], [north, east]], padding=(24, 24), max_zoom=17)
    return page


def _add_script(page: folium.Map, script: str) -> None:
    """script: our own words only, never a record's; MAP stands for the map."""
    element = MacroElement()  # type: ignore[no-untyped-call]
    element._template = Template(
        "{% macro script(this, kwargs) %}" + script.replace("MAP", "{{ this._parent.get_name() }}") + "{% endmacro %}"
    )
    page.add_child(element)


def _add_html(page: folium.Map, content: str) -> None:
    element = MacroElement()  # type: ignore[no-untyped-call]
    element._template = Template("{% macro html(this, kwargs) %}{% raw %}" + content + "{% endraw %}{% endmacro %}")
    page.add_child(element)


# --- outlines ---------------------------------------------------------------------------------------------------


def _add_divisions(page: folium.Map, drawn: Coordinates, features: Sequence[Feature]) -> None:
    """Villages thin, towns above them thick, with their names."""
    lines: dict[str, tuple[str, dict[str, Any]]] = {
        "village": (
            panel.VILLAGE_LINE,
            {"color": LIGHT.village_line, "weight": 1, "fillColor": LIGHT.ground, "fillOpacity": 1},
        ),
        "town": (panel.TOWN_LINE, {"color": LIGHT.town_line, "weight": 2.2, "fill": False}),
    }
    for level, (name, style) in lines.items():
        chosen = [f for f in features if f["properties"]["level"] == level]
        if not chosen:
            continue
        folium.GeoJson(
            _collection(drawn, chosen, lambda p: {"text": safe_text(p["name"])}),
            name=name,
            style_function=lambda _, style=style: {**style, "interactive": False},
            on_each_feature=JsCode(
                "(f, layer) => layer.bindTooltip(f.properties.text, "
                "{permanent: true, direction: 'center', className: 'om-town'})"
            )
            if level == "town"
            else None,
        ).add_to(page)


def _add_cells(
    page: folium.Map, drawn: Coordinates, name: str, features: Sequence[Feature], counts: Counter[str] | None
) -> None:
    """Cells, the more alerts the deeper the colour; counts None: the one that matters, in full colour."""
    if not features:
        return
    top = max(counts.values(), default=1) if counts is not None else 1

    def shown(p: dict[str, Any]) -> dict[str, Any]:
        n = counts[p["code"]] if counts is not None else 0
        text = safe_text(p["name"]) + (f"：预警 {n} 条" if n else "")
        depth = 0.3 if counts is None else (0.15 + 0.35 * round(n / top, 1) if n else 0.0)
        return {"text": text, "depth": round(depth, 3)}

    folium.GeoJson(
        _collection(drawn, features, shown),
        name=name,
        style_function=lambda f: {
            "color": LIGHT.cell_line,
            "weight": 2 if counts is None else 0.8,
            "fillColor": panel.CELL_FILL,
            "fillOpacity": f["properties"]["depth"],
        },
        tooltip=GeoJsonTooltip(fields=["text"], labels=False, sticky=True),
    ).add_to(page)


def _collection(drawn: Coordinates, features: Sequence[Feature], shown: Any) -> dict[str, Any]:
    named = ({**f, "properties": shown(f["properties"])} for f in features)
    return {"type": "FeatureCollection", "features": [drawn.take_out(f) for f in named]}


def _bounds_at(alert: ListedAlert) -> Bounds | None:
    if alert.lon is None or alert.lat is None:
        return None
    return alert.lon - 0.005, alert.lat - 0.005, alert.lon + 0.005, alert.lat + 0.005


def bounds_of(features: Sequence[Feature]) -> Bounds | None:
    """West, south, east, north of GeoJSON features; None for none."""

    def positions(coordinates: Any) -> Iterator[Any]:
        if isinstance(coordinates[0], int | float):
            yield coordinates
        else:
            for part in coordinates:
                yield from positions(part)

    points = [p for f in features if f["geometry"] for p in positions(f["geometry"]["coordinates"])]
    if not points:
        return None
    lons, lats = [p[0] for p in points], [p[1] for p in points]
    return min(lons), min(lats), max(lons), max(lats)


# --- markers ----------------------------------------------------------------------------------------------------

# A popup from properties.a: [title, severity, rule, status, day, reason], texts escaped beforehand; n: more than those.
_POPUP = """
(f, layer) => {
  const words = WORDS, corners = CORNERS;
  if (corners) layer._updatePath = function () {
    const canvas = this._renderer, to = canvas._ctx, at = this._point;
    if (!to) return L.CircleMarker.prototype._updatePath.call(this);
    if (!canvas._drawing || this._empty()) return;
    const r = Math.max(Math.round(this._radius * 1.2), 1);  // as much ink as a disc
    to.beginPath();
    corners.forEach(([x, y]) => to.lineTo(at.x + x * r, at.y + y * r));
    to.closePath();
    canvas._fillStroke(to, this);
  };
  if (f.properties.a.length > 1) layer.setRadius(layer.options.radius + 2);
  const n = f.properties.a.length + (f.properties.n || 0);
  const head = n > 1 ? `<p class="om-quiet">此处 ${n} 条预警</p>` : '';
  layer.bindPopup(() => '<div class="om-popup">' + head + f.properties.a.map(([title, severity, rule, status, day, reason]) =>
    `<b>${title}</b><p><span class="om-chip om-${severity}">${words.severity[severity]}</span> ` +
    `${words.rule[rule] || ''} · ${words.status[status]} · ${day}</p>` + (reason ? `<p>${reason}</p>` : '')).join('<hr>') +
    (f.properties.n ? `<hr><p>其余 ${f.properties.n} 条请在系统中查看</p>` : '') + '</div>', {maxWidth: 340});
}
"""


def _marker_layer(severity: str, drawn: Coordinates, alerts: Sequence[ListedAlert]) -> folium.GeoJson | None:
    """The alerts of one severity, one marker a point; its popup tells of every alert there, whatever its severity."""
    places: dict[tuple[float, float], list[ListedAlert]] = {}
    for alert in alerts:
        if alert.lon is not None and alert.lat is not None:
            places.setdefault((round(alert.lon, 5), round(alert.lat, 5)), []).append(alert)
    full = len(alerts) <= FULL_TEXT_LIMIT
    features = [
        drawn.take_out(_marker(place, there, full=full))
        for place, there in places.items()
        if any(alert.severity == severity for alert in there)
    ]
    if not features:
        return None
    words = {
        "severity": SEVERITIES,
        "status": STATUS_LABELS,
        "rule": {safe_text(alert.rule): safe_text(panel.rule_title(alert)) for alert in alerts},
    }
    n = sum(alert.severity == severity and alert.lon is not None for alert in alerts)
    return folium.GeoJson(
        {"type": "FeatureCollection", "features": features},
        name=f"{panel.severity_title(severity)}（{n}）",
        marker=folium.CircleMarker(
            radius=RADIUS[severity],
            color=LIGHT.ring,
            weight=1.5,
            fill=True,
            fill_color=COLOURS[severity],
            fill_opacity=0.95,
        ),
        on_each_feature=JsCode(_POPUP.replace("WORDS", _json(words)).replace("CORNERS", _json(CORNERS.get(severity)))),
    )


def _marker(place: tuple[float, float], there: Sequence[ListedAlert], *, full: bool) -> dict[str, Any]:
    order = list(SEVERITIES)
    sorted_alerts = sorted(there, key=lambda alert: order.index(alert.severity))
    rows = [
        [
            safe_text(alert.title), alert.severity, safe_text(alert.rule), alert.status,
            f"{alert.first_raised_at:%Y-%m-%d}", *([safe_text(alert.reason)] if full else []),
        ]
        for alert in sorted_alerts[:STACK_LIMIT]
    ]  # fmt: skip
    more = len(there) - len(rows)
    return {
        "type": "Feature",
        "properties": {"a": rows, "n": more} if more else {"a": rows},
        "geometry": {"type": "Point", "coordinates": place},
    }


def _json(value: Any) -> str:
    """JSON for a script: no tag can end it, no brace pair is read as a template."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c").replace("{", "{ ")
