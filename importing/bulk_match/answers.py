"""What a matched file says of each row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from gazetteer.matching.candidates import Match
from gazetteer.reading.keys import LEVEL_NAMES

HEADER = ("标准地址编码", "标准地址", "可信等级", "得分", "匹配到", "经度", "纬度", "匹配说明")
AMBIGUOUS, NO_MATCH, NO_TEXT, BROKEN = "多个", "无", "空", "坏行"
#: how many equal candidates are named in the explanation
NAMED = 3


def answer(match: Match | None) -> list[str]:
    """The columns of ``HEADER`` for one text; None for an empty one. Longitude and latitude: EPSG:4490, degrees.

    Equal candidates are named, none is chosen: then there is no code and no point.
    """
    if match is None:
        return ["", "", NO_TEXT, "", "", "", "", "没有地址文本"]
    level = LEVEL_NAMES.get(match.matched_level or "", "")
    if match.ambiguous:
        named = "；".join(c.full_text for c in match.candidates[:NAMED])
        more = "等" if len(match.candidates) > NAMED else ""
        return ["", "", AMBIGUOUS, "", level, "", "", f"{len(match.candidates)} 个地址同样相符：{named}{more}"]
    if match.candidate is None:
        reason = f"只认得到{level}" if level else "库中没有这样的地址"
        return ["", "", NO_MATCH, "", level, "", "", reason]
    one = match.candidate
    return [
        one.code,
        one.full_text,
        one.confidence_class,
        f"{one.confidence:.2f}",
        level,
        "" if one.lon is None else f"{one.lon:.7f}",
        "" if one.lat is None else f"{one.lat:.7f}",
        "；".join(reason.text_zh for reason in one.reasons),
    ]


def broken(width: int) -> list[str]:
    """The answer for a row that has another number of values than the header."""
    return ["", "", BROKEN, "", "", "", "", f"值的个数与表头不符（表头 {width} 列）"]


def tally(rows: Iterable[Sequence[str]]) -> Counter[str]:
    """How many rows of each class; rows: answers."""
    return Counter(row[2] for row in rows)
