"""Raster tiles beside rio-tiler alone, statistics, elevations and the flood layer, on a county of generated data. Prints Markdown.

    python -m benchmarks.rasters [--width 12000] [--tiles 40] [--rows 200000]     # --tiles 0: no tiles

Starts a private cluster in a temporary folder (fsync off); 8 towns, 200 villages, 5,000 cells over 0.9° × 0.45°. Generated
with a fixed seed: a DEM (float32), imagery (RGB), population (30″) of the county's size, ``--width`` pixels wide. Every tile
is asked of each way in turn (interleaved), the order turning, so that a stall of the machine meets them all alike:

- rio-tiler alone: our COG, opened for each tile, read, coloured, encoded, with the same options;
- rio-tiler, open: the same with one reader kept open;
- ours: ``render_tile``; ours, HTTP: uvicorn, session token, scope, on one connection kept alive; ours, 304: with the ETag.
"""

from __future__ import annotations

import argparse
import secrets
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import morecantile
import numpy as np
import psycopg
import rasterio
import uvicorn
from rasterio.transform import from_bounds
from rio_tiler.colormap import cmap
from rio_tiler.io.rasterio import Reader

from access.accounts.accounts import create_account
from access.sessions.tokens import create_token
from benchmarks.tiles_plan import CELL, COUNTY, SOUTH, WEST, filled_cluster, log
from database.connection.engine import Database
from database.embedded import EmbeddedCluster
from database.installation.settings import Settings
from database.rights.scope import Role, Scope
from layers.raster.catalogue import RasterRow, file_of
from layers.raster.elevations import refresh_elevations
from layers.raster.flood import count_flooded, list_flooded
from layers.raster.ingest import NewRaster, add_raster
from layers.raster.render import PNG, WEBP_SHADES, render_tile
from layers.raster.styles import Style, style_of
from layers.raster.visible import outline_in_tile
from layers.raster.zonal import list_zones, within_budget, zone_statistics
from mapserver.app.create import create_app

EAST, NORTH = WEST + 100 * CELL, SOUTH + 50 * CELL
TMS = morecantile.tms.get("WebMercatorQuad")
ZOOMS = (9, 10, 12, 14, 16)
Way = Callable[[Any], bytes]
SYSTEM = Scope.of_system(COUNTY)


def generate(folder: Path, width: int) -> dict[str, Path]:
    """The source files, plain GeoTIFFs."""
    height = width // 2
    rng = np.random.default_rng(4)
    y, x = np.mgrid[0:height, 0:width].astype("float32")
    scale = width / 12000
    dem = 60 + 50 * np.sin(x / (700 * scale)) + 45 * np.cos(y / (500 * scale)) + 8 * np.sin((x + y) / (40 * scale))
    dem += rng.normal(0, 0.4, dem.shape).astype("float32")
    rgb = np.stack([dem * 1.2, 255 - dem, dem * 0.7 + 40]) + rng.normal(0, 12, (3, height, width)).astype("float32")
    people = rng.gamma(1.2, 40, (54, 108)).astype("float32")
    files = {}
    for name, pixels, more in (
        ("dem", dem[None].astype("float32"), {"nodata": -9999}),
        ("photo", np.clip(rgb, 0, 255).astype("uint8"), {"photometric": "RGB"}),
        ("people", people[None], {"nodata": -1}),
    ):
        files[name] = folder / f"{name}.tif"
        count, rows, columns = pixels.shape
        with rasterio.open(
            files[name], "w", driver="GTiff", width=columns, height=rows, count=count, dtype=pixels.dtype,
            crs="EPSG:4490", transform=from_bounds(WEST, SOUTH, EAST, NORTH, columns, rows), **more,
        ) as out:  # fmt: skip
            out.write(pixels)
    return files


