"""The confined process: takes one request, loads the code for it, raises the walls, then answers one question after the other."""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import signal

from database.confinement.frames import FrameBroken, Message, Serve, read_frame, write_frame
from database.confinement.walls import bring_along, raise_walls
from database.errors import OnemapError


def main() -> None:
    """Serve on standard input and output until the parent has no more questions."""
    request_fd, response_fd = os.dup(0), os.dup(1)
    _silence()
    with contextlib.suppress(FrameBroken, BrokenPipeError):
        request, _ = read_frame(request_fd)
        reader = importlib.import_module(str(request["reader"]))
        serve, folders = reader.prepare(request["work"])
        bring_along(folders, owned_by_other=request["user"] is not None)
        walls = raise_walls(request["limits"], user=request["user"], parent=request["parent"], hidden=request["hidden"])
        write_frame(response_fd, {"walls": walls})
        _serve(request_fd, response_fd, serve)


def _serve(request_fd: int, response_fd: int, serve: Serve) -> None:
    while True:
        question, _ = read_frame(request_fd)
        try:
            content, blob = serve(question)
        except BaseException as error:
            content, blob = _refusal(error), b""
        write_frame(response_fd, content, blob)


def _refusal(error: BaseException) -> Message:
    """The error in words that hold no row: a known one in full, another by its kind."""
    if isinstance(error, OnemapError):
        return {"error": type(error).__name__, "detail": error.detail, "facts": error.facts}
    if isinstance(error, MemoryError):
        return {"ended": "memory"}
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        return {"ended": "size"}
    return {"error": None, "detail": type(error).__name__, "facts": {}}


def _silence() -> None:
    """Nothing a library prints reaches anybody: it may hold a row."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.close(nothing)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
