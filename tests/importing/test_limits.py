"""A value that the database cannot hold sends back its row; the database never ends an import because of one."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from database.tables.base import CountyBase
from importing.errors import CoordinateSystemUnknown
from importing.targets import TARGETS
from importing.values.fields import Field, Kind
from importing.values.limits import LONGEST, limit_of
from tests.importing.conftest import CELLS, EVENTS, WEST, Load, box, write_csv, write_geojson
from tests.importing.test_vector_files import PLACE, SQUARE, geojson, packaged, polygon, shapefile

COUNTED_CELLS = CELLS + 'households_n = "户数"\npopulation_n = "人口数"\n'
LAMPS = 'name = "lamps"\ntitle = "灯"\ntarget = "facility"\nkey = ["编号"]\n[columns]\nkind = { constant = "lamp" }\nname = "名称"\n'


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_every_target_says_where_its_fields_are_stored(target: str) -> None:
    assert TARGETS[target]().storage() in CountyBase.metadata.tables


@pytest.mark.parametrize(
    ("kind", "table", "name", "fits", "beyond"),
    [
        (Kind.INTEGER, "grid_cell", "households_n", str(2**31 - 1), str(2**31)),
        (Kind.INTEGER, "grid_cell", "households_n", "0", "-99999999999999999999"),
        (Kind.INTEGER, "nowhere", "n", str(2**63 - 1), str(2**63)),
        (Kind.CODE, "place", "code", "A" * LONGEST, "A" * (LONGEST + 1)),
        (Kind.ADDRESS, "standard_address", "full_text", "路" * LONGEST, "路" * (LONGEST + 1)),
        (Kind.TEXT, "event", "kind", "类" * LONGEST, "类" * (LONGEST + 1)),
    ],
)
def test_the_column_says_what_fits(kind: Kind, table: str, name: str, fits: str, beyond: str) -> None:
    limit = limit_of(Field(name, kind), table, name)
    assert limit is not None
    assert limit(fits) is None
    problem = limit(beyond)
    assert problem is not None
    assert problem.code in ("number_too_large", "text_too_long")


def test_a_text_in_no_index_may_be_long() -> None:
    assert limit_of(Field("detail", Kind.TEXT), "event", "内容") is None


def test_hostile_values_and_geometries_are_sent_back_and_lists_stay_lists(
    load: Load, grounds: None, tmp_path: Path, query: Callable[..., list[tuple[Any, ...]]]
) -> None:
    cells = [
        ({"code": WEST + f"00{n}", "name": "格", "户数": number, "人口数": "1"}, box(119.9 + n / 100, 30.4, 119.91 + n / 100, 30.41))
        for n, number in ((3, "3000000000"), (4, "99999999999999999999"))
    ]  # fmt: skip
    report = load(write_geojson(tmp_path / "cells.geojson", cells), COUNTED_CELLS, publish=False)
    assert report.counts["rejects"] == {"number_too_large": 2}

    row = {"编号": "1", "类型": "噪声", "标题": "吵", "时间": "2026-06-01", "地点": "", "经度": 120.0, "纬度": 30.5}
    rows = [row | {"编号": "K" * 5000}, row | {"编号": "2", "类型": "L" * 9000}, row | {"编号": "3"}]
    report = load(write_csv(tmp_path / "events.csv", rows), EVENTS, publish=False)
    assert (report.counts["rejects"], report.counts["added"]) == ({"text_too_long": 2}, 1)

    collection = struct.pack("<BII", 1, 7, 1) + polygon(*SQUARE, SQUARE[0])
    path = packaged(tmp_path / "a.gpkg", collection, polygon(*SQUARE), polygon(*SQUARE, SQUARE[0]))
    report = load(path, PLACE.replace('"名称"', '"编号"'), publish=False)
    assert (report.counts["rejects"], report.counts["added"]) == ({"wrong_geometry": 1, "no_geometry": 1}, 1)

    with pytest.raises(CoordinateSystemUnknown):
        load(shapefile(tmp_path / "b.shp", ["编号".encode(), "名称".encode()], [[b"1", b"a"]], prj=""), PLACE)

    lamps = geojson(
        tmp_path / "lamps.geojson",
        '{"编号":12345678901234567890,"名称":"灯","标签":["甲","13800138000"],"个数":[1,2]}',
        '{"编号":1e300,"名称":"灯"}',
    )
    report = load(lamps, LAMPS)
    assert report.counts["added"] == 1
    ((key, tags, counts),) = query("SELECT source_key, attributes->'标签', attributes->'个数' FROM facility")
    assert (key, tags[0], counts) == ("12345678901234567890", "甲", [1, 2])
    assert tags[1] != "13800138000", "numbers of persons are masked inside lists too"
