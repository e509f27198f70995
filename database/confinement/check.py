"""For the doctor: which walls this machine raises around a reader."""

from __future__ import annotations

from pathlib import Path

from database.checks.doctor import CheckResult
from database.confinement.errors import ConfinementFailed
from database.confinement.frames import Frame, Message, Serve
from database.confinement.room import Room
from database.confinement.walls import Limits
from database.installation.settings import Settings

LIMITS = Limits(memory_mb=128, cpu_seconds=5, file_mb=1, answer_seconds=10)


def prepare(work: Message) -> tuple[Serve, list[Path]]:
    """A reader that reads nothing."""
    del work
    return _silent, []


def _silent(question: Message) -> Frame:
    del question
    return {}, b""


def check_confinement(settings: Settings) -> CheckResult:
    """Files from outside are kept from other files and from the network."""
    names = "隔离读取文件", "Confinement of readers"
    if not settings.home.exists():
        return CheckResult(
            *names, True, "尚未安装，启动后再查 / not installed yet, ask again after the first start", required=False
        )
    try:
        with Room("database.confinement.check", {}, {}, LIMITS) as room:
            return CheckResult(*names, True, ", ".join(room.walls), required=False)
    except ConfinementFailed as error:
        return CheckResult(*names, False, error.detail, required=False)
