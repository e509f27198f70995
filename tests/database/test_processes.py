"""Several processes of one server count together: limits, streams, and what has changed. Forked processes, no database."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from limits.storage import MemoryStorage

from access.sign_in.limits import Limit, TooManyRequests
from access.sign_in.shared_windows import SharedWindows
from database.installation import processes
from database.installation.processes import SharedNumber, announce, share_of, stand_alone, take_place
from mapserver.door.streams import Streams, TooManyStreams

KEYS = ("甲", "乙", "10.0.0.9")


@pytest.fixture
def together(tmp_path: Path) -> Iterator[int]:
    """This process, and those forked from it, are two of one server."""
    announce(2, tmp_path)
    yield 2
    stand_alone()


def in_child(number: int, work: Callable[[], int]) -> int:
    """The pid of a forked process in this place; its exit code is what the work returns."""
    pid = os.fork()
    if pid:
        return pid
    code = 255
    try:
        take_place(number)
        code = work()
    finally:
        os._exit(code)


def result(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def taken(limit: Limit, key: str, times: int) -> int:
    count = 0
    for _ in range(times):
        try:
            limit.hit(key)
        except TooManyRequests:
            continue
        count += 1
    return count


@pytest.mark.parametrize("moving", [True, False])
def test_processes_together_never_exceed_a_limit_and_use_all_of_it(together: int, moving: bool) -> None:
    limit = Limit("acts", "100/minute", moving=moving)
    children = [in_child(number, lambda: taken(limit, "甲", 90)) for number in range(together)]
    assert sum(result(child) for child in children) == 100
    with pytest.raises(TooManyRequests) as refused:
        limit.hit("甲")
    assert 1 <= refused.value.facts["retry_after_s"] <= 60
    limit.hit("乙")


@settings(max_examples=40)
@given(acts=st.lists(st.tuples(st.sampled_from(KEYS), st.integers(1, 3), st.booleans()), max_size=40))
def test_shared_windows_answer_as_the_library_does(acts: list[tuple[str, int, bool]]) -> None:
    ours, theirs = SharedWindows("acts", 7, moving=True, keys=64), MemoryStorage()
    numbers, library = SharedWindows("numbers", 7, moving=False, keys=64), MemoryStorage()
    for key, amount, forget in acts:
        if forget:
            ours.clear(key)
            theirs.clear(key)
        assert ours.acquire_entry(key, 7, 60, amount) == theirs.acquire_entry(key, 7, 60, amount)
        assert ours.get_moving_window(key, 7, 60)[1] == theirs.get_moving_window(key, 7, 60)[1]
        assert numbers.incr(key, 60, amount) == library.incr(key, 60, amount)
        assert numbers.get(key) == library.get(key)
        assert abs(numbers.get_expiry(key) - library.get_expiry(key)) < 1


def test_a_window_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("access.sign_in.shared_windows.time.time", lambda: now[0])
    moving, fixed = (SharedWindows("w", 2, moving=moving, keys=8) for moving in (True, False))
    assert [moving.acquire_entry("k", 2, 60) for _ in range(3)] == [True, True, False]
    assert [fixed.incr("k", 60) for _ in range(3)] == [1, 2, 3]
    now[0] += 61
    assert moving.acquire_entry("k", 2, 60)
    assert fixed.get("k") == 0
    assert fixed.incr("k", 60) == 1


def test_more_keys_than_places_forget_the_oldest_and_never_the_newest() -> None:
    windows, drawn = SharedWindows("w", 9, moving=False, keys=16), random.Random(4)
    for number in range(500):
        key = f"{number} {drawn.random()}"
        assert windows.incr(key, 60) == 1, "nothing of another key is left in its place"
        assert windows.get(key) == 1


def test_a_process_that_dies_while_it_counts_leaves_the_count_to_the_others(together: int) -> None:
    number = SharedNumber("n")
    number.grow()

    def die() -> int:
        with SharedNumber("n")._shared.alone():
            os.kill(os.getpid(), 9)
        return 0

    assert result(in_child(1, die)) == -9
    assert number.grow() == 2
    assert result(in_child(1, lambda: SharedNumber("n").get())) == 2


def test_streams_are_counted_together_and_those_of_a_dead_process_are_forgotten(together: int) -> None:
    streams = Streams()

    def hold() -> int:
        mine = Streams()
        with mine.open("甲", 3):
            os._exit(mine.count("甲"))

    with streams.open("甲", 3):
        assert result(in_child(1, hold)) == 2
        assert streams.count("甲") == 2, "its end told nobody"
        with streams.open("甲", 3), pytest.raises(TooManyStreams), streams.open("甲", 3):
            pass
        with streams.open("乙", 1):
            assert streams.count("乙") == 1
        assert result(in_child(1, lambda: Streams().count("甲"))) == 1, "its successor begins with none"
    assert streams.count("甲") == 0


def test_the_parts_of_all_processes_are_the_whole(together: int) -> None:
    for total in range(2, 20):
        parts = []
        for number in range(together):
            take_place(number)
            parts.append(share_of(total))
        assert sum(parts) == total
        assert max(parts) - min(parts) <= 1
    assert share_of(1, least=2) == 2


def test_one_process_shares_nothing() -> None:
    assert processes.place().count == 1
    assert share_of(5) == 5
    assert SharedNumber("n").grow() == 1
    assert SharedNumber("n").get() == 0, "another piece of memory"
