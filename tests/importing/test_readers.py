"""Department files as they come: encodings, halves of files, workbooks, layers."""

import gzip
import subprocess
import sys
from pathlib import Path

import numpy as np
import openpyxl
import pyogrio
import pytest
import shapely

from importing.errors import (
    ColumnMissing,
    EncodingWrong,
    FileEmpty,
    FileTruncated,
    FileUnreadable,
)
from importing.files import open_source
from importing.files.cells import LOST_DIGITS
from importing.files.source import Source
from importing.mappings.mapping import parse_mapping
from tests.importing.conftest import box, write_csv, write_geojson

MAPPING = 'name = "t"\ntitle = "t"\ntarget = "place"\nkey = ["编号"]\n[columns]\nkind = { constant = "zone" }\nname = "名称"\n'
ROWS = [{"编号": str(i), "名称": f"莫干山镇第{i}号场所，“䶮𠮷”"} for i in range(1, 60)]


def opened(path: Path, extra: str = "") -> Source:
    return open_source(path, parse_mapping(extra + MAPPING))


@pytest.mark.parametrize("reader", ["csv_file", "workbook", "vector"])
def test_a_reader_brings_nothing_into_its_confinement_that_it_does_not_read_with(reader: str) -> None:
    heavy = ("sqlalchemy", "psycopg", "pydantic", "limits", "cryptography")
    look = (
        f"import sys, importing.files.child, importing.files.{reader}; print(*[m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [], "half a second of every import"


def values(source: Source) -> list[list[str | None]]:
    return [row for batch in source.batches(7) for row in batch.values]


@pytest.mark.parametrize(
    ("encoding", "found"),
    [("utf-8", "utf-8-sig"), ("utf-8-sig", "utf-8-sig"), ("gb18030", "gb18030"), ("utf-16", "utf-16")],
)
def test_csv_encodings_are_found(tmp_path: Path, encoding: str, found: str):
    source = opened(write_csv(tmp_path / "a.csv", ROWS, encoding))
    assert source.encoding == found
    assert values(source) == [[row["编号"], row["名称"]] for row in ROWS]
    assert values(source) == values(source), "a source can be read again"


def test_a_wrong_encoding_names_the_line_and_what_it_looks_like(tmp_path: Path):
    rows = [{"序": str(i), "名": f"第{i}號場所"} for i in range(50)]
    path = write_csv(tmp_path / "a.csv", rows, "big5")
    with pytest.raises(EncodingWrong) as caught:
        opened(path, 'encoding = "utf-8"\n')
    assert "第 1 行" in str(caught.value)
    assert caught.value.facts["line"] == 1


def test_utf8_with_a_damaged_byte_is_not_taken_for_gb18030(tmp_path: Path):
    data = write_csv(tmp_path / "a.csv", ROWS).read_bytes()
    at = data.index("场".encode(), 400)
    (tmp_path / "b.csv").write_bytes(data[:at] + b"\xff" + data[at + 1 :])
    with pytest.raises(EncodingWrong) as caught:
        opened(tmp_path / "b.csv")
    assert caught.value.facts["line"] > 5


def test_a_csv_cut_inside_a_character_a_row_or_a_quote_is_truncated(tmp_path: Path):
    data = write_csv(tmp_path / "a.csv", ROWS).read_bytes()
    whole_rows = data[: data.rindex(b"\r\n", 0, -2) + 2]
    for cut in (data[:-4], whole_rows + b"60", whole_rows + '60,"半'.encode()):
        path = tmp_path / "cut.csv"
        path.write_bytes(cut)
        with pytest.raises(FileTruncated):
            values(opened(path))


def test_a_gzip_cut_in_half_is_truncated(tmp_path: Path):
    packed = gzip.compress(write_csv(tmp_path / "a.csv", ROWS).read_bytes())
    path = tmp_path / "a.csv.gz"
    path.write_bytes(packed)
    assert len(values(opened(path))) == len(ROWS)
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(FileTruncated, match="压缩数据不完整"):
        opened(path)


def test_a_row_in_the_middle_with_too_many_values_is_set_aside_not_fatal(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("编号,名称\n1,甲\n2,乙,多\n3,丙\n", encoding="utf-8")
    (batch,) = opened(path).batches()
    assert batch.numbers == [2, 4]
    assert batch.broken == {3: ["2", "乙", "多"]}


def test_missing_columns_and_empty_files_say_so(tmp_path: Path):
    with pytest.raises(ColumnMissing, match="名称"):
        opened(write_csv(tmp_path / "a.csv", [{"编号": "1", "名字": "x"}]))
    (tmp_path / "b.csv").touch()
    with pytest.raises(FileEmpty):
        opened(tmp_path / "b.csv")
    with pytest.raises(FileUnreadable):
        opened(tmp_path / "absent.csv")
    (tmp_path / "c.pdf").write_text("x")
    with pytest.raises(FileUnreadable, match="pdf"):
        opened(tmp_path / "c.pdf")


def test_workbooks_give_dates_and_numbers_as_text_and_mark_lost_digits(tmp_path: Path):
    import datetime

    book = openpyxl.Workbook()
    book.active.append(["编号", "名称", "日期", "身份证"])
    book.active.append([12, "甲", datetime.date(2024, 3, 1), 330521198001011234])
    book.active.append([None, None, None, None])
    book.active.append([13.5, " 乙 ", datetime.datetime(2024, 3, 1, 8, 30), None])
    book.save(tmp_path / "a.xlsx")
    (batch,) = opened(tmp_path / "a.xlsx").batches()
    assert batch.numbers == [2, 4]
    assert batch.values[0][:3] == ["12", "甲", "2024-03-01"]
    assert batch.values[0][3] is not None and batch.values[0][3].startswith(LOST_DIGITS)
    assert batch.values[1] == ["13.5", "乙", "2024-03-01 08:30:00", None]


def test_half_a_workbook_and_an_unknown_sheet_are_refused(tmp_path: Path):
    book = openpyxl.Workbook()
    book.active.append(["编号", "名称"])
    book.active.append([1, "甲"])
    path = tmp_path / "a.xlsx"
    book.save(path)
    with pytest.raises(FileUnreadable, match="没有工作表"):
        opened(path, 'sheet = "人口"\n')
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(FileTruncated):
        opened(path)


def write_layer(path: Path, encoding: str | None = None, **options: str) -> Path:
    shapes = np.array(
        [shapely.to_wkb(shapely.box(120, 30, 120.1, 30.1)), shapely.to_wkb(shapely.box(120.1, 30, 120.2, 30.1))]
    )
    pyogrio.raw.write(
        str(path),
        shapes,
        [np.array(["1", "2"], dtype=object), np.array(["莫干山镇", "新市镇"], dtype=object)],
        ["编号", "名称"],
        geometry_type="Polygon",
        crs="EPSG:4490",
        encoding=encoding,
        **options,
    )
    return path


def test_geopackage_gives_fid_crs_and_shapes(tmp_path: Path):
    source = opened(write_layer(tmp_path / "a.gpkg"))
    (batch,) = source.batches()
    assert source.crs == "EPSG:4490"
    assert source.columns == ["_fid", "编号", "名称"]
    assert batch.values == [["1", "1", "莫干山镇"], ["2", "2", "新市镇"]]
    assert batch.geometries is not None and batch.geometries[0].geom_type == "Polygon"


def test_half_a_geopackage_and_an_unknown_layer_are_refused(tmp_path: Path):
    path = write_layer(tmp_path / "a.gpkg")
    with pytest.raises(FileUnreadable, match="没有图层"):
        opened(path, 'layer = "网格"\n')
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(FileTruncated):
        values(opened(path))


def test_a_shapefile_in_gbk_without_cpg_is_read(tmp_path: Path):
    path = write_layer(tmp_path / "a.shp", encoding="gb18030")
    (tmp_path / "a.cpg").unlink()
    dbf = bytearray((tmp_path / "a.dbf").read_bytes())
    dbf[29] = 0  # no language driver either
    (tmp_path / "a.dbf").write_bytes(dbf)
    source = opened(path)
    assert source.encoding == "gb18030"
    assert [row[1:] for row in values(source)] == [["1", "莫干山镇"], ["2", "新市镇"]]


def test_a_shapefile_without_its_dbf_is_refused(tmp_path: Path):
    path = write_layer(tmp_path / "a.shp", encoding="utf-8")
    (tmp_path / "a.dbf").unlink()
    with pytest.raises(FileTruncated, match=r"\.dbf"):
        opened(path)


def test_geojson_is_read_and_half_of_it_refused(tmp_path: Path):
    path = write_geojson(tmp_path / "a.geojson", [({"编号": 1, "名称": "甲"}, box(120, 30, 121, 31))])
    source = opened(path)
    assert [row[1:] for row in values(source)] == [["1", "甲"]]
    path.write_text(path.read_text("utf-8")[:80], encoding="utf-8")
    with pytest.raises(FileTruncated):
        opened(path)


def test_dissolving_joins_shapes_and_adds_up_numbers(tmp_path: Path):
    path = write_geojson(
        tmp_path / "a.geojson",
        [
            ({"编号": "A", "名称": "甲", "人": 3}, box(120, 30, 121, 31)),
            ({"编号": "B", "名称": "乙", "人": 1}, box(122, 30, 123, 31)),
            ({"编号": "A", "名称": "甲", "人": 4}, box(121, 30, 122, 31)),
        ],
    )
    source = opened(path, 'dissolve = { by = "编号", sum = ["人"] }\n')
    (batch,) = source.batches()
    people = source.columns.index("人")
    assert [row[people] for row in batch.values] == ["7", "1"]
    assert batch.geometries is not None and batch.geometries[0].bounds == (120, 30, 122, 31)
