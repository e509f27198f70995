"""Dates as departments write them: 2024-03-01, 20240301, 2024/3/1, 2024年3月1日, 民國 years by format."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime

from layers.importing.reasons import Problem

EARLIEST = 1900

_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_CLOCK = re.compile(r"[ T]*(\d{1,2})[:时時](\d{1,2})(?:[:分](\d{1,2})(?:\.\d+)?秒?|分)?(?:Z|[+-]\d{2}:?\d{2})?")
_ZONE = re.compile(r"(Z|[+-]\d{2}:?\d{2})$")


class RowProblem(Exception):
    """One value of a row is wrong. Not shown to users as such: it becomes a rejected row."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts

    def at(self, column: str | None) -> Problem:
        """The problem, with the column of the file it was found in."""
        return Problem(self.code, column, dict(self.facts))


def read_date(text: str, formats: Sequence[str], *, past: bool, today: date) -> date:
    """The date in a text. Raises RowProblem bad_date when it is none, impossible_date when the calendar has no such day.

    formats: strptime formats to try first; ``%R`` at the beginning stands for a 民國 (ROC) year of three digits.
    """
    for pattern in formats:
        found = _by_format(text, pattern)
        if found is not None:
            return _possible(found.date(), text, past, today)
    match = _COMPACT.fullmatch(text) or _DATE.match(text)
    if match is None or (match.re is _DATE and not _is_clock(text[match.end() :])):
        raise RowProblem("bad_date", value=text)
    year, month, day = match.group(1), match.group(2), match.group(3)
    if day is None:
        raise RowProblem("bad_date", value=text)
    return _possible(_calendar(int(year), int(month), int(day), text), text, past, today)


def read_time(text: str, formats: Sequence[str], *, past: bool, today: date) -> str:
    """Date and time as ISO text, local unless the text has a zone. Raises RowProblem as :func:`read_date`."""
    for pattern in formats:
        found = _by_format(text, pattern)
        if found is not None:
            _possible(found.date(), text, past, today)
            return found.isoformat(sep=" ")
    match = _DATE.match(text) or _COMPACT.match(text)
    if match is None:
        raise RowProblem("bad_date", value=text)
    end = match.end()
    day = read_date(text[:end], (), past=past, today=today)
    clock = text[end:]
    if not clock.strip():
        return day.isoformat()
    parts = _CLOCK.fullmatch(clock)
    if parts is None:
        raise RowProblem("bad_date", value=text)
    hour, minute, second = int(parts.group(1)), int(parts.group(2)), int(parts.group(3) or 0)
    if hour > 23 or minute > 59 or second > 59:
        raise RowProblem("impossible_date", value=text, why="没有这个时刻", why_en="no such time of day")
    zone = _ZONE.search(clock)
    return f"{day.isoformat()} {hour:02}:{minute:02}:{second:02}{zone.group(1) if zone else ''}"


def _is_clock(rest: str) -> bool:
    return not rest.strip() or _CLOCK.fullmatch(rest) is not None


def _by_format(text: str, pattern: str) -> datetime | None:
    if pattern.startswith("%R"):
        roc = re.match(r"\d{2,3}", text) if not text[:3].isdigit() else re.match(r"\d{3}", text)
        if roc is None:
            return None
        text, pattern = f"{int(roc.group()) + 1911}{text[roc.end() :]}", "%Y" + pattern[2:]
    try:
        return datetime.strptime(text, pattern)
    except ValueError:
        return None


def _calendar(year: int, month: int, day: int, text: str) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise RowProblem(
            "impossible_date", value=text, why="日历上没有这一天", why_en="no such day in the calendar"
        ) from None


def _possible(found: date, text: str, past: bool, today: date) -> date:
    if found.year < EARLIEST:
        raise RowProblem("impossible_date", value=text, why=f"早于 {EARLIEST} 年", why_en=f"before {EARLIEST}")
    if past and found > today:
        raise RowProblem("impossible_date", value=text, why="在今天之后", why_en="in the future")
    return found
