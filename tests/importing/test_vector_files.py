"""Layers as they come from other programs: nothing of them is lost, rounded, moved or taken for something else."""

import json
import sqlite3
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from pyproj import CRS

from database.geodesy.crs import from_4490
from database.geodesy.datum import conversion
from importing.errors import (
    CoordinatesWrong,
    CoordinateSystemUnknown,
    EncodingWrong,
    FileTruncated,
    FileUnreadable,
)
from importing.files.cells import LOST_DIGITS, Text, marked
from importing.files.csv_file import CsvSource
from importing.files.cut_names import whole_names
from importing.files.vector import VectorSource
from importing.loading.axes import check_axes
from importing.loading.coordinates import Projector
from importing.mappings.mapping import parse_mapping
from tests.database.test_datum import gauss

WEST_80 = gauss("6378140,298.257")
PLACE = 'name = "t"\ntitle = "t"\ntarget = "place"\nkey = ["编号"]\n[columns]\nkind = { constant = "zone" }\nname = "名称"\n'
SQUARE = [(120.0, 30.5), (120.001, 30.5), (120.001, 30.501), (120.0, 30.501)]


def source(path: Path, *, layer: str | None = None, encoding: str | None = None) -> VectorSource:
    kind = {".gpkg": "gpkg", ".shp": "shp", ".zip": "zip", ".geojson": "json"}[path.suffix]
    return VectorSource(path, kind, layer, encoding, name=path.name, max_mb=100)


def columns(found: VectorSource) -> dict[str, list[Text]]:
    rows = [row for batch in found.batches(2) for row in batch.values]
    return {name: [row[i] for row in rows] for i, name in enumerate(found.columns)}


def geojson(path: Path, *features: str, members: str = "") -> Path:
    """A feature collection of properties written as JSON text, each at one point."""
    point = '"geometry":{"type":"Point","coordinates":[120.0,30.5]}'
    listed = ",".join(f'{{"type":"Feature","properties":{one},{point}}}' for one in features)
    path.write_text(f'{{"type":"FeatureCollection",{members}"features":[{listed}]}}', encoding="utf-8")
    return path


def layer(path: Path, *, driver: str, crs: str | None = "EPSG:4490", **fields: Any) -> Path:
    names = list(fields)
    values = [np.array(column) if not isinstance(column, np.ndarray) else column for column in fields.values()]
    masks = [np.array([value is None for value in column]) for column in fields.values()]
    data = [
        np.array([0 if v is None else v for v in column], dtype="int64") if all(v is None or isinstance(v, int) for v in column)
        else values[i].astype(object)
        for i, column in enumerate(fields.values())
    ]  # fmt: skip
    shapes = shapely.to_wkb(shapely.points([(120.0, 30.5)] * len(data[0])))
    pyogrio.raw.write(
        path, shapes, data, names, field_mask=masks, geometry_type="Point", crs=crs, driver=driver, encoding="utf-8"
    )
    return path


def dbf(path: Path, names: list[bytes], rows: list[list[bytes]], kinds: str, language: int = 0) -> Path:
    """The table of a Shapefile, byte for byte."""
    width = [max(20, *(len(row[i]) for row in rows)) for i in range(len(names))]
    head = struct.pack("<B3BIHH16xBB2x", 3, 126, 1, 1, len(rows), 33 + 32 * len(names), 1 + sum(width), 0, language)
    head = head[:29] + bytes([language]) + head[30:]
    fields = b"".join(
        name[:10].ljust(11, b"\0") + kind.encode() + b"\0" * 4 + bytes([size, 0]) + b"\0" * 14
        for name, kind, size in zip(names, kinds, width, strict=True)
    )
    body = b"".join(
        b" "
        + b"".join(
            cell.rjust(size) if kind == "N" else cell.ljust(size)
            for cell, size, kind in zip(row, width, kinds, strict=True)
        )
        for row in rows
    )
    path.with_suffix(".dbf").write_bytes(head + fields + b"\r" + body + b"\x1a")
    return path


