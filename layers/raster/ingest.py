"""A file becomes a raster of the county: checked, converted, moved into place and entered in the catalogue, or nothing at all."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import IntegrityError

from access.audit.record import record
from database.connection.engine import Database
from database.geodesy.crs import Bounds, UnknownCrs, diagnose_outside
from database.geodesy.datum import check_datum, parse_system
from database.rights.scope import Scope
from grid.extent import county_bounds
from layers.raster.catalogue import RasterRow, delete_files, get_raster, insert_raster, list_rasters, remove_raster
from layers.raster.check import MEGABYTE, sha256_of
from layers.raster.conversion import Conversion, Found, Made
from layers.raster.errors import (
    RasterNameInvalid,
    RasterNameTaken,
    RasterNotFound,
    RasterNotReferenced,
    RasterOutsideCounty,
    RasterRefused,
    RasterTooLarge,
)
from layers.raster.kinds import KINDS
from layers.raster.vocabulary import RasterKind, RasterSensitivity, RasterStep

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
OWN_FILE = re.compile(r"[a-z0-9][a-z0-9_-]*-[0-9a-f]{16}(\.tiles)?\.tif")
DRAFT = ".draft-"
#: what a process that died has left is swept away after this long
DRAFT_SECONDS = 24 * 3600
Progress = Callable[[RasterStep], None]


@dataclass(frozen=True, slots=True)
class NewRaster:
    """What the user says of a file. crs, nodata, band: stronger than what the file says. replace: an older one of this name."""

    name: str
    kind: RasterKind
    title: str | None = None
    sensitivity: RasterSensitivity | None = None
    crs: str | None = None
    nodata: float | None = None
    band: int | None = None
    unit: str | None = None
    attribution: str | None = None
    replace: bool = False


def add_raster(
    database: Database,
    scope: Scope,
    folder: Path,
    source: Path,
    new: NewRaster,
    *,
    max_mb: int,
    progress: Progress | None = None,
) -> RasterRow:
    """Add a raster to the county of the scope, which must reach the whole county.

    folder: of rasters. Takes minutes for gigabytes, and no transaction is open meanwhile. Raises RasterRefused (see its
    subclasses), RasterNameTaken. progress is told: check, read, values, tiles, enter.
    """
    if not NAME.fullmatch(new.name):
        raise RasterNameInvalid(
            f"{new.name!r}：小写字母、数字、- 和 _，最多 63 个 / lower-case letters, digits, - and _, at most 63"
        )
    kind = KINDS[new.kind]
    progress = progress or _silent
    progress(RasterStep.CHECK)
    with Conversion(source, max_mb=max_mb) as conversion:
        found = conversion.inspect(new.kind, crs=new.crs, nodata=new.nodata, band=new.band)
        unit = new.unit or found.unit or kind.unit
        if new.kind == "dem" and unit not in ("m", "metre", "meter", "metres", "meters"):
            raise RasterRefused(f"高程须以米为单位，文件是 {unit} / elevation must be in metres, the file says {unit}")
        with database.transaction(scope) as connection:
            _check_system(found)
            check_inside(found, county_bounds(connection))
            rasters = list_rasters(connection)
        if not new.replace and new.name in {raster.name for raster in rasters}:
            raise RasterNameTaken(f"{new.name}；加 --replace 替换 / add --replace to replace it")
        target = folder / scope.county
        _prepare(target, folder, found)
        sweep(target, rasters)
        progress(RasterStep.READ)
        stretch = conversion.read()
        one_file = kind.name == "imagery"
        if not one_file:
            progress(RasterStep.VALUES)
            conversion.write_values(unit)
        progress(RasterStep.TILES)
        conversion.write_tiles()
        progress(RasterStep.ENTER)
        made = conversion.finish(stretch, one_file=one_file)
        return _enter(database, scope, folder, _describe(found, new, unit, made, scope), made, new)


def _check_system(source: Found) -> None:
    """Raise RasterNotReferenced when the reference system of a raster has no sure way to CGCS2000."""
    try:
        check_datum(parse_system(source.crs), None)
    except UnknownCrs as error:
        raise RasterNotReferenced(error.detail, **error.facts) from None


def _silent(stage: str) -> None:
    del stage


def check_inside(source: Found, county: Bounds | list[float] | None) -> None:
    """Raise RasterOutsideCounty when a raster does not touch the county, with the likely cause. Bounds in EPSG:4490."""
    if county is None:
        raise RasterOutsideCounty("本县还没有区划或网格边界，请先导入 / import the county's divisions or cells first")
    west, south, east, north = source.bounds
    if west < county[2] and east > county[0] and south < county[3] and north > county[1]:
        return
    cause = diagnose_outside((west + east) / 2, (south + north) / 2, (county[0], county[1], county[2], county[3]))
    shown = ", ".join(f"{value:.4f}" for value in source.bounds)
    raise RasterOutsideCounty(
        f"栅格按 {source.crs} 位于 {shown}（西南东北，度），本县是 {', '.join(f'{v:.4f}' for v in county)}。{cause.text}。"
        f"坐标系写错时用 --crs 改正。 / by {source.crs} the raster lies at {shown} (west, south, east, north in "
        "degrees). If its reference system is wrong, correct it with --crs.",
        bounds=list(source.bounds),
        county=list(county),
        cause=cause.cause,
    )


def sweep(target: Path, rasters: list[RasterRow]) -> None:
    """Delete what a process that died has left in a county's folder more than a day ago: drafts, and files of no raster.

    Only names that this module makes are touched. known: the county's rasters.
    """
    named = {Path(file).name for raster in rasters for file in (raster.file, raster.tile_file)}
    for path in target.glob("*"):
        ours = path.name.startswith(DRAFT) or OWN_FILE.fullmatch(path.name)
        if ours and path.name not in named and time.time() - path.stat().st_mtime > DRAFT_SECONDS:
            path.unlink(missing_ok=True)


def _prepare(target: Path, folder: Path, source: Found) -> None:
    """Make the county's folder, closed to others; see that the disk has room."""
    owner = folder.parent.stat()
    for path in (folder, target):
        if not path.exists():
            path.mkdir(mode=0o700, parents=True)
            if os.geteuid() == 0:
                os.chown(path, owner.st_uid, owner.st_gid)
    needed = 4 * source.width * source.height * source.bands
    free = shutil.disk_usage(target).free
    if free < needed:
        raise RasterTooLarge(
            f"磁盘空间不足：需约 {needed // MEGABYTE} MB，剩 {free // MEGABYTE} MB / not enough room on the disk: about "
            f"{needed // MEGABYTE} MB needed, {free // MEGABYTE} MB free"
        )


