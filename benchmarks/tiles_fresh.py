"""How soon after a commit the tiles say something new: a plain SQL UPDATE and a move, every tile of z8 to z18, old and new place."""

from __future__ import annotations

import random
import time

import psycopg

from benchmarks.tiles_data import HEIGHT, SOUTH, WEST, WIDTH
from benchmarks.tiles_plan import COUNTY, tile_at
from benchmarks.tiles_servers import Contestant
from database.embedded import EmbeddedCluster

BAR_MS = 100


def report(cluster: EmbeddedCluster, warm: Contestant, changes: int) -> list[str]:
    """Change rows and ask; returns the bars that are missed."""
    chance = random.Random(4)
    waits: dict[str, list[float]] = {"UPDATE of an attribute": [], "move, old place": [], "move, new place": []}
    same, others = 0, 0
    with psycopg.connect(cluster.dsn("superuser", database="onemap"), autocommit=True) as writer:
        writer.execute(f"SET search_path = c{COUNTY}, public")
        highest = writer.execute("SELECT max(id) FROM standard_address").fetchone()[0]  # type: ignore[index]
        for turn in range(changes):
            row = writer.execute(
                "SELECT id, st_x(geom), st_y(geom) FROM standard_address WHERE id >= %s ORDER BY id LIMIT 1",
                (chance.randrange(highest),),
            ).fetchone()
            assert row is not None
            key, lon, lat = row
            zoom = 8 + turn % 11
            east = WEST + (lon - WEST + WIDTH / 2) % WIDTH
            old, new = ((zoom, *tile_at(zoom, *where)) for where in ((lon, lat), (east, lat)))
            elsewhere = (16, *tile_at(16, *unlike(chance, lon, lat, east)))
            before = {tile: tag(warm, tile) for tile in (old, new, elsewhere)}
            if turn % 2 and zoom >= 15:
                sql, kinds = (
                    "UPDATE standard_address SET full_text = full_text || '改' WHERE id = %s",
                    [("UPDATE of an attribute", old)],
                )
                values: tuple[object, ...] = (key,)
            else:
                sql = "UPDATE standard_address SET geom = st_setsrid(st_point(%s, %s), 4490) WHERE id = %s"
                values = (east, lat, key)
                kinds = [("move, old place", old), ("move, new place", new)]
            writer.execute(sql, values)
            committed = time.perf_counter()
            unseen = dict(kinds)
            while unseen:  # both places are asked in turn until each has told
                for kind, tile in list(unseen.items()):
                    if tag(warm, tile) != before[tile]:
                        waits[kind].append(1000 * (time.perf_counter() - committed))
                        del unseen[kind]
                if time.perf_counter() - committed > 5:
                    raise RuntimeError(f"{', '.join(unseen)} of {key}: the tile did not change")
            others += 1
            same += tag(warm, elsewhere) == before[elsewhere]
    print(
        f"\n| commit → new ETag, {changes} changes, z8–z18 | number | p50 ms | p99 ms | most ms |\n|---|--:|--:|--:|--:|"
    )
    missed = []
    for kind, found in waits.items():
        found.sort()
        p99 = found[min(len(found) - 1, int(len(found) * 0.99))]
        print(f"| {kind} | {len(found)} | {found[len(found) // 2]:.1f} | {p99:.1f} | {found[-1]:.1f} |", flush=True)
        if p99 > BAR_MS:
            missed.append(f"freshness, {kind}: p99 {p99:.1f} ms, bar {BAR_MS} ms")
    print(f"\nTiles that nothing touched kept their ETag: {same} of {others}.")
    if same != others:
        missed.append("a tile that nothing touched changed its ETag")
    return missed


def tag(warm: Contestant, tile: tuple[int, int, int]) -> str:
    """The tile's ETag; empty when nothing is there."""
    return warm.ask(*tile).headers.get("etag", "")


def unlike(chance: random.Random, lon: float, lat: float, east: float) -> tuple[float, float]:
    """A place away from both."""
    while True:
        where = WEST + chance.random() * WIDTH, SOUTH + chance.random() * HEIGHT
        if abs(where[1] - lat) > 0.02 and abs(where[0] - lon) > 0.02 and abs(where[0] - east) > 0.02:
            return where
