"""Values as departments write them, read for comparing."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from lunar_python import Solar

from benchmarks.identity_people import checked
from layers.people.identity.births import Dates, compare_births
from layers.people.identity.lunar import lunar_dates
from layers.people.identity.values import (
    Number,
    address_tokens,
    birth_parts,
    name_tokens,
    phone_digits,
    resident_number,
    sex_code,
)

SOUND = checked("99012119630402001")


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        (SOUND, Number.SOUND),
        (f"'{SOUND}", Number.SOUND),
        (f"{SOUND[:6]} {SOUND[6:14]} {SOUND[14:]}", Number.SOUND),
        (SOUND.translate({ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789X"}), Number.SOUND),
        (SOUND[:6] + SOUND[8:17], Number.SOUND),
        (SOUND[:17] + ("1" if SOUND[17] != "1" else "2"), Number.DAMAGED),
        ("9.90121E+17", Number.MISSING),
        ("990121196304020000", Number.MISSING),
        ("", Number.MISSING),
        ("5304218", Number.OPAQUE),
    ],
)
def test_a_resident_number_is_read_in_all_its_forms_and_a_rounded_one_is_lost(written: str, kind: Number) -> None:
    found, value = resident_number(written)
    assert found == kind
    if kind == Number.SOUND:
        assert value == SOUND
    if kind == Number.MISSING:
        assert value == ""


@pytest.mark.parametrize(
    "written", ["19630402", "1963-4-2", "1963.4.2", "1963年4月2日", "1963/04/02", "2/4/1963", "23103"]
)
def test_a_date_of_birth_is_read_in_all_its_forms(written: str) -> None:
    assert birth_parts(written) == (1963, 4, 2)


def test_what_is_missing_or_wrong_in_a_date_stays_so() -> None:
    assert birth_parts("1963年") == (1963, 0, 0)
    assert birth_parts("1862-86-18") == (1862, 86, 18)
    assert birth_parts("不详") == birth_parts("") == birth_parts("12") == (0, 0, 0)


def test_names() -> None:
    assert name_tokens("欧阳 建国") == ("#欧阳", "建国")
    assert name_tokens("張偉") == name_tokens("张伟") == ("#张", "伟")
    assert name_tokens("单") == ("#单",)
    assert name_tokens("Smith, John") == name_tokens("john smith") == ("john", "smith")


def test_addresses_with_their_units() -> None:
    assert address_tokens("枫桥镇大坪村3组12号") == tuple(sorted(("枫桥镇", "大坪村", "3组", "12")))
    assert "8幢" in address_tokens("人民路5号8栋2单元301室")
    assert address_tokens("7, wallaby place, 2119") == ("2119", "7", "place", "wallaby")


def test_phones_and_sexes() -> None:
    assert phone_digits("+86 154-0000-0001") == phone_digits("15400000001") == "15400000001"
    assert phone_digits("110") == ""
    assert [sex_code(text) for text in ("男", "女性", "1", "2", "F", "未知", "")] == [1, 2, 1, 2, 2, 0, 0]


def test_the_lunar_calendar_is_that_of_the_library() -> None:
    days = [date(1900, 2, 1) + timedelta(days=number) for number in range(0, 73_000, 397)]
    found = lunar_dates(np.array([(day.year, day.month, day.day) for day in days]))
    lunar = [Solar.fromYmd(day.year, day.month, day.day).getLunar() for day in days]
    assert found.tolist() == [[day.getYear(), abs(day.getMonth()), day.getDay()] for day in lunar]
    assert not lunar_dates(np.array([(1999, 2, 30), (0, 0, 0), (1850, 1, 1), (1862, 86, 18)])).any()


@pytest.mark.parametrize(
    ("first", "second", "level"),
    [
        ((1963, 4, 2), (1963, 4, 2), Dates.SAME),
        ((1963, 4, 2), (1968, 4, 2), Dates.ONE_DIGIT),
        ((1963, 4, 2), (1963, 2, 4), Dates.EXCHANGED),
        ((1963, 4, 12), (1936, 4, 12), Dates.EXCHANGED),
        ((1963, 4, 12), (1963, 3, 19), Dates.LUNAR),
        ((1963, 4, 2), (1963, 0, 0), Dates.YEAR_ONLY),
        ((1963, 4, 2), (0, 0, 0), Dates.MISSING),
        ((1963, 4, 2), (1985, 11, 27), Dates.DIFFERENT),
        ((1963, 0, 0), (1985, 11, 27), Dates.DIFFERENT),
    ],
)
def test_how_two_dates_of_birth_differ(first: tuple[int, ...], second: tuple[int, ...], level: Dates) -> None:
    a, b = np.array([first]), np.array([second])
    assert compare_births(a, b, lunar_dates(a), lunar_dates(b)).tolist() == [level]
    assert compare_births(b, a, lunar_dates(b), lunar_dates(a)).tolist() == [level]