def shapefile(path: Path, names: list[bytes], rows: list[list[bytes]], kinds: str = "", **options: Any) -> Path:
    """A Shapefile of points with a table of one's own."""
    prj = options.pop("prj", None)
    layer(path, driver="ESRI Shapefile", crs="EPSG:4490" if prj is None else None, x=["a"] * len(rows))
    path.with_suffix(".cpg").unlink(missing_ok=True)
    if prj:
        path.with_suffix(".prj").write_text(prj, encoding="utf-8")
    return dbf(path, names, rows, kinds or "C" * len(names), **options)


def packaged(path: Path, *wkbs: bytes | None, srs: int = 4490) -> Path:
    """A GeoPackage with geometries as they stand there, right or wrong."""
    layer(path, driver="GPKG", 编号=[f"R{i}" for i in range(len(wkbs))])
    database = sqlite3.connect(path)
    for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        database.execute(f'DROP TRIGGER "{trigger}"')
    (table,) = database.execute("SELECT table_name FROM gpkg_contents").fetchone()
    database.execute("UPDATE gpkg_geometry_columns SET geometry_type_name = 'GEOMETRY', srs_id = ?", (srs,))
    for i, wkb in enumerate(wkbs):
        blob = None if wkb is None else b"GP\x00\x01" + struct.pack("<i", srs) + wkb
        database.execute(f'UPDATE "{table}" SET geom = ? WHERE fid = ?', (blob, i + 1))
    database.commit()
    database.close()
    return path


def ring(*points: tuple[float, float]) -> bytes:
    return struct.pack("<I", len(points)) + b"".join(struct.pack("<dd", *point) for point in points)


def polygon(*points: tuple[float, float]) -> bytes:
    return struct.pack("<BII", 1, 3, 1) + ring(*points)


def problems(found: VectorSource, mapping: str = PLACE, kind: Any = "any") -> list[list[str]]:
    """What is wrong with each row's geometry."""
    projector = Projector(parse_mapping(mapping), found, kind, required=False)  # type: ignore[arg-type]
    return [
        [str((one.facts or {}).get("why") or (one.facts or {}).get("found") or one.code) for one in row]
        for batch in found.batches()
        for row in projector.project(batch)[1]
    ]


# --- which reference system ------------------------------------------------------------------------------


def crs_of(found: VectorSource, extra: str = "") -> str:
    return Projector(parse_mapping(extra + PLACE), found, "any", required=False).crs  # type: ignore[arg-type]


def test_a_layer_that_names_no_system_is_read_only_with_that_of_the_mapping(tmp_path: Path) -> None:
    rows = [[b"1", b"a"]]
    bare = shapefile(tmp_path / "a.shp", [b"bh", b"mc"], rows, prj="")
    nonsense = shapefile(tmp_path / "b.shp", [b"bh", b"mc"], rows, prj="一号坐标系")
    local = shapefile(tmp_path / "c.shp", [b"bh", b"mc"], rows, prj='LOCAL_CS["独立坐标系",UNIT["m",1]]')
    point = shapely.to_wkb(shapely.Point(120, 30.5))
    undefined = [packaged(tmp_path / f"n{n + 1}.gpkg", point, srs=n) for n in (-1, 0)]
    nobody = geojson(tmp_path / "d.geojson", '{"编号":"1"}', members='"crs":null,')
    unheard = geojson(
        tmp_path / "e.geojson", '{"编号":"1"}', members='"crs":{"type":"name","properties":{"name":"local"}},'
    )
    for path in (bare, nonsense, local, *undefined, nobody, unheard):
        found = source(path)
        assert found.spatial, path
        with pytest.raises(CoordinateSystemUnknown):
            crs_of(found)
        assert crs_of(found, 'crs = "EPSG:4549"\n') == "EPSG:4549"