def _describe(found: Found, new: NewRaster, unit: str | None, made: Made, scope: Scope) -> dict[str, object]:
    """The row of the catalogue, all but its files."""
    return {
        "name": new.name, "title": new.title or new.name, "kind": new.kind,
        "sensitivity": new.sensitivity or KINDS[new.kind].sensitivity,
        "crs": "EPSG:3857" if made.values == made.tiles else "EPSG:4490", "bounds": found.bounds, "bands": made.bands,
        "dtype": made.dtype, "nodata": made.nodata, "resolution_m": found.resolution_m, "unit": unit,
        "stretch": json.dumps(made.stretch), "minzoom": made.zooms[0], "maxzoom": made.zooms[1],
        "sha256": sha256_of(made.values), "tile_sha256": sha256_of(made.tiles), "source_name": found.name,
        "source_sha256": found.sha256, "source_crs": found.crs, "attribution": new.attribution, "added_by": scope.actor,
        "grid_code": scope.county,
    }  # fmt: skip


def _enter(
    database: Database,
    scope: Scope,
    folder: Path,
    row: dict[str, object],
    made: Made,
    new: NewRaster,
) -> RasterRow:
    """Move the files into place and enter them, in that order: a row never names a file that is not there."""
    stem = f"{scope.county}/{new.name}-"
    row["tile_file"] = f"{stem}{str(row['tile_sha256'])[:16]}.tiles.tif"
    row["file"] = row["tile_file"] if made.values == made.tiles else f"{stem}{str(row['sha256'])[:16]}.tif"
    replaced: RasterRow | None = None
    moved: list[Path] = []
    try:
        for draft, name in {made.values: row["file"], made.tiles: row["tile_file"]}.items():
            final = folder / str(name)
            if not final.exists():
                moved.append(final)
            _move(draft, final)
        with database.transaction(scope) as connection:
            if new.replace:
                with contextlib.suppress(RasterNotFound):
                    replaced = remove_raster(connection, new.name, scope.actor)
            number = insert_raster(connection, row)
            record(connection, "add_raster", target=f"raster:{number} {new.name}")
            entered = get_raster(connection, new.name)
    except BaseException as error:
        for path in moved:
            path.unlink(missing_ok=True)
        if isinstance(error, IntegrityError) and "uq_raster_name" in str(error.orig):
            raise RasterNameTaken(new.name) from None
        raise
    if replaced is not None:
        for file in {replaced.file, replaced.tile_file} - {entered.file, entered.tile_file}:
            (folder / file).unlink(missing_ok=True)
    return entered


def _move(draft: Path, final: Path) -> None:
    """Onto the disk, then into place at one stroke; over a draft beside it when the folder lies on another disk."""
    if draft.stat().st_dev != final.parent.stat().st_dev:
        nearer = final.parent / f"{DRAFT}{os.getpid()}-{secrets.token_hex(4)}.tif"
        try:
            shutil.copyfile(draft, nearer)
            _move(nearer, final)
        finally:
            nearer.unlink(missing_ok=True)
        return
    with draft.open("rb+") as file:
        os.fsync(file.fileno())
    draft.chmod(0o600)
    if os.geteuid() == 0:
        owner = final.parent.stat()
        os.chown(draft, owner.st_uid, owner.st_gid)
    draft.replace(final)


def drop_raster(database: Database, scope: Scope, folder: Path, name: str) -> RasterRow:
    """Remove a raster: out of the catalogue, then its files. Raises RasterNotFound."""
    with database.transaction(scope) as connection:
        removed = remove_raster(connection, name, scope.actor)
    delete_files(folder, removed)
    return removed
