"""How long a rotation of the keys takes, and whether anybody who searches meanwhile notices.

    python -m benchmarks.keys --persons 1000000

A county of its own in a temporary embedded cluster: persons with a sealed ID number and phone. The rotation runs in a process of its own,
is killed once (kill -9) and begun again; meanwhile persons are searched by number, and each must be found.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

from database.connection.engine import Database
from database.embedded import EmbeddedCluster
from database.installation.keys import Suite
from database.installation.settings import Settings, load_secrets
from database.rights.scope import Scope
from database.secrets.masks import mask_id_number, mask_phone
from database.secrets.seal import Sealer, row_binding
from database.upgrade.counties import create_county
from database.upgrade.migrate import owner_engine
from mapserver.server import metadata  # noqa: F401 - migrations refuse to run without the tables of every floor

COUNTY = "330521"
BATCH = 5000
_FIND = text("SELECT id, name, id_number_masked FROM person WHERE id_number_hash = ANY(:hashes)")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def id_number(serial: int) -> str:
    """A synthetic number with a right checksum (GB 11643): a million of them over days and serials."""
    day, order = divmod(serial, 999)
    body = f"330521{1930 + day // 336:04d}{day // 28 % 12 + 1:02d}{day % 28 + 1:02d}{order:03d}"
    return body + "10X98765432"[sum(w * int(d) for w, d in zip(_WEIGHTS, body, strict=True)) % 11]


def phone(serial: int) -> str:
    """A synthetic mobile number."""
    return f"13{serial:09d}"


def fill(database: Database, scope: Scope, sealer: Sealer, persons: int) -> None:
    """Persons with both numbers."""
    insert = text(
        "INSERT INTO person (name, source, source_key, grid_code, id_number_cipher, id_number_hash, id_number_masked, "
        "phone_cipher, phone_hash, phone_masked) SELECT '测试', 'benchmark', k, :county, ic, ih, im, pc, ph, pm FROM unnest("
        "CAST(:k AS text[]), CAST(:ic AS bytea[]), CAST(:ih AS bytea[]), CAST(:im AS text[]), CAST(:pc AS bytea[]), "
        "CAST(:ph AS bytea[]), CAST(:pm AS text[])) AS n(k, ic, ih, im, pc, ph, pm)"
    )
    for start in range(0, persons, BATCH):
        columns: dict[str, list[object]] = {name: [] for name in ("k", "ic", "ih", "im", "pc", "ph", "pm")}
        for serial in range(start, min(start + BATCH, persons)):
            number, mobile, key = id_number(serial), phone(serial), str(serial)
            row = (
                key,
                sealer.seal(number, bound_to=row_binding("person", "id_number_cipher", "benchmark", key)),
                sealer.index(number),
                mask_id_number(number),
                sealer.seal(mobile, bound_to=row_binding("person", "phone_cipher", "benchmark", key)),
                sealer.index(mobile),
                mask_phone(mobile),
            )
            for column, value in zip(columns.values(), row, strict=True):
                column.append(value)
        with database.transaction(scope) as connection:
            connection.execute(insert, {**columns, "county": scope.county})


class Searcher(threading.Thread):
    """Looks persons up by number, one after the other, until told to stop."""

    def __init__(self, database: Database, sealer: Sealer, scope: Scope, persons: int) -> None:
        super().__init__(daemon=True)
        self._database, self._sealer, self._scope, self._persons = database, sealer, scope, persons
        self.stop = threading.Event()
        self.seconds: list[float] = []
        self.missed = 0

    def run(self) -> None:
        serial = 0
        while not self.stop.wait(0.05):
            serial = (serial + 7919) % self._persons
            began = time.perf_counter()
            with self._database.transaction(self._scope) as connection:
                hashes = self._sealer.index_candidates(id_number(serial))
                found = connection.execute(
                    _FIND, {"hashes": hashes}
                ).all()  # as find_persons does, whose looks are limited
            self.seconds.append(time.perf_counter() - began)
            self.missed += len(found) != 1


@contextmanager
def home_folder() -> Iterator[Path]:
    """A temporary home that the server's own user may reach."""
    base = Path(tempfile.mkdtemp(prefix="onemap-keys-"))
    base.chmod(0o755)
    try:
        yield base / "home"
    finally:
        shutil.rmtree(base, ignore_errors=True)


def rotate(home: Path, suite: Suite, *, kill_after_s: float | None = None) -> float:
    """Run ``onemap keys rotate`` as an administrator does; returns seconds."""
    environment = {**os.environ, "ONEMAP_HOME": str(home), "ONEMAP_CRYPTO_SUITE": suite.value}
    program = "from mapserver.cli.main import main; main()"
    began = time.monotonic()
    process = subprocess.Popen([sys.executable, "-c", program, "keys", "rotate"], env=environment)
    try:
        process.wait(kill_after_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if kill_after_s is None and process.returncode != 0:
        raise SystemExit("the rotation failed")
    return time.monotonic() - began


def measure(persons: int, suite: Suite, kill_after_s: float) -> dict[str, object]:
    """The whole run."""
    with home_folder() as home:
        cluster = EmbeddedCluster(home)
        cluster.start()
        try:
            settings = Settings(home=home)
            engine = owner_engine(cluster.dsn("owner"))
            create_county(engine, COUNTY, "测试县", synthetic=True)
            engine.dispose()
            database, scope = Database(cluster.dsn("app")), Scope.of_system(COUNTY, "benchmark")
            sealer = Sealer.from_secrets(load_secrets(settings))
            began = time.monotonic()
            fill(database, scope, sealer, persons)
            filled_s = time.monotonic() - began
            searcher = Searcher(database, sealer, scope, persons)
            searcher.start()
            killed_s = rotate(home, suite, kill_after_s=kill_after_s)
            rest_s = rotate(home, suite)
            searcher.stop.set()
            searcher.join()
            with database.transaction(scope) as connection:
                left = connection.scalar(text("SELECT count(*) FROM person WHERE get_byte(id_number_cipher, 2) <> 2"))
            database.close()
        finally:
            cluster.stop()
    seconds = sorted(searcher.seconds)
    return {
        "persons": persons,
        "values": 2 * persons,
        "suite": suite.value,
        "fill_s": round(filled_s, 1),
        "until_killed_s": round(killed_s, 1),
        "after_s": round(rest_s, 1),
        "rotation_s": round(killed_s + rest_s, 1),
        "left": left,
        "searches": len(seconds),
        "missed": searcher.missed,
        "search_median_ms": round(1000 * seconds[len(seconds) // 2], 1),
        "search_p99_ms": round(1000 * seconds[int(len(seconds) * 0.99)], 1),
    }


def main() -> None:
    """Print the figures as JSON; 1 when somebody was missed or something is left."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, default=200_000)
    parser.add_argument("--suite", type=Suite, choices=list(Suite), default=Suite.V1)
    parser.add_argument("--kill-after", type=float, default=20.0, help="seconds until the first run is killed")
    options = parser.parse_args()
    found = measure(options.persons, options.suite, options.kill_after)
    sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=1) + "\n")
    sys.exit(1 if found["missed"] or found["left"] else 0)


if __name__ == "__main__":
    main()
