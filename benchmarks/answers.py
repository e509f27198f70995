"""Every GET of the OpenAPI on the county demo, as three people: is each answer given within 300 ms (p95)?

    onemap demo --no-serve --scale county                 # once, into ONEMAP_HOME
    python -m benchmarks.answers [--repeats 10] [--only changes] [--plans]

A grid worker, a town official and the county's GIS staff ask one after another, on one connection, with ids that they may see and
the parameters that people use. Prints Markdown: the slowest first, with p50, p95 and bytes; for those above the bar the slowest
statement of the request and, with ``--plans``, its plan as the application role under the same scope. The server runs in this
process, with the limits per account out of the way. Exit 1 when an answer misses the bar or is a 5xx.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import morecantile
import uvicorn
from sqlalchemy import Engine, event, text

from access.accounts.accounts import find_account
from access.sessions.tokens import create_token, list_tokens, revoke_token
from benchmarks.attack.openapi import operations_of
from benchmarks.tiles_servers import free_port
from database.connection.engine import Database
from database.embedded import ensure_database
from database.installation.settings import get_settings
from database.rights.scope import Scope

BAR_MS = 300.0
NAME = "answers"
WHO = {"worker": "wangge", "town official": "xiangzhen", "GIS staff": "shuju"}
UNLIMITED = {
    "ONEMAP_REQUESTS_PER_ACCOUNT": "10000000/minute",
    "ONEMAP_REQUESTS_PER_ADDRESS": "10000000/minute",
    "ONEMAP_TILES_PER_SECOND": "10000000",
    "ONEMAP_LOOKS_PER_MINUTE": "100000",
}
#: What is no answer but a stream, or a file whose time is that of its size.
LEFT_OUT = {
    "/tiles/{county}/changes",
    "/api/{county}/audit/export",
    "/api/{county}/addresses/match-jobs/{job_id}/result",
}
#: path → queries that people ask, beside none
QUERIES: dict[str, list[dict[str, Any]]] = {
    "/api/{county}/addresses/search": [{"q": "{text}"}, {"q": "{road}"}, {"q": "{village}"}, {"q": "{number}"}, {"q": "{road}1"}],
    "/api/{county}/addresses/changes": [{"limit": 1000}, {"after": 100000, "limit": 1000}],
    "/api/{county}/addresses/as-of": [{"q": "{text}", "on": "2026-06-01"}],
    "/api/{county}/addresses/reverse": [{"lon": "{lon}", "lat": "{lat}", "max_m": 500}],
    "/api/{county}/alerts": [{"limit": 200}, {"status": "open"}, {"severity": "high"}, {"q": "{village}"}],
    "/api/{county}/changes": [
        *({"entity": one} for one in ("person", "household", "household_member", "standard_address", "event", "division", "grid_worker", "none")),
        {"batch": "{batch_id}"}, {"batch": "{batch_id}", "entity": "person"}, {"after": "{change_id}"}, {"entity": "person", "after": "{change_id}"},
        {"limit": 500},
    ],
    "/api/{county}/quality/findings": [{"limit": 200}],
    "/api/{county}/audit": [{"actor": "wangge"}, {"action": "view_household"}],
    "/maps/{county}/alerts": [{"severity": "high"}],
    "/ogc/{county}/collections/{name}/items": [{"limit": 100}, {"limit": 1000}, {"bbox": "{bbox}", "limit": 100}],
}  # fmt: skip
COLLECTIONS = ("addresses", "cells", "divisions", "households", "persons", "events", "places", "objects", "alerts")
LAYERS = ("divisions,cells,addresses,places,events,objects,alerts", "persons")
LEVELS = range(8, 19)


@dataclass
class Answered:
    """What one request took. statements: milliseconds and text of each, with its values."""

    who: str
    path: str
    status: int = 0
    bytes: int = 0
    ms: list[float] = field(default_factory=list)
    slowest: tuple[float, str, Any] = (0.0, "", None)

    @property
    def best(self) -> float:
        """Milliseconds: near what an idle machine takes."""
        return min(self.ms)

    @property
    def p95(self) -> float:
        """Milliseconds."""
        return sorted(self.ms)[min(len(self.ms) - 1, int(len(self.ms) * 0.95))]


class Statements:
    """The slowest statement since the last look, of every engine of this process."""

    def __init__(self) -> None:
        self.slowest: tuple[float, str, Any] = (0.0, "", None)
        event.listen(Engine, "before_cursor_execute", self._begin)
        event.listen(Engine, "after_cursor_execute", self._end)

    def _begin(self, connection: Any, *_rest: Any) -> None:
        connection.info["began"] = time.perf_counter()

    def _end(self, connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        ms = (time.perf_counter() - connection.info["began"]) * 1000
        if ms > self.slowest[0]:
            self.slowest = (ms, statement, parameters)

    def take(self) -> tuple[float, str, Any]:
        """The slowest, forgotten here."""
        found, self.slowest = self.slowest, (0.0, "", None)
        return found


def known(database: Database, scope: Scope) -> dict[str, Any]:
    """Real ids and words of the scope, from the middle of what it may see."""
    one = {
        "household_id": "SELECT id FROM household ORDER BY id DESC OFFSET 7 LIMIT 1",
        "address_id": "SELECT id FROM standard_address WHERE depth = 8 ORDER BY id OFFSET 7 LIMIT 1",
        "uid": "SELECT uid FROM standard_address ORDER BY id OFFSET 9 LIMIT 1",
        "text": "SELECT full_text FROM standard_address WHERE depth = 8 ORDER BY id OFFSET 7 LIMIT 1",
        "road": "SELECT coalesce(road, village_group) FROM standard_address WHERE depth = 8 ORDER BY id OFFSET 7 LIMIT 1",
        "number": "SELECT number_plate FROM standard_address WHERE depth = 8 ORDER BY id OFFSET 7 LIMIT 1",
        "village": "SELECT village FROM standard_address ORDER BY id OFFSET 9 LIMIT 1",
        "lon": "SELECT st_x(geom) FROM standard_address ORDER BY id OFFSET 9 LIMIT 1",
        "lat": "SELECT st_y(geom) FROM standard_address ORDER BY id OFFSET 9 LIMIT 1",
        "alert_id": "SELECT id FROM alert ORDER BY id DESC LIMIT 1",
        "batch_id": "SELECT id FROM import_batch ORDER BY id LIMIT 1 OFFSET 5",
        "change_id": "SELECT max(id) / 2 FROM change",
        "place_id": "SELECT id FROM place ORDER BY id LIMIT 1",
        "set_id": "SELECT id FROM address_change_set ORDER BY id LIMIT 1",
        "job_id": "SELECT id FROM match_job ORDER BY id LIMIT 1",
    }
    found: dict[str, Any] = {"county": scope.county}
    with database.transaction(scope) as connection:
        for name, query in one.items():
            value = connection.scalar(text(query))
            found[name] = 1 if value is None else value
        middle = connection.execute(
            text("SELECT st_x(c), st_y(c) FROM (SELECT st_centroid(st_extent(geom)) AS c FROM grid_cell) m")
        ).one()
        found["feature_ids"] = {
            name: connection.scalar(text(f"SELECT {key} FROM {table} ORDER BY 1 LIMIT 1"))
            for name, table, key in (
                ("addresses", "standard_address", "id"), ("cells", "grid_cell", "code"), ("divisions", "division", "code"),
                ("households", "household", "id"), ("events", "event", "id"), ("places", "place", "id"),
                ("objects", "facility", "id"), ("alerts", "alert", "id"),
            )
        }  # fmt: skip
    lon, lat = float(middle[0]), float(middle[1])
    found["points"] = [(lon, lat), (float(found["lon"]), float(found["lat"]))]
    found["bbox"] = f"{lon - 0.01},{lat - 0.01},{lon + 0.01},{lat + 0.01}"
    return found


def paths(document: dict[str, Any], ids: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each path to ask, with the one it is of."""
    for operation in operations_of(document):
        if operation.method != "GET" or operation.path in LEFT_OUT:
            continue
        for values in _fillings(operation.path, ids):
            given = {p["name"]: _example(p, values) for p in operation.parameters_in("path")}
            path = operation.path
            for name, value in given.items():
                path = path.replace("{" + name + "}", quote(str(value), safe=","))
            required = {p["name"]: _example(p, values) for p in operation.parameters_in("query") if p.get("required")}
            minimal = [required] if not QUERIES.get(operation.path) or not required else []
            for query in (*minimal, *QUERIES.get(operation.path, [])):
                filled = {k: str(v).format(**values) if isinstance(v, str) else v for k, v in query.items()}
                yield operation.path, path + (f"?{urlencode(filled)}" if filled else "")


