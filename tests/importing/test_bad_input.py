"""Bad input gets a clear error and loses nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from database.geodesy.crs import from_4490
from importing.errors import (
    ColumnMissing,
    CoordinatesWrong,
    CoordinateSystemUnknown,
    FileTruncated,
    ImportRefused,
)
from tests.importing.conftest import (
    ADDRESSES,
    CELLS,
    DIVISIONS,
    EAST,
    EVENTS,
    MIDDLE_LAT,
    MIDDLE_LON,
    WEST,
    E,
    Load,
    N,
    S,
    W,
    address_row,
    box,
    cell_features,
    write_csv,
    write_geojson,
)

Query = Callable[..., list[tuple[Any, ...]]]

pytestmark = pytest.mark.usefixtures("grounds")


def addresses(n: int = 30) -> list[dict[str, Any]]:
    """Door plates spread over both villages."""
    rng = np.random.default_rng(1)
    rows = []
    for i in range(1, n + 1):
        west, east, village = (W, MIDDLE_LON, WEST) if i % 2 else (MIDDLE_LON, E, EAST)
        lon, lat = rng.uniform(west + 0.005, east - 0.005), rng.uniform(S + 0.005, N - 0.005)
        rows.append(address_row(i, round(lon, 7), round(lat, 7), village))
    return rows


def test_a_missing_column_fails_the_batch_and_the_batch_says_why(tmp_path: Path, load: Load, query: Query):
    rows = [{("门牌" if name == "地址" else name): value for name, value in row.items()} for row in addresses(3)]
    with pytest.raises(ColumnMissing):
        load(write_csv(tmp_path / "a.csv", rows), ADDRESSES)
    ((state, error),) = query("SELECT state, error FROM import_batch WHERE mapping = 'test_addresses'")
    assert state == "failed"
    assert "缺少列：地址" in error


def test_a_file_cut_in_half_publishes_nothing(tmp_path: Path, load: Load, query: Query):
    path = write_csv(tmp_path / "a.csv", addresses())
    path.write_bytes(path.read_bytes()[:-25])
    with pytest.raises(FileTruncated):
        load(path, ADDRESSES)
    assert query("SELECT count(*) FROM standard_address") == [(0,)]


def test_duplicate_keys_alike_count_once_and_different_are_all_sent_back(tmp_path: Path, load: Load, query: Query):
    rows = addresses(6)
    rows += [dict(rows[0]), {**rows[1], "地址": "湖州市德清县莫干镇桥东村后街9号"}]
    counts = load(write_csv(tmp_path / "a.csv", rows), ADDRESSES).counts
    assert (counts["read"], counts["added"], counts["unchanged"], counts["rejected"]) == (8, 5, 1, 2)
    assert counts["rejects"] == {"duplicate_key": 2}
    assert query("SELECT reason FROM import_reject ORDER BY row_no LIMIT 1")[0][0].startswith(
        "主键 A2 在文件里出现多次且内容不同（第 3、9 行）"
    )


def test_every_row_is_accounted_for(tmp_path: Path, load: Load, query: Query):
    rows = [
        {
            "编号": "1",
            "类型": "噪音",
            "标题": "夜间施工",
            "时间": "2024-03-01 22:10",
            "地点": "",
            "经度": 119.95,
            "纬度": 30.45,
        },
        {
            "编号": "2",
            "类型": "噪音",
            "标题": "夜间施工",
            "时间": "2024-02-30",
            "地点": "",
            "经度": 119.95,
            "纬度": 30.45,
        },
        {"编号": "3", "类型": "噪音", "标题": "夜间施工", "时间": "昨天", "地点": "", "经度": 119.95, "纬度": 30.45},
        {"编号": "4", "类型": "", "标题": "", "时间": "2999-01-01", "地点": "", "经度": "东", "纬度": 30.45},
        {"编号": "5", "类型": "噪音", "标题": "夜间施工", "时间": "2024-03-02", "地点": "", "经度": "", "纬度": ""},
        {"编号": "6", "类型": "噪音", "标题": "丢�字", "时间": "2024-03-02", "地点": "", "经度": 119.95, "纬度": 30.45},
    ]
    report = load(write_csv(tmp_path / "a.csv", rows), EVENTS)
    counts = report.counts
    assert (
        counts["read"]
        == counts["skipped"] + counts["added"] + counts["changed"] + counts["unchanged"] + counts["rejected"]
    )
    assert counts["rejects"] == {
        "impossible_date": 2,
        "bad_date": 1,
        "missing_value": 1,
        "bad_number": 1,
        "encoding_lost": 1,
    }
    found = query("SELECT column_name, reason FROM import_reject WHERE row_no = 3")
    assert found[0][0] == "时间"
    assert "2024-02-30（日历上没有这一天）" in found[0][1]
    assert "no such day in the calendar" in found[0][1]


def test_rows_outside_the_county_are_sent_back_with_the_likely_cause(tmp_path: Path, load: Load, query: Query):
    rows = addresses(10)
    rows[0].update(经度=rows[0]["纬度"], 纬度=rows[0]["经度"])
    rows[1].update(经度=rows[1]["经度"] + 3)
    rows[2].update(经度=110.0, 纬度=22.0)
    counts = load(write_csv(tmp_path / "a.csv", rows), ADDRESSES).counts
    assert counts["added"] == 7
    assert counts["rejects"] == {"swapped_axes": 1, "outside_county": 2}
    text = dict(query("SELECT row_no, reason FROM import_reject"))
    assert "写反" in text[2]
    assert "偏东 3°" in text[3] and "too far east" in text[3]
    assert "不在本县范围内" in text[4]


@pytest.mark.parametrize(
    ("spoil", "cause"),
    [
        (lambda lon, lat: (lat, lon), "swapped_axes"),
        (lambda lon, lat: (lon + 2, lat), "wrong_zone"),
        (lambda lon, lat: from_4490(lon, lat, "EPSG:4549"), "projected_metres"),
    ],
)
def test_a_file_mostly_outside_is_refused_whole_naming_the_cause(
    tmp_path: Path, load: Load, query: Query, spoil: Callable[..., Any], cause: str
):
    rows = addresses()
    for row in rows:
        row["经度"], row["纬度"] = (float(v) for v in spoil(row["经度"], row["纬度"]))
    with pytest.raises(CoordinatesWrong) as caught:
        load(write_csv(tmp_path / "a.csv", rows), ADDRESSES)
    assert caught.value.facts["cause"] == cause
    assert query("SELECT count(*) FROM standard_address") == [(0,)]
    assert query("SELECT state FROM import_batch WHERE id = :id", id=caught.value.facts["batch_id"]) == [("failed",)]


def strips() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Forty villages, each 500 m wide: an offset of 500 m moves most points into the neighbour."""
    width = (E - W) / 40
    return [
        ({"code": f"330521100{300 + i}", "name": f"第{i}村"}, box(W + i * width, S, W + (i + 1) * width, N))
        for i in range(40)
    ]


