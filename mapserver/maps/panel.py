"""What stands beside the map: title, legend, counts, facts, history. Everything from records goes through safe_text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alerts.detection.rules import RULES
from alerts.kind import ALERTS
from alerts.lifecycle import STATUS_LABELS, STEP_LABELS
from alerts.records import AlertFile, AlertStepTaken, ListedAlert
from alerts.wording import Wording
from database.vocabulary import Severity
from gazetteer.codes.grid_code import GridLevel
from layers.catalogue.areas import CELLS
from layers.style.palette import LIGHT
from layers.style.records import variant_colours
from mapserver.maps.offline import safe_text
from mapserver.maps.words import field_label, is_internal, words_of

SEVERITIES: dict[str, str] = Severity.labels()
COLOURS: dict[str, str] = variant_colours(ALERTS, LIGHT)
CELL_FILL = LIGHT.glow
#: Titles of layers, in the words of the catalogue.
VILLAGE_LINE, TOWN_LINE = (f"{level.zh}界" for level in (GridLevel.VILLAGE, GridLevel.TOWN))
CELLS_WITH_ALERTS = f"有{ALERTS.noun.zh}的{CELLS.noun.zh}"


@dataclass(frozen=True, slots=True)
class MapHeading:
    """What the title block says. limited: there are more alerts than the map shows. unended: those that ended are left out."""

    county: str
    synthetic: bool
    made_at: datetime
    filters: str = ""
    limited: bool = False
    unended: bool = False


def head(title: str, heading: MapHeading, *lines: str) -> str:
    """The title block. lines: HTML, ready."""
    synthetic = '<p class="om-synthetic">演示数据（合成数据），不是真实的人和事</p>' if heading.synthetic else ""
    filters = f"<p>筛选：{safe_text(heading.filters)}</p>" if heading.filters else ""
    return (
        f'<header class="om-head"><h1>{safe_text(title)}</h1>'
        f'<p class="om-quiet">{safe_text(heading.county)} · 生成于 {heading.made_at:%Y-%m-%d %H:%M}</p>'
        f"{filters}{''.join(lines)}{synthetic}</header>"
    )


def side(*blocks: str) -> str:
    """The column beside the map."""
    return f'<aside class="om-side">{"".join(blocks)}</aside>'


def rule_title(alert: ListedAlert) -> str:
    """The Chinese title of an alert's rule."""
    rule = RULES.get(alert.rule)
    return rule.title if rule else alert.rule


def severity_title(severity: str) -> str:
    """The alerts of a severity, as a layer."""
    return f"{SEVERITIES[severity]}级{ALERTS.noun.zh}"


def status_label(status: str) -> str:
    """A status in Chinese."""
    return STATUS_LABELS.get(status, status)


# --- many alerts -----------------------------------------------------------------------------------------------


def summary(alerts: Sequence[ListedAlert], heading: MapHeading) -> str:
    """How many, and what is not on the map."""
    if not alerts:
        if not heading.filters:
            return '<p class="om-count">目前没有预警</p>'
        return '<p class="om-count">没有符合条件的预警</p><p>可放宽筛选条件后再看。</p>'
    text = (
        f"最严重、最新的 {len(alerts)} 条预警（还有更多，请缩小范围）"
        if heading.limited
        else f"共 {len(alerts)} 条预警"
    )
    without = sum(alert.lon is None for alert in alerts)
    note = f"<p>其中 {without} 条没有位置，未上图</p>" if without else ""
    left_out = "<p>不含已办结和已自行消除的</p>" if heading.unended else ""
    return f'<p class="om-count">{text}</p>{left_out}{note}'


