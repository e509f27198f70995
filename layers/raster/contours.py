"""Contours (等高线) of the base map from the county's elevation model: even heights, every fifth an index contour (计曲线)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import contourpy
import numpy as np
import numpy.typing as npt
import shapely
from rasterio.windows import Window
from sqlalchemy import Connection, text

from access.audit.record import record
from database.connection.engine import Database, raw
from database.errors import Invalid
from database.rights.scope import Scope
from grid.extent import county_area
from layers.base.catalogue import LAYERS
from layers.raster.catalogue import file_of
from layers.raster.datasets import OPEN_FILES
from layers.raster.elevations import find_dem
from layers.raster.sample import SQUARE

#: Recorded with the features: a new set takes the place of the one before.
SOURCE = "contours"
#: Metres between two contours that may be chosen; of all, the closest that gives no more than MOST_STEPS over the county.
INTERVALS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
MOST_STEPS = 60
#: Every so many contours one is drawn stronger and carries its height (GB/T 20257.1: one in five).
INDEX_EVERY = 5
#: Pixels: shorter closed contours are noise of the model; no point is moved further than this when a line is made simpler.
SHORTEST, SIMPLER = 8.0, 0.15

Floats = npt.NDArray[np.float64]


class IntervalInvalid(Invalid):
    """等高距无效 | Not a contour interval"""


@dataclass(frozen=True, slots=True)
class ContourReport:
    """What was drawn. raster: name of the elevation model. interval_m: between two contours. lines_n: pieces that were written."""

    raster: str
    interval_m: float
    lines_n: int


def draw_contours(
    database: Database, scope: Scope, folder: Path, *, name: str | None = None, interval_m: float | None = None
) -> ContourReport:
    """Draw the contours of the county anew from its elevation model, in place of those drawn before; whole or not at all.

    name: of the model; the finest without it. interval_m: one of INTERVALS; chosen by the relief without it. Raises
    RasterNotFound, NoElevationModel, RasterFileMissing, IntervalInvalid.
    """
    if interval_m is not None and interval_m not in INTERVALS:
        raise IntervalInvalid(f"{interval_m:g}；可用 / one of: {', '.join(f'{one:g}' for one in INTERVALS)} m")
    with database.transaction(scope) as connection:
        raster = find_dem(connection, name)
        found = county_area(connection)
        area = None if found is None else shapely.from_wkb(found)
        with OPEN_FILES.borrow(file_of(folder, raster.file)) as reader:
            interval = interval_m or _interval(reader.dataset)
            lines_n = _write(connection, scope.county, raster.id, interval, _lines_of(reader.dataset, interval, area))
        record(connection, "draw_contours", target=f"raster:{raster.id} {raster.name}")
    return ContourReport(raster.name, interval, lines_n)


def contours_are_due(connection: Connection, raster_id: int) -> bool:
    """Whether the county has no contours yet, or those of another model; surveyed ones that were imported stay alone.

    Served by ``uq_base_feature_source_source_key``; what was imported is looked through once a night.
    """
    drawn = connection.execute(
        text("SELECT split_part(source_key, '-', 1) FROM base_feature WHERE source = :source LIMIT 1"),
        {"source": SOURCE},
    ).scalar_one_or_none()
    if drawn is not None:
        return bool(drawn != str(raster_id))
    return not connection.execute(text("SELECT EXISTS (SELECT FROM base_feature WHERE kind = 'contours')")).scalar_one()


def contour_lines(heights: Any, interval_m: float) -> Iterator[tuple[float, Floats]]:
    """The contours of a grid of heights (metres, masked where unknown): height and points (column, row) of each line."""
    known = np.ma.masked_invalid(heights)
    if known.count() == 0:
        return
    # a model in whole metres has plateaus exactly at a height, where no line can be drawn: lift it by a hair
    generator = contourpy.contour_generator(z=known + interval_m * 1e-4, line_type=contourpy.LineType.Separate)
    lowest, highest = np.ceil(known.min() / interval_m), np.floor(known.max() / interval_m)
    for step in range(int(lowest), int(highest) + 1):
        lines: Any = generator.lines(step * interval_m)
        for line in lines:
            yield step * interval_m, line


def is_index(height_m: float, interval_m: float) -> bool:
    """Whether a contour of this height is an index contour."""
    return round(height_m / interval_m) % INDEX_EVERY == 0


def smoothed(heights: Any) -> Any:
    """Heights after a binomial filter over 3 × 3 pixels; unknown ones count for nothing and stay unknown."""
    values = np.ma.masked_invalid(heights)
    known = (~np.ma.getmaskarray(values)).astype(np.float64)
    total, weight = values.filled(0.0).astype(np.float64), known.copy()
    for axis in (0, 1):
        total, weight = _binomial(total, axis), _binomial(weight, axis)
    return np.ma.masked_array(total / np.maximum(weight, 1e-9), mask=known == 0)


def _binomial(values: Floats, axis: int) -> Floats:
    padding = [(1, 1) if one == axis else (0, 0) for one in (0, 1)]
    padded = np.pad(values, padding)
    first, middle, last = (np.take(padded, range(at, at + values.shape[axis]), axis=axis) for at in (0, 1, 2))
    return np.asarray(0.25 * first + 0.5 * middle + 0.25 * last)


def _interval(dataset: Any) -> float:
    """The closest interval that gives no more than MOST_STEPS between the lowest and the highest place."""
    lowest, highest = np.inf, -np.inf
    for window in _squares(dataset):
        pixels = np.ma.masked_invalid(dataset.read(1, window=window, masked=True).astype(np.float64))
        if pixels.count():
            lowest, highest = min(lowest, float(pixels.min())), max(highest, float(pixels.max()))
    return next((one for one in INTERVALS if highest - lowest <= one * MOST_STEPS), INTERVALS[-1])


def _squares(dataset: Any) -> Iterator[Window]:
    """Squares that cover a raster, each one pixel larger than its part, so that lines meet at their edges."""
    for top in range(0, dataset.height, SQUARE):
        for left in range(0, dataset.width, SQUARE):
            width, height = min(SQUARE + 1, dataset.width - left), min(SQUARE + 1, dataset.height - top)
            yield Window(left, top, width, height)


def _lines_of(dataset: Any, interval_m: float, area: Any) -> Iterator[tuple[float, Any]]:
    """Height and line (shapely, in the system of the dataset) of every contour inside the area, one square after the other."""
    to_map = dataset.transform
    pixel = abs(to_map.a)
    for window in _squares(dataset):
        left, top = window.col_off, window.row_off
        # with the pixels around, so that both sides of an edge are smoothed alike
        wide = Window(max(left - 1, 0), max(top - 1, 0), window.width + 2, window.height + 2)
        heights = smoothed(dataset.read(1, window=wide.intersection(_whole(dataset)), masked=True).astype(np.float64))
        skip_rows, skip_cols = top - wide.row_off, left - wide.col_off
        part = heights[skip_rows : skip_rows + window.height, skip_cols : skip_cols + window.width]
        for height, points in contour_lines(part, interval_m):
            closed = bool((points[0] == points[-1]).all())
            if closed and len(points) < SHORTEST:
                continue
            columns, rows = points[:, 0] + left + 0.5, points[:, 1] + top + 0.5
            x = to_map.a * columns + to_map.b * rows + to_map.c
            y = to_map.d * columns + to_map.e * rows + to_map.f
            line = shapely.simplify(shapely.linestrings(x, y), pixel * SIMPLER)
            drawn = line if area is None else shapely.intersection(line, area)
            for piece in shapely.get_parts(drawn):
                if shapely.get_type_id(piece) == 1 and shapely.length(piece) > pixel:
                    yield height, piece


def _whole(dataset: Any) -> Window:
    return Window(0, 0, dataset.width, dataset.height)


# The old set goes, the new one comes; by uq_base_feature_source_source_key.
_REPLACE = """
INSERT INTO base_feature (kind, class, height_m, min_zoom, source, source_key, grid_code, geom)
SELECT 'contours', CASE WHEN n.strong THEN 'index' ELSE 'ordinary' END, n.height_m,
       CASE WHEN n.strong THEN :strong_from ELSE :ordinary_from END, :source, concat(CAST(:raster AS text), '-', n.number), :county,
       st_setsrid(st_geomfromwkb(n.line), 4490)
FROM new_contour n
"""


def _write(
    connection: Connection, county: str, raster_id: int, interval_m: float, lines: Iterator[tuple[float, Any]]
) -> int:
    """Replace the contours of the county. Returns how many lines were written."""
    zooms = {one.name: one.minzoom for one in LAYERS["contours"].classes}
    connection.execute(
        text("CREATE TEMP TABLE new_contour (number int, height_m float8, strong boolean, line bytea) ON COMMIT DROP")
    )
    written = 0
    with (
        raw(connection).cursor() as cursor,
        cursor.copy("COPY pg_temp.new_contour (number, height_m, strong, line) FROM STDIN") as copy,
    ):
        for height, line in lines:
            written += 1
            copy.write_row((written, height, is_index(height, interval_m), shapely.to_wkb(line)))
    connection.execute(text("DELETE FROM base_feature WHERE source = :source"), {"source": SOURCE})
    connection.execute(
        text(_REPLACE),
        {
            "strong_from": zooms["index"],
            "ordinary_from": zooms["ordinary"],
            "source": SOURCE,
            "county": county,
            "raster": str(raster_id),
        },
    )
    return written