def test_what_the_file_says_in_its_own_words_is_no_contradiction_and_a_true_one_is_refused(tmp_path: Path) -> None:
    own = source(shapefile(tmp_path / "a.shp", [b"bh"], [[b"1"]], prj=gauss()))
    assert crs_of(own, 'crs = "EPSG:4549"\n') == "EPSG:4549"
    with pytest.raises(CoordinateSystemUnknown, match=r"(?s)2000国家大地坐标系.*EPSG:4550"):
        crs_of(own, 'crs = "EPSG:4550"\n')


def test_geojson_says_wgs84_only_when_it_says_nothing_else(tmp_path: Path) -> None:
    silent = source(geojson(tmp_path / "a.geojson", '{"编号":"1","说明":"\\"crs\\""}'))
    assert crs_of(silent) == "EPSG:4490"
    assert crs_of(silent, 'crs = "EPSG:4549"\n') == "EPSG:4549"
    name = '"crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::4549"}}'
    stated = source(geojson(tmp_path / "b.geojson", '{"编号":"1"}', members=name + ","))
    assert crs_of(stated) == "urn:ogc:def:crs:EPSG::4549"
    with pytest.raises(CoordinateSystemUnknown):
        crs_of(stated, 'crs = "EPSG:4490"\n')
    inner = tmp_path / "c.geojson"
    inner.write_text(
        '{"features":[{"type":"Feature","properties":{"编号":"1"},"geometry":{"type":"Point","coordinates":[500000,3375000],'
        + name + '}}],"type":"FeatureCollection"}',
        encoding="utf-8",
    )  # fmt: skip
    assert crs_of(source(inner)) == "urn:ogc:def:crs:EPSG::4549"


@pytest.mark.parametrize("prj", [WEST_80, gauss("6378245,298.3"), "EPSG:4214", "EPSG:2333"])
def test_beijing_54_and_xian_80_are_refused_by_name(tmp_path: Path, prj: str) -> None:
    words = CRS(prj).to_wkt("WKT1_ESRI") if prj.startswith("EPSG") else prj
    found = source(shapefile(tmp_path / "a.shp", [b"bh"], [[b"1"]], prj=words))
    with pytest.raises(CoordinateSystemUnknown, match=r"北京 54|西安 80"):
        crs_of(found)
    bare = source(shapefile(tmp_path / "b.shp", [b"bh"], [[b"1"]], prj=""))
    with pytest.raises(CoordinateSystemUnknown, match="北京 54"):
        crs_of(bare, 'crs = "EPSG:2437"\n')


# --- geometries --------------------------------------------------------------------------------------------


def test_each_geometry_that_cannot_be_one_sends_back_its_row_and_no_other(tmp_path: Path) -> None:
    nan, inf = float("nan"), float("inf")
    cases = {
        "": polygon(*SQUARE, SQUARE[0]),
        "没有闭合": polygon(*SQUARE),
        "点数过少": polygon(SQUARE[0], SQUARE[1], SQUARE[0]),
        "空图形": struct.pack("<BII", 1, 3, 0),
        "空图形 ": struct.pack("<BIdd", 1, 1, nan, nan),
        "有限的数": struct.pack("<BIdd", 1, 1, inf, 30.0),
        "有限的数 ": polygon(SQUARE[0], (nan, 30.5), *SQUARE[2:], SQUARE[0]),
        "自相交": polygon((120, 30), (120.1, 30.1), (120.1, 30), (120, 30.1), (120, 30)),
        "混合集合": struct.pack("<BII", 1, 7, 1) + polygon(*SQUARE, SQUARE[0]),
        "线": struct.pack("<BI", 1, 2) + ring(*SQUARE),
        "不支持的图形类型": struct.pack("<BII", 1, 16, 1)
        + struct.pack("<BII", 1, 17, 1)
        + ring(*SQUARE[:3], SQUARE[0]),
        "多点": shapely.to_wkb(shapely.MultiPoint(SQUARE)),
    }
    found = problems(source(packaged(tmp_path / "a.gpkg", *cases.values())))
    for expected, row in zip(cases, found, strict=True):
        assert len(row) == (1 if expected else 0), (expected, row)
        assert expected.strip() in "".join(row), (expected, row)


