"""A parent and its children: started again when they die, stopped together, also when the parent dies. No database."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest

from mapserver.server.supervisor import LOST, NOT_BEGUN, Supervisor

Work = Callable[[], int]


@dataclass
class Family:
    """parent: pid. said: where each child writes a line with its pid when it begins."""

    parent: int
    output: int

    def line(self, seconds: float = 10) -> int:
        """The next child that began."""
        assert select.select([self.output], [], [], seconds)[0], "no child began"
        return int(os.read(self.output, 9))

    def ended(self, seconds: float = 10) -> None:
        """Returns when nobody holds the pipe any more: parent and children are gone."""
        until = time.monotonic() + seconds
        while select.select([self.output], [], [], max(0.0, until - time.monotonic()))[0]:
            if not os.read(self.output, 4096):
                return
        raise AssertionError("somebody lives on")

    def code(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self.parent, 0)[1])


@pytest.fixture
def family() -> Iterator[Callable[..., Family]]:
    made: list[Family] = []

    def found(*works: Work, stop_s: float = 5) -> Family:
        output, say = os.pipe()
        parent = os.fork()
        if parent == 0:
            os.close(output)

            def begun(work: Work) -> Work:
                def run() -> int:
                    os.write(say, b"%8d\n" % os.getpid())
                    return work()

                return run

            code = 1
            try:
                code = Supervisor([(str(n), begun(work)) for n, work in enumerate(works)], stop_s=stop_s).run()
            finally:
                os._exit(code)
        os.close(say)
        made.append(Family(parent, output))
        return made[-1]

    yield found
    for one in made:
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(one.parent, signal.SIGKILL)
            os.waitpid(one.parent, 0)
        os.close(one.output)


def wait_for_signal() -> int:
    signal.pause()
    return 0


def deaf() -> int:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        signal.pause()


def test_a_child_that_dies_is_started_again_and_the_others_go_on(family: Callable[..., Family]) -> None:
    found = family(wait_for_signal, wait_for_signal)
    first, second = found.line(), found.line()
    os.kill(first, signal.SIGKILL)
    third = found.line()
    assert len({first, second, third}) == 3
    os.kill(second, 0)
    os.kill(found.parent, signal.SIGTERM)
    found.ended()
    assert found.code() == 0


def test_children_stop_when_their_parent_is_killed(family: Callable[..., Family]) -> None:
    found = family(wait_for_signal, wait_for_signal)
    found.line(), found.line()
    os.kill(found.parent, signal.SIGKILL)
    found.ended()


def test_a_child_that_does_not_stop_is_killed_in_time(family: Callable[..., Family]) -> None:
    found = family(deaf, stop_s=0.2)
    found.line()
    os.kill(found.parent, signal.SIGINT)
    found.ended()
    assert found.code() == 0


@pytest.mark.parametrize("code", [LOST, NOT_BEGUN])
def test_all_end_when_one_says_that_nothing_is_gained_by_going_on(family: Callable[..., Family], code: int) -> None:
    found = family(lambda: code, wait_for_signal)
    found.ended()
    assert found.code() == code