def test_gcj02_passed_as_wgs84_is_refused_by_the_villages_the_rows_name(tmp_path: Path, load: Load, query: Query):
    load(write_geojson(tmp_path / "strips.geojson", strips()), DIVISIONS)
    width = (E - W) / 40
    rows = []
    for i in range(2, 38):
        lon, lat = W + (i + 0.5) * width, 30.45 + i * 0.003
        shifted = from_4490(lon, lat, "GCJ-02")
        rows.append(address_row(i, float(shifted[0]), float(shifted[1]), f"330521100{300 + i}", 地址=f"第{i}村{i}号"))
    path = write_csv(tmp_path / "a.csv", rows)
    with pytest.raises(CoordinatesWrong) as caught:
        load(path, ADDRESSES)
    assert caught.value.facts["cause"] == "gcj02_offset"
    assert 'crs = "GCJ-02"' in str(caught.value)
    assert load(path, ADDRESSES.replace("EPSG:4490", "GCJ-02")).counts["added"] == len(rows)
    west, east = query("SELECT min(st_x(geom)), max(st_x(geom)) FROM standard_address")[0]
    assert west == pytest.approx(W + 2.5 * width, abs=1e-7), "converted within a centimetre"
    assert east == pytest.approx(W + 37.5 * width, abs=1e-7)