def legend(alerts: Sequence[ListedAlert]) -> str:
    """What the colours mean, with counts by severity, rule and status."""
    severities = Counter(alert.severity for alert in alerts)
    rows = "".join(
        f'<tr><td><span class="om-key om-sign om-sign-{severity}"></span>{severity_title(severity)}</td>'
        f'<td class="om-n">{severities[severity]}</td></tr>'
        for severity in SEVERITIES
    )
    cells = f'<tr><td colspan="2"><span class="om-key om-area" style="background:{CELL_FILL}"></span>{CELLS_WITH_ALERTS}，越深越多</td></tr>'
    lines = (
        f'<tr><td colspan="2"><span class="om-key om-line"></span>{TOWN_LINE}　'
        f'<span class="om-key om-line om-thin"></span>{VILLAGE_LINE}</td></tr>'
    )
    return (
        f'<section class="om-legend"><h2>图例</h2><table>{rows}{cells if alerts else ""}{lines}</table></section>'
        + _counts("规则", (rule_title(alert) for alert in alerts))
        + _counts("状态", (status_label(alert.status) for alert in alerts))
        + ('<p class="om-quiet">点击符号看标题和原因。</p>' if alerts else "")
    )


def _counts(title: str, values: Iterable[str]) -> str:
    rows = "".join(
        f'<tr><td>{safe_text(value)}</td><td class="om-n">{n}</td></tr>' for value, n in Counter(values).most_common()
    )
    return f"<h2>{title}</h2><table>{rows}</table>" if rows else ""


# --- one alert -------------------------------------------------------------------------------------------------


def alert_lines(alert: ListedAlert) -> str:
    """Severity, rule and status in a line, then the reason."""
    chip = f'<span class="om-chip om-{alert.severity}">{SEVERITIES[alert.severity]}</span>'
    return f"<p>{chip} {safe_text(rule_title(alert))} · <b>{safe_text(status_label(alert.status))}</b></p>"


def alert_blocks(alert: AlertFile, wording: Wording) -> str:
    """Reason, where and when, facts, before and after, history. wording: the alert in Chinese."""
    facts = wording.facts or {}
    return "".join(
        (
            f"<p>{safe_text(wording.reason)}</p>",
            _table("概况", _overview(alert)),
            _table("事实", {field_label(k): words_of(v) for k, v in facts.items() if not is_internal(k)}),
            _before_after(alert.before or {}, alert.after or {}),
            _history(alert.history),
        )
    )


def _overview(alert: AlertFile) -> dict[str, str]:
    rows = {"网格": alert.grid_name or "", "网格编码": alert.grid_code}
    if alert.lon is not None:
        rows["位置"] = f"东经 {alert.lon:.5f}°，北纬 {alert.lat:.5f}°（CGCS2000）"
    else:
        rows["位置"] = "没有位置，未上图"
    rows["首次发现"] = f"{alert.first_raised_at:%Y-%m-%d %H:%M}"
    if alert.last_raised_at != alert.first_raised_at:
        rows["最近发现"] = f"{alert.last_raised_at:%Y-%m-%d %H:%M}"
    if alert.ceased_at is not None:
        rows["条件不再成立"] = f"{alert.ceased_at:%Y-%m-%d %H:%M}"
    rows["承办人"] = alert.assignee_name or alert.assignee or ""
    return {name: value for name, value in rows.items() if value}


def _table(title: str, rows: dict[str, str]) -> str:
    body = "".join(f"<tr><th>{safe_text(name)}</th><td>{safe_text(value)}</td></tr>" for name, value in rows.items())
    return f"<h2>{title}</h2><table>{body}</table>" if body else ""


def _before_after(before: dict[str, Any], after: dict[str, Any]) -> str:
    names = [n for n in {**before, **after} if before.get(n) != after.get(n) and not is_internal(n)]
    rows = "".join(
        f"<tr><th>{safe_text(field_label(name))}</th><td>{safe_text(words_of(before.get(name)))}</td>"
        f"<td>{safe_text(words_of(after.get(name)))}</td></tr>"
        for name in names
    )
    return f"<h2>异动前后</h2><table><tr><th>项目</th><th>之前</th><th>之后</th></tr>{rows}</table>" if rows else ""


def _history(steps: Sequence[AlertStepTaken]) -> str:
    rows = "".join(
        f"<li><b>{safe_text(STEP_LABELS.get(s.action, s.action))}</b> → {safe_text(status_label(s.to_status))}"
        f' <span class="om-quiet">{s.at:%Y-%m-%d %H:%M} {safe_text(s.actor_name)}</span>'
        f"{'<br>' + safe_text(s.reason) if s.reason else ''}</li>"
        for s in steps
    )
    return f"<h2>处置记录</h2><ol>{rows}</ol>" if rows else ""
