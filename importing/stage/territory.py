"""Is it in this county? (坐标检查) Rows outside are sent back with the likely cause; a file mostly outside is refused whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import shapely
from psycopg import sql

from database.geodesy.crs import Bounds, Diagnosis, diagnose_batch, to_4490
from importing.errors import CoordinatesWrong
from importing.stage.stage import Stage, as_json, copy_line
from importing.values.reasons import Problem

#: Metres a point may lie outside the county's boundary: piers, simplified coast lines, surveys of another year.
TOLERANCE_M = 500.0
#: A file with a larger share of its rows outside is refused.
REFUSED_SHARE = 0.5
#: The declared village must hold this much more of the rows after conversion, and at least this share of all.
OFFSET_GAIN, OFFSET_SHARE, OFFSET_ROWS = 0.15, 0.75, 20
SAMPLE = 2_000
#: Metres between a position and the address it names: median before and after conversion.
APART_M, TOGETHER_M = 250.0, 100.0

CHINA: Bounds = (73.0, 3.0, 136.0, 54.0)


def check_positions(stage: Stage) -> None:
    """Send back the rows outside the county, or refuse the file. Raises CoordinatesWrong, naming the likely cause.

    The county is its own boundary, or that of its towns and villages, or the mapping's bounds; without any of them only
    coordinates that lie nowhere in China are sent back.
    """
    if not stage.geometry:
        return
    bounds = _prepare_area(stage)
    outside = stage.rows(
        """
        SELECT s.row_no, st_x(p.at), st_y(p.at) FROM stage_row s
        CROSS JOIN LATERAL (SELECT CASE WHEN st_dimension(s.geom) = 0 THEN s.geom ELSE st_pointonsurface(s.geom) END AS at) p
        WHERE s.geom IS NOT NULL AND s.outcome <> 'unchanged'
          AND NOT EXISTS (SELECT FROM county_area a WHERE st_intersects(a.geom, p.at))
        ORDER BY s.row_no
        """
    )
    if not outside:
        return
    diagnoses = _diagnose(outside, bounds)
    located = stage.value("SELECT count(*) FROM stage_row WHERE geom IS NOT NULL")
    if len(outside) > REFUSED_SHARE * located:
        raise _refusal(diagnoses, len(outside), located)
    lines = []
    for (number, lon, lat), diagnosis in zip(outside, diagnoses, strict=True):
        lines.append(_reject_line(number, lon, lat, diagnosis))
    stage.copy("stage_reject", ("row_no", "reason_code", "facts"), lines)
    stage.run("DELETE FROM stage_row s USING stage_reject r WHERE r.row_no = s.row_no")


def check_reach(stage: Stage) -> None:
    """Send back the rows of which no part touches the county: a map of a region reaches beyond it. Raises CoordinatesWrong when
    none does, naming the likely cause."""
    bounds = _prepare_area(stage)
    outside = stage.rows(
        """
        SELECT s.row_no, st_x(p.at), st_y(p.at) FROM stage_row s
        CROSS JOIN LATERAL (SELECT st_pointonsurface(s.geom) AS at) p
        WHERE s.geom IS NOT NULL AND s.outcome <> 'unchanged'
          AND NOT EXISTS (SELECT FROM county_area a WHERE st_intersects(a.geom, s.geom))
        ORDER BY s.row_no
        """
    )
    if not outside:
        return
    located = stage.value("SELECT count(*) FROM stage_row WHERE geom IS NOT NULL")
    diagnoses = _diagnose(outside, bounds)
    if len(outside) == located:
        raise _refusal(diagnoses, len(outside), located)
    lines = [
        _reject_line(number, lon, lat, diagnosis)
        for (number, lon, lat), diagnosis in zip(outside, diagnoses, strict=True)
    ]
    stage.copy("stage_reject", ("row_no", "reason_code", "facts"), lines)
    stage.run("DELETE FROM stage_row s USING stage_reject r WHERE r.row_no = s.row_no")


def _diagnose(outside: Sequence[tuple[int, float, float]], bounds: Bounds) -> list[Diagnosis]:
    """The likely cause of each; none is guessed for a point that lies between the county's corners all the same."""
    west, south, east, north = bounds
    found = diagnose_batch([row[1] for row in outside], [row[2] for row in outside], bounds)
    return [
        Diagnosis("unknown") if west <= lon <= east and south <= lat <= north else diagnosis
        for (_number, lon, lat), diagnosis in zip(outside, found, strict=True)
    ]


def _reject_line(number: int, lon: float, lat: float, diagnosis: Diagnosis) -> str:
    zh, _, en = diagnosis.text.partition(" / ")
    known = diagnosis.cause != "unknown"
    problem = Problem(
        "swapped_axes" if diagnosis.cause == "swapped_axes" else "outside_county",
        None,
        {
            "lon": round(lon, 7),
            "lat": round(lat, 7),
            "cause": f"（{zh}）" if known else "",
            "cause_en": f"({en})" if known else "",
        },
    )
    return copy_line([str(number), problem.code, as_json(problem.facts)])


def _refusal(diagnoses: Sequence[Diagnosis], outside: int, located: int) -> CoordinatesWrong:
    diagnosis, _n = Counter(diagnoses).most_common(1)[0]
    zh, _, en = diagnosis.text.partition(" / ")
    return CoordinatesWrong(
        f"{located} 行中有 {outside} 行不在本县。{zh}。请改正坐标或映射里的 crs 后重新导入。 / "
        f"{outside} of {located} rows lie outside the county: {en}. Correct the coordinates, or crs in the mapping.",
        cause=diagnosis.cause,
        shift_deg=diagnosis.shift_deg,
        outside=outside,
        rows=located,
    )


