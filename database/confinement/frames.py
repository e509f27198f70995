"""What parent and child say to each other: JSON and bytes behind two lengths. Never pickle: a hijacked child must not run code here."""

from __future__ import annotations

import os
import select
import struct
import time
from collections.abc import Callable
from typing import Any

import orjson

#: JSON document: one message between parent and child; who asks and who answers agree on its names
Message = dict[str, Any]
#: what goes over at once: the message, and bytes beside it
Frame = tuple[Message, bytes]
#: a reader's answering function: question → answer
Serve = Callable[[Message], Frame]

HEAD = struct.Struct(">IQ")
MEGABYTE = 1024 * 1024
#: the largest answer; a child keeps below it, so a larger one is not ours
MOST_BYTES = 512 * MEGABYTE
READ_BYTES = MEGABYTE


class FrameBroken(Exception):
    """The other side ended, or what came is no frame."""


class FrameLate(Exception):
    """No whole frame within the time."""


def write_frame(descriptor: int, content: Message, blob: bytes = b"") -> None:
    """Send one frame. Raises BrokenPipeError when nobody listens any more."""
    body = orjson.dumps(content)
    rest = memoryview(HEAD.pack(len(body), len(blob)) + body + blob)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def read_frame(descriptor: int, seconds: float | None = None) -> Frame:
    """The next frame: JSON object and bytes. seconds: how long to wait for all of it. Raises FrameBroken, FrameLate."""
    deadline = None if seconds is None else time.monotonic() + seconds
    lengths = HEAD.unpack(_read(descriptor, HEAD.size, deadline))
    if sum(lengths) > MOST_BYTES:
        raise FrameBroken("too long")
    body = _read(descriptor, lengths[0], deadline)
    blob = _read(descriptor, lengths[1], deadline)
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise FrameBroken("no JSON") from None
    if not isinstance(content, dict):
        raise FrameBroken("no object")
    return content, blob


def _read(descriptor: int, size: int, deadline: float | None) -> bytes:
    parts = []
    poll = select.poll()
    poll.register(descriptor, select.POLLIN | select.POLLHUP)
    while size:
        if deadline is not None and not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise FrameLate
        part = os.read(descriptor, min(size, READ_BYTES))
        if not part:
            raise FrameBroken("ended")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
