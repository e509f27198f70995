"""The whole attack in order: world, honest use, self-test, scouting, targeted attacks, random requests."""

from __future__ import annotations

import random

import morecantile
from sqlalchemy import text

from benchmarks.attack.client import Client
from benchmarks.attack.generate import Generator
from benchmarks.attack.journeys import travel
from benchmarks.attack.judge import Judge, Tally
from benchmarks.attack.openapi import read_operations
from benchmarks.attack.run import find_doors, scout, send_random
from benchmarks.attack.selftest import prove_sight
from benchmarks.attack.targeted import ATTACKS
from benchmarks.attack.targeted.ring import Ring
from benchmarks.attack.world import HOME, NAMES, World, open_world


def attack(
    requests: int,
    seed: int,
    scale: str,
    *,
    port: int = 0,
    url: str | None = None,
    only: str | None = None,
    thorough: float = 1.0,
) -> Tally:
    """Attack; returns what was examined and found. only: random requests to paths that hold this, or one targeted attack."""
    with open_world(scale, port, url) as world:
        client, judge = Client(world.url), Judge(world)
        generator = Generator(world, read_operations(world.url), seed)
        for county in NAMES:
            travel(world, client, judge, county)
        world.read()
        find_doors(world, generator)
        print(
            f"{world.oracle.rows} rows, {len(generator.operations)} operations, {len(world.askers)} askers", flush=True
        )
        judge.tally.sight = prove_sight(world, client, *_something_to_see(world, generator))
        scout(world, client, generator, judge, each=2 if thorough >= 1 else 1)
        ring = Ring(world, client, judge, generator, random.Random(seed), thorough)
        for name, run in ATTACKS.items():
            if only is None or only == name:
                before = judge.tally.requests
                run(ring)
                print(f"  {name}: {judge.tally.requests - before} requests", flush=True)
                judge.settle()
        if only:
            generator.operations = [o for o in generator.operations if only in o.path]
        if generator.operations:
            send_random(world, client, generator, judge, requests)
        judge.settle()
        return judge.tally


def _something_to_see(world: World, generator: Generator) -> tuple[tuple[int, int, int], int]:
    """A tile with doors and an import with rejected rows, for the self-test."""
    lon, lat = generator.points[HOME][0]
    tile = morecantile.tms.get("WebMercatorQuad").tile(lon, lat, 14)
    with world.owner.connect() as connection:
        batch = connection.scalar(
            text(f"SELECT batch_id FROM c{HOME}.import_reject GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")
        )
    return (14, tile.x, tile.y), int(batch or 0)
