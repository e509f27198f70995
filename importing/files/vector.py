"""GeoPackage, Shapefile (also zipped; GBK without .cpg) and GeoJSON, through GDAL. Runs in a confined process only.

Where GDAL would lose something the file itself is asked: digits of long numbers, letters of cut names, zones of times.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError

from database.clock import CHINA
from importing.errors import EncodingWrong, FileEmpty, FileTruncated, FileUnreadable
from importing.files.archive import unpack_shapefile
from importing.files.cells import LOST_DIGITS, Text, marked
from importing.files.code_pages import shapefile_encoding
from importing.files.dbf import Dbf, decode_name
from importing.files.geojson import EXACT, GeoJson
from importing.files.geopackage import lacks_system, plain_layers, with_geometry
from importing.files.source import BATCH_ROWS, FID_COLUMN, Geometries, RowBatch, as_text

#: format, as sniffed → the one driver that may open it
DRIVERS = {"gpkg": "GPKG", "shp": "ESRI Shapefile", "zip": "ESRI Shapefile", "json": "GeoJSON"}
#: every byte is a character of it: so GDAL hands out the bytes of a DBF, and they are decoded here
BYTES = "iso8859-1"


class VectorSource:
    """A layer of a GDAL file. The feature number is offered as column ``_fid``, for files without a key.

    Raises FileTruncated when it is damaged or a part of the Shapefile is absent, FileUnreadable for an unknown layer and for
    columns of one name.
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
        self._dbf = Dbf(self.path.with_suffix(".dbf")) if kind in ("shp", "zip") else None
        self._json = GeoJson(path, encoding, name=name) if kind == "json" else None
        if self._json is not None:
            self.path = self._json.in_utf8(path)
        self._packaged = kind == "gpkg"
        self._layer = self._choose_layer(kind, layer)
        self.encoding = encoding
        if self._dbf is not None:
            self.encoding = shapefile_encoding(self._dbf, self.path.with_suffix(".cpg"), encoding, name)
        try:
            info = pyogrio.read_info(
                self._file, layer=self._layer, encoding=self._gdal_encoding, force_feature_count=True
            )
        except (DataSourceError, DataLayerError) as error:
            raise self._damaged(error) from None
        except UnicodeDecodeError as error:
            raise EncodingWrong(f"{name}：列名不是 {self.encoding} / field names: {error.reason}") from None
        self._types = [str(kind) for kind in info["dtypes"]]
        self.spatial = info["geometry_type"] is not None
        self.crs = self._stated_crs(kind, info["crs"])
        self._count = int(info["features"])
        names, self.cut = self._names([str(column) for column in info["fields"]])
        self.columns: list[str] = [FID_COLUMN, *names]
        self.structured = [
            column
            for column, kind, sub in zip(names, self._types, info["ogr_subtypes"], strict=True)
            if kind.startswith("list") or sub == "OFSTJSON"
        ]
        if self._count == 0:
            raise FileEmpty(f"{name} {shown or self._layer}")

    @property
    def _file(self) -> str:
        return str(self.path)

    @property
    def _gdal_encoding(self) -> str | None:
        """The encoding that GDAL is told."""
        return BYTES if self._dbf is not None else self.encoding if self._json is None else None

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

    def _stated_crs(self, kind: str, found: str | None) -> str | None:
        if self._json is not None:
            return self._json.stated_crs()
        if kind == "gpkg" and self.spatial and lacks_system(self.path, self._layer):
            return None
        if found is None and self._dbf is not None and self.path.with_suffix(".prj").exists():
            return self.path.with_suffix(".prj").read_bytes()[:20_000].decode("utf-8", "replace").strip() or None
        return found

    def _names(self, found: list[str]) -> tuple[list[str], list[str]]:
        """The names of the columns, and those that may be cut off. Raises FileUnreadable when one occurs twice."""
        names, cut = found, []
        if self._dbf is not None:
            assert self.encoding is not None
            decoded = [decode_name(column.encode(BYTES), self.encoding) for column in found]
            names = [column for column, _ in decoded]
            cut = [column for column, short in decoded if short]
        twice = sorted({column for column in names if names.count(column) > 1})
        if twice:
            raise FileUnreadable(
                f"{self.name} 有重名的列：{'、'.join(twice)}，无法确定用哪一列。请改名后再发送。 / columns of one name: {', '.join(twice)}. "
                "Rename them.",
                found=twice,
            )
        return names, cut

    def batches(self, size: int = BATCH_ROWS) -> Iterator[RowBatch]:
        """All features."""
        written = self._json.rows(self.columns[1:]) if self._json is not None else None
        # GDAL reads a GeoJSON from its beginning each time
        whole = self._read(0, self._count) if self._json is not None else None
        for start in range(0, self._count, size):
            fids, shapes, fields = self._read(start, size) if whole is None else _part(whole, start, size)
            count = len(fids)
            values: list[list[Text]] = [[str(fid)] for fid in fids.tolist()]
            drawn: set[int] = set()
            if written is not None:
                for i, row in enumerate(values):
                    texts, has_geometry = self._next(written)
                    row += texts
                    if has_geometry:
                        drawn.add(i)
            else:
                for place, column in enumerate(fields):
                    for row, text in zip(values, self._texts(place, column, fids), strict=True):
                        row.append(text)
            geometries, flaws = (None, {}) if shapes is None else _geometries(shapes)
            if geometries is not None:
                if self._packaged:
                    drawn = self._drawn(fids, geometries)
                # what GDAL gives up on without a word
                absent = np.flatnonzero(shapely.is_missing(geometries)).tolist()
                flaws |= {i: "unreadable" for i in absent if i in drawn and i not in flaws}
            yield RowBatch(list(range(start + 1, start + count + 1)), values, geometries, flaws=flaws)

    def _read(self, start: int, size: int) -> tuple[Any, Any, list[Any]]:
        try:
            _meta, fids, shapes, fields = self._features(skip_features=start, max_features=size)
        except FeatureError:  # a geometry that GDAL gives up on; the others are read one by one
            _meta, fids, _none, fields = self._features(skip_features=start, max_features=size, read_geometry=False)
            shapes = np.array([self._geometry(fid) for fid in fids.tolist()] + [None], dtype=object)[:-1]
        return fids, shapes, fields

    def _features(self, **part: Any) -> tuple[Any, Any, Any, list[Any]]:
        try:
            found: tuple[Any, Any, Any, list[Any]] = pyogrio.raw.read(
                self._file,
                layer=self._layer,
                encoding=self._gdal_encoding,
                columns=[] if self._json is not None else None,
                return_fids=True,
                force_2d=True,
                datetime_as_string=True,
                **part,
            )
        except FeatureError:
            raise
        except (DataSourceError, DataLayerError, RuntimeError) as error:
            raise self._damaged(error) from None
        except UnicodeDecodeError as error:
            raise EncodingWrong(
                f"{self.name} 的文字不是 {self.encoding or 'UTF-8'}，请在映射里写 encoding / "
                f"{error.reason}; set encoding in the mapping"
            ) from None
        return found

    def _geometry(self, fid: int) -> bytes | None:
        """The geometry of one feature; bytes that are none when it cannot be read."""
        try:
            shapes = pyogrio.raw.read(
                self._file, layer=self._layer, columns=[], fids=np.array([fid]), force_2d=True
            )[2]  # fmt: skip
        except (FeatureError, RuntimeError):
            return b"\0"
        geometry: bytes | None = shapes[0]
        return geometry

    def _drawn(self, fids: Any, geometries: Geometries) -> set[int]:
        """The places of features of a GeoPackage that GDAL read no geometry of, and that have one."""
        absent = np.flatnonzero(shapely.is_missing(geometries)).tolist()
        if not absent:
            return set()
        found = with_geometry(self.path, self._layer, [int(fids[i]) for i in absent])
        return {i for i in absent if int(fids[i]) in found}

    def _next(self, written: Iterator[tuple[list[Text], bool]]) -> tuple[list[Text], bool]:
        row = next(written, None)
        if row is None:
            raise FileUnreadable(
                f"{self.name} 里有不是 Feature 的要素。请用 QGIS 另存为 GeoJSON。 / some of its features are none: save it as GeoJSON with QGIS."
            )
        return row

    def _texts(self, place: int, column: Any, fids: Any) -> list[Text]:
        """The values of one column as text, numbers in all their digits."""
        kind = self._types[place]
        if kind.startswith("datetime64[D"):
            return [as_text(value) for value in column.tolist()]
        if kind.startswith("datetime"):
            return [local_time(value) for value in column.tolist()]
        if kind.startswith("list"):
            return [
                None if value is None else orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode()
                for value in column
            ]
        if kind == "bool" and column.dtype.kind == "f":  # some are empty
            return [None if value != value else as_text(bool(value)) for value in column.tolist()]
        if column.dtype.kind == "f" and (long := np.abs(column) >= EXACT).any():
            return self._long_numbers(place, column, fids, long)
        if self._dbf is not None and column.dtype.kind == "O":
            return [self._decoded(value) for value in column.tolist()]
        return [as_text(value) for value in column]

    def _long_numbers(self, place: int, column: Any, fids: Any, long: Any) -> list[Text]:
        texts = [as_text(value) for value in column]
        places = np.flatnonzero(long).tolist()
        if self._dbf is not None:
            exact = self._dbf.numbers(place, [int(fids[i]) for i in places])
        elif self._types[place].startswith("int"):
            names = [self.columns[place + 1]]
            found = pyogrio.raw.read(
                self._file, layer=self._layer, columns=names, fids=fids[places], read_geometry=False
            )  # fmt: skip
            exact = [as_text(value) for value in found[3][0]]
        else:
            exact = [marked(LOST_DIGITS, "", f"{column[i]:.0f}") for i in places]
        for i, text in zip(places, exact, strict=True):
            texts[i] = text
        return texts

    def _decoded(self, value: Any) -> Text:
        if not isinstance(value, str) or value.isascii():
            return as_text(value)
        assert self.encoding is not None
        return as_text(value.encode(BYTES).decode(self.encoding, "replace"))

    def _damaged(self, error: Exception) -> FileTruncated | FileUnreadable:
        if self._json is not None and self._json.is_whole():
            return FileUnreadable(
                f"{self.name} 是完整的 JSON，但不是能读的 GeoJSON（缺 features，或有大得读不了的数）。请用 QGIS 另存为 GeoJSON。 / a whole JSON, but no "
                "GeoJSON that can be read (no features, or a number beyond all bounds): save it as GeoJSON with QGIS."
            )
        return FileTruncated(
            f"{self.name} 打不开，文件可能不完整或不是支持的格式 / it does not open; perhaps cut off, or not a format "
            f"that is supported ({type(error).__name__})"
        )


