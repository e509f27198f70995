"""Three slips of the reading network, mended by rule: a banner cut in two, a chain of four numbers, a province taken for a repetition."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gazetteer.reading.tagging.labels import Element

_BANNER = re.compile(r"(?:(?:[左右][翼]|联合)?[前后中]?|族?自治)旗$")
_NUMBER = re.compile(r"[0-9]+")
_PROVINCES = frozenset(
    [
        "河北",
        "山西",
        "辽宁",
        "吉林",
        "黑龙江",
        "江苏",
        "浙江",
        "安徽",
        "福建",
        "江西",
        "山东",
        "河南",
        "湖北",
        "湖南",
        "广东",
        "海南",
        "四川",
        "贵州",
        "云南",
        "陕西",
        "甘肃",
        "青海",
        "台湾",
        "内蒙古",
        "广西",
        "西藏",
        "宁夏",
        "新疆",
    ]
)


def mended(elements: Sequence[Element]) -> tuple[Element, ...]:
    """The elements without these slips; they still cover the text whole."""
    found = list(elements)
    if len(found) > 1:
        _province(found)
        _banner(found)
        _chain(found)
    return tuple(found)


def _province(found: list[Element]) -> None:
    """青海西宁: what comes first repeats nothing, as long as no other province is named."""
    first = found[0]
    if first.label == "redundant" and first.text in _PROVINCES and all(e.label != "prov" for e in found):
        found[0] = first._replace(label="prov")


def _banner(found: list[Element]) -> None:
    """科尔沁左翼后旗 is one district."""
    for n in range(len(found) - 1, 0, -1):
        before, here = found[n - 1], found[n]
        if before.label in ("district", "city", "town") and here.label in (
            "poi",
            "town",
            "district",
            "road",
            "community",
        ):
            end = _BANNER.match(here.text)
            if end is not None:
                found[n - 1 : n + 1] = [Element("district", before.text + here.text, before.start, here.end)]


def _chain(found: list[Element]) -> None:
    """2-1-14-1401: building, entrance, floor, room; the network takes the third for a second entrance."""
    for n in range(4, len(found)):
        cell, dash, floor, other_dash, room = found[n - 4 : n + 1]
        if (
            (cell.label, floor.label, room.label) == ("cellno", "cellno", "roomno")
            and dash.text in "-－—" and other_dash.text in "-－—"
            and _NUMBER.fullmatch(floor.text)
        ):  # fmt: skip
            found[n - 2] = floor._replace(label="floorno")