def test_gcj02_is_noticed_by_the_addresses_the_rows_name(tmp_path: Path, load: Load, query: Query):
    rows = addresses(40)
    load(write_csv(tmp_path / "a.csv", rows), ADDRESSES)
    events = []
    for row in rows:
        lon, lat = from_4490(row["经度"], row["纬度"], "GCJ-02")
        events.append(
            {
                "编号": row["编号"],
                "类型": "噪音",
                "标题": "施工",
                "时间": "2024-03-01",
                "地点": row["地址"],
                "经度": float(lon),
                "纬度": float(lat),
            }
        )
    with pytest.raises(CoordinatesWrong) as caught:
        load(write_csv(tmp_path / "e.csv", events), EVENTS)
    assert caught.value.facts["cause"] == "gcj02_offset"
    assert query("SELECT count(*) FROM event") == [(0,)]


def test_a_coordinate_system_nobody_names_is_refused(tmp_path: Path, load: Load):
    path = write_csv(tmp_path / "a.csv", addresses(3))
    with pytest.raises(CoordinateSystemUnknown, match="写明坐标系"):
        load(path, ADDRESSES.replace('crs = "EPSG:4490"\n', ""))


def test_a_self_intersecting_polygon_is_sent_back_with_the_place(tmp_path: Path, load: Load, query: Query):
    bowtie = {
        "type": "Polygon",
        "coordinates": [[[119.92, 30.42], [119.96, 30.46], [119.96, 30.42], [119.92, 30.46], [119.92, 30.42]]],
    }
    mapping = CELLS.replace('key = ["code"]', 'key = ["code"]')
    features = [({"code": WEST + "003", "name": "蝴蝶结"}, bowtie)]
    counts = load(write_geojson(tmp_path / "c.geojson", features), mapping).counts
    assert counts["rejects"] == {"invalid_geometry": 1}
    reason = query("SELECT reason FROM import_reject")[0][0]
    assert "自相交" in reason and "119.94, 30.44" in reason


def test_overlapping_cells_are_sent_back_naming_each_other(tmp_path: Path, load: Load, query: Query):
    features = [
        ({"code": WEST + "003", "name": "重叠"}, box(119.92, 30.42, 119.94, 30.44)),
        ({"code": EAST + "003", "name": "县外"}, box(125.0, 30.42, 125.1, 30.44)),
    ]
    counts = load(write_geojson(tmp_path / "c.geojson", features), CELLS).counts
    assert counts["rejects"] == {"outside_county": 1, "overlapping_polygon": 1}
    reason = query("SELECT reason FROM import_reject WHERE reason_code = 'overlapping_polygon'")[0][0]
    assert f"与 {WEST}001 重叠" in reason


def test_neighbours_that_share_a_border_do_not_overlap(tmp_path: Path, load: Load):
    assert load(write_geojson(tmp_path / "again.geojson", cell_features()), CELLS).counts["unchanged"] == 4


def test_a_village_without_its_town_is_sent_back(tmp_path: Path, load: Load, query: Query):
    features = [
        ({"code": "330521999201", "name": "无镇村"}, box(W, S, MIDDLE_LON, MIDDLE_LAT)),
        ({"code": "330522100", "name": "邻县镇"}, box(W, S, MIDDLE_LON, MIDDLE_LAT)),
        ({"code": "33052", "name": "短"}, box(W, S, MIDDLE_LON, MIDDLE_LAT)),
    ]
    counts = load(write_geojson(tmp_path / "d.geojson", features), DIVISIONS).counts
    assert counts["rejects"] == {"unknown_parent": 1, "bad_code": 2}
    assert "330521999" in query("SELECT reason FROM import_reject WHERE reason_code = 'unknown_parent'")[0][0]


