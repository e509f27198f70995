"""GeoPackage, Shapefile (also zipped; GBK without .cpg) and GeoJSON, through GDAL. Runs in a confined process only."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from layers.importing.errors import EncodingWrong, FileEmpty, FileTruncated, FileUnreadable
from layers.importing.readers.archive import unpack_shapefile
from layers.importing.readers.geopackage import plain_layers
from layers.importing.readers.source import BATCH_ROWS, FID_COLUMN, RowBatch, as_text

#: format, as sniffed → the one driver that may open it
DRIVERS = {"gpkg": "GPKG", "shp": "ESRI Shapefile", "zip": "ESRI Shapefile", "json": "GeoJSON"}
#: a batch ends early when its geometries are longer than this
BATCH_BYTES = 64 * 1024 * 1024
DBF_BLOCK = 1 << 20
#: what a DBF or its .cpg may name besides the encodings a mapping can name, as GDAL asks for it
CODE_PAGES = (
    "CP936", "CP932", "CP949", "CP950", "CP437", "CP850", "CP852", "CP865", "CP866", "CP874", "CP1250", "CP1251", "CP1252", "CP1253",
    "CP1254", "CP1257", "CP1258", "ISO-8859-1", "ISO-8859-15", "GBK", "GB2312", "BIG5", "BIG-5", "EUC-TW", "UTF-16",
)  # fmt: skip


class VectorSource:
    """A layer of a GDAL file. The feature number is offered as column ``_fid``, for files without a key.

    Raises FileTruncated when it is damaged or a part of the Shapefile is absent, FileUnreadable for an unknown layer.
    """

    def __init__(
        self, path: Path, kind: str, layer: str | None = None, encoding: str | None = None, *, name: str, max_mb: int
    ) -> None:
        """kind: format, a key of ``DRIVERS``. name: of the file, for messages. max_mb: how large it may be when unpacked."""
        self.name = name
        self.path = path
        self.notices: list[str] = []
        shown: str | None = None
        if kind == "zip":
            self.path, shown = unpack_shapefile(path, name, layer, max_mb)
        self.encoding = encoding or (_shapefile_encoding(self.path) if kind in ("shp", "zip") else None)
        self._layer = self._choose_layer(kind, layer)
        try:
            info = pyogrio.read_info(self._file, layer=self._layer, encoding=self.encoding, force_feature_count=True)
        except (DataSourceError, DataLayerError) as error:
            raise self._damaged(error) from None
        except UnicodeDecodeError as error:
            raise EncodingWrong(f"{name}：列名不是 {self.encoding} / field names: {error.reason}") from None
        self.crs: str | None = info["crs"]
        self._count = int(info["features"])
        self.columns: list[str] = [FID_COLUMN, *(str(column) for column in info["fields"])]
        if self._count == 0:
            raise FileEmpty(f"{name} {shown or self._layer}")

    @property
    def _file(self) -> str:
        return str(self.path)

    def close(self) -> None:
        """Nothing is held between readings."""

    def _choose_layer(self, kind: str, wanted: str | None) -> str:
        plain = plain_layers(self.path, self.name) if kind == "gpkg" else None
        try:
            layers = [str(layer) for layer, _kind in pyogrio.list_layers(self._file)]
        except (DataSourceError, DataLayerError) as error:
            raise self._damaged(error) from None
        if plain is not None:
            if wanted in layers and wanted not in plain:
                raise FileUnreadable(
                    f"{self.name} 的图层 {wanted} 是视图，不能读取。请在 QGIS 中另存为表。 / the layer is a view: save it as a table with QGIS.",
                    found=plain,
                )
            layers = [layer for layer in layers if layer in plain]
        if wanted is not None and wanted not in layers:
            if len(layers) == 1 and kind != "gpkg":
                return layers[0]
            raise FileUnreadable(
                f"{self.name} 没有图层 {wanted}；有：{'、'.join(layers)} / no such layer", found=layers
            )
        if wanted is None and len(layers) != 1:
            raise FileUnreadable(
                f"{self.name} 有 {len(layers)} 个图层，请在映射里写 layer：{'、'.join(layers)} / "
                "name the layer in the mapping",
                found=layers,
            )
        return wanted or layers[0]

    def batches(self, size: int = BATCH_ROWS) -> Iterator[RowBatch]:
        """All features."""
        for start in range(0, self._count, size):
            try:
                _meta, fids, shapes, fields = pyogrio.raw.read(
                    self._file,
                    layer=self._layer,
                    encoding=self.encoding,
                    skip_features=start,
                    max_features=size,
                    return_fids=True,
                    force_2d=True,
                )
            except (DataSourceError, DataLayerError, RuntimeError) as error:
                raise self._damaged(error) from None
            except UnicodeDecodeError as error:
                raise EncodingWrong(
                    f"{self.name} 的文字不是 {self.encoding or 'UTF-8'}，请在映射里写 encoding / "
                    f"{error.reason}; set encoding in the mapping"
                ) from None
            columns = [fids, *fields]
            values = [[_field_text(column[i]) for column in columns] for i in range(len(fids))]
            numbers = list(range(start + 1, start + len(values) + 1))
            geometries = shapely.from_wkb(shapes, on_invalid="ignore") if shapes is not None else None
            yield RowBatch(numbers, values, geometries)

    def _damaged(self, error: Exception) -> FileTruncated:
        return FileTruncated(
            f"{self.name} 打不开，文件可能不完整或不是支持的格式 / it does not open; perhaps cut off, or not a format "
            f"that is supported ({type(error).__name__})"
        )


def _field_text(value: Any) -> str | None:
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else str(value.astype("datetime64[s]")).replace("T", " ")
    return as_text(value)


def _shapefile_encoding(path: Path) -> str | None:
    """GB18030 for a Shapefile that does not say its encoding and is not UTF-8; None leaves it to the file."""
    dbf = path.with_suffix(".dbf")
    if path.with_suffix(".cpg").exists() or not dbf.exists():
        return None
    with dbf.open("rb") as file:
        head = file.read(32)
        if len(head) < 32:
            raise FileTruncated("DBF 文件头不完整 / the header of the DBF is cut off")
        if head[29] not in (0, 0x57, 0x4D, 0x7A):  # it names another code page
            return None
        decoder = codecs.getincrementaldecoder("utf-8")("strict")
        try:
            while block := file.read(DBF_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "gb18030"
    return "utf-8"
