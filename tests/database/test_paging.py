"""Pages and cursors: what a list hands out leads on, what nobody was given is refused."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from database.paging import CURSOR_MAX, Cursor, CursorInvalid

ALERTS = Cursor("alerts", int, datetime, int)


def packed(*place: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


@given(st.integers(0, 2**63 - 1), st.datetimes(timezones=st.just(UTC)), st.integers(0, 2**63 - 1))
def test_a_cursor_gives_back_its_key_and_fits_into_the_interface(rank: int, moment: datetime, number: int) -> None:
    cursor = ALERTS.write(rank, moment, number)
    assert ALERTS.read(cursor) == (rank, moment, number)
    assert len(cursor) <= CURSOR_MAX and cursor.replace("-", "").replace("_", "").isalnum()


@given(st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=60))
def test_reals_and_words_come_back_as_they_were(metres: float, word: str) -> None:
    zones = Cursor("zones", float, str)
    if "\x00" in word or any("\ud800" <= c <= "\udfff" for c in word):
        return
    assert zones.read(zones.write(metres, word)) == (metres, word)


@pytest.mark.parametrize(
    "cursor",
    ["", "!", "é", "A" * 400, "bm90IGpzb24", packed(), packed("changes"), packed("changes", 1, 2), packed("alerts", 1)]
    + [packed("changes", part) for part in (True, None, 1.5, "1", [1], {}, -1, 2**63)]
    + [base64.urlsafe_b64encode(b"[" * 250).decode(), base64.urlsafe_b64encode(b'{"changes": 1}').decode()],
)
def test_what_the_list_never_wrote_is_refused(cursor: str) -> None:
    with pytest.raises(CursorInvalid):
        Cursor("changes", int).read(cursor)


@pytest.mark.parametrize("moment", ["2026-01-01T00:00:00", "soon", 5, None])
def test_a_moment_needs_its_zone(moment: Any) -> None:
    with pytest.raises(CursorInvalid):
        ALERTS.read(packed("alerts", 1, moment, 1))


@pytest.mark.parametrize("part", ["NaN", "Infinity", '"1"', "true"])
def test_a_real_is_a_finite_number(part: str) -> None:
    with pytest.raises(CursorInvalid):
        Cursor("flooded", float).read(base64.urlsafe_b64encode(f'["flooded",{part}]'.encode()).decode())


@pytest.mark.parametrize(("read_n", "shown", "leads_on"), [(0, [], False), (3, [0, 1, 2], False), (4, [0, 1, 2], True)])
def test_one_row_more_than_asked_for_means_another_page(read_n: int, shown: list[int], leads_on: bool) -> None:
    numbers = Cursor("numbers", int)
    page = numbers.page(list(range(read_n)), 3, lambda n: (n,))
    assert page.items == shown
    assert page.next == (numbers.write(2) if leads_on else None)
