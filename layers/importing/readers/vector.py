"""GeoPackage, Shapefile (also zipped; GBK without .cpg) and GeoJSON, through GDAL."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from layers.importing.errors import EncodingWrong, FileEmpty, FileTruncated, FileUnreadable
from layers.importing.readers.source import BATCH_ROWS, FID_COLUMN, RowBatch, as_text

SIDE_FILES = (".dbf", ".shx")


class VectorSource:
    """A layer of a GDAL file. The feature number is offered as column ``_fid``, for files without a key.

    Raises FileTruncated when it is damaged or a part of the Shapefile is absent, FileUnreadable for an unknown layer.
    """

    def __init__(self, path: Path, layer: str | None = None, encoding: str | None = None) -> None:
        self.path = path
        self._name: str = f"/vsizip/{path}" if path.suffix.lower() == ".zip" else str(path)
        self.encoding = encoding or _shapefile_encoding(path)
        self._layer = self._choose_layer(layer)
        try:
            info = pyogrio.read_info(self._name, layer=self._layer, encoding=self.encoding, force_feature_count=True)
        except (DataSourceError, DataLayerError) as error:
            raise _damaged(path, error) from None
        except UnicodeDecodeError as error:
            raise EncodingWrong(f"{path.name}：列名不是 {self.encoding} / field names: {error.reason}") from None
        self.crs: str | None = info["crs"]
        self._count = int(info["features"])
        self.columns: list[str] = [FID_COLUMN, *(str(name) for name in info["fields"])]
        if self._count == 0:
            raise FileEmpty(f"{path.name} {self._layer or ''}")

    def _choose_layer(self, wanted: str | None) -> str | None:
        _check_side_files(self.path)
        try:
            layers = [str(name) for name, _kind in pyogrio.list_layers(self._name)]
        except (DataSourceError, DataLayerError) as error:
            raise _damaged(self.path, error) from None
        if wanted is not None and wanted not in layers:
            if len(layers) == 1 and self.path.suffix.lower() != ".gpkg":
                return layers[0]
            raise FileUnreadable(
                f"{self.path.name} 没有图层 {wanted}；有：{'、'.join(layers)} / no such layer", found=layers
            )
        if wanted is None and len(layers) != 1:
            raise FileUnreadable(
                f"{self.path.name} 有 {len(layers)} 个图层，请在映射里写 layer：{'、'.join(layers)} / "
                "name the layer in the mapping",
                found=layers,
            )
        return wanted or layers[0]

    def batches(self, size: int = BATCH_ROWS) -> Iterator[RowBatch]:
        """All features."""
        for start in range(0, self._count, size):
            try:
                _meta, fids, shapes, fields = pyogrio.raw.read(
                    self._name,
                    layer=self._layer,
                    encoding=self.encoding,
                    skip_features=start,
                    max_features=size,
                    return_fids=True,
                    force_2d=True,
                )
            except (DataSourceError, DataLayerError, RuntimeError) as error:
                raise _damaged(self.path, error) from None
            except UnicodeDecodeError as error:
                raise EncodingWrong(
                    f"{self.path.name} 的文字不是 {self.encoding or 'UTF-8'}，请在映射里写 encoding / "
                    f"{error.reason}; set encoding in the mapping"
                ) from None
            columns = [fids, *fields]
            values = [[_field_text(column[i]) for column in columns] for i in range(len(fids))]
            numbers = list(range(start + 1, start + len(values) + 1))
            geometries = shapely.from_wkb(shapes, on_invalid="ignore") if shapes is not None else None
            yield RowBatch(numbers, values, geometries)


def _field_text(value: Any) -> str | None:
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else str(value.astype("datetime64[s]")).replace("T", " ")
    return as_text(value)


def _check_side_files(path: Path) -> None:
    """A Shapefile is several files of one name."""
    if path.suffix.lower() != ".shp":
        return
    present = {item.suffix.lower() for item in path.parent.iterdir() if item.stem == path.stem}
    absent = [suffix for suffix in SIDE_FILES if suffix not in present]
    if absent:
        raise FileTruncated(
            f"{path.name} 缺少同名的 {'、'.join(absent)} 文件 / the Shapefile lacks its {', '.join(absent)}",
            missing=absent,
        )


def _shapefile_encoding(path: Path) -> str | None:
    """GB18030 for a Shapefile that does not say its encoding and is not UTF-8; None leaves it to the file."""
    suffix = path.suffix.lower()
    if suffix == ".shp":
        sides = {item.suffix.lower(): item for item in path.parent.iterdir() if item.stem == path.stem}
        if ".cpg" in sides or ".dbf" not in sides:
            return None
        dbf = sides[".dbf"].read_bytes()
    elif suffix == ".zip":
        try:
            with zipfile.ZipFile(path) as archive:
                names = {Path(name).suffix.lower(): name for name in archive.namelist()}
                if ".cpg" in names or ".dbf" not in names:
                    return None
                dbf = archive.read(names[".dbf"])
        except zipfile.BadZipFile:
            raise FileTruncated(f"{path.name}：压缩包不完整 / the archive is not whole") from None
    else:
        return None
    return _dbf_encoding(dbf)


def _dbf_encoding(dbf: bytes) -> str | None:
    if len(dbf) < 32:
        raise FileTruncated("DBF 文件头不完整 / the header of the DBF is cut off")
    language = dbf[29]
    if language not in (0, 0x57, 0x4D, 0x7A):  # it names another code page
        return None
    try:
        dbf[32:].decode("utf-8")
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


def _damaged(path: Path, error: Exception) -> FileTruncated:
    return FileTruncated(
        f"{path.name} 打不开，文件可能不完整或不是支持的格式 / it does not open; perhaps cut off, or not a format "
        f"that is supported ({type(error).__name__})"
    )