@pytest.mark.parametrize(
    "geometry",
    [
        '{"type":"Point","coordinates":[]}', '{"type":"Point","coordinates":["a",30]}', '{"type":"Point","coordinates":[NaN,30]}',
        '{"type":"Point","coordinates":null}', '{"type":"Kreis","coordinates":[120,30]}', '{"type":"Point"}', '{}', '"x"',
        '{"type":"Polygon","coordinates":[]}', '{"type":"Polygon","coordinates":[[]]}',
        '{"type":"Polygon","coordinates":[[[120,30],[120.1,30],[120.1,30.1],[120,30.1]]]}',
        '{"type":"Polygon","coordinates":[[[120,30],[120.1,30.1],[120.1,30],[120,30.1],[120,30]]]}',
        '{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[120,30]}]}',
        '{"type":"LineString","coordinates":[[120,30],[120.1,30]]}',
    ],
)  # fmt: skip
def test_a_wrong_geometry_in_a_geojson_sends_back_its_row(tmp_path: Path, geometry: str) -> None:
    path = tmp_path / "a.geojson"
    good = '{"type":"Point","coordinates":[120.0,30.5]}'
    features = ",".join(
        f'{{"type":"Feature","properties":{{"编号":"1"}},"geometry":{one}}}' for one in (good, geometry, "null", good)
    )
    path.write_text(f'{{"type":"FeatureCollection","features":[{features}]}}', encoding="utf-8")
    assert [len(row) for row in problems(source(path))] == [0, 1, 0, 0]


def test_a_number_beyond_all_bounds_is_not_called_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},'
        '"geometry":{"type":"Point","coordinates":[1e999,30]}}]}',
        encoding="utf-8",
    )
    with pytest.raises(FileUnreadable, match="完整的 JSON"):
        source(path)


def test_a_geometry_cut_off_in_a_geopackage_sends_back_its_row(tmp_path: Path) -> None:
    path = packaged(tmp_path / "a.gpkg", polygon(*SQUARE, SQUARE[0])[:30], None, polygon(*SQUARE, SQUARE[0]))
    assert problems(source(path)) == [["图形数据读不出来"], [], []]


def test_curves_heights_and_single_multipoints_are_taken(tmp_path: Path) -> None:
    circle = struct.pack("<BII", 1, 10, 1) + struct.pack("<BI", 1, 8) + ring(
        (120, 30.5), (120.001, 30.501), (120.002, 30.5), (120.001, 30.499), (120, 30.5)
    )  # fmt: skip
    high = struct.pack("<BI3d", 1, 1001, 120, 30.5, 8.0)
    measured = struct.pack("<BI4d", 1, 3001, 120, 30.5, 8.0, 1.0)
    one = shapely.to_wkb(shapely.MultiPoint([(120, 30.5)]))
    path = packaged(tmp_path / "a.gpkg", circle, high, measured, one, None)
    assert problems(source(path)) == [[], [], [], [], []]


def test_coordinates_beyond_all_bounds_send_back_the_row(tmp_path: Path) -> None:
    path = packaged(tmp_path / "a.gpkg", struct.pack("<BIdd", 1, 1, 1e300, 1e300), srs=-1)
    assert problems(source(path), 'crs = "EPSG:4549"\n' + PLACE) == [["坐标不是有限的数，或按所写坐标系算不出经纬度"]]