def test_doubtful_addresses_are_published_and_wait_for_review(tmp_path: Path, load: Load, query: Query):
    rows = [
        address_row(1, 119.95, 30.45),
        address_row(2, 120.05, 30.45, 地址="湖州市德清县莫干镇桥西村前街2号"),
        address_row(3, 119.95, 30.46, 地址="湖州市德清县莫干镇桥西村■街3号"),
        address_row(4, 119.95, 30.47, 地址="湖州市德清县莫干镇桥西村前街1号"),
        address_row(5, 119.95, 30.48, 村代码="330521100999", 地址="前街5号"),
        address_row(6, 119.95, 30.48, 村代码="330521100000", 地址="后街6号"),
    ]
    counts = load(write_csv(tmp_path / "a.csv", rows), ADDRESSES).counts
    assert counts["added"] == 6 and counts["rejected"] == 0
    assert counts["reviews"] == {"duplicate_text": 2, "unencodable": 1, "unknown_village": 1, "village_mismatch": 1}
    villages = dict(query("SELECT source_key, division_code FROM standard_address"))
    assert villages["A2"] == WEST, "what the text names"
    assert villages["A5"] == villages["A6"] == WEST, "where the point lies"
    assert dict(query("SELECT source_key, grid_code FROM standard_address"))["A2"] == EAST + "001"
    (facts,) = query("SELECT facts FROM address_review WHERE reason_code = 'village_mismatch'")[0]
    assert facts == {"named": WEST, "located": EAST}


def test_an_account_of_one_town_may_not_import(tmp_path: Path, database: Any, sealer: Any):
    from database.rights.scope import Role, Scope
    from importing.mappings.mapping import parse_mapping
    from importing.pipeline import import_file

    town = Scope("330521", "a", Role.TOWN_OFFICIAL, ("330521100",))
    with pytest.raises(ImportRefused, match="全县"):
        import_file(
            database,
            town,
            write_csv(tmp_path / "a.csv", addresses(3)),
            parse_mapping(ADDRESSES),
            sealer=sealer,
            publish=True,
        )


def test_keys_and_cells_that_hold_nothing_are_sent_back_by_column_and_row(tmp_path: Path, load: Load, query: Query):
    good = {
        "编号": "E1",
        "类型": "噪音",
        "标题": "施工",
        "时间": "2024-03-01",
        "地点": "",
        "经度": 119.95,
        "纬度": 30.45,
        "证照号": "1",
    }
    rows = [
        good,
        *({**good, "编号": key} for key in ("", " \u3000", "\u200b", "NULL", "2.02607E+13", "k" * 9000)),
        {**good, "编号": "E8", "类型": "", "标题": ""},
        {**good, "编号": "E9", "标题": "#N/A"},
        {**good, "编号": "E10", "证照号": "9.13E+17"},
        {**good, "编号": "E11", "标题": "长\x00短"},
    ]
    path = tmp_path / "a.csv"
    for _ in range(2):
        report = load(write_csv(path, rows), EVENTS)
    counts = report.counts
    assert query("SELECT source_key FROM event ORDER BY id") == [("E1",), ("E10",)]
    assert {(r["code"], r["column"]): (r["rows"], r["first"]) for r in counts["reasons"]} == {
        ("missing_value", "编号"): (4, 3),
        ("digits_lost", "编号"): (1, 7),
        ("text_too_long", "编号"): (1, 8),
        ("missing_value", "类型、标题"): (1, 9),
        ("error_cell", "标题"): (1, 10),
        ("zero_bytes", "标题"): (1, 12),
    }
    ((reason,),) = query("SELECT reason FROM import_reject WHERE row_no = 9 AND batch_id = :id", id=report.batch_id)
    assert reason.startswith("“类型”是空的；“标题”是空的\n")
    assert "证照号" in counts["notices"][0] and "首见第 11 行" in counts["notices"][0]


def test_a_value_only_the_database_refuses_is_a_refused_file_without_the_value(
    tmp_path: Path, load: Load, query: Query, monkeypatch: pytest.MonkeyPatch
):
    from importing.loading import loading

    monkeypatch.setattr(loading, "limits_of", lambda *_: [])
    rows = [
        {
            "编号": "E1",
            "类型": "长" * 90_000,
            "标题": "施工",
            "时间": "2024-03-01",
            "地点": "",
            "经度": 119.95,
            "纬度": 30.45,
        }
    ]
    rows[0]["类型"] = "".join(chr(0x4E00 + i % 20_000) for i in range(90_000))
    with pytest.raises(ImportRefused, match="数据库不接受") as caught:
        load(write_csv(tmp_path / "a.csv", rows), EVENTS)
    assert len(str(caught.value)) < 400
    assert query("SELECT count(*) FROM event") == [(0,)]
