"""Many people at once on the demo county: 10, 50, 200, 500 clients of a realistic mix, and whether the bars are kept.

    onemap demo --no-serve [--scale county]               # once, into ONEMAP_HOME
    python -m benchmarks.load [--clients 10,50,200,500] [--seconds 10] [--alerts-only] [--workers 1]
    python -m benchmarks.load --workers 1,2,1,2 --clients 50    # processes compared in one run

60 % tiles, 20 % search, 10 % cards, 10 % lists, by the demo's accounts of different roles. Bars: never an answer of 500 or a lost
connection; `/healthz` within 100 ms all the while; at 200 clients 0.9 of the throughput (answers below 400) at 10; every refused
request told when to come again. The server is started here, with the limits per account out of the way, which are no part of
this question. Needs wrk (Debian: apt-get install wrk).
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection

from access.accounts.accounts import AccountInvalid
from access.sessions.tokens import create_token
from benchmarks.tiles_plan import log
from benchmarks.tiles_servers import free_port
from database.connection.engine import Database
from database.embedded import EmbeddedCluster, ensure_database
from database.embedded.process import server_pid
from database.installation.settings import get_settings

MIX = {"tiles": 60, "search": 20, "cards": 10, "lists": 10}
HEALTH_MS, RATIO = 100.0, 0.9
SCRIPT = Path(__file__).with_name("load.lua")
UNLIMITED = {
    "ONEMAP_REQUESTS_PER_ACCOUNT": "10000000/minute",
    "ONEMAP_REQUESTS_PER_ADDRESS": "10000000/minute",
    "ONEMAP_TILES_PER_SECOND": "10000000",
}
SEARCHES = ("路", "小区", "12号", "村", "街", "幢", "新", "中心")


class Asker:
    """One account: its token, and what it may ask for."""

    def __init__(self, port: int, county: str, token: str) -> None:
        self.port, self.county, self.token = port, county, token

    def get(self, path: str) -> Any:
        """The JSON of a path; None for any status but 200."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return json.loads(body) if answer.status == 200 else None

    def paths(self) -> dict[str, list[str]]:
        """What this account would ask for, by kind; only what it may."""
        api = f"/api/{self.county}"
        searches = [f"{api}/addresses/search?q={quote(q)}&limit=10" for q in SEARCHES]
        found = [self.get(path) for path in searches]
        addresses = [one["address_id"] for page in found if page for one in page["candidates"]]
        alerts = [one["id"] for one in (self.get(f"{api}/alerts?limit=50") or {"items": []})["items"]]
        households = self.get(f"/ogc/{self.county}/collections/households/items?limit=50") or {"features": []}
        lists = [
            f"{api}/alerts?limit=50",
            f"{api}/changes?limit=50",
            f"{api}/imports",
            f"{api}/reviews?limit=50",
            f"{api}/overview",
        ]
        return {
            "tiles": self._tiles(),
            "search": [path for path, page in zip(searches, found, strict=True) if page is not None],
            "cards": [f"{api}/addresses/{id}" for id in addresses]
            + [f"{api}/alerts/{id}" for id in alerts]
            + [f"{api}/households/{one['id']}" for one in households["features"]],
            "lists": [path for path in lists if self.get(path) is not None],
        }  # fmt: skip

    def _tiles(self) -> list[str]:
        layers = [
            name
            for name in ("divisions", "cells", "addresses", "households", "alerts", "facilities", "objects")
            if self.get(f"/tiles/{self.county}/{name}.json") is not None
        ]
        west, south, east, north = self.get(f"/tiles/{self.county}/{layers[0]}.json")["bounds"]
        drawn, names = random.Random(7), ",".join(layers)
        places = [(drawn.uniform(west, east), drawn.uniform(south, north)) for _ in range(25)]
        return [
            f"/tiles/{self.county}/{names}/{z}/{x}/{y}.mvt"
            for lon, lat in places
            for z in (12, 14, 16)
            for x, y in [_column_and_row(lon, lat, z)]
        ]


def _column_and_row(lon: float, lat: float, z: int) -> tuple[int, int]:
    import morecantile

    tile = morecantile.tms.get("WebMercatorQuad").tile(lon, lat, z)
    return tile.x, tile.y


def processor_seconds(server: subprocess.Popen[bytes], postmaster: int) -> tuple[float, float]:
    """What the server's processes and the database's have used of the processors until now, those that ended included."""
    return _used(server.pid), _used(postmaster)


