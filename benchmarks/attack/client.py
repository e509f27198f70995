"""A client that sends what it is told, byte by byte: raw paths, doubled headers, any method. One connection a thread."""

from __future__ import annotations

import contextlib
import http.client
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

STREAM_S = 0.4
PATIENCE_S = 2
_PRINTABLE = "".join(map(chr, range(33, 127)))


@dataclass
class Request:
    """One request as it goes out. operation: method and path of the OpenAPI it is meant for, or the attack's name."""

    operation: str
    method: str
    path: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    asker: str = ""

    def summary(self) -> str:
        """As a report shows it; credentials left out."""
        shown = [f"{n}: {v}" for n, v in self.headers if n.lower() not in ("cookie", "authorization")]
        body = self.body[:240].decode("utf-8", errors="backslashreplace")
        return (
            f"{self.asker}: {self.method} {self.path[:300]}"
            + (f" [{'; '.join(shown)}]" if shown else "")
            + (f"\n      {body}" if body else "")
        )


@dataclass
class Answer:
    """status 0: the connection broke or nothing came."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float
    error: str = ""

    @property
    def is_refusal_for_now(self) -> bool:
        """429 or 503 that says when to come again."""
        return self.status in (429, 503) and "retry-after" in self.headers


class Client:
    """Sends requests to one server; keeps a connection a thread. timeout_s: longest wait for an answer."""

    def __init__(self, url: str, timeout_s: float = 30.0) -> None:
        parts = urlsplit(url)
        self.host, self.port, self.timeout_s = parts.hostname or "127.0.0.1", parts.port or 80, timeout_s
        self._local = threading.local()

    def send(self, request: Request) -> Answer:
        """The answer; one that says to come again in a moment is tried again, a longer wait is a refusal like another."""
        for _ in range(3):
            answer = self._send(request)
            after = answer.headers.get("retry-after", "")
            if not answer.is_refusal_for_now or not after.isdigit() or int(after) > PATIENCE_S:
                break
            time.sleep(int(after))
        return answer

    def _send(self, request: Request) -> Answer:
        start = time.perf_counter()
        connection = getattr(self._local, "connection", None)
        reused = connection is not None
        if connection is None:
            connection = self._local.connection = http.client.HTTPConnection(
                self.host, self.port, timeout=self.timeout_s
            )
        try:
            answer = self._exchange(connection, request, start)
        except (OSError, http.client.HTTPException) as error:
            self._drop(connection)
            if reused and not isinstance(error, TimeoutError):
                return self._send(request)  # the server had closed a connection that lay idle
            return Answer(0, {}, b"", time.perf_counter() - start, f"{type(error).__name__}: {error}")
        return answer

    def _drop(self, connection: http.client.HTTPConnection) -> None:
        connection.close()
        self._local.connection = None

    def _exchange(self, connection: http.client.HTTPConnection, request: Request, start: float) -> Answer:
        path = quote(request.path, safe=_PRINTABLE)
        connection.putrequest(request.method, path, skip_host=True, skip_accept_encoding=True)
        names = {name.lower() for name, _ in request.headers}
        if "host" not in names:
            connection.putheader("Host", f"{self.host}:{self.port}")
        for name, value in request.headers:
            connection.putheader(name, value.encode("utf-8") if not value.isascii() else value)
        if (request.body or request.method in ("POST", "PUT", "PATCH")) and not names & {
            "content-length",
            "transfer-encoding",
        }:
            connection.putheader("Content-Length", str(len(request.body)))
        connection.endheaders()
        if request.body:
            with contextlib.suppress(
                BrokenPipeError, ConnectionResetError
            ):  # refused before it was read: see the answer
                connection.send(request.body)
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        if "event-stream" in headers.get("content-type", ""):
            body = _listen(connection, response)
            self._drop(connection)
        else:
            body = response.read()
            if response.will_close:
                self._drop(connection)
        return Answer(response.status, headers, body, time.perf_counter() - start)


def _listen(connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> bytes:
    """What a stream says in a moment."""
    if connection.sock is not None:
        connection.sock.settimeout(STREAM_S)
    parts = []
    end = time.monotonic() + STREAM_S
    with contextlib.suppress(OSError):
        while time.monotonic() < end and (part := response.read1(65536)):
            parts.append(part)
    return b"".join(parts)
