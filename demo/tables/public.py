"""The tables of public life: hotline events and the objects of the public space."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import shapely

from database.geodesy.crs import GCJ02, from_4490
from demo.land.addresses import Addresses
from demo.people.happenings import Events, object_positions
from demo.tables.writers import write_csv, write_geojson
from demo.tables.written import Writer
from demo.words import FACILITY_KINDS, PUBLIC_KINDS

EVENT_HEADER = ["工单编号", "诉求类别", "标题", "诉求内容", "发生时间", "状态", "地址", "经度", "纬度"]


def write_events(
    path: Path, rng: np.random.Generator, addresses: Addresses, events: Events, writer: Writer
) -> tuple[int, dict[str, int]]:
    """12345: events, a CSV in UTF-8; a third has no coordinates, a few rows are bad."""
    located = (rng.random(len(events.day)) < 0.67).tolist()
    texts = writer.write_all(rng, np.array(events.address))

    def rows() -> Iterator[list[str]]:
        row: list[str] = []
        for i, at in enumerate(events.address):
            when = f"{events.day[i]} {events.minute[i] // 60:02d}:{events.minute[i] % 60:02d}:00"
            lon = f"{addresses.lon[at]:.6f}" if located[i] else ""
            lat = f"{addresses.lat[at]:.6f}" if located[i] else ""
            detail = f"来电人{events.title[i]}，请尽快处理。（演示数据）"
            row = [
                _number(events.day[i], i),
                events.kind[i],
                events.title[i],
                detail,
                when,
                events.state[i],
                texts[i],
                lon,
                lat,
            ]
            yield row
        yield from ([f"GDX{n}", *row[1:4], f"2025-13-{10 + n} 08:00:00", *row[5:]] for n in range(3))
        yield from ([f"GDY{n}", row[1], "", *row[3:]] for n in range(2))

    return write_csv(path, EVENT_HEADER, rows()), {"impossible_date": 3, "missing_value": 2}


def _number(day: date, serial: int) -> str:
    return f"GD{day:%Y%m%d}{serial:06d}"


def write_facilities(path: Path, rng: np.random.Generator, addresses: Addresses, count: int) -> int:
    """城管: objects of the public space (部件), a GeoJSON in WGS 84."""
    lon, lat, beside = object_positions(rng, addresses, count)
    kind = rng.integers(0, len(FACILITY_KINDS), count).tolist()
    state = rng.choice(3, count, p=(0.95, 0.04, 0.01)).tolist()
    rows = (
        {
            "部件编号": f"BJ{i + 1:07d}",
            "类别": FACILITY_KINDS[k],
            "名称": f"{addresses.local[at]}旁{FACILITY_KINDS[k]}",
            "状态": ("完好", "破损", "缺失")[s],
            "权属": "演示城管中心",
        }
        for i, (k, s, at) in enumerate(zip(kind, state, beside.tolist(), strict=True))
    )
    return write_geojson(path, shapely.points(lon, lat), rows)


def write_public_facilities(path: Path, rng: np.random.Generator, addresses: Addresses, count: int) -> int:
    """城管: public facilities, a GeoJSON whose coordinates are GCJ-02, as a navigation app exports them."""
    lon, lat, beside = object_positions(rng, addresses, count)
    lon, lat = from_4490(lon, lat, GCJ02)
    kind = rng.integers(0, len(PUBLIC_KINDS), count).tolist()
    rows = (
        {
            "设施编号": f"SS{i + 1:06d}",
            "设施类别": PUBLIC_KINDS[k],
            "设施名称": f"{addresses.local[at]}旁{PUBLIC_KINDS[k]}",
            "坐标系": "GCJ-02",
        }
        for i, (k, at) in enumerate(zip(kind, beside.tolist(), strict=True))
    )
    return write_geojson(path, shapely.points(np.round(lon, 7), np.round(lat, 7)), rows)
