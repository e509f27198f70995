"""The catalogue of a county's rasters. Everybody of the county reads it; only who sees the whole county changes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, RowMapping, text

from access.audit.record import record
from layers.raster.errors import RasterFileMissing, RasterNotFound
from layers.raster.kinds import KINDS, Kind


@dataclass(frozen=True, slots=True)
class RasterRow:
    """A raster of the catalogue, as its table describes it. bounds: west, south, east, north in EPSG:4490."""

    id: int
    name: str
    title: str
    kind: str
    sensitivity: str
    file: str
    tile_file: str
    crs: str
    bounds: tuple[float, float, float, float]
    bands: int
    dtype: str
    nodata: float | None
    resolution_m: float
    unit: str | None
    stretch: list[list[float]]
    minzoom: int
    maxzoom: int
    sha256: str
    tile_sha256: str
    source_name: str
    source_sha256: str
    source_crs: str
    attribution: str | None
    added_by: str
    added_at: datetime

    @property
    def is_kind(self) -> Kind:
        """What follows from its kind."""
        return KINDS[self.kind]

    @property
    def scoped(self) -> bool:
        """Whether pixels outside the scope are left out."""
        return self.sensitivity == "scoped"


_COLUMNS = ", ".join(field.name for field in fields(RasterRow) if field.name != "bounds")
_BOUNDS = "ARRAY[st_xmin(geom), st_ymin(geom), st_xmax(geom), st_ymax(geom)] AS bounds"


def _row(row: RowMapping) -> RasterRow:
    return RasterRow(**{**row, "bounds": tuple(row["bounds"])})


def list_rasters(connection: Connection) -> list[RasterRow]:
    """The rasters that are not removed, by kind and name. A county has dozens of them: read whole."""
    rows = connection.execute(
        text(f"SELECT {_COLUMNS}, {_BOUNDS} FROM raster WHERE removed_at IS NULL ORDER BY kind, name")  # noqa: S608
    )
    return [_row(row) for row in rows.mappings()]


def get_raster(connection: Connection, name: str) -> RasterRow:
    """A raster by its name, by ``uq_raster_name``. Raises RasterNotFound."""
    row = connection.execute(
        text(f"SELECT {_COLUMNS}, {_BOUNDS} FROM raster WHERE name = :name AND removed_at IS NULL"),  # noqa: S608
        {"name": name},
    )
    found = row.mappings().one_or_none()
    if found is None:
        raise RasterNotFound(name)
    return _row(found)


def insert_raster(connection: Connection, values: Mapping[str, Any]) -> int:
    """Add a row; returns its number. values: the columns, ``stretch`` as JSON, ``bounds`` instead of ``geom``."""
    columns = [name for name in values if name != "bounds"]
    slots = ", ".join("CAST(:stretch AS jsonb)" if name == "stretch" else f":{name}" for name in columns)
    west, south, east, north = values["bounds"]
    return int(
        connection.execute(
            text(
                f"INSERT INTO raster ({', '.join(columns)}, geom) VALUES ({slots}, "  # noqa: S608
                "st_makeenvelope(:west, :south, :east, :north, 4490)) RETURNING id"
            ),
            {**{name: values[name] for name in columns}, "west": west, "south": south, "east": east, "north": north},
        ).scalar_one()
    )


def remove_raster(connection: Connection, name: str, actor: str) -> RasterRow:
    """Take a raster out of the catalogue; its row and an audit row stay. The caller deletes its files after the commit.

    Raises RasterNotFound, also for who does not see the whole county.
    """
    raster = get_raster(connection, name)
    removed = connection.execute(
        text("UPDATE raster SET removed_at = now(), removed_by = :actor WHERE id = :id AND removed_at IS NULL"),
        {"id": raster.id, "actor": actor},
    )
    if removed.rowcount != 1:
        raise RasterNotFound(name)
    record(connection, "remove_raster", target=f"raster:{raster.id} {name}")
    return raster


def file_of(folder: Path, file: str) -> Path:
    """Where a file of the catalogue lies; absolute. Raises RasterFileMissing, also when it would lie outside the folder."""
    root = folder.resolve()
    path = (root / file).resolve()
    if not path.is_relative_to(root) or not path.is_file():
        raise RasterFileMissing(
            f"{file}；请从备份恢复，或重新入库 / restore it from the backup, or add the raster again", file=file
        )
    return path


def delete_files(folder: Path, raster: RasterRow) -> None:
    """Delete the files of a raster that was removed; missing ones are no error."""
    for file in {raster.file, raster.tile_file}:
        (folder / file).unlink(missing_ok=True)