def local_time(value: str | None) -> Text:
    """A time as ISO text, in Chinese time when it says its zone."""
    if not value:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return as_text(value)
    if found.tzinfo is not None:
        found = found.astimezone(CHINA).replace(tzinfo=None)
    return found.isoformat(sep=" ", timespec="seconds")


def _part(whole: tuple[Any, Any, list[Any]], start: int, size: int) -> tuple[Any, Any, list[Any]]:
    fids, shapes, fields = whole
    return fids[start : start + size], None if shapes is None else shapes[start : start + size], fields


def _geometries(shapes: Any) -> tuple[Geometries, dict[int, str]]:
    """The geometries of a batch, and what is wrong with those that are none."""
    found: Geometries = shapely.from_wkb(shapes, on_invalid="ignore")
    flaws = {
        i: _flaw(shapes[i])
        for i in np.flatnonzero(shapely.is_missing(found)).tolist()
        if shapes[i] is not None
    }  # fmt: skip
    for i in np.flatnonzero(shapely.is_empty(found)).tolist():
        flaws[i] = "empty"
        found[i] = None
    return found, flaws


def _flaw(wkb: bytes) -> str:
    try:
        shapely.from_wkb(wkb)
    except shapely.errors.GEOSException as error:
        text = str(error)
        return "unclosed" if "IllegalArgument" in text else "kind" if "Unknown WKB type" in text else "unreadable"
    return "unreadable"
