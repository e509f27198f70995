"""What no HTTP library sends: doubled lengths, smuggled requests, half a header. The server lives on and answers nothing it should not."""

from __future__ import annotations

import socket

from benchmarks.attack.client import Answer, Request
from benchmarks.attack.targeted.ring import Ring
from benchmarks.attack.world import HOME

NAME = "raw"
_ALERTS = f"/api/{HOME}/alerts".encode()
MESSAGES = (
    b"", b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET http://evil.example" + _ALERTS + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"GET " + _ALERTS + b"\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST " + _ALERTS + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 50\r\n\r\nhello",
    b"POST " + _ALERTS + b" HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"POST " + _ALERTS + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\nx",
    b"POST " + _ALERTS + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET " + _ALERTS + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST " + _ALERTS + b" HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nx",
    b"GET " + _ALERTS + b" HTTP/1.1\r\nHost: x\r\nCookie: " + b"a" * 200_000 + b"\r\n\r\n",
    b"GET " + _ALERTS + b" HTTP/1.1\r\nHost: x\r\n" + b"X-A: 1\r\n" * 5_000 + b"\r\n",
    b"GET " + _ALERTS + b" HTTP/1.1\r\nHost: x\r\nA\x00B: c\r\n\r\n", b"GET " + _ALERTS + b" HTTP/1.1\nHost: x\n\n",
    b"GET " + _ALERTS + b" HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET /tiles/" + HOME.encode() + b"/changes HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n\r\n",
)  # fmt: skip


def run(ring: Ring) -> None:
    """Each message over a connection of its own, as a stranger; then the server must still answer."""
    stranger = ring.asker("stranger")
    for message in ring.some(MESSAGES):
        answer = _exchange(ring, message)
        request = Request(f"[{NAME}]", "bytes", "", [], message[:5000], "stranger")
        ring.last = request
        if answer.status:  # a connection that is closed without a word is an answer too
            ring.judge.look(request, answer, stranger, "")
    ring.send(NAME, stranger, "GET", "/healthz")


def _exchange(ring: Ring, message: bytes) -> Answer:
    try:
        with socket.create_connection((ring.client.host, ring.client.port), timeout=1.0) as connection:
            connection.sendall(message)
            reply = connection.recv(65536)
    except OSError:
        return Answer(0, {}, b"", 0.0)
    words = reply.split(b" ", 2)
    status = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
    return Answer(status, {"content-type": "text/plain"}, reply.partition(b"\r\n\r\n")[2], 0.0)
