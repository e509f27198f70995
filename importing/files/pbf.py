"""OpenStreetMap's own files (PBF), through libosmium: what of them belongs on the base map. Runs in a confined process only.

One row for each meaning of an object (``osm_tags``). Areas are put together from their parts by libosmium; one that does not close is
left out and counted in ``notices``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import osmium
import shapely

from importing.errors import FileEmpty, FileTruncated
from importing.files.cells import Text, clean_text
from importing.files.osm_tags import (
    KEYS,
    Meaning,
    area_meanings,
    line_meanings,
    metres_of,
    name_of,
    number_of,
    point_meanings,
)
from importing.files.source import BATCH_ROWS, FID_COLUMN, RowBatch

COLUMNS = ["osm_id", "kind", "class", "name", "number", "height", "levels"]
#: The type of an object in its key: n17, w4, r9.
NODE, WAY, RELATION = "n", "w", "r"


class PbfSource:
    """The objects of a PBF that the base map shows. Positions are in WGS 84 (EPSG:4326), as in all of OpenStreetMap.

    area: of the county, hexadecimal WKB in degrees; what does not touch it is not handed out, only counted. Raises FileTruncated when the
    file is damaged, FileEmpty when it holds nothing for the map.
    """

    spatial = True
    encoding: str | None = None
    crs: str | None = "EPSG:4326"

    def __init__(self, path: Path, *, name: str, area: str | None = None) -> None:
        self.name = name
        self._path = path
        self._area = None if area is None else shapely.from_wkb(area)
        shapely.prepare(self._area)
        self.columns = [FID_COLUMN, *COLUMNS]
        self.notices: list[str] = []
        with _Readable(name), osmium.io.Reader(str(path)) as reader:
            reader.header()

    def close(self) -> None:
        """Nothing is held between readings."""

    def batches(self, size: int = BATCH_ROWS) -> Iterator[RowBatch]:
        """All objects of the county, nodes first, then ways, then areas."""
        self.notices = []
        values: list[list[Text]] = []
        shapes: list[bytes] = []
        given = 0
        for row, shape in self._rows():
            given += 1
            values.append([str(given), *row])
            shapes.append(shape)
            if len(values) == size:
                yield _batch(given, values, shapes)
                values, shapes = [], []
        if values:
            yield _batch(given, values, shapes)
        if given == 0:
            raise FileEmpty(f"{self.name}（没有落在本县范围内的底图要素 / nothing for the base map inside the county）")

    def _rows(self) -> Iterator[tuple[list[Text], bytes]]:
        outside = broken = 0
        wkb = osmium.geom.WKBFactory()
        with _Readable(self.name):
            wanted = osmium.filter.KeyFilter(*KEYS)
            objects: Iterable[Any] = (
                osmium.FileProcessor(str(self._path)).with_locations().with_areas(wanted).with_filter(wanted)
            )
            for one in objects:
                if one.is_relation():
                    continue
                tags = {tag.k: tag.v for tag in one.tags}
                meanings = _meanings(one, tags)
                if not meanings:
                    continue
                try:
                    drawn = shapely.from_wkb(_drawn(wkb, one))
                except (RuntimeError, osmium.InvalidLocationError, shapely.errors.GEOSException):
                    broken += 1
                    continue
                if self._area is not None and not self._area.intersects(drawn):
                    outside += 1
                    continue
                point = drawn if one.is_node() else drawn.point_on_surface()
                for kind, name in meanings:
                    of_interest = kind in ("points", "localities")
                    yield _values(one, kind, name, tags), shapely.to_wkb(point if of_interest else drawn)
        if outside:
            self.notices.append(
                f"本县范围以外的 {outside} 个要素没有读 / {outside} objects outside the county were not read"
            )
        if broken:
            self.notices.append(
                f"{broken} 个要素的图形不完整（缺节点或不闭合），没有读 / {broken} objects with parts missing or not closed were not read"
            )


class _Readable:
    """Turns what libosmium says of a damaged file into an error of the import."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, RuntimeError | ValueError | OSError) and not isinstance(error, GeneratorExit):
            raise FileTruncated(
                f"{self._name} 打不开，文件可能不完整，或不是 OpenStreetMap 的 PBF。请重新下载。 / it does not open; perhaps cut off, or not a PBF of "
                "OpenStreetMap: fetch it again"
            ) from None


def _meanings(one: Any, tags: dict[str, str]) -> list[Meaning]:
    if one.is_node():
        return list(point_meanings(tags))
    if one.is_way():
        return list(line_meanings(tags))
    return [*area_meanings(tags), *point_meanings(tags)]


def _drawn(wkb: Any, one: Any) -> str:
    if one.is_node():
        return str(wkb.create_point(one))
    return str(wkb.create_linestring(one) if one.is_way() else wkb.create_multipolygon(one))


def _values(one: Any, kind: str, name: str, tags: dict[str, str]) -> list[Text]:
    of = NODE if one.is_node() else WAY if one.is_way() or one.from_way() else RELATION
    number = one.id if not one.is_area() else one.orig_id()
    building = kind == "buildings"
    found: list[str | None] = [
        f"{of}{number}.{kind}", kind, name, name_of(tags), number_of(tags) if kind == "roads" else None,
        metres_of(tags.get("height")) if building else None, metres_of(tags.get("building:levels")) if building else None,
    ]  # fmt: skip
    return [None if text is None else clean_text(text) for text in found]


def _batch(given: int, values: list[list[Text]], shapes: list[bytes]) -> RowBatch:
    first = given - len(values) + 1
    return RowBatch(list(range(first, given + 1)), values, np.array(shapely.from_wkb(shapes), dtype=object))