def test_coordinates_of_a_table_that_are_no_numbers_are_wrong_not_absent(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "编号,名称,x,y\n1,a,inf,30.5\n2,b,nan,nan\n3,c,1_20.0,30.5\n4,d,120.0,30.5\n5,e,,\n", encoding="utf-8"
    )
    found = CsvSource(path, None, None, name="a.csv", max_mb=10)
    text = PLACE.replace("[columns]", 'crs = "EPSG:4490"\nposition = { lon = "x", lat = "y" }\n[columns]')
    projector = Projector(parse_mapping(text), found, "any", required=False)  # type: ignore[arg-type]
    _shapes, wrong = projector.project(next(iter(found.batches())))
    assert [bool(row) for row in wrong] == [True, True, True, False, False]


EAST_M, NORTH_M = from_4490([120.05, 120.06], [30.53, 30.54], "EPSG:4549")


@pytest.mark.parametrize(
    ("crs", "x", "y", "why"),
    [
        ("EPSG:4549", NORTH_M, EAST_M, "东、北坐标对调后"),
        ("EPSG:4549", EAST_M + 40e6, NORTH_M, "去掉东坐标前的带号 40"),
        ("EPSG:4549", NORTH_M, EAST_M + 40e6, "对调并去掉东坐标前的带号 40"),
        ("EPSG:4528", EAST_M, NORTH_M, "加上带号 40"),
    ],
)
def test_exchanged_axes_and_zone_numbers_of_projected_coordinates_are_said(crs: str, x: Any, y: Any, why: str) -> None:
    here = (120.0, 30.5, 120.1, 30.6)
    with pytest.raises(CoordinatesWrong, match=why):
        check_axes(x, y, crs, conversion(crs, None, here), here)


def test_positions_that_no_reading_brings_home_are_left_to_the_check_of_the_county() -> None:
    here = (120.0, 30.5, 120.1, 30.6)
    for crs, x, y in (
        ("EPSG:4549", EAST_M, NORTH_M),
        ("EPSG:4549", EAST_M, NORTH_M + 1e6),
        ("EPSG:4490", NORTH_M, EAST_M),
    ):
        check_axes(x, y, crs, conversion(crs, None, here), here)


# --- keys and attributes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("driver", ["GPKG", "ESRI Shapefile", "GeoJSON"])
def test_long_numbers_keep_their_digits_beside_empty_ones(tmp_path: Path, driver: str) -> None:
    numbers = [339901001001001011, None, 339901001001001012, 9007199254740993, 7]
    suffix = {"GPKG": ".gpkg", "ESRI Shapefile": ".shp", "GeoJSON": ".geojson"}[driver]
    path = layer(tmp_path / f"a{suffix}", driver=driver, bh=numbers)
    assert columns(source(path))["bh"] == [None if n is None else str(n) for n in numbers]


def test_numbers_beyond_64_bits_keep_their_digits_or_say_that_they_have_lost_some(tmp_path: Path) -> None:
    written = ["12345678901234567890", "1.2e19", "12345678901234567.0", "-0", "1.50", "1e3", "0.1", "null"]
    found = columns(source(geojson(tmp_path / "a.geojson", *(f'{{"编号":{one}}}' for one in written))))["编号"]
    assert found == [
        "12345678901234567890",
        marked(LOST_DIGITS, "", "12000000000000000000"),
        "12345678901234567",
        "-0",
        "1.5",
        "1000",
        "0.1",
        None,
    ]
    rows = [[b"12345678901234567890"], [b"1.2345678901235e+19"], [b""], [b"********************"]]
    table = columns(source(shapefile(tmp_path / "a.shp", [b"bh"], rows, "N")))["bh"]
    assert table[0] == "12345678901234567890"
    assert table[1] is not None and table[1].startswith(LOST_DIGITS)
    assert table[2:] == [None, None]
    path = packaged(tmp_path / "a.gpkg", None)
    with sqlite3.connect(path) as database:
        database.execute("ALTER TABLE a ADD COLUMN r REAL")
        database.execute("UPDATE a SET r = 12345678901234567890")
    assert columns(source(path))["r"] == [marked(LOST_DIGITS, "", "12345678901234567168")]


