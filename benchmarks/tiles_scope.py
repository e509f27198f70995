"""What the scope costs: the same rows, read by the county and by a narrower account, through ``read_tile`` alone.

By the clock, and by the processor time of the server's process, which other work on the machine does not touch: the bar is of that.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from sqlalchemy import text

from benchmarks.tiles_plan import COUNTY, tile_at
from database.connection.engine import Database, raw
from database.rights.scope import Role, Scope
from layers.tiles.tile import read_tile

BAR = 1.3


def report(database: Database, middle: str, repeat: int = 25) -> list[str]:
    """Tiles that lie whole inside the narrower scope; returns the bars that are missed."""
    whole = Scope(COUNTY, "benchmark", Role.COUNTY_ADMIN, (COUNTY,))
    with database.transaction(whole) as connection:
        cells = list(connection.scalars(text("SELECT code FROM grid_cell ORDER BY code")))
        boxes = {
            code: connection.execute(
                text("SELECT st_x(p) AS lon, st_y(p) AS lat FROM (SELECT st_pointonsurface(geom) AS p FROM "
                     "(SELECT geom, code FROM division UNION ALL SELECT geom, code FROM grid_cell) a WHERE code = :c) s"),
                {"c": code},
            ).one()
            for code in (COUNTY, middle[:9], middle[:12], middle)
        }  # fmt: skip
    narrow = {
        "all 5,000 cells": (Scope(COUNTY, "b", Role.GRID_WORKER, tuple(cells)), COUNTY, (8, 10, 12, 13, 14, 16)),
        "one town": (Scope(COUNTY, "b", Role.TOWN_OFFICIAL, (middle[:9],)), middle[:9], (12, 13, 14, 16)),
        "one village": (Scope(COUNTY, "b", Role.VILLAGE_OFFICER, (middle[:12],)), middle[:12], (15, 16)),
        "one cell": (Scope(COUNTY, "b", Role.GRID_WORKER, (middle,)), middle, (17, 18)),
    }
    print(
        "\n| scope | tile | rows | unrestricted ms | in scope ms | processor, unrestricted ms | in scope ms | ratio |"
    )
    print("|---|---|--:|--:|--:|--:|--:|--:|")
    missed = []
    for name, (scope, place, zooms) in narrow.items():
        for zoom in zooms:
            tile = (zoom, *tile_at(zoom, boxes[place].lon, boxes[place].lat))
            took, same = compare(database, whole, scope, tile, repeat)
            of, within = (
                [statistics.median(one) for one in zip(*took[which], strict=True)] for which in (whole, scope)
            )
            ratio = within[1] / of[1]
            print(
                f"| {name} | z{zoom} | {'same' if same else 'not the same'} | {of[0]:.2f} | {within[0]:.2f} | {of[1]:.2f} | {within[1]:.2f} "
                f"| {ratio:.2f} |",
                flush=True,
            )
            if same and ratio > BAR:
                missed.append(f"scope {name} z{zoom}: {ratio:.2f} times the cost, bar {BAR}")
    return missed


def compare(
    database: Database, whole: Scope, scope: Scope, tile: tuple[int, int, int], repeat: int
) -> tuple[dict[Scope, list[tuple[float, float]]], bool]:
    """Milliseconds of both in turn, by the clock and of the server's process, and whether both read the same."""
    bodies = set()
    took: dict[Scope, list[tuple[float, float]]] = {whole: [], scope: []}
    for turn in range(repeat + 2):
        for one in (whole, scope) if turn % 2 else (scope, whole):
            with database.transaction(one) as connection:
                pid = raw(connection).info.backend_pid
                started, used = time.perf_counter(), processor_ms(pid)
                bodies.add(read_tile(connection, ["addresses"], *tile).body)
                took[one].append((1000 * (time.perf_counter() - started), processor_ms(pid) - used))
    return {one: pairs[2:] for one, pairs in took.items()}, len(bodies) == 1


def processor_ms(pid: int) -> float:
    """Processor time of a process so far (Linux)."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e6