def _prepare_area(stage: Stage) -> Bounds:
    """Fill ``county_area`` (small polygons, indexed) and return its bounds, without the tolerance."""
    stage.run("DROP TABLE IF EXISTS pg_temp.county_area")
    stage.run("CREATE TEMP TABLE county_area (geom geometry(Polygon, 4490)) ON COMMIT DROP")
    area = None
    for level in ("county", "town", "village"):
        found = stage.rows(
            "SELECT st_asbinary(geom) FROM division WHERE level = %(level)s AND geom IS NOT NULL AND valid_to IS NULL",
            level=level,
        )
        if found:
            area = shapely.union_all(shapely.from_wkb([row[0] for row in found]))
            break
    if area is None:
        bounds = stage.mapping.bounds or CHINA
        area, bounds_only = shapely.box(*bounds), True
    else:
        bounds, bounds_only = tuple(shapely.bounds(area).tolist()), False
    stage.run(
        "INSERT INTO county_area SELECT st_subdivide(CASE WHEN %(exact)s THEN g.geom "
        "ELSE st_setsrid(st_buffer(g.geom::geography, %(tolerance)s)::geometry, 4490) END, 64) "
        "FROM (SELECT st_setsrid(st_geomfromwkb(%(area)s), 4490) AS geom) g",
        area=shapely.to_wkb(area),
        exact=bounds_only,
        tolerance=TOLERANCE_M,
    )
    stage.run("CREATE INDEX ON county_area USING gist (geom)")
    stage.run("ANALYZE county_area")
    west, south, east, north = bounds
    return west, south, east, north


def check_offset_by_village(stage: Stage, village_column: str) -> None:
    """Refuse a file whose rows fall into the village they name only after a GCJ-02 or BD-09 conversion.

    village_column: column of the stage with 12-digit village codes. Raises CoordinatesWrong.
    """
    if not stage.geometry:
        return
    rows = stage.rows(
        "SELECT st_x(p.at), st_y(p.at), s.{column} FROM stage_row s "
        "CROSS JOIN LATERAL (SELECT CASE WHEN st_dimension(s.geom) = 0 THEN s.geom ELSE st_pointonsurface(s.geom) END AS at) p "
        "WHERE s.geom IS NOT NULL AND s.outcome <> 'unchanged' AND s.{column} IN "
        "(SELECT code FROM division WHERE level = 'village' AND geom IS NOT NULL) "
        "ORDER BY md5(s.source_key) LIMIT %(sample)s",
        column=sql.Identifier(village_column),
        sample=SAMPLE,
    )
    if len(rows) < OFFSET_ROWS:
        return
    villages = dict(
        stage.rows(
            "SELECT code, st_asbinary(geom) FROM division WHERE code = ANY(%(codes)s)",
            codes=list({row[2] for row in rows}),
        )
    )
    shapes = {code: shapely.from_wkb(shape) for code, shape in villages.items()}
    lon, lat = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    areas = np.array([shapes[row[2]] for row in rows])
    shapely.prepare(areas)
    before = shapely.intersects_xy(areas, lon, lat).mean()
    for system in ("GCJ-02", "BD-09"):
        after = shapely.intersects_xy(areas, *to_4490(lon, lat, system)).mean()
        if after >= OFFSET_SHARE and after - before >= OFFSET_GAIN:
            raise _offset(
                stage,
                system,
                f"只有 {before:.0%} 的行落在所写的村里，按 {system} 转换后是 {after:.0%}",
                f"only {before:.0%} of the rows lie in the village they name, {after:.0%} when read as {system}",
            )


def check_offset_by_address(stage: Stage, address_column: str) -> None:
    """Refuse a file whose positions meet the addresses they name only after a GCJ-02 or BD-09 conversion.

    address_column: column of the stage with matched address ids. Raises CoordinatesWrong.
    """
    if not stage.geometry:
        return
    rows = stage.rows(
        "SELECT st_x(s.geom), st_y(s.geom), st_x(a.geom), st_y(a.geom) FROM stage_row s "
        "JOIN standard_address a ON a.id = s.{column} WHERE st_dimension(s.geom) = 0 AND a.geom IS NOT NULL "
        "AND a.depth >= 8 AND s.outcome <> 'unchanged' ORDER BY s.row_no LIMIT %(sample)s",
        column=sql.Identifier(address_column),
        sample=SAMPLE,
    )
    if len(rows) < OFFSET_ROWS:
        return
    lon, lat, true_lon, true_lat = (np.array(axis) for axis in zip(*rows, strict=True))
    before = _median_m(lon, lat, true_lon, true_lat)
    for system in ("GCJ-02", "BD-09"):
        after = _median_m(*to_4490(lon, lat, system), true_lon, true_lat)
        if before > APART_M and after < TOGETHER_M:
            raise _offset(
                stage,
                system,
                f"坐标与所写地址相距 {before:.0f} 米（中位数），按 {system} 转换后是 {after:.0f} 米",
                f"positions lie {before:.0f} m (median) from the addresses they name, {after:.0f} m when read as {system}",
            )


def _median_m(lon: np.ndarray, lat: np.ndarray, lon2: np.ndarray, lat2: np.ndarray) -> float:
    east = (lon - lon2) * np.cos(np.radians(lat)) * 111_320.0
    return float(np.median(np.hypot(east, (lat - lat2) * 110_850.0)))


def _offset(stage: Stage, system: str, zh: str, en: str) -> CoordinatesWrong:
    return CoordinatesWrong(
        f'坐标像是 {system} 却当作 {stage.mapping.crs or "EPSG:4490"}：{zh}。请在映射里写 crs = "{system}"。 / '
        f'the coordinates look like {system}: {en}. Set crs = "{system}" in the mapping.',
        cause="gcj02_offset" if system == "GCJ-02" else "bd09_offset",
        system=system,
    )
