"""The land tables: divisions, grid cells, standard addresses, place names, buildings, dwellings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from database.geodesy.crs import from_4490
from demo.base_map import Features
from demo.land.addresses import BUILDING, Addresses
from demo.land.divisions import Divisions
from demo.land.place_names import PlaceNames
from demo.people.places import Dwellings, footprints
from demo.tables.writers import write_csv, write_geojson, write_layer
from demo.words import CITY, COUNTY, COUNTY_CODE, PROVINCE

DWELLING_CRS = "EPSG:4549"
ADDRESS_HEADER = [
    "地址编码",
    "标准地址",
    "省",
    "市",
    "县",
    "乡镇街道",
    "村社区",
    "村民小组",
    "路街巷",
    "门牌号",
    "楼幢",
    "单元",
    "户室",
    "行政区划代码",
    "经度",
    "纬度",
    "状态",
    "启用日期",
]


def write_divisions(path: Path, divisions: Divisions) -> int:
    """民政: county, towns and villages, three layers of a GeoPackage."""
    shapes = divisions.boundaries
    count = write_layer(path, "县界", [shapes.county], {"代码": [COUNTY_CODE], "名称": [COUNTY], "城乡分类": [None]})
    towns: dict[str, list[Any]] = {
        "代码": divisions.town_code,
        "名称": divisions.town_name,
        "城乡分类": [None] * len(divisions.town_code),
    }
    count += write_layer(path, "乡镇界", shapes.town, towns, append=True)
    villages = {
        "代码": divisions.village_code,
        "名称": divisions.village_name,
        "城乡分类": divisions.village_class,
    }
    return count + write_layer(path, "村界", shapes.village, villages, append=True)


def write_cells(path: Path, divisions: Divisions, households_n: np.ndarray, people_n: np.ndarray) -> int:
    """综治: grid cells, a GeoPackage."""
    village = divisions.boundaries.village_of_cell.tolist()
    fields = {
        "网格编码": divisions.cell_code,
        "网格名称": divisions.cell_name,
        "所属村社": [divisions.village_code[i] for i in village],
        "户数": [str(n) for n in households_n.tolist()],
        "人口数": [str(n) for n in people_n.tolist()],
    }
    return write_layer(path, "网格", divisions.boundaries.cell, fields)


def write_micro_cells(path: Path, divisions: Divisions) -> int:
    """综治: micro cells, a GeoJSON."""
    cell = divisions.boundaries.cell_of_micro.tolist()
    rows = (
        {"微网格编码": code, "微网格名称": name, "所属网格": divisions.cell_code[parent]}
        for code, name, parent in zip(divisions.micro_code, divisions.micro_name, cell, strict=True)
    )
    return write_geojson(path, divisions.boundaries.micro, rows)


def write_addresses(path: Path, divisions: Divisions, addresses: Addresses) -> tuple[int, dict[str, int]]:
    """公安: standard addresses, a CSV in GB18030; a few rows are bad. Returns rows and bad rows by reason."""
    bad = {"swapped_axes": 2, "outside_county": 2, "missing_value": 2}
    rows = _address_rows(divisions, addresses)
    return write_csv(path, ADDRESS_HEADER, _with_bad_addresses(rows, divisions), "gb18030"), bad


def _address_rows(divisions: Divisions, addresses: Addresses) -> Iterator[list[str]]:
    town = divisions.boundaries.town_of_village.tolist()
    lon, lat = addresses.lon.tolist(), addresses.lat.tolist()
    for i, village in enumerate(addresses.village.tolist()):
        yield [
            addresses.code[i],
            addresses.head[village] + addresses.local[i],
            PROVINCE,
            CITY,
            COUNTY,
            divisions.town_name[town[village]],
            divisions.village_name[village],
            *addresses.levels[i],
            divisions.village_code[village],
            f"{lon[i]:.7f}",
            f"{lat[i]:.7f}",
            "在用",
            f"20{10 + i % 14}-0{1 + i % 9}-1{i % 10}",
        ]


def _with_bad_addresses(rows: Iterator[list[str]], divisions: Divisions) -> Iterator[list[str]]:
    first = next(rows)
    yield first
    yield from rows
    code, text, lon, lat = 0, 1, ADDRESS_HEADER.index("经度"), ADDRESS_HEADER.index("纬度")
    plate = ADDRESS_HEADER.index("门牌号")
    for n in range(6):
        row = list(first)
        row[code] = f"{divisions.village_code[0]}99{n:04d}"
        row[plate] = f"{950 + n}号"
        row[text] = first[text].removesuffix(first[plate]) + row[plate]
        if n < 2:
            row[lon], row[lat] = first[lat], first[lon]
        elif n < 4:
            row[lon] = f"{float(first[lon]) + 3:.7f}"
        else:
            row[text] = ""
        yield row


def write_place_names(path: Path, names: PlaceNames) -> int:
    """民政: place names, a GeoJSON."""
    rows = (
        {"地名代码": f"DM{i + 1:06d}", "标准名称": name, "地名类别": kind, "别名": alias}
        for i, (name, kind, alias) in enumerate(zip(names.name, names.kind, names.alias, strict=True))
    )
    return write_geojson(path, shapely.points(names.lon, names.lat), rows)


def write_base(path: Path, layer: str, features: Features, *, append: bool) -> int:
    """测绘: one layer of the base map, a GeoPackage."""
    fields: dict[str, list[str | None]] = {
        "要素编号": [f"{layer}{n + 1:07d}" for n in range(len(features.kind))],
        "要素类": [*features.kind],
        "小类": [*features.klass],
        "名称": [name or None for name in features.name],
        "道路编号": [number or None for number in features.number],
        "层数": [floors or None for floors in features.floors],
        "高程": [height or None for height in features.height],
    }
    return write_layer(path, layer, features.shape, fields, append=append)


def write_buildings(path: Path, rng: np.random.Generator, addresses: Addresses) -> int:
    """住建: outlines of buildings, a Shapefile in GBK without .cpg."""
    position, shapes = footprints(rng, addresses, BUILDING)
    where = position.tolist()
    floors = rng.integers(3, 12, len(where)).tolist()
    fields = {
        "LDBH": [f"LD{addresses.code[i]}" for i in where],
        "MC": ["".join(addresses.levels[i][1:4]) for i in where],
        "DZ": [addresses.text(i) for i in where],
        "CS": [str(n) for n in floors],
    }
    count = write_layer(path, path.stem, shapes, fields, driver="ESRI Shapefile", encoding="GBK")
    path.with_suffix(".cpg").unlink(missing_ok=True)
    return count


def write_dwellings(path: Path, rng: np.random.Generator, addresses: Addresses, dwellings: Dwellings) -> int:
    """住建: dwellings, a GeoPackage in 3-degree Gauss-Krüger (EPSG:4549, metres)."""
    where = dwellings.address
    east, north = from_4490(addresses.lon[where], addresses.lat[where], DWELLING_CRS)
    points = shapely.points(np.round(np.column_stack([east, north]), 3))
    positions = where.tolist()
    fields = {
        "房屋编号": dwellings.key,
        "房屋名称": [addresses.local[i] for i in positions],
        "坐落": [addresses.text(i) for i in positions],
        "使用状况": dwellings.occupancy,
        "建筑面积": [f"{n:.1f}" for n in rng.uniform(55, 260, len(positions)).tolist()],
    }
    return write_layer(path, "房屋", points, fields, crs=DWELLING_CRS)