def _used(pid: int) -> float:
    used = 0.0
    for one in [pid, *_children(pid)]:
        with suppress(OSError):
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            used += sum(int(field) for field in fields[11 : 15 if one == pid else 13]) / os.sysconf("SC_CLK_TCK")
    return used


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Health(threading.Thread):
    """Asks ``/healthz`` twenty times a second; milliseconds of each answer."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port, self.ms, self.stopped = port, [0.0], threading.Event()

    def run(self) -> None:
        while not self.stopped.wait(0.05):
            began = time.perf_counter()
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            connection.request("GET", "/healthz")
            assert connection.getresponse().read() == b'{"status":"ok"}'
            connection.close()
            self.ms.append((time.perf_counter() - began) * 1000)


@contextmanager
def server(port: int, log_file: Path, workers: int) -> Iterator[subprocess.Popen[bytes]]:
    """Our server on the demo of ONEMAP_HOME."""
    command = [
        sys.executable,
        "-c",
        "from mapserver.cli.main import main; main()",
        "serve",
        "--port",
        str(port),
        "--no-worker",
        "--workers",
        str(workers),
    ]
    with log_file.open("w") as out:
        process = subprocess.Popen(command, env={**os.environ, **UNLIMITED}, stdout=out, stderr=out)
    try:
        for _ in range(600):
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:
                    break
            except OSError:
                time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        process.wait(30)


def run(port: int, requests: Path, clients: int, seconds: int) -> dict[str, Any]:
    """What wrk counted, and the slowest ``/healthz`` meanwhile."""
    health = Health(port)
    health.start()
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "30s", "-s", str(SCRIPT)]
    process = subprocess.run(
        [*command, f"http://127.0.0.1:{port}", "--", str(requests), str(clients)], capture_output=True, text=True, check=True
    )  # fmt: skip
    health.stopped.set()
    health.join()
    line = next((one for one in process.stdout.splitlines() if one.startswith("RESULT ")), None)
    if line is None:
        raise RuntimeError(process.stdout + process.stderr)
    counted: dict[str, Any] = json.loads(line.removeprefix("RESULT "))
    counted["per_second"] = counted["good"] / counted["seconds"]
    counted["health_ms"] = max(health.ms)
    counted["health_p50_ms"] = statistics.median(health.ms)
    return counted


def main() -> None:
    """Print one row for each number of clients; exit 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", default="10,50,200,500")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--workers", default="1", help="processes; several numbers are compared")
    parser.add_argument("--alerts-only", action="store_true", help="the attack: nothing but the list of alerts")
    arguments = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("wrk is missing (Debian: apt-get install wrk)")
    settings = get_settings()
    demo = json.loads((settings.home / "demo.json").read_text())
    names = [one["username"] for one in json.loads((settings.home / "demo-accounts.json").read_text())["accounts"]]
    database = Database(ensure_database(settings).app, pool_size=1)
    with database.platform() as connection:
        tokens = list(_tokens(connection, names))
    missed, compared = [], []
    cluster = EmbeddedCluster(settings.home)
    for workers in map(int, arguments.workers.split(",")):
        port = free_port()
        with tempfile.TemporaryDirectory() as folder, server(port, Path(folder) / "server.log", workers) as process:
            askers = [Asker(port, demo["code"], token) for token in tokens]
            wanted = [asker.paths() for asker in askers]
            if arguments.alerts_only:
                wanted = [{kind: [f"/api/{demo['code']}/alerts"] for kind in MIX} for _ in askers]
            requests = Path(folder) / "requests"
            requests.write_text("".join(_lists(askers, wanted)))
            log(f"{demo['name']}, {demo['scale']}: {len(names)} accounts, {workers} processes; warming")
            run(port, requests, 10, min(5, arguments.seconds) * workers)  # each process keeps tiles of its own
            postmaster = server_pid(cluster.layout.data_dir)
            assert postmaster is not None
            rows = {}
            for clients in map(int, arguments.clients.split(",")):
                before = processor_seconds(process, postmaster)
                rows[clients] = run(port, requests, clients, arguments.seconds)
                after = processor_seconds(process, postmaster)
                compared.append((workers, clients, rows[clients], after[0] - before[0], after[1] - before[1]))
        missed += _report(rows)
    _compare(compared)
    database.close()
    print("\n" + ("\n".join(f"missed: {one}" for one in missed) or "every bar is kept"))
    sys.exit(1 if missed else 0)


def _tokens(connection: Connection, names: list[str]) -> Iterator[str]:
    for name in names:
        with suppress(AccountInvalid):  # one that administers accounts has no tokens
            yield create_token(connection, name, "load", days=1)


def _lists(askers: list[Asker], wanted: list[dict[str, list[str]]]) -> Iterator[str]:
    for kind, weight in MIX.items():
        lines = [
            f"{path}\t{asker.token}\n" for asker, paths in zip(askers, wanted, strict=True) for path in paths[kind]
        ]
        yield f"#{weight}\t{kind}\t{len(lines)}\n"
        yield from lines


def _compare(rows: list[tuple[int, int, dict[str, Any], float, float]]) -> None:
    print(
        "\n| processes | clients | good /s | of our processor, s/s | of the database's | good a second of ours | of both |"
    )
    print("|--:|--:|--:|--:|--:|--:|--:|")
    for workers, clients, row, ours, theirs in rows:
        seconds = row["seconds"]
        print(
            f"| {workers} | {clients} | {row['per_second']:,.0f} | {ours / seconds:.2f} | {theirs / seconds:.2f} "
            f"| {row['good'] / ours:,.0f} | {row['good'] / (ours + theirs):,.0f} |"
        )


def _report(rows: dict[int, dict[str, Any]]) -> list[str]:
    print(
        "\n| clients | good /s | p50 ms | p99 ms | refused, told when | untold | 4xx/5xx | lost | /healthz p50 / max ms |"
    )
    print("|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    missed = []
    for n, row in rows.items():
        print(
            f"| {n} | {row['per_second']:,.0f} | {row['p50_ms']:.0f} | {row['p99_ms']:.0f} | {row['refused'] - row['untold']} "
            f"| {row['untold']} | {row['broken']}{row['statuses']} | {row['lost']} | {row['health_p50_ms']:.0f} / {row['health_ms']:.0f} |"
        )
        if row["broken"] or row["lost"] or row["untold"]:
            missed.append(
                f"{n} clients: {row['broken']} errors, {row['lost']} lost, {row['untold']} refused without Retry-After"
            )
        if row["health_ms"] > HEALTH_MS:
            missed.append(f"{n} clients: /healthz {row['health_ms']:.0f} ms, bar {HEALTH_MS:.0f} ms")
    if 10 in rows and 200 in rows:
        ratio = rows[200]["per_second"] / rows[10]["per_second"]
        print(f"\nthroughput at 200 clients: {ratio:.2f} of that at 10")
        if ratio < RATIO:
            missed.append(f"throughput at 200 clients: {ratio:.2f} of that at 10, bar {RATIO}")
    return missed


if __name__ == "__main__":
    main()