def ingest(database: Database, folder: Path, files: dict[str, Path]) -> dict[str, RasterRow]:
    """Add the files, and say how long each took."""
    print("| ingest | source | files kept | seconds |\n|---|--:|--:|--:|")
    rows = {}
    for name, kind in (("dem", "dem"), ("photo", "imagery"), ("people", "population")):
        started = time.perf_counter()
        row = add_raster(database, SYSTEM, folder, files[name], NewRaster(name, kind), max_mb=50_000)  # type: ignore[arg-type]
        seconds = time.perf_counter() - started
        kept = sum(file_of(folder, f).stat().st_size for f in {row.file, row.tile_file})
        print(
            f"| {kind} | {files[name].stat().st_size / 1e6:.0f} MB | {kept / 1e6:.0f} MB | {seconds:.1f} |", flush=True
        )
        rows[name] = row
    return rows


def tiles_of(zoom: int, most: int) -> list[Any]:
    """Tiles over the county, spread evenly, in an order that is no neighbourhood."""
    found = list(TMS.tiles(WEST + CELL, SOUTH + CELL, EAST - CELL, NORTH - CELL, zoom))
    np.random.default_rng(zoom).shuffle(found)
    return [morecantile.Tile(*(int(v) for v in tile)) for tile in found[:most]]


def alone(path: Path, raster: RasterRow, image: str, *, keep_open: bool) -> Way:
    """rio-tiler by itself, with the same colours and options."""
    kept = Reader(str(path)) if keep_open else None
    options = PNG if image == "png" else WEBP_SHADES

    def draw(reader: Reader, tile: Any) -> bytes:
        indexes = (1, 2, 3) if raster.kind == "imagery" else (1,)
        data = reader.tile(tile.x, tile.y, tile.z, indexes=indexes, resampling_method="bilinear")
        if raster.kind == "imagery":
            return bytes(data.render(img_format=image.upper(), **options))
        data.rescale(in_range=((raster.stretch[0][0], raster.stretch[0][1]),))
        return bytes(data.render(img_format=image.upper(), colormap=cmap.get("terrain"), **options))

    def way(tile: Any) -> bytes:
        if kept is not None:
            return draw(kept, tile)
        with Reader(str(path)) as reader:
            return draw(reader, tile)

    return way


def ours(database: Database, folder: Path, raster: RasterRow, style: Style, image: str, scope: Scope = SYSTEM) -> Way:
    """Our function, with the question of what the scope covers where the raster needs it."""
    path = file_of(folder, raster.tile_file)

    def way(tile: Any) -> bytes:
        outline = None
        if raster.scoped:
            with database.transaction(scope) as connection:
                outline = outline_in_tile(connection, tile.z, tile.x, tile.y)
        return render_tile(path, raster, style, tile.z, tile.x, tile.y, image, outline)  # type: ignore[arg-type]

    return way


def over_http(
    client: httpx.Client, name: str, image: str, query: str = "", part: str = "", *, again: bool = False
) -> Way:
    """Our server; again: with the ETag of the tile, which is fetched once before."""
    tags: dict[Any, str] = {}

    def way(tile: Any) -> bytes:
        path = f"/tiles/{COUNTY}/raster/{name}{part}/{tile.z}/{tile.x}/{tile.y}.{image}{query}"
        answer = client.get(path, headers={"If-None-Match": tags[tile]} if tile in tags else {})
        answer.raise_for_status() if answer.status_code != 304 else None
        return answer.content

    def remembered(tile: Any) -> bytes:
        if tile not in tags:
            path = f"/tiles/{COUNTY}/raster/{name}{part}/{tile.z}/{tile.x}/{tile.y}.{image}{query}"
            tags[tile] = client.get(path).headers["ETag"]
        return way(tile)

    return remembered if again else way


