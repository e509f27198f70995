"""Department files in the formats and encodings departments use. The same content gives the same bytes."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from openpyxl import Workbook

STAMP = "2000-01-01T00:00:00Z"
CGCS2000 = "EPSG:4490"


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]], encoding: str = "utf-8") -> int:
    """Write a CSV as rows come; returns how many."""
    count = 0
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for row in rows:
            writer.writerow(row)
            count += 1
    return count


def write_workbook(path: Path, sheet: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Write a workbook of one sheet as rows come; returns how many."""
    book = Workbook(write_only=True)
    book.properties.created = book.properties.modified = datetime(2000, 1, 1)
    book.properties.creator = "onemap demo"
    table = book.create_sheet(sheet)
    table.append(list(header))
    count = 0
    for row in rows:
        table.append(list(row))
        count += 1
    draft = path.with_suffix(".draft")
    book.save(draft)
    _without_times(draft, path)
    draft.unlink()
    return count


def _without_times(source: Path, path: Path) -> None:
    """Copy a ZIP file with fixed times, so that equal content gives equal bytes."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for item in sorted(old.namelist()):
            content = old.read(item)
            if item == "docProps/core.xml":
                content = _fixed_modified(content)
            info = zipfile.ZipInfo(item, (2000, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, content)


def _fixed_modified(content: bytes) -> bytes:
    head, tag, rest = content.partition(b'<dcterms:modified xsi:type="dcterms:W3CDTF">')
    return head + tag + STAMP.encode() + rest[rest.index(b"<") :] if tag else content


@contextmanager
def _fixed_time() -> Iterator[None]:
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": STAMP})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def write_layer(
    path: Path,
    layer: str,
    shapes: Any,
    fields: Mapping[str, Sequence[Any]],
    *,
    driver: str = "GPKG",
    crs: str = CGCS2000,
    encoding: str = "UTF-8",
    append: bool = False,
) -> int:
    """Write a layer of a GeoPackage or a Shapefile; text columns only. Returns how many features."""
    geometry = np.asarray(shapes, dtype=object)
    kind = str(geometry[0].geom_type) if len(geometry) else "Point"
    if kind == "Polygon" and driver == "GPKG":
        kind = "MultiPolygon"
        geometry = np.array(
            [shapely.MultiPolygon([shape]) if shape.geom_type == "Polygon" else shape for shape in geometry]
        )
    options = {"DBF_DATE_LAST_UPDATE": STAMP[:10]} if driver == "ESRI Shapefile" else {}
    with _fixed_time():
        pyogrio.raw.write(
            path,
            shapely.to_wkb(geometry),
            [np.array(values, dtype=object) for values in fields.values()],
            list(fields),
            layer=layer,
            driver=driver,
            geometry_type=kind,
            crs=crs,
            encoding=encoding,
            append=append,
            layer_options=options,
        )
    return len(geometry)


def write_geojson(path: Path, shapes: Any, rows: Iterable[dict[str, Any]]) -> int:
    """Write a GeoJSON as features come (RFC 7946, coordinates lon, lat); returns how many."""
    count = 0
    with path.open("w", encoding="utf-8") as file:
        file.write('{"type":"FeatureCollection","features":[')
        for shape, properties in zip(shapes, rows, strict=True):
            feature = {"type": "Feature", "geometry": shapely.geometry.mapping(shape), "properties": properties}
            file.write((",\n" if count else "\n") + json.dumps(feature, ensure_ascii=False))
            count += 1
        file.write("\n]}\n")
    return count
