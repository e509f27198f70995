"""How two dates of birth differ: not at all, by a slip of the pen, by the calendar, or truly."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt

from layers.people.identity.tokens import Flags, Ints


class Dates(IntEnum):
    """How two dates of birth stand to each other, the nearest that holds."""

    MISSING = 0
    SAME = 1
    ONE_DIGIT = 2
    EXCHANGED = 3  # two neighbouring digits, or day and month
    LUNAR = 4  # one is the other in the lunar calendar
    ONE_PART = 5  # year and month, or year and day
    TWO_DIGITS = 6
    SAME_DAY = 7  # of another year
    YEAR_ONLY = 8  # one says no more than the year, and it is the same
    SAME_YEAR = 9
    NEAR_YEAR = 10
    DIFFERENT = 11


def compare_births(
    first: Ints, second: Ints, first_lunar: Ints | None = None, second_lunar: Ints | None = None
) -> Ints:
    """The :class:`Dates` of pairs of (n, 3) year, month, day; with lunar readings beside them the calendar is looked at as well."""
    same = first == second
    a, b = _digits(first), _digits(second)
    wrong = a != b
    slips = wrong.sum(axis=1)
    vague = (first[:, 1] == 0) | (second[:, 1] == 0)
    exchanged = same[:, 0] & (first[:, 1] == second[:, 2]) & (first[:, 2] == second[:, 1])
    for at in range(7):
        exchanged |= (
            (slips == 2) & wrong[:, at] & wrong[:, at + 1] & (a[:, at] == b[:, at + 1]) & (a[:, at + 1] == b[:, at])
        )
    level = np.full(len(first), int(Dates.DIFFERENT), dtype=np.int64)

    def where(holds: Flags, dates: Dates) -> None:
        level[holds] = int(dates)

    where(np.abs(first[:, 0] - second[:, 0]) <= 1, Dates.NEAR_YEAR)
    where(same[:, 0], Dates.SAME_YEAR)
    where(same[:, 1] & same[:, 2] & ~same[:, 0], Dates.SAME_DAY)
    where((slips == 2) & (level >= int(Dates.SAME_YEAR)), Dates.TWO_DIGITS)
    where(same[:, 0] & (same[:, 1] | same[:, 2]), Dates.ONE_PART)
    if first_lunar is not None and second_lunar is not None:
        where((first_lunar == second).all(axis=1) | (second_lunar == first).all(axis=1), Dates.LUNAR)
    where(exchanged, Dates.EXCHANGED)
    where(slips == 1, Dates.ONE_DIGIT)
    where(slips == 0, Dates.SAME)
    where(vague & same[:, 0], Dates.YEAR_ONLY)
    where(vague & ~same[:, 0], Dates.DIFFERENT)
    where((first[:, 0] == 0) | (second[:, 0] == 0), Dates.MISSING)
    return level


def _digits(dates: Ints) -> npt.NDArray[np.int8]:
    year, month, day = dates.T
    columns = [
        year // 1000 % 10,
        year // 100 % 10,
        year // 10 % 10,
        year % 10,
        month // 10 % 10,
        month % 10,
        day // 10 % 10,
        day % 10,
    ]
    return np.stack(columns, axis=1).astype(np.int8)
