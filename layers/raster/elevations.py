"""The ground at each address, read from the county's elevation model: those missing, moved, or read from an older model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, text

from database.connection.engine import Database, raw
from database.rights.scope import Scope
from layers.raster.catalogue import RasterRow, file_of, get_raster, list_rasters
from layers.raster.datasets import OPEN_FILES
from layers.raster.errors import NoElevationModel
from layers.raster.sample import bilinear

BATCH = 100_000


@dataclass(frozen=True, slots=True)
class ElevationReport:
    """What a refresh did. read_n: addresses read anew. empty_n: of those, without a value in the model."""

    raster: str
    read_n: int
    empty_n: int


# The county as a whole is asked for: a hash join of both tables. In the order of the grid, so that a batch reads few squares.
_STALE = """
SELECT a.id, st_x(a.geom) AS lon, st_y(a.geom) AS lat, a.grid_code
FROM standard_address a LEFT JOIN address_elevation e ON e.address_id = a.id
WHERE a.geom IS NOT NULL
  AND (e.address_id IS NULL OR e.raster_id <> :raster OR e.grid_code <> a.grid_code OR e.geom IS DISTINCT FROM a.geom)
ORDER BY a.grid_code LIMIT :batch
"""
# One statement a batch, by pk_standard_address and pk_address_elevation; what moved since it was read stays stale.
_WRITE = """
INSERT INTO address_elevation AS e (address_id, elevation_m, raster_id, geom, grid_code)
SELECT a.id, n.elevation_m, :raster, a.geom, a.grid_code
FROM new_elevation n JOIN standard_address a ON a.id = n.address_id AND st_x(a.geom) = n.lon AND st_y(a.geom) = n.lat
ON CONFLICT (address_id) DO UPDATE SET elevation_m = excluded.elevation_m, raster_id = excluded.raster_id,
    geom = excluded.geom, grid_code = excluded.grid_code, read_at = now()
"""


def find_dem(connection: Connection, name: str | None = None) -> RasterRow:
    """The elevation model of that name, else the finest of the county. Raises RasterNotFound, NoElevationModel."""
    if name is not None:
        raster = get_raster(connection, name)
        if raster.kind != "dem":
            raise NoElevationModel(f"{name} 不是高程 / is no elevation model: {raster.kind}")
        return raster
    models = [raster for raster in list_rasters(connection) if raster.kind == "dem"]
    if not models:
        raise NoElevationModel("请先入库：onemap raster add --kind dem / add one first: onemap raster add --kind dem")
    return min(models, key=lambda raster: (raster.resolution_m, raster.id))


def refresh_elevations(
    database: Database,
    scope: Scope,
    folder: Path,
    *,
    name: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> ElevationReport:
    """Read the elevation of every address of the scope that has none of this model at this place. Batches of 100,000, each
    a transaction of its own: stopped, it goes on where it was. Raises RasterNotFound, NoElevationModel, RasterFileMissing.
    """
    with database.transaction(scope) as connection:
        raster = find_dem(connection, name)
    path = file_of(folder, raster.file)
    read_n = empty_n = 0
    for found in _batches(database, scope, raster, path):
        read_n += len(found)
        empty_n += int(np.isnan(found).sum())
        if progress:
            progress(read_n)
    return ElevationReport(raster.name, read_n, empty_n)


def _batches(database: Database, scope: Scope, raster: RasterRow, path: Path) -> Iterator[Any]:
    """Refresh batch after batch; yields the metres of each."""
    previous: set[int] = set()
    while True:
        with database.transaction(scope) as connection:
            rows = connection.execute(text(_STALE), {"raster": raster.id, "batch": BATCH}).all()
            if not rows or {row.id for row in rows} == previous:
                return
            previous = {row.id for row in rows}
            lons, lats = np.array([row.lon for row in rows]), np.array([row.lat for row in rows])
            with OPEN_FILES.borrow(path) as reader:
                metres = np.round(bilinear(reader.dataset, lons, lats), 2)
            _write(connection, raster.id, [row.id for row in rows], lons, lats, metres)
        yield metres
        if len(rows) < BATCH:
            return


def _write(connection: Connection, raster_id: int, ids: list[int], lons: Any, lats: Any, metres: Any) -> None:
    connection.execute(
        text(
            "CREATE TEMP TABLE new_elevation (address_id bigint, lon float8, lat float8, elevation_m float8) "
            "ON COMMIT DROP"
        )
    )
    with (
        raw(connection).cursor() as cursor,
        cursor.copy("COPY pg_temp.new_elevation (address_id, lon, lat, elevation_m) FROM STDIN") as copy,
    ):
        for address_id, lon, lat, value in zip(ids, lons.tolist(), lats.tolist(), metres.tolist(), strict=True):
            copy.write_row((address_id, lon, lat, None if value != value else value))
    connection.execute(text("ANALYZE pg_temp.new_elevation"))
    connection.execute(text(_WRITE), {"raster": raster_id})
