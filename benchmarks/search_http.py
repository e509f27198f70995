"""Searching as a person types, through HTTP, in the invented county of a million addresses. Prints Markdown.

    python -m benchmarks.match --synthetic 1000000     # once: the county, into ONEMAP_HOME
    python -m benchmarks.search_http [--queries 500]

Each text is asked at a half and at three quarters of its length, and whole, one request after the other on one connection.
"""

from __future__ import annotations

import argparse
import secrets
import threading
import time

import httpx
import uvicorn

from access.accounts.accounts import create_account
from access.sessions.tokens import create_token
from benchmarks.match_synthetic import COUNTY, synthetic_texts
from database.connection.engine import Database
from database.embedded import ensure_database
from database.installation.settings import get_settings
from database.rights.scope import Role
from mapserver.app.create import create_app

WHO = {
    "county admin": (Role.COUNTY_ADMIN, COUNTY),
    "town official": (Role.TOWN_OFFICIAL, COUNTY + "001"),
    "village officer": (Role.VILLAGE_OFFICER, COUNTY + "001201"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queries", type=int, default=500)
    arguments = parser.parse_args()
    settings = get_settings()
    database = Database(ensure_database(settings).app, pool_size=2)
    tokens = {who: token(database, role, prefix) for who, (role, prefix) in WHO.items()}
    database.close()
    server = uvicorn.Server(uvicorn.Config(create_app(settings, worker=False), port=settings.port, log_level="warning"))
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.1)
    print("| who | requests | p50 | p95 | p99 |\n|---|--:|--:|--:|--:|")
    try:
        for who, secret in tokens.items():
            measure(who, secret, f"http://127.0.0.1:{settings.port}", arguments.queries)
    finally:
        server.should_exit = True
        time.sleep(2)


def token(database: Database, role: Role, prefix: str) -> str:
    """A token of an account made for this run."""
    name = f"benchmark-{secrets.token_hex(4)}"
    with database.platform() as connection:
        create_account(
            connection,
            username=name,
            display_name="benchmark",
            password=secrets.token_urlsafe(24),
            role=role,
            county=COUNTY,
            prefixes=(prefix,),
            settings=get_settings(),
        )
        return create_token(connection, name, "benchmark", days=1)


def measure(who: str, secret: str, base: str, queries: int) -> None:
    """Ask and print one row."""
    texts = [text for text in synthetic_texts(queries // 3 + 1, 1_000_000, 1) if len(text) > 6]
    waits = []
    with httpx.Client(base_url=base, headers={"Authorization": f"Bearer {secret}"}, timeout=60) as client:
        path = f"/api/{COUNTY}/addresses/search"
        client.get(path, params={"q": texts[0]}).raise_for_status()
        for text in texts:
            for typed in (text[: len(text) // 2], text[: len(text) * 3 // 4], text):
                start = time.perf_counter()
                client.get(path, params={"q": typed}).raise_for_status()
                waits.append((time.perf_counter() - start) * 1000)
    waits.sort()
    shown = " | ".join(f"{waits[int(len(waits) * share)]:.1f} ms" for share in (0.5, 0.95, 0.99))
    print(f"| {who} | {len(waits):,} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