def _fillings(path: str, ids: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The values of one path: of tiles, one tile a zoom at each point; of collections, each."""
    if "{z}" in path or "{level}" in path:
        for lon, lat in ids["points"]:
            for z in LEVELS:
                tile = morecantile.tms.get("WebMercatorQuad").tile(lon, lat, z)
                place = {"z": z, "x": tile.x, "y": tile.y, "level": z, "row": tile.y, "column": tile.x}
                for layers in LAYERS if "{layers}" in path else LAYERS[:1]:
                    yield ids | place | {"grid": "WebMercatorQuad", "layers": layers, "image": "png"}
        return
    if "/collections/{name}" in path:
        for name in COLLECTIONS:
            yield ids | {"name": name, "feature_id": ids["feature_ids"].get(name) or 1}
        return
    yield ids


def _example(parameter: dict[str, Any], values: dict[str, Any]) -> Any:
    name, schema = parameter["name"], parameter["schema"]
    if name in values:
        return values[name]
    examples = schema.get("examples") or [parameter.get("example", schema.get("default", 1))]
    return examples[0]


def ask(client: httpx.Client, statements: Statements, answered: Answered, repeats: int) -> None:
    """Ask one path; a first answer that warms nothing counts as well."""
    for _ in range(repeats):
        statements.take()
        start = time.perf_counter()
        answer = client.get(answered.path)
        answered.ms.append((time.perf_counter() - start) * 1000)
        answered.status, answered.bytes = answer.status_code, len(answer.content)
        answered.slowest = max(answered.slowest, statements.take(), key=lambda one: one[0])
        if answer.status_code in (403, 404):
            return


def plan(database: Database, scope: Scope, statement: str, parameters: Any) -> str:
    """The plan of a statement as the application role under a scope."""
    with database.transaction(scope) as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", parameters)
        return "\n".join(str(row[0]) for row in rows)


def main() -> None:
    """Ask everything, print the table; exit 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--only", default="", help="paths that contain this")
    parser.add_argument("--plans", action="store_true", help="the plan of what is above the bar")
    parser.add_argument("--all", action="store_true", help="every row, not the slowest thirty")
    arguments = parser.parse_args()
    os.environ.update(UNLIMITED)
    settings = get_settings()
    demo = json.loads((settings.home / "demo.json").read_text())
    database = Database(ensure_database(settings).app, pool_size=2)
    statements = Statements()
    from mapserver.app.create import create_app

    port = free_port()
    server = uvicorn.Server(uvicorn.Config(create_app(settings, worker=False), port=port, log_level="warning"))
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.1)
    done: list[Answered] = []
    scopes: dict[str, Scope] = {}
    try:
        for who, username in WHO.items():
            with database.platform() as connection:
                for old in list_tokens(connection, username):
                    if old.name == NAME:
                        revoke_token(connection, username, old.id)
                account = find_account(connection, username)
                secret = create_token(connection, username, NAME, days=1)
            assert account is not None
            scopes[who] = account.scope
            ids = known(database, account.scope)
            headers = {"Authorization": f"Bearer {secret}"}
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=120) as client:
                client.get(f"/api/{demo['code']}/addresses/search", params={"q": ids["text"]})  # the index of addresses
                for of, path in paths(client.get("/api/openapi.json").json(), ids):
                    if arguments.only in of:
                        done.append(Answered(who, path))
                        ask(client, statements, done[-1], arguments.repeats)
        report(done, database, scopes, arguments)
    finally:
        server.should_exit = True
        time.sleep(1)
    missed = [one for one in done if (one.status < 400 and one.p95 > BAR_MS) or one.status >= 500]
    sys.exit(1 if missed else 0)


