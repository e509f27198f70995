"""Our tiles beside tipg, Martin and pg_tileserv, on a million points. Prints Markdown for docs/performance.md.

    python -m benchmarks.tiles [--rows 1000000] [--repeat 15] [--keep FOLDER] [--quick]

tipg is taken from the Python named by ONEMAP_TIPG, Martin and pg_tileserv from PATH; who is not there is left out, and said. All
stand over the same database, in one run, asked in turn, the order turning; each on one connection kept alive; ``Accept-Encoding:
gzip`` for all. Ours is asked as county, town and single-cell user; cold: a server without a cache; warm: the ordinary one. Then: every tile
of the zooms 8 to 12, a session of panning and zooming, the cost of the scope, freshness, the warm path beside a bare handler (needs wrk).
Exit code 1 when a bar is missed. ``--quick``: single tiles of zooms 14 and 16 only, no session: what takes the peers minutes is left out.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import os
import statistics
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import mapbox_vector_tile
import numpy as np

from benchmarks import tiles_fresh, tiles_scope, tiles_warm
from benchmarks.tiles_data import CELL, SOUTH, WEST, WIDTH, county, points
from benchmarks.tiles_plan import COUNTY, log
from benchmarks.tiles_servers import Answer, Contestant, make_token, our_settings, ours, peers
from database.connection.engine import Database
from database.embedded import EmbeddedCluster
from database.installation.settings import get_settings
from database.rights.scope import Role
from layers.tiles.catalogue import LAYERS

ZOOMS, QUICK_ZOOMS = (8, 10, 12, 14, 16), (14, 16)
PATH = f"/tiles/{COUNTY}/addresses/{{z}}/{{x}}/{{y}}.mvt"
EVERYTHING = f"/tiles/{COUNTY}/{','.join(LAYERS)}/{{z}}/{{x}}/{{y}}.mvt"
#: seconds that one contestant may take for one tile's repetitions
PATIENCE_S = 15
BAR_MS, BAR_KB = 30, 60
#: how fast, of the best peer's speed, cold
BARS = {(14, "dense"): 2.0, (16, "dense"): 1.0, (16, "typical"): 0.5}

Tile = tuple[int, int, int]


def columns_rows(zoom: int, lon: np.ndarray, lat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tile numbers (XYZ) of points, degrees."""
    n, phi = 2**zoom, np.radians(lat)
    return ((lon + 180) / 360 * n).astype(int), ((1 - np.arcsinh(np.tan(phi)) / np.pi) / 2 * n).astype(int)


def tiles_of(zoom: int, lon: np.ndarray, lat: np.ndarray) -> list[tuple[Tile, int]]:
    """The tiles of a zoom that hold points, the fullest first, with how many."""
    found = Counter(zip(*(axis.tolist() for axis in columns_rows(zoom, lon, lat)), strict=True))
    return [((zoom, x, y), number) for (x, y), number in found.most_common()]


def features(body: bytes) -> tuple[int, int]:
    """Features of a tile and the rows they stand for."""
    if not body:
        return 0, 0
    raw = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
    if len(raw) > 4_000_000:  # decoding would take minutes: features are counted, they stand for one row each
        number = count_features(raw)
        return number, number
    found = [f for layer in mapbox_vector_tile.decode(raw).values() for f in layer["features"]]
    return len(found), sum(f["properties"].get("n", 1) for f in found)


def count_features(raw: bytes) -> int:
    """Fields number 2 of the layers (field 3) of a vector tile (MVT 2.1, section 4)."""
    total = 0
    for number, start, end in fields(raw, 0, len(raw)):
        if number == 3:
            total += sum(inner == 2 for inner, _, _ in fields(raw, start, end))
    return total