def test_lists_truth_and_texts_stay_what_they_are(tmp_path: Path) -> None:
    found = source(
        geojson(
            tmp_path / "a.geojson",
            '{"标签":["甲","乙"],"尺寸":[1.5,2],"真":true,"对象":{"层":[1,"\\u0000"]},"日":"2026-06-01","码":"007","字":"\\ud842x"}',
            '{"标签":null,"尺寸":[],"真":false,"对象":null,"日":null,"码":"","字":"\\u0000"}',
        )
    )
    values = columns(found)
    assert [json.loads(str(values[name][0])) for name in ("标签", "尺寸", "对象")] == [
        ["甲", "乙"],
        [1.5, 2],
        {"层": [1, "\ufffd"]},
    ]
    assert {"标签", "尺寸", "对象"} <= set(found.structured)
    assert values["真"] == ["是", "否"]
    assert (values["日"][0], values["码"][0], values["码"][1]) == ("2026-06-01", "007", None)
    assert values["字"][0] == "\ufffdx"


def test_a_name_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="编号"):
        columns(source(geojson(tmp_path / "a.geojson", '{"编号":"1","编号":"2"}')))
    with pytest.raises(FileUnreadable, match="bh"):
        source(shapefile(tmp_path / "a.shp", [b"bh", b"bh"], [[b"1", b"2"]]))


def test_times_with_a_zone_become_chinese_time_and_others_are_it(tmp_path: Path) -> None:
    path = packaged(tmp_path / "a.gpkg", None, None, None, None)
    with sqlite3.connect(path) as database:
        database.execute("ALTER TABLE a ADD COLUMN t DATETIME")
        for i, text in enumerate(
            (
                "2026-06-01T00:31:00.000Z",
                "2026-06-01T23:30:00-05:00",
                "2026-06-01T08:00:00+08:00",
                "2026-06-01T08:00:00",
            ),
            1,
        ):
            database.execute("UPDATE a SET t = ? WHERE fid = ?", (text, i))
    assert columns(source(path))["t"] == [
        "2026-06-01 08:31:00", "2026-06-02 12:30:00", "2026-06-01 08:00:00", "2026-06-01 08:00:00",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "content", ['{"type":"FeatureCollection","features":[{"type":"Feature"', "[" * 100_000, '{"a":1}']
)
def test_half_a_json_and_what_is_no_geojson_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(content, encoding="utf-8")
    with pytest.raises((FileTruncated, FileUnreadable)):
        columns(source(path))


