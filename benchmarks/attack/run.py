"""Sending: scouting first, then random requests from several threads."""

from __future__ import annotations

import json
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sqlalchemy import text

from benchmarks.attack.client import Client, Request
from benchmarks.attack.generate import Generator
from benchmarks.attack.judge import Judge
from benchmarks.attack.world import HOME, NAMES, SCRATCH, Asker, World

THREADS = 6
SCOUTS = ("county_admin", "town_official", "gis_staff", "auditor", "system_admin", "security_admin")
_KEPT = 300


def find_doors(world: World, generator: Generator) -> None:
    """Points where something stands, for tiles and neighbours."""
    with world.owner.connect() as connection:
        for county in NAMES:
            rows = connection.execute(
                text(
                    f"SELECT st_x(geom), st_y(geom) FROM c{county}.standard_address WHERE geom IS NOT NULL ORDER BY id LIMIT 3000"
                )
            )
            generator.points[county] = [(float(x), float(y)) for x, y in rows][::7]


def scout(world: World, client: Client, generator: Generator, judge: Judge, each: int = 2) -> None:
    """Ask every reading operation as several accounts, in order, and keep what later requests can be made of."""
    names = {p["name"] for o in generator.operations for p in o.parameters} | {"next", "cursor", "mapping"}
    names |= {key for o in generator.operations for body in o.bodies.values() for key in body.get("properties", {})}
    names -= {"q", "county"}
    for operation in generator.operations:
        if operation.writes or operation.path == "/tiles/{county}/changes":
            continue
        for asker in _scouts(world):
            for turn in range(each):
                rng = random.Random(f"scout:{operation.name}:{asker.name}:{turn}")
                request = generator.build(rng, operation, asker)
                answer = client.send(request)
                judge.look(request, answer, asker, operation.path)
                if answer.status == 200 and "json" in answer.headers.get("content-type", ""):
                    _learn(json.loads(answer.body), names, generator, operation.path)


def _scouts(world: World) -> list[Asker]:
    by_role = {}
    for asker in world.askers:
        if asker.role in SCOUTS and asker.by_cookie:
            by_role.setdefault((asker.county, asker.role), asker)
    return list(by_role.values())


def _learn(value: Any, names: set[str], generator: Generator, path: str) -> None:
    if isinstance(value, list):
        for one in value[:50]:
            _learn(one, names, generator, path)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, str | int) and not isinstance(inner, bool):
                kept = generator.learned[name]
                if name in names and len(kept) < _KEPT and inner not in kept:
                    kept.append(inner)
                if name == "href":
                    for key, word in parse_qsl(urlsplit(str(inner)).query):
                        if key == "cursor" and len(generator.learned[key]) < _KEPT:
                            generator.learned[key].append(word)
                if name == "name" and "/mappings" in path:
                    generator.learned["mapping"].append(inner)
            _learn(inner, names, generator, path)


def send_random(
    world: World, client: Client, generator: Generator, judge: Judge, requests: int, threads: int = THREADS
) -> None:
    """Requests 0 to n of the generator's seed. Sessions that the attack ends are opened again."""
    start = time.perf_counter()
    renew = threading.Lock()

    def one(number: int) -> None:
        request, operation, asker = generator.request(number)
        answer = client.send(request)
        judge.look(request, answer, asker, operation.path, number)
        if answer.status == 401 and asker.by_cookie and asker.prefixes:
            with renew:
                world.let_in_again(asker)
        if number and number % 5000 == 0:
            with renew:
                judge.settle()
            print(f"  {number} requests, {number / (time.perf_counter() - start):.0f}/s", flush=True)

    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(one, range(requests)):
            pass
    judge.tally.seconds = time.perf_counter() - start


def send(client: Client, judge: Judge, request: Request, asker: Asker, path: str) -> Any:
    """Send one request of a targeted attack and judge it; returns the answer."""
    answer = client.send(request)
    judge.look(request, answer, asker, path)
    return answer


__all__ = ["HOME", "SCRATCH", "find_doors", "scout", "send", "send_random"]