def fields(raw: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Number, start and end of the fields of a protobuf message that hold bytes or a varint."""
    while at < end:
        tag, at = varint(raw, at)
        if tag & 7 == 2:
            length, at = varint(raw, at)
            yield tag >> 3, at, at + length
            at += length
        else:
            _, at = varint(raw, at)


def varint(raw: bytes, at: int) -> tuple[int, int]:
    """A number and the place after it."""
    value = shift = 0
    while True:
        byte = raw[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def quantile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of them do not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def measure(contestants: Sequence[Contestant], tile: Tile, repeat: int) -> dict[str, list[Answer]]:
    """Ask all in turn, after one question each that does not count; who has used up the patience is left out."""
    answers_by_name: dict[str, list[Answer]] = {one.name: [one.ask(*tile)] for one in contestants}
    for turn in range(repeat):
        first = turn % len(contestants)
        for one in (*contestants[first:], *contestants[:first]):
            answers = answers_by_name[one.name]
            if sum(answer.ms for answer in answers) < 1000 * PATIENCE_S:
                answers.append(one.ask(*tile))
    return {name: answers[1:] or answers for name, answers in answers_by_name.items()}


def single_tiles(
    contestants: Sequence[Contestant], zooms: Sequence[int], lon: np.ndarray, lat: np.ndarray, repeat: int
) -> list[str]:
    """The table of single tiles; returns the bars that are missed."""
    print(
        "\n| tile | rows in it | server | p50 ms | p95 ms | KB | features | rows told |\n|---|--:|---|--:|--:|--:|--:|--:|"
    )
    missed: list[str] = []
    for zoom in zooms:
        found = tiles_of(zoom, lon, lat)
        for kind, (tile, held) in (("dense", found[0]), ("typical", found[len(found) // 2])):
            answers_by_name = measure(contestants, tile, repeat)
            middles = {name: statistics.median(a.ms for a in answers) for name, answers in answers_by_name.items()}
            for name, answers in answers_by_name.items():
                number, rows = features(answers[-1].body)
                p95, size = quantile([a.ms for a in answers], 0.95), answers[-1].size / 1024
                print(f"| z{zoom} {kind} | {held:,} | {name} | {middles[name]:.1f} | {p95:.1f} | {size:,.1f} | {number:,} | {rows:,} |",
                      flush=True)  # fmt: skip
            rivals = {name: ms for name, ms in middles.items() if name.endswith("our columns")}
            if rivals and zoom >= 14:
                best = min(rivals, key=rivals.__getitem__)
                ratio = rivals[best] / middles["ours, cold, county"]
                bar = BARS.get((zoom, kind))
                print(f"| | | best peer / ours | {ratio:.2f} (bar {bar or 'none'}) | | | | |")
                if bar is not None and ratio < bar:
                    missed.append(f"z{zoom} {kind}: {ratio:.2f} times the best peer's speed, bar {bar}")
    return missed


def every_tile(users: Sequence[Contestant], lon: np.ndarray, lat: np.ndarray) -> list[str]:
    """Every tile of the zooms 8 to 12, points alone and all layers, cold; returns the bars that are missed."""
    print("\n| every tile of z8–z12, cold | tiles | p50 ms | p95 ms | largest KB |\n|---|--:|--:|--:|--:|")
    tiles = [tile for zoom in range(8, 13) for tile, _ in tiles_of(zoom, lon, lat)]
    missed = []
    for user in users:
        for title, path in (("points", PATH), ("all layers", EVERYTHING)):
            contestant = Contestant(user.name, user.port, path, user.token)
            contestant.ask(*tiles[0])
            answers = [contestant.ask(*tile) for _ in range(3) for tile in tiles]
            p50, p95 = (quantile([a.ms for a in answers], share) for share in (0.5, 0.95))
            largest = max(a.size for a in answers) / 1024
            print(f"| {user.name}, {title} | {len(tiles)} | {p50:.1f} | {p95:.1f} | {largest:.1f} |", flush=True)
            if p95 > BAR_MS or largest > BAR_KB:
                missed.append(
                    f"{user.name}, {title}, z8-z12: p95 {p95:.1f} ms, {largest:.1f} KB; bar {BAR_MS} ms, {BAR_KB} KB"
                )
    return missed


def session() -> list[list[Tile]]:
    """The views of a session, 1,024 × 768 pixels of 512 px tiles: from the county to a village, along its houses, and back."""
    views = [(WEST + WIDTH / 2, SOUTH + 0.15, z) for z in (9, 10, 11)]
    here = (WEST + 0.2, SOUTH + 0.12)
    views += [(*here, z) for z in (12, 13, 14)]
    views += [(here[0] + step * 0.008, here[1] + step * 0.003, 14) for step in range(1, 9)]
    views += [(here[0] + 0.064 + step * 0.002, here[1] + 0.024, z) for z in (15, 16) for step in range(8)]
    views += [(here[0] + 0.06, here[1] + 0.02, z) for z in (14, 12, 10)]
    shown = []
    for lon, lat, zoom in views:
        x, y = ((lon + 180) / 360 * 2**zoom, (1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * 2**zoom)
        shown.append(
            [(zoom, i, j) for i in range(int(x - 1), int(x + 1) + 1) for j in range(int(y - 0.75), int(y + 0.75) + 1)]
        )
    return shown


def pan_and_zoom(contestants: Sequence[Contestant], repeat: int) -> None:
    """The recorded session, with a browser's memory of tags: what is asked again is asked with If-None-Match."""
    views = session()
    request_count = sum(len(view) for view in views)
    print(
        f"\n| session: {len(views)} views, {request_count} tiles | s | p50 ms | p95 ms | MB | unchanged |\n|---|--:|--:|--:|--:|--:|"
    )
    times: dict[str, list[list[Answer]]] = {one.name: [] for one in contestants}
    for turn in range(repeat):
        first = turn % len(contestants)
        for one in (*contestants[first:], *contestants[:first]):
            tags: dict[Tile, str] = {}
            answers = []
            for tile in itertools.chain.from_iterable(views):
                answer = one.ask(*tile, **({"If-None-Match": tags[tile]} if tile in tags else {}))
                if "etag" in answer.headers:
                    tags[tile] = answer.headers["etag"]
                answers.append(answer)
            times[one.name].append(answers)
    for name, runs in times.items():
        every = [a.ms for run in runs for a in run]
        total = statistics.median(sum(a.ms for a in run) for run in runs) / 1000
        print(f"| {name} | {total:.2f} | {quantile(every, 0.5):.1f} | {quantile(every, 0.95):.1f} | "
              f"{sum(a.size for a in runs[-1]) / 1e6:.2f} | {sum(a.status == 304 for a in runs[-1])} |", flush=True)  # fmt: skip


def main() -> int:
    """Fill, start everybody, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=15)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    lon, lat = points(arguments.rows)
    with county(arguments.rows, arguments.keep) as cluster:
        os.environ.update(our_settings(cluster))
        get_settings.cache_clear()
        missed = report(cluster, lon, lat, arguments.repeat, quick=arguments.quick)
    print("\n" + "\n".join(f"**missed** {one}" for one in missed) if missed else "\nEvery bar is met.")
    return 1 if missed else 0


def report(
    cluster: EmbeddedCluster, lon: np.ndarray, lat: np.ndarray, repeat: int, *, quick: bool = False
) -> list[str]:
    """All parts; returns the bars that are missed."""
    middle = fullest_cell(lon, lat)
    users = {
        "county": (Role.COUNTY_ADMIN, COUNTY),
        "town": (Role.TOWN_OFFICIAL, middle[:9]),
        "cell": (Role.GRID_WORKER, middle),
    }
    database = Database(cluster.dsn("app"), pool_size=2)
    tokens = {name: make_token(database, *who) for name, who in users.items()}
    with ours(cluster, 0) as (cold, _), ours(cluster, 256) as (warm, running), peers(cluster) as rivals:
        colds = [Contestant(f"ours, cold, {name}", cold, PATH, token) for name, token in tokens.items()]
        warms = [Contestant(f"ours, warm, {name}", warm, PATH, token) for name, token in tokens.items()]
        missed = single_tiles([*colds, warms[0], *rivals], QUICK_ZOOMS if quick else ZOOMS, lon, lat, repeat)
        missed += every_tile(colds, lon, lat)
        quick = [one for one in rivals if "columns" not in one.name and one.name != "tipg uncapped"]
        if not quick:
            pan_and_zoom([colds[0], *warms, *quick], 3)
        log("scope, freshness, warm path")
        missed += tiles_scope.report(database, middle)
        missed += tiles_fresh.report(cluster, Contestant("", warm, PATH, tokens["county"]), 200)
        missed += tiles_warm.report(warms[0], tiles_of(14, lon, lat)[0][0], running.pid)
    database.close()
    return missed


def fullest_cell(lon: np.ndarray, lat: np.ndarray) -> str:
    """The cell with most points."""
    found = Counter(
        zip(((lon - WEST) / CELL).astype(int).tolist(), ((lat - SOUTH) / CELL).astype(int).tolist(), strict=True)
    )
    (i, j), _ = found.most_common(1)[0]
    return f"{COUNTY}{100 + i // 25 + 4 * (j // 25):03d}{200 + i % 25 // 5 + 5 * (j % 25 // 5):03d}{1 + i % 5 + 5 * (j % 5):03d}"


if __name__ == "__main__":
    sys.exit(main())