def test_geojson_in_another_encoding_is_named_or_read_as_told(tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", '{"名称":"新堰村一组的老祠堂门口"}')
    text = path.read_text(encoding="utf-8")
    path.write_bytes(text.encode("gb18030"))
    with pytest.raises(EncodingWrong, match="gb18030"):
        source(path)
    assert columns(source(path, encoding="gb18030"))["名称"] == ["新堰村一组的老祠堂门口"]
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert columns(source(path))["名称"] == ["新堰村一组的老祠堂门口"]
    path.write_bytes(text.encode("utf-16"))
    assert columns(source(path))["名称"] == ["新堰村一组的老祠堂门口"]


# --- Shapefiles ------------------------------------------------------------------------------------------------

NAMES = ["编号", "网格编码全称", "房屋名称说明"]
TEXTS = ["S1", "330521100201001", "泉湖街七号的老房子"]


@pytest.mark.parametrize(
    ("encoding", "language", "cpg"),
    [
        ("utf-8", 0, None), ("utf-8", 0, "UTF-8"), ("utf-8", 0x57, "ISO-8859-1"), ("utf-8", 0x4D, None), ("gb18030", 0, None),
        ("gb18030", 0x4D, None), ("gb18030", 0, "936"), ("gb18030", 0, "GBK"), ("gb18030", 0, "UTF-8"), ("big5", 0, "BIG5"),
    ],
)  # fmt: skip
def test_names_cut_in_a_character_and_wrong_code_pages_do_no_harm(
    tmp_path: Path, encoding: str, language: int, cpg: str | None
) -> None:
    names = NAMES if encoding != "big5" else ["編號", "網格編碼全稱", "房屋名稱說明"]
    texts = TEXTS if encoding != "big5" else ["S1", "330521100201001", "泉湖街七號的老房子"]
    path = shapefile(
        tmp_path / "a.shp", [name.encode(encoding) for name in names], [[t.encode(encoding) for t in texts]] * 3,
        language=language,
    )  # fmt: skip
    if cpg:
        path.with_suffix(".cpg").write_text(cpg, encoding="ascii")
    found = source(path)
    whole = whole_names(found.columns, found.cut, names)
    assert whole[1:] == names
    assert [values[0] for values in columns(found).values()][1:] == texts


def test_a_table_in_an_encoding_that_nothing_names_is_refused_and_the_likely_one_named(tmp_path: Path) -> None:
    texts = [[f"{n}號泉湖街的老房子與門牌在這裡".encode("big5")] for n in "一二三四五六七八九"]
    with pytest.raises(EncodingWrong, match=r"(?i)big5"):
        source(shapefile(tmp_path / "a.shp", ["說明".encode("big5")], texts))


def test_a_cut_name_that_could_be_two_columns_stays_cut() -> None:
    assert whole_names(["网格编"], ["网格编"], ["网格编码", "网格编号"]) == ["网格编"]
    assert whole_names(["网格编", "网格"], ["网格编", "网格"], ["网格编码"]) == ["网格编", "网格"]
    assert whole_names(["网格编", "名称"], ["网格编"], ["网格编码", "名称"]) == ["网格编码", "名称"]
    assert whole_names(["网格编"], [], ["网格编码"]) == ["网格编"]


@pytest.mark.parametrize("folder", ["", "fw/", "房屋/2026/", "GBK"])
def test_a_zipped_shapefile_lies_where_it_likes(tmp_path: Path, folder: str) -> None:
    shp = shapefile(tmp_path / "fw.shp", [b"bh"], [[b"1"]])
    path = tmp_path / "a.zip"
    stem = "fwfw/fw" if folder == "GBK" else f"{folder}fw"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("__MACOSX/._fw.shp", b"x")
        archive.writestr("读我.txt", b"x")
        for part in (".shp", ".dbf", ".shx", ".prj"):
            archive.writestr(f"{stem}{part}", shp.with_suffix(part).read_bytes())
    if folder == "GBK":  # names as Windows in Chinese writes them, without the mark of UTF-8
        path.write_bytes(path.read_bytes().replace(b"fwfw/fw", "房屋/房".encode("gb18030")))
    assert columns(source(path))["bh"] == ["1"]


def test_two_shapefiles_in_a_zip_ask_which_and_a_missing_part_is_named(tmp_path: Path) -> None:
    shp = shapefile(tmp_path / "fw.shp", [b"bh"], [[b"1"]])
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("一/甲", "二/乙"):
            for part in (".shp", ".dbf", ".shx", ".prj"):
                archive.writestr(name + part, shp.with_suffix(part).read_bytes())
    with pytest.raises(FileUnreadable, match="甲"):
        source(path)
    assert columns(source(path, layer="乙"))["bh"] == ["1"]
    half = tmp_path / "b.zip"
    with zipfile.ZipFile(half, "w") as archive:
        archive.writestr("fw.shp", shp.read_bytes())
        archive.writestr("fw.dbf", shp.with_suffix(".dbf").read_bytes())
    with pytest.raises(FileTruncated, match=r"\.shx"):
        source(half)
