"""A square county for imports: one town, two villages side by side, each with a northern and a southern cell."""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest
from sqlalchemy import text

from database.connection.engine import Database
from database.rights.scope import Scope
from database.secrets.seal import Sealer
from importing.mappings.mapping import parse_mapping
from importing.pipeline import ImportReport, import_file

COUNTY, TOWN = "330521", "330521100"
WEST, EAST = "330521100201", "330521100202"
W, S, E, N = 119.90, 30.40, 120.10, 30.60
MIDDLE_LON, MIDDLE_LAT = 120.00, 30.50

DIVISIONS = """
name = "test_divisions"
title = "行政区划"
target = "division"
key = ["code"]
bounds = [119.0, 30.0, 121.0, 31.0]
[columns]
code = "code"
name = "name"
"""
CELLS = """
name = "test_cells"
title = "网格"
target = "cell"
key = ["code"]
[columns]
code = "code"
name = "name"
"""
ADDRESSES = """
name = "test_addresses"
title = "门牌"
target = "address"
crs = "EPSG:4490"
key = ["编号"]
position = { lon = "经度", lat = "纬度" }
[columns]
full_text = "地址"
village_code = "村代码"
"""
EVENTS = """
name = "test_events"
title = "热线"
target = "event"
crs = "EPSG:4490"
key = ["编号"]
position = { lon = "经度", lat = "纬度" }
[columns]
kind = "类型"
title = "标题"
occurred_at = "时间"
address_text = "地点"
"""


class Load(Protocol):
    """Import a file with a mapping written in TOML."""

    def __call__(
        self, path: Path, mapping: str, *, publish: bool = True, rejects: Path | None = None
    ) -> ImportReport: ...


def box(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    """A rectangle as GeoJSON."""
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def write_geojson(path: Path, features: Sequence[tuple[dict[str, Any], dict[str, Any] | None]]) -> Path:
    """A feature collection of (properties, geometry)."""
    content = {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "properties": p, "geometry": g} for p, g in features],
    }
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]], encoding: str = "utf-8") -> Path:
    """A CSV whose columns are the keys of the first row."""
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def id_number(serial: int, birth: str = "19800101", division: str = "330521") -> str:
    """A synthetic resident ID number with a right checksum."""
    body = f"{division}{birth}{serial:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(w * int(d) for w, d in zip(weights, body, strict=True)) % 11]


def address_row(number: int, lon: float, lat: float, village: str = WEST, **others: Any) -> dict[str, Any]:
    """One door plate in the western or eastern village."""
    name = "桥西村" if village == WEST else "桥东村"
    row = {
        "编号": f"A{number}",
        "地址": f"湖州市德清县莫干镇{name}前街{number}号",
        "村代码": village,
        "经度": lon,
        "纬度": lat,
    }
    return {**row, **others}


@pytest.fixture
def load(database: Database, system: Scope, sealer: Sealer) -> Load:
    """The import, as the system."""

    def run(path: Path, mapping: str, *, publish: bool = True, rejects: Path | None = None) -> ImportReport:
        return import_file(
            database, system, path, parse_mapping(mapping), sealer=sealer, publish=publish, rejects_path=rejects
        )

    return run


@pytest.fixture
def query(database: Database, system: Scope) -> Callable[..., list[tuple[Any, ...]]]:
    """Rows of a query inside the county."""

    def run(sql: str, **values: Any) -> list[tuple[Any, ...]]:
        with database.transaction(system) as connection:
            return [tuple(row) for row in connection.execute(text(sql), values)]

    return run


def division_features() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The county, its town and its two villages."""
    return [
        ({"code": COUNTY, "name": "德清县"}, box(W, S, E, N)),
        ({"code": TOWN, "name": "莫干镇"}, box(W, S, E, N)),
        ({"code": WEST, "name": "桥西村"}, box(W, S, MIDDLE_LON, N)),
        ({"code": EAST, "name": "桥东村"}, box(MIDDLE_LON, S, E, N)),
    ]


def cell_features() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """A southern and a northern cell in each village."""
    return [
        ({"code": village + number, "name": f"{village[-3:]}{number}"}, box(west, south, east, north))
        for village, west, east in ((WEST, W, MIDDLE_LON), (EAST, MIDDLE_LON, E))
        for number, south, north in (("001", S, MIDDLE_LAT), ("002", MIDDLE_LAT, N))
    ]


@pytest.fixture
def grounds(load: Load, tmp_path: Path) -> None:
    """Divisions and cells, through the pipeline."""
    assert load(write_geojson(tmp_path / "divisions.geojson", division_features()), DIVISIONS).counts["added"] == 4
    assert load(write_geojson(tmp_path / "cells.geojson", cell_features()), CELLS).counts["added"] == 4
