"""The warm path beside a bare ASGI handler that returns the same bytes: requests a second (wrk), in turn, medians."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from benchmarks.tiles_plan import log
from benchmarks.tiles_servers import Contestant, free_port, process

BAR = 0.7
SECONDS, ROUNDS, CONNECTIONS = 4, 5, 16


class Bare:
    """Returns the answer of a file to everybody, headers and bytes as ours sent them; 304 to whoever says the tag."""

    def __init__(self) -> None:
        answers = json.loads(Path(os.environ["ONEMAP_BENCH_ANSWERS"]).read_text())
        self.start, self.unchanged = (
            {
                "type": "http.response.start",
                "status": status,
                "headers": [(name.encode(), value.encode()) for name, value in answers[str(status)].items()],
            }
            for status in (200, 304)
        )
        self.body = base64.b64decode(answers["body"])

    async def __call__(self, scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        if scope["type"] == "lifespan":
            for _ in range(2):
                message = await receive()
                await send({"type": message["type"] + ".complete"})
        elif any(name == b"if-none-match" for name, _ in scope["headers"]):
            await send(self.unchanged)
            await send({"type": "http.response.body", "body": b""})
        else:
            await send(self.start)
            await send({"type": "http.response.body", "body": self.body})


def report(warm: Contestant, tile: tuple[int, int, int], pid: int) -> list[str]:
    """200 and 304, ours and bare in turn; returns the bars that are missed. pid: our server, for its CPU time."""
    if shutil.which("wrk") is None:
        log("wrk: not on PATH, the warm path is not measured")
        return ["the warm path was not measured: wrk is missing"]
    first = warm.ask(*tile)
    again = warm.ask(*tile, **{"If-None-Match": first.headers["etag"]})
    answers = {
        "200": {name: value for name, value in first.headers.items() if name not in ("date", "server")},
        "304": {name: value for name, value in again.headers.items() if name not in ("date", "server")},
        "body": base64.b64encode(first.body).decode(),
    }
    ours = f"http://127.0.0.1:{warm.port}{warm.path.format(z=tile[0], x=tile[1], y=tile[2])}"
    sent = [f"Authorization: Bearer {warm.token}", "Accept-Encoding: gzip"]
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "--factory",
        "benchmarks.tiles_warm:Bare",
        "--port",
        str(port),
        "--no-access-log",
    ]
    print(
        f"\n| warm path, {first.size / 1024:.0f} KB | bare /s | ours /s | ratio | bare CPU µs | ours CPU µs |\n|---|--:|--:|--:|--:|--:|"
    )
    missed = []
    with tempfile.NamedTemporaryFile() as file:
        file.write(json.dumps(answers).encode())
        file.flush()
        with process(command, port, "/", ONEMAP_BENCH_ANSWERS=file.name) as bare:
            for title, more in (("200", []), ("304", [f"If-None-Match: {first.headers['etag']}"])):
                rounds = [
                    (
                        load(f"http://127.0.0.1:{port}/", [*sent, *more], bare.pid),
                        load(ours, [*sent, *more], pid),
                    )
                    for _ in range(ROUNDS)
                ]
                ratio = statistics.median(mine[0] / other[0] for other, mine in rounds)
                shown = [statistics.median(pair[side][of] for pair in rounds) for of in (0, 1) for side in (0, 1)]
                print(
                    f"| {title} | {shown[0]:,.0f} | {shown[1]:,.0f} | {ratio:.2f} | {shown[2]:.0f} | {shown[3]:.0f} |",
                    flush=True,
                )
                if ratio < BAR:
                    missed.append(f"warm path {title}: {ratio:.2f} of a bare handler, bar {BAR}")
    return missed


def load(url: str, headers: list[str], pid: int) -> tuple[float, float]:
    """Requests a second, and CPU microseconds of the server for one."""
    before = cpu_seconds(pid)
    command = [
        "wrk",
        "-t1",
        f"-c{CONNECTIONS}",
        f"-d{SECONDS}s",
        *(part for line in headers for part in ("-H", line)),
        url,
    ]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in output and "If-None-Match" not in "".join(headers):
        raise RuntimeError(output)
    requests, per_second = re.search(r"(\d+) requests in", output), re.search(r"Requests/sec:\s+([\d.]+)", output)
    assert requests is not None and per_second is not None
    return float(per_second[1]), 1e6 * (cpu_seconds(pid) - before) / int(requests[1])


def cpu_seconds(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