def report(done: list[Answered], database: Database, scopes: dict[str, Scope], arguments: argparse.Namespace) -> None:
    """Print what was measured."""
    answered = sorted((one for one in done if one.status < 400), key=lambda one: -one.p95)
    print(f"{len(answered)} answers of {len(done)} requests below 400; load {os.getloadavg()[0]:.1f}\n")
    print("| who | path | best ms | p50 ms | p95 ms | bytes |\n|---|---|--:|--:|--:|--:|")
    for one in answered if arguments.all else answered[:30]:
        print(
            f"| {one.who} | {one.path} | {one.best:.0f} | {statistics.median(one.ms):.0f} | {one.p95:.0f} | {one.bytes:,} |"
        )
    for one in done:
        if one.status >= 500:
            print(f"\nERROR {one.status}: {one.who} {one.path}")
    for one in answered:
        if one.p95 > BAR_MS:
            ms, statement, parameters = one.slowest
            print(
                f"\nabove the bar: {one.who} {one.path}\nslowest statement {ms:.0f} ms: {' '.join(statement.split())[:600]}"
            )
            if arguments.plans and statement.lstrip().upper().startswith(("SELECT", "WITH")):
                print(plan(database, scopes[one.who], statement, parameters))


if __name__ == "__main__":
    main()
