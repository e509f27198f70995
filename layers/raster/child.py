"""The confined side of adding a raster: checks and converts the one file in its folder. Only the drivers it needs exist there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from database.confinement.frames import Frame, Message, Serve

#: what converting writes and passes through, whatever is read
WORKING_DRIVERS = ("GTiff", "COG", "MEM")


def prepare(work: Message) -> tuple[Serve, list[Path]]:
    """Load all code; afterwards there is no disk but the folder. work: ``file``, and what ``Conversion`` says of it."""
    os.environ["GDAL_PAM_ENABLED"] = "YES"  # the reference system may stand in a file beside the raster
    os.environ["GDAL_NUM_THREADS"] = str(os.cpu_count() or 1)
    import rasterio
    import rio_tiler.io.rasterio  # noqa: F401 - its late imports too
    from rasterio.crs import CRS

    from database.confinement.gdal import keep_drivers, proj_folder
    from layers.raster import convert  # noqa: F401
    from layers.raster.check import DRIVERS

    keep_drivers(*DRIVERS, *WORKING_DRIVERS)
    with rasterio.Env():
        CRS.from_epsg(4490)
    return _Conversion(work).serve, proj_folder("rasterio")


class _Conversion:
    """One file on its way, step by step."""

    def __init__(self, work: Message) -> None:
        self._work = work
        self._source: Any = None
        self._staged: Any = None

    def serve(self, question: Message) -> Frame:
        """Questions: ``inspect``, ``read``, ``values``, ``tiles``, ``describe``, in this order."""
        answer: Message = getattr(self, f"_{question.pop('ask')}")(**question)
        return answer, b""

    def _inspect(self, kind: str, max_mb: int, crs: str | None, nodata: str | None, band: int | None) -> Message:
        from layers.raster.check import inspect
        from layers.raster.kinds import KINDS

        self._kind = KINDS[kind]
        path = Path.cwd() / self._work["file"]
        source = inspect(
            path,
            self._kind,
            max_mb=max_mb,
            crs=crs,
            nodata=None if nodata is None else float(nodata),
            band=band,
            name=self._work["name"],
        )
        self._source = source
        return {
            "sha256": source.sha256, "crs": source.crs.to_string(), "width": source.width, "height": source.height,
            "bands": len(source.bands), "bounds": source.bounds, "resolution_m": source.resolution_m, "unit": source.unit,
        }  # fmt: skip

    def _read(self) -> Message:
        from layers.raster import convert

        self._staged = convert.stage(self._source, self._kind, Path.cwd() / "plain.tif")
        return {"stretch": self._staged.stretch}

    def _values(self, unit: str | None) -> Message:
        from layers.raster import convert

        convert.write_values(self._staged, self._kind, unit, Path.cwd() / "values.tif")
        return {}

    def _tiles(self) -> Message:
        from layers.raster import convert

        convert.write_tiles(self._staged, self._kind, Path.cwd() / "tiles.tif")
        return {}

    def _describe(self, values: str) -> Message:
        import rasterio
        from rio_tiler.io.rasterio import Reader

        with rasterio.open(Path.cwd() / values, driver="GTiff") as dataset:
            bands, dtype, nodata = dataset.count, dataset.dtypes[0], dataset.nodata
        tiles = Path.cwd() / "tiles.tif"
        with rasterio.open(tiles, driver="GTiff") as dataset, Reader(str(tiles), dataset=dataset) as reader:
            zooms = reader.minzoom, reader.maxzoom
        return {
            "bands": bands, "dtype": dtype, "nodata": None if nodata is None else repr(float(nodata)), "zooms": zooms,
        }  # fmt: skip