def compare(title: str, ways: dict[str, Way], tiles: int, repeat: int = 2) -> None:
    """Ask every way for every tile, in turn, and print a row a zoom: p50 / p95 in ms, and ours against the first way."""
    for zoom in ZOOMS:
        chosen = tiles_of(zoom, tiles)
        times: dict[str, list[float]] = {name: [] for name in ways}
        size = 0
        for turn in range(repeat + 1):
            for n, tile in enumerate(chosen):
                names = list(ways)
                for name in names[n % len(names) :] + names[: n % len(names)]:
                    started = time.perf_counter()
                    body = ways[name](tile)
                    if turn:  # the first round warms up all of them alike
                        times[name].append(1000 * (time.perf_counter() - started))
                    size += len(body) if turn == 1 and name == names[0] else 0
        shown = []
        for taken in times.values():
            taken.sort()
            shown.append(f"{statistics.median(taken):.1f} / {taken[int(len(taken) * 0.95)]:.1f}")
        medians = {name: statistics.median(taken) for name, taken in times.items()}
        first = next(iter(medians))
        ratio = f"{medians['ours'] / medians[first]:.2f}" if first != "ours" else ""
        cells = dict(zip(ways, shown, strict=True))
        row = [cells.get(c, "") for c in ("rio-tiler alone", "rio-tiler, open", "ours", "HTTP", "304")]
        print(
            f"| {title} z{zoom} | {len(chosen)} | {size / len(chosen) / 1024:.0f} | {' | '.join(row)} | {ratio} |",
            flush=True,
        )


def serve(settings: Settings) -> uvicorn.Server:
    """The application, in a thread."""
    server = uvicorn.Server(uvicorn.Config(create_app(settings, worker=False), port=settings.port, log_level="warning"))
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.1)
    return server


def client_of(database: Database, settings: Settings, role: Role, prefix: str) -> httpx.Client:
    """A client with a token of an account made for this run."""
    name = f"benchmark-{secrets.token_hex(4)}"
    with database.platform() as connection:
        create_account(
            connection, username=name, display_name="benchmark", password=secrets.token_urlsafe(24), role=role,
            county=COUNTY, prefixes=(prefix,), settings=settings,
        )  # fmt: skip
        token = create_token(connection, name, "benchmark", days=1)
    base = f"http://127.0.0.1:{settings.port}"
    return httpx.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=60)


def measure_tiles(database: Database, settings: Settings, rows: dict[str, RasterRow], cell: str, tiles: int) -> None:
    """Every style of tile, by every way that there is to compare."""
    folder = settings.rasters_folder
    admin = client_of(database, settings, Role.COUNTY_ADMIN, COUNTY)
    worker = client_of(database, settings, Role.GRID_WORKER, cell)
    print(
        "\n| 256 px tile | tiles | KB | rio-tiler alone | rio-tiler, open | ours | ours, HTTP | ours, 304 | ours : rio-tiler alone |"
    )
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    for name, image in (("dem", "png"), ("photo", "png"), ("photo", "webp")):
        raster = rows[name]
        path = file_of(folder, raster.tile_file)
        compare(
            f"{raster.kind} {image}",
            {
                "rio-tiler alone": alone(path, raster, image, keep_open=False),
                "rio-tiler, open": alone(path, raster, image, keep_open=True),
                "ours": ours(database, folder, raster, style_of(raster), image),
                "HTTP": over_http(admin, name, image),
                "304": over_http(admin, name, image, again=True),
            },
            tiles,
        )
    dem = rows["dem"]
    for title, how, part, query in (
        ("hillshade", "hillshade", "", "?style=hillshade"),
        ("terrain-RGB", "terrain-rgb", "", "?style=terrain-rgb"),
        ("flood", "flood", "/flood/60", ""),
    ):
        style = style_of(dem, how=how, level_m=60)  # type: ignore[arg-type]
        compare(
            f"{title} png",
            {"ours": ours(database, folder, dem, style, "png"), "HTTP": over_http(admin, "dem", "png", query, part)},
            tiles,
        )
    people = rows["people"]
    for who, client, scope in (
        ("county", admin, SYSTEM),
        ("one cell", worker, Scope(COUNTY, "b", Role.GRID_WORKER, (cell,))),
    ):
        compare(
            f"population, scoped, {who}",
            {
                "ours": ours(database, folder, people, style_of(people), "png", scope),
                "HTTP": over_http(client, "people", "png"),
            },
            tiles,
        )


