"""Dates as departments write them: 2024-03-01, 20240301, 2024/3/1, 2024年3月1日, 民國 years by format.

A time that names its zone becomes Chinese time (UTC+8), and so does its day; one that names none is Chinese time already.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone

from importing.values.reasons import Problem

EARLIEST = 1900

_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_ZONE = r"(?: ?(?P<zone>[Zz]|UTC|GMT|[+-](?P<hours>\d{2})(?::?(?P<minutes>\d{2}))?))?"
_CLOCK = re.compile(r"[ Tt]*(\d{1,2})[:时時](\d{1,2})(?:[:分](\d{1,2})(?:[.,]\d+)?秒?|分)?" + _ZONE)
#: the time that departments mean when they name no zone
CHINA = timezone(timedelta(hours=8))


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
            return _possible(_in_china(found).date(), text, past, today)
    match = _COMPACT.fullmatch(text) or _DATE.match(text)
    if match is None or match.group(3) is None:
        raise RowProblem("bad_date", value=text)
    day = _calendar(int(match.group(1)), int(match.group(2)), int(match.group(3)), text)
    clock = text[match.end() :]
    if clock.strip():
        day = _with_clock(day, clock, text).date()
    return _possible(day, text, past, today)


def read_time(text: str, formats: Sequence[str], *, past: bool, today: date) -> str:
    """Date and time as ISO text in Chinese time, with ``+08:00`` when the text names a zone. Raises RowProblem as :func:`read_date`."""
    for pattern in formats:
        found = _by_format(text, pattern)
        if found is not None:
            return _time_text(_in_china(found), text, past, today)
    match = _DATE.match(text) or _COMPACT.match(text)
    if match is None or match.group(3) is None:
        raise RowProblem("bad_date", value=text)
    day = _calendar(int(match.group(1)), int(match.group(2)), int(match.group(3)), text)
    clock = text[match.end() :]
    if not clock.strip():
        return _possible(day, text, past, today).isoformat()
    return _time_text(_with_clock(day, clock, text), text, past, today)


def _time_text(found: datetime, text: str, past: bool, today: date) -> str:
    _possible(found.date(), text, past, today)
    return found.isoformat(sep=" ", timespec="seconds")


def _with_clock(day: date, clock: str, text: str) -> datetime:
    """The time of day that follows a date, in Chinese time."""
    parts = _CLOCK.fullmatch(clock.rstrip())
    if parts is None:
        raise RowProblem("bad_date", value=text)
    hour, minute, second = int(parts.group(1)), int(parts.group(2)), int(parts.group(3) or 0)
    east_h, east_m = int(parts.group("hours") or 0), int(parts.group("minutes") or 0)
    if hour > 23 or minute > 59 or second > 59 or east_h > 14 or east_m > 59:
        raise RowProblem("impossible_date", value=text, why="没有这个时刻", why_en="no such time of day")
    zone = parts.group("zone")
    if zone is None:
        return datetime(day.year, day.month, day.day, hour, minute, second)
    east = timedelta(hours=east_h, minutes=east_m)
    offset = timezone(-east if zone.startswith("-") else east)
    return _in_china(datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=offset))


def _in_china(found: datetime) -> datetime:
    """Without a zone: Chinese time. One that names a zone is moved there."""
    try:
        return found.astimezone(CHINA) if found.tzinfo is not None else found
    except OverflowError:  # the last hours of the year 9999
        return found.replace(tzinfo=CHINA)


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
