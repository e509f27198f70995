"""A reader that has been taken over: does in its process whatever the test asks."""

import ctypes
import os
import platform
import resource
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

TGKILL = 234 if platform.machine() == "x86_64" else 131


def prepare(work: dict[str, Any]) -> tuple[Any, list[Path]]:
    return serve, []


def serve(question: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    try:
        return {"got": ACTIONS[question["ask"]](question)}, b""
    except OSError as error:
        return {"refused": type(error).__name__, "errno": error.errno}, b""


def _read(question: dict[str, Any]) -> str:
    return Path(question["path"]).read_bytes()[:100].decode("utf-8", "replace")


def _connect(question: dict[str, Any]) -> str:
    with socket.socket() as client:
        client.settimeout(2)
        client.connect(("127.0.0.1", question["port"]))
        return "connected"


def _run(question: dict[str, Any]) -> str:
    return subprocess.run(["/bin/echo", "ran"], capture_output=True, text=True, check=True).stdout


def _take(question: dict[str, Any]) -> int:
    return len(bytearray(question["mb"] << 20))


def _write(question: dict[str, Any]) -> int:
    with Path("big").open("wb") as file:
        for _ in range(question["mb"]):
            file.write(b"\1" * (1 << 20))
    return Path("big").stat().st_size


def _spin(question: dict[str, Any]) -> None:
    while True:
        pass


def _fork(question: dict[str, Any]) -> str:
    if os.fork() == 0:
        os._exit(0)
    return "forked"


def _thread(question: dict[str, Any]) -> str:
    done: list[str] = []
    thread = threading.Thread(target=done.append, args=("worked",))
    thread.start()
    thread.join()
    return done[0]


def _signal(question: dict[str, Any]) -> str:
    if ctypes.CDLL(None, use_errno=True).syscall(TGKILL, question["pid"], question["pid"], 0):
        raise PermissionError
    return "signalled"


def _limit(question: dict[str, Any]) -> str:
    resource.prlimit(question["pid"], resource.RLIMIT_NOFILE, (1, 1))
    return "limited"


ACTIONS = {
    "fork": _fork,
    "thread": _thread,
    "signal": _signal,
    "limit": _limit,
    "session": lambda question: os.setsid(),
    "read": _read,
    "connect": _connect,
    "run": _run,
    "take": _take,
    "write": _write,
    "spin": _spin,
    "environ": lambda question: dict(os.environ),
    "user": lambda question: [os.getuid(), os.geteuid(), os.getgid(), os.getgroups()],
    "folder": lambda question: sorted(item.name for item in Path(question["path"]).iterdir()),
    "kill": lambda question: os.kill(question["pid"], signal.SIGKILL),
    "die": lambda question: ctypes.string_at(0),
    "descriptors": lambda question: [n for n in range(3, 64) if _open(n)],
    "sleep": lambda question: time.sleep(question["seconds"]),
}


def _open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
