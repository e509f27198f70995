"""Why a confined process gave no answer."""

from __future__ import annotations

from database.errors import Malformed, Unavailable


class ConfinementFailed(Unavailable):
    """隔离进程无法启动 | The confined process does not start"""


class ConfinementIncomplete(ConfinementFailed):
    """本机内核不能隔离读取文件的进程 | This kernel does not confine the process that reads a file"""


class ConfinementBusy(Unavailable):
    """正在读取的文件太多，请稍后再试 | Too many files are being read; try again shortly"""


class ConfinedEnded(Malformed):
    """读取文件的进程中断 | The process that read the file ended

    Fact ``why``: ``memory``, ``time``, ``size`` or ``crash``.
    """


class ConfinedRefusal(Exception):
    """What the child says is wrong with the file: the name of an error class of the caller, its detail and facts."""

    def __init__(self, name: str, detail: str, facts: dict[str, object]) -> None:
        super().__init__(name)
        self.name = name
        self.detail = detail
        self.facts = facts
