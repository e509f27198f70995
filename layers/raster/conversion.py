"""The parent's side of adding a raster: a confined process checks and converts the file; what it says is believed only in form."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from database.confinement.errors import ConfinedEnded, ConfinedRefusal
from database.confinement.room import Room
from database.confinement.walls import Limits
from database.geodesy.crs import Bounds
from database.installation.settings import get_settings
from layers.raster import errors

#: text beside a raster that GDAL reads with it: by stem, and by whole name
SIDES = (".prj", ".tfw", ".tifw", ".wld", ".j2w", ".jp2w")
MORE_SIDES = (".aux.xml", ".msk")
#: one answer takes as long as a step of the conversion
MINUTE = 60
#: files a conversion writes beside the source, times its size
GROWTH = 4


@dataclass(frozen=True, slots=True)
class Found:
    """What a file says of itself. bounds: west, south, east, north in EPSG:4490. bands: how many count."""

    name: str
    sha256: str
    crs: str
    width: int
    height: int
    bands: int
    bounds: Bounds
    resolution_m: float
    unit: str | None


@dataclass(frozen=True, slots=True)
class Made:
    """What the converted files are. values and tiles are the same path where imagery has one file."""

    values: Path
    tiles: Path
    bands: int
    dtype: str
    nodata: float | None
    zooms: tuple[int, int]
    stretch: list[list[float]]


class Conversion:
    """One raster from a foreign file to files of ours. Raises RasterRefused and its subclasses."""

    def __init__(self, path: Path, *, max_mb: int) -> None:
        """path: the file, and what lies beside it. max_mb: of its pixels."""
        if not path.is_file():
            raise errors.RasterUnreadable(f"不是文件 / not a file: {path}", path=str(path))
        if path.stat().st_size > max_mb * 1024 * 1024:
            raise errors.RasterTooLarge(
                f"文件超过 {max_mb} MB（ONEMAP_MAX_RASTER_MB）；请先裁到本县范围，或提高上限。 / larger than {max_mb} MB "
                "(ONEMAP_MAX_RASTER_MB): clip it to the county, or raise the limit."
            )
        settings = get_settings()
        self._name = path.name.encode("utf-8", "replace").decode()  # names of files need not be text
        self._max_mb = max_mb
        self._memory_mb = settings.raster_memory_mb
        limits = Limits(
            memory_mb=settings.raster_memory_mb,
            cpu_seconds=settings.raster_minutes * MINUTE * 64,  # of all cores
            file_mb=GROWTH * max_mb + 64,
            answer_seconds=settings.raster_minutes * MINUTE,
        )
        self._room = Room("layers.raster.child", _files(path), {"file": _own_name(path), "name": self._name}, limits)

    def __enter__(self) -> Conversion:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._room.close()

    def inspect(self, kind: str, *, crs: str | None, nodata: float | None, band: int | None) -> Found:
        """What the file says of itself, without reading its pixels. crs, nodata, band: what the user says, stronger."""
        answer = self._ask(
            "inspect",
            kind=kind,
            max_mb=self._max_mb,
            crs=crs,
            nodata=None if nodata is None else repr(float(nodata)),
            band=band,
        )
        with self._believed():
            west, south, east, north = map(float, answer["bounds"])
            return Found(
                name=self._name, sha256=str(answer["sha256"]), crs=str(answer["crs"]), width=int(answer["width"]), height=int(answer["height"]),
                bands=int(answer["bands"]), bounds=(west, south, east, north), resolution_m=float(answer["resolution_m"]),
                unit=None if answer["unit"] is None else str(answer["unit"]),
            )  # fmt: skip

    def read(self) -> list[list[float]]:
        """Read the file to its end; returns darkest and brightest value of each band."""
        answer = self._ask("read")
        with self._believed():
            return [[float(low), float(high)] for low, high in answer["stretch"]]

    def write_values(self, unit: str | None) -> None:
        """Make the file for values."""
        self._ask("values", unit=unit)

    def write_tiles(self) -> None:
        """Make the file for tiles."""
        self._ask("tiles")

    def finish(self, stretch: list[list[float]], *, one_file: bool) -> Made:
        """End the process; the files stay until the block ends. one_file: there are tiles only."""
        values = "tiles.tif" if one_file else "values.tif"
        answer = self._ask("describe", values=values)
        with self._believed():
            low, high = answer["zooms"]
            made = self._room.take(values, "tiles.tif")
            return Made(
                values=made[0], tiles=made[1], bands=int(answer["bands"]), dtype=str(answer["dtype"]),
                nodata=None if answer["nodata"] is None else float(answer["nodata"]), zooms=(int(low), int(high)), stretch=stretch,
            )  # fmt: skip

    def _ask(self, question: str, **arguments: Any) -> dict[str, Any]:
        try:
            return self._room.ask({"ask": question, **arguments})[0]
        except ConfinedEnded as error:
            raise self._ended(str(error.facts.get("why"))) from None
        except ConfinedRefusal as error:
            kind = getattr(errors, error.name, None)
            if isinstance(kind, type) and issubclass(kind, errors.RasterRefused):
                raise kind(error.detail, **error.facts) from None
            raise errors.RasterUnreadable(
                f"{self._name} 读不出来（{error.detail}）；请用 QGIS 或 gdal_translate 转成 GeoTIFF 再试。 / it cannot be read "
                f"({error.detail}): convert it to GeoTIFF with QGIS or gdal_translate."
            ) from None

    @contextlib.contextmanager
    def _believed(self) -> Any:
        try:
            yield
        except (KeyError, TypeError, ValueError, ConfinedEnded):
            raise self._ended("crash") from None

    def _ended(self, why: str) -> errors.RasterEnded:
        return errors.RasterEnded(
            f"{self._name}：读取程序中断（{why}）。文件可能损坏，或需要的内存超过 {self._memory_mb} MB（ONEMAP_RASTER_MEMORY_MB）。请用 QGIS 打开"
            f"检查，裁到本县范围后另存为 GeoTIFF。 / the reader broke off ({why}): the file is damaged, or needs more than {self._memory_mb} MB. "
            "Open it with QGIS, clip it to the county and save it as GeoTIFF.",
            why=why,
        )


def _own_name(path: Path) -> str:
    """A name of ours with the ending of the file, where it is one of a raster's."""
    suffix = path.suffix.lower()
    return f"input{suffix}" if suffix in (".tif", ".tiff", ".jp2", ".j2k", ".asc", ".grd", ".txt") else "input.tif"


def _files(path: Path) -> dict[str, Path]:
    name = _own_name(path)
    files = {name: path}
    for side in SIDES:
        beside = path.with_suffix(side)
        if beside.is_file() and beside != path:
            files[f"input{side}"] = beside
    for side in MORE_SIDES:
        beside = path.with_name(path.name + side)
        if beside.is_file():
            files[name + side] = beside
    return files
