"""Days and moments as clients write them (RFC 3339): text, never a number, and within the years that anything here is about.

A number is no date: 0 is not 1 January 1970. Years before the first are refused, for no day before them can be
reckoned; a later day than the last is the last: 9999-12-31 is how many write "for ever".
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, WithJsonSchema

EARLIEST, LATEST = date(1900, 1, 1), date(2199, 12, 31)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)", re.ASCII)


def _written_day(value: Any) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str) or _DAY.fullmatch(value) is None:
        raise ValueError("应为日期，如 2026-06-30 / a date such as 2026-06-30")
    return value


def _written_moment(value: Any) -> Any:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or _MOMENT.fullmatch(value) is None:
        raise ValueError(
            "应为带时区的时间，如 2026-06-30T09:30:00+08:00 / a time with its offset such as 2026-06-30T09:30:00+08:00"
        )
    return value


#: A day in a query or a body.
Day = Annotated[
    date,
    BeforeValidator(_written_day),
    Field(ge=EARLIEST),
    AfterValidator(lambda day: min(day, LATEST)),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-06-30"]}),
]
#: A moment with its offset in a body, of whatever year: a clock may be wrong.
Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_written_moment),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-03-02T09:30:00+08:00"]}),
]