def prepare_households(cluster: EmbeddedCluster) -> None:
    """Households at the addresses of the same number, persons with ages, as the superuser."""
    with psycopg.connect(cluster.dsn("superuser", database="onemap"), autocommit=True) as connection:
        connection.execute(f"SET search_path = c{COUNTY}, public; SET session_replication_role = replica")
        connection.execute(
            "UPDATE household h SET address_id = a.id FROM standard_address a WHERE a.code LIKE '%' AND a.id = h.id"
        )
        connection.execute("UPDATE person SET birth_date = date '1930-01-01' + (id % 34000)::int")
        connection.execute("UPDATE household_member m SET person_id = p.id FROM person p WHERE p.id = m.person_id")
        connection.execute("VACUUM ANALYZE household, person, household_member, standard_address")


def measure_values(database: Database, settings: Settings, rows: dict[str, RasterRow], cells: list[str]) -> None:
    """Elevations, flood, statistics: seconds and milliseconds."""
    folder = settings.rasters_folder
    print("\n| what | who | rows | time |\n|---|---|--:|--:|")
    started = time.perf_counter()
    report = refresh_elevations(database, SYSTEM, folder)
    print(f"| elevations, all | county | {report.read_n:,} | {time.perf_counter() - started:.1f} s |")
    started = time.perf_counter()
    report = refresh_elevations(database, SYSTEM, folder)
    print(f"| elevations, again | county | {report.read_n:,} | {time.perf_counter() - started:.1f} s |", flush=True)
    scopes = {
        "county": SYSTEM,
        "town": Scope(COUNTY, "b", Role.TOWN_OFFICIAL, (cells[0][:9],)),
        "village": Scope(COUNTY, "b", Role.VILLAGE_OFFICER, (cells[0][:12],)),
        "one cell": Scope(COUNTY, "b", Role.GRID_WORKER, (cells[0],)),
    }
    for who, scope in scopes.items():
        for level in (20.0, 60.0):
            with database.transaction(scope) as connection:
                taken, found = timed(lambda c=connection, h=level: count_flooded(c, h))
                print(
                    f"| flood {level:g} m, counts | {who} | {found.total.households_n:,} households | {taken:.0f} ms |"
                )
                taken, found = timed(lambda c=connection, h=level: list_flooded(c, h))
                print(f"| flood {level:g} m, first 50 | {who} | {len(found.items)} | {taken:.0f} ms |", flush=True)
    for name, level in (("dem", "cell"), ("dem", "village"), ("people", "cell")):
        raster = rows[name]
        started, pages, zones_n, after, slowest = time.perf_counter(), 0, 0, "", 0.0
        while True:
            begun = time.perf_counter()
            with database.transaction(SYSTEM) as connection:
                found = list_zones(connection, raster, level, after=after, limit=201)  # type: ignore[arg-type]
            zones = within_budget(found[:200], raster.resolution_m)
            zone_statistics(file_of(folder, raster.file), raster, zones)
            slowest = max(slowest, time.perf_counter() - begun)
            pages, zones_n = pages + 1, zones_n + len(zones)
            if len(zones) == len(found):
                break
            after = zones[-1].code
        taken = time.perf_counter() - started
        print(
            f"| statistics of {name} by {level} | county | {zones_n:,} in {pages} pages | {taken:.1f} s, slowest page {slowest:.1f} s |",
            flush=True,
        )


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Median milliseconds of three calls after one, and the answer."""
    call()
    times = []
    for _ in range(3):
        started = time.perf_counter()
        answer = call()
        times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times), answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--width", type=int, default=12000)
    parser.add_argument("--tiles", type=int, default=40)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--port", type=int, default=8791)
    arguments = parser.parse_args()
    with filled_cluster(arguments.rows) as (cluster, cells), tempfile.TemporaryDirectory() as scratch:
        settings = Settings(home=cluster.home, port=arguments.port, embedded_fsync=False)
        database = Database(cluster.dsn("app"), pool_size=2)
        files = generate(Path(scratch), arguments.width)
        log("generated")
        rows = ingest(database, settings.rasters_folder, files)
        server = serve(settings)
        try:
            if arguments.tiles:
                measure_tiles(database, settings, rows, cells[0], arguments.tiles)
        finally:
            server.should_exit = True
            time.sleep(2)
        prepare_households(cluster)
        measure_values(database, settings, rows, cells)
        database.close()


if __name__ == "__main__":
    main()
