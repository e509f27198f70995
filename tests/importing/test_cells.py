"""Cells, headers, sheets, quotes and numbers as people's programs write them: read as meant, or said to be wrong."""

import io
import struct
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.workbook.protection import WorkbookProtection

from importing.errors import (
    ColumnTwice,
    FileEmpty,
    FileTruncated,
    FileUnreadable,
    ImportRefused,
    SheetUnclear,
)
from importing.files.cells import address, clean_header, clean_text, fault_of, folded, plain_key
from importing.files.csv_file import CsvSource
from importing.files.header import settle_names
from importing.files.sniff import check_format
from importing.files.workbook import WorkbookSource
from importing.files.xls_marks import SIGNATURE, error_cells
from importing.mappings.mapping import parse_mapping
from importing.values.dates import RowProblem
from importing.values.fields import Field, Kind
from importing.values.standardise import coordinate, field_readers, number, read_row, refuse_shortened
from tests.importing.test_standardise import SEALER

WANTED = ("编号", "名称")


def csv_of(tmp_path: Path, text: str | bytes, wanted: tuple[str, ...] = WANTED) -> CsvSource:
    path = tmp_path / "a.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return CsvSource(path, name="a.csv", max_mb=100, wanted=wanted)


def book_of(
    tmp_path: Path,
    sheets: dict[str, list[list[Any]]],
    wanted: tuple[str, ...] = WANTED,
    sheet: str | None = None,
    change: Any = None,
) -> WorkbookSource:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        made = book.create_sheet(name)
        for row in rows:
            made.append(row)
    if change is not None:
        change(book)
    book.save(tmp_path / "a.xlsx")
    return WorkbookSource(tmp_path / "a.xlsx", sheet, name="a.xlsx", max_mb=100, wanted=wanted)


def rows_of(source: CsvSource | WorkbookSource) -> dict[int, list[str | None]]:
    return {n: row for batch in source.batches() for n, row in zip(batch.numbers, batch.values, strict=True)}


def broken_of(source: CsvSource) -> tuple[dict[int, list[str | None]], set[int]]:
    batches = list(source.batches())
    return {n: row for b in batches for n, row in b.broken.items()}, {n for b in batches for n in b.quotes}


INVISIBLE = ["\ufeff", "\u200b", "\u2060", "\u00ad", "\u200e", "\u202a", "\u2067", "\u180e"]


@pytest.mark.parametrize("mark", [*INVISIBLE, "\u00a0", "\u3000", "\u200c", " \ufeff ", "\t"])
def test_what_nobody_sees_is_no_part_of_a_cell_or_a_header(mark: str):
    assert clean_text(f"{mark}甲{mark}") == "甲"
    assert clean_text(mark) is None
    assert clean_header(f"{mark}名称{mark}") == "名称"
    assert folded(f"名{mark}称") == folded("名称")


@pytest.mark.parametrize("mark", INVISIBLE)
def test_marks_inside_a_cell_make_no_other_value(mark: str):
    assert clean_text(f"待{mark}受理") == "待受理"


def test_headers_of_several_lines_and_other_widths_are_the_same_name():
    assert clean_header("发生\n时间") == "发生时间"
    assert clean_header("House\nNo") == "House No"
    assert folded("ＩＤ 号（A）") == folded("id号(A)")


@pytest.mark.parametrize("second", ["标题", " 标题", "标\u200b题", "标 题", "标\n题", "\ufeff标题", "标题\u00a0"])
def test_two_columns_of_one_name_are_refused_with_both_places(tmp_path: Path, second: str):
    source = csv_of(tmp_path, f'编号,标题,地址,"{second}"\n1,甲,x,乙\n', ("编号", "标题"))
    with pytest.raises(ColumnTwice, match=r"第 2 列、第 4 列.*column 2, column 4"):
        settle_names(source.columns, ("编号", "标题"), letters=False)
    names, notices = settle_names(source.columns, ("编号",), letters=True)
    assert len(set(names)) == 4 and "B 列、D 列" in notices[0], "not used: kept under two names, and said"


def test_a_column_takes_the_spelling_of_the_mapping():
    assert settle_names(["ＩＤ", "名 称"], ("id", "名称"), letters=False) == (["id", "名称"], [])
    assert settle_names(["⻘苗", "⾨牌\u200f号"], ("青苗", "门牌号"), letters=False)[0][0] == "青苗"


def test_marks_before_the_first_quote_of_a_file_are_no_part_of_it(tmp_path: Path):
    source = csv_of(tmp_path, '\ufeff\ufeff\u200b"编号","名称"\n"1","甲"\n')
    assert source.columns == ["编号", "名称"]
    assert rows_of(source) == {2: ["1", "甲"]}


def test_rows_of_commas_are_nothing_and_surplus_commas_neither(tmp_path: Path):
    source = csv_of(tmp_path, "编号,名称\n1,甲,,\n,,,\n\n , \n2,乙\n,\n")
    assert rows_of(source) == {2: ["1", "甲"], 6: ["2", "乙"]}


def test_the_number_of_a_row_is_the_line_on_which_it_begins(tmp_path: Path):
    source = csv_of(tmp_path, '编号,名称\r\n1,"甲\r\n乙"\r\n\r\n2,丙\r\n3\r\n4,丁\r\n')
    assert list(rows_of(source)) == [2, 5, 7]
    assert broken_of(source)[0] == {6: ["3"]}


@pytest.mark.parametrize(
    "line", ['2,"他说\\"好\\""', '2,"乙"丙', '2,"乙', '"2"3,乙', '2,"乙""']
)  # fmt: skip
def test_a_wrong_quote_costs_its_own_line_only(tmp_path: Path, line: str):
    source = csv_of(tmp_path, f'编号,名称\n1,甲\n{line}\n3,丙\n4,"丁"\n')
    assert rows_of(source) == {2: ["1", "甲"], 4: ["3", "丙"], 5: ["4", "丁"]}
    broken, quotes = broken_of(source)
    assert set(broken) == quotes == {3}


def test_a_quote_open_on_the_last_line_is_a_file_cut_off(tmp_path: Path):
    with pytest.raises(FileTruncated, match="第 3 行"):
        rows_of(csv_of(tmp_path, '编号,名称\n1,甲\n2,"乙'))


def test_a_file_full_of_open_quotes_is_refused_soon(tmp_path: Path):
    with pytest.raises(FileUnreadable, match="引号"):
        rows_of(csv_of(tmp_path, "编号,名称\n" + "".join(f'{i},"乙\n{i},丙\n' for i in range(1001))))


def test_titles_above_the_header_are_passed_over_and_said(tmp_path: Path):
    source = csv_of(tmp_path, "工单明细表,\n,\n编号,名称\n1,甲\n")
    assert rows_of(source) == {4: ["1", "甲"]}
    assert "第 3 行是表头" in source.notices[0]


def test_values_under_no_name_are_said(tmp_path: Path):
    source = csv_of(tmp_path, "编号,,名称\n1,乙,甲\n2,,丙\n")
    assert list(rows_of(source)) == [2, 3]
    assert "第 2 列没有列名" in source.notices[0] and "首见第 2 行" in source.notices[0]


def test_a_header_that_pages_repeat_is_no_row(tmp_path: Path):
    source = csv_of(tmp_path, "编号,名称\n1,甲\n编号,名称\n2,乙\n")
    assert list(rows_of(source)) == [2, 4] and "第 3 行" in source.notices[0]
    book = book_of(tmp_path, {"S": [*TABLE, TABLE[0], [3, "丙"]]})
    assert list(rows_of(book)) == [2, 3, 5] and "第 4 行" in book.notices[0]


@pytest.mark.parametrize("text", ["NULL", "null", "None", "nan", "N/A", "无", "-", "——", "\u200d"])
def test_what_stands_for_nothing_is_no_key(text: str):
    assert plain_key(text) == ""
    assert plain_key(f"A{text}1") != ""


@pytest.mark.parametrize(("sign", "named"), [("\t", "制表符"), (";", "分号"), ("|", "竖线"), ("，", "全角逗号")])
def test_another_separator_is_called_by_its_name(tmp_path: Path, sign: str, named: str):
    with pytest.raises(FileUnreadable, match=f"是用{named}.*delimiter"):
        csv_of(tmp_path, "编号,名称\n1,甲\n".replace(",", sign))


def test_zero_bytes_mark_their_cell(tmp_path: Path):
    (row,) = rows_of(csv_of(tmp_path, b"\xe7\xbc\x96\xe5\x8f\xb7,\xe5\x90\x8d\xe7\xa7\xb0\n1\x002,a\n")).values()
    assert fault_of(row[0] or "") == ("zero_bytes", {"cell": "", "cell_en": "", "value": "12"})


# --- workbooks ---------------------------------------------------------------------------------------------------

TABLE = [["编号", "名称"], [1, "甲"], [2, "乙"]]


def test_a_table_is_found_wherever_it_stands(tmp_path: Path):
    rows: list[list[Any]] = [[], [None, None, "XX镇明细表"], [None, None, "编号", "名称"], [None, None, 1, "甲"], []]
    source = book_of(tmp_path, {"S": [*rows, [None, None, 3, "丙"]]})
    assert rows_of(source) == {4: [None, None, "1", "甲"], 6: [None, None, "3", "丙"]}
    assert source.columns == ["", "", "编号", "名称"]
    assert "第 3 行是表头" in source.notices[0]


def test_several_sheets_with_data_are_refused_and_named(tmp_path: Path):
    with pytest.raises(SheetUnclear, match="一村、二村"):
        book_of(tmp_path, {"一村": TABLE, "二村": TABLE, "空": []})
    assert list(rows_of(book_of(tmp_path, {"一村": TABLE, "二村": [*TABLE, [3, "丙"]]}, sheet="二村"))) == [2, 3, 4]
    source = book_of(tmp_path, {"填写说明": [["请按表填写"]], "数据": TABLE})
    assert list(rows_of(source)) == [2, 3] and "没有读取：填写说明" in source.notices[0]


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_hidden_sheet_is_never_read_unasked(tmp_path: Path, state: str):
    def hide(book: Any) -> None:
        book["旧"].sheet_state = state

    source = book_of(tmp_path, {"旧": [["编号", "名称"], [9, "旧"]], "数据": TABLE}, change=hide)
    assert list(rows_of(source).values()) == [["1", "甲"], ["2", "乙"]]
    assert "隐藏的工作表没有读取：旧" in source.notices[0]

    def hide_all(book: Any) -> None:
        book.create_sheet("空")
        hide(book)

    with pytest.raises(SheetUnclear, match="隐藏"):
        book_of(tmp_path, {"旧": TABLE}, change=hide_all)
    assert len(rows_of(book_of(tmp_path, {"旧": TABLE}, change=hide_all, sheet="旧"))) == 2


def test_a_blank_workbook_is_empty(tmp_path: Path):
    with pytest.raises(FileEmpty):
        book_of(tmp_path, {"S": [[], [" "]]})


def test_errors_formulas_and_merged_cells_hold_no_value_and_say_where(tmp_path: Path):
    def spoil(book: Any) -> None:
        sheet = book["S"]
        sheet["B3"] = "#N/A"
        sheet["B3"].data_type = "e"
        sheet["C4"] = "=A4&1"
        sheet.merge_cells("D5:D6")
        sheet["A7"] = 330521198001011234

    rows: list[list[Any]] = [["编号", "名称", "丙", "户"], *([i, "甲", "x", "一户"] for i in range(2, 8))]
    source = book_of(tmp_path, {"S": rows}, change=spoil)
    found = {
        number: {
            name: fault_of(text or "") for name, text in zip(source.columns, row, strict=True) if fault_of(text or "")
        }
        for number, row in rows_of(source).items()
    }
    assert found[2] == {} and found[5] == {}
    assert found[3] == {"名称": ("error_cell", {"cell": "（B3）", "cell_en": " (B3)", "value": "#N/A"})}
    assert found[4] == {"丙": ("formula_without_value", {"cell": "（C4）", "cell_en": " (C4)", "value": ""})}
    assert found[6] == {"户": ("merged_cell", {"cell": "（D6）", "cell_en": " (D6)", "value": "D5:D6"})}
    assert found[7]["编号"] is not None and found[7]["编号"][0] == "digits_lost"


ODS = """<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"><office:body><office:spreadsheet>
<table:table table:name="S">{rows}</table:table></office:spreadsheet></office:body></office:document-content>"""
TEXT_CELL = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'


def ods_of(tmp_path: Path, *rows: list[str]) -> WorkbookSource:
    """An ODS of rows of XML; what is no XML is a text cell."""
    made = ["".join(c if c.startswith("<") else TEXT_CELL.format(c) for c in row) for row in rows]
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    with zipfile.ZipFile(tmp_path / "a.ods", "w") as file:
        file.writestr("mimetype", kind)
        file.writestr(
            "META-INF/manifest.xml",
            f'<m:manifest xmlns:m="{manifest}"><m:file-entry m:full-path="/" m:media-type="{kind}"/></m:manifest>',
        )
        content = "".join(f"<table:table-row>{row}</table:table-row>" for row in made)
        file.writestr("content.xml", ODS.format(rows=content))
    return WorkbookSource(tmp_path / "a.ods", name="a.ods", max_mb=100, wanted=WANTED)


def test_errors_of_an_ods_say_where(tmp_path: Path):
    error = (
        '<table:table-cell table:formula="of:=1/0" office:value-type="string" office:string-value="" '
        'calcext:value-type="error"><text:p>#DIV/0!</text:p></table:table-cell>'
    )
    merged = (
        '<table:table-cell office:value-type="string" table:number-columns-spanned="2"><text:p>一户</text:p>'
        "</table:table-cell><table:covered-table-cell/>"
    )
    source = ods_of(
        tmp_path, ["编号", "名称"], ["1", error], ["2", '<table:table-cell table:formula="of:=A1"/>'], [merged]
    )
    found = {n: [fault_of(text or "") for text in row] for n, row in rows_of(source).items()}
    assert found[2] == [None, ("error_cell", {"cell": "（B2）", "cell_en": " (B2)", "value": "#DIV/0!"})]
    assert found[3] == [None, ("formula_without_value", {"cell": "（B3）", "cell_en": " (B3)", "value": ""})]
    assert found[4][0] is None and found[4][1] is not None and found[4][1][0] == "merged_cell"


def xls_of(tmp_path: Path, cells: list[bytes]) -> WorkbookSource:
    """An XLS (BIFF8) of one sheet with these records."""

    def record(kind: int, body: bytes) -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    def begin(kind: int) -> bytes:
        return record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0x0DBB, 0x07CC, 0, 6))

    def entry(title: str, kind: int, child: int, first: int, length: int) -> bytes:
        written = title.encode("utf-16-le")
        places = struct.pack("<HBBIII", len(written) + 2, kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child)
        return written.ljust(64, b"\0") + places + bytes(36) + struct.pack("<IQ", first, length)

    end = record(0x0A, b"")
    start = len(begin(5)) + 4 + 6 + 3 + len(end)
    stream = begin(5) + record(0x85, struct.pack("<IH", start, 0) + b"\x01\0S") + end
    stream += begin(0x10) + b"".join(cells) + end
    stream = stream.ljust(-(-max(len(stream), 4096) // 512) * 512, b"\0")
    table = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, len(stream) // 512 + 2), 0xFFFFFFFE]
    header = SIGNATURE + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<10I", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0) + b"\xff" * 432
    directory = entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + entry("Workbook", 2, 0xFFFFFFFF, 2, len(stream))
    sectors = struct.pack(f"<{len(table)}I", *table).ljust(512, b"\xff") + directory.ljust(512, b"\0") + stream
    (tmp_path / "a.xls").write_bytes(header + sectors)
    assert check_format(tmp_path / "a.xls", ".xls", "a.xls") == "ole"
    return WorkbookSource(tmp_path / "a.xls", name="a.xls", max_mb=100, wanted=WANTED)


def label(row: int, column: int, text: str) -> bytes:
    """A text cell."""
    body = struct.pack("<HHHHB", row, column, 0, len(text), 1) + text.encode("utf-16-le")
    return struct.pack("<HH", 0x0204, len(body)) + body


def test_errors_of_an_xls_say_where(tmp_path: Path):
    error = struct.pack("<HHHHHBB", 0x0205, 8, 1, 1, 0, 0x2A, 1)
    formula = struct.pack("<HHHHH", 0x0006, 22, 2, 1, 0) + b"\x02\0\x17\0\0\0\xff\xff" + bytes(8)
    header = [label(0, 0, "编号"), label(0, 1, "名称")]
    source = xls_of(tmp_path, [*header, label(1, 0, "甲"), error, label(2, 0, "乙"), formula])
    found = {n: [row[0], fault_of(row[1] or "")] for n, row in rows_of(source).items()}
    assert found == {
        2: ["甲", ("error_cell", {"cell": "（B2）", "cell_en": " (B2)", "value": "#N/A"})],
        3: ["乙", ("error_cell", {"cell": "（B3）", "cell_en": " (B3)", "value": "#REF!"})],
    }
    whole = (tmp_path / "a.xls").read_bytes()
    for size in range(0, len(whole), 97):
        (tmp_path / "b.xls").write_bytes(whole[:size])
        error_cells(tmp_path / "b.xls", 0)
    loop = bytearray(whole)
    loop[512 + 8 : 512 + 12] = struct.pack("<I", 2)  # the first sector of the stream leads to itself
    (tmp_path / "b.xls").write_bytes(loop)
    with pytest.raises(FileTruncated, match="损坏"):
        WorkbookSource(tmp_path / "b.xls", name="b.xls", max_mb=100)


@pytest.mark.parametrize(
    "text", ["#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "########", "Err:502"]
)
def test_an_error_that_was_saved_as_text_is_one(text: str):
    assert (fault_of(clean_text(text) or "") or ("",))[0] == "error_cell"
    assert fault_of(clean_text(f"{text}号") or "") is None
    assert clean_text("#3") == "#3" and clean_text("#1楼") == "#1楼"


def test_cells_have_the_names_of_excel():
    assert [address(1, c) for c in (1, 26, 27, 702, 703)] == ["A1", "Z1", "AA1", "ZZ1", "AAA1"]


# --- what a file is ----------------------------------------------------------------------------------------------


def ole(stream: str) -> bytes:
    """The skeleton of an OLE file with one stream of this name."""
    head = bytearray(512)
    head[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    head[30:32] = (9).to_bytes(2, "little")
    entry = stream.encode("utf-16-le").ljust(128, b"\0")
    return bytes(head) + entry.ljust(512, b"\0")


def archive(*names: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name in names:
            file.writestr(name, "x")
    return made.getvalue()


@pytest.mark.parametrize(
    ("suffix", "content", "message"),
    [
        (".xlsx", ole("EncryptedPackage"), "加了密码"),
        (".xls", ole("EncryptedPackage"), "加了密码"),
        (".xlsx", ole("Workbook"), "其实是 XLS"),
        (".xls", ole("WordDocument"), "Word"),
        (".xls", archive("xl/workbook.xml"), "其实是 XLSX"),
        (".xlsx", archive("xl/workbook.bin"), "XLSB"),
        (".xlsx", archive("word/document.xml"), "没有工作簿"),
        (".xlsx", archive("content.xml"), "ODS"),
        (".xls", b"<html><body><table></table>", "网页"),
        (".xls", b"\xef\xbb\xbf<table><tr><td>1</td></tr></table>", "网页"),
        (".xls", b"MIME-Version: 1.0\r\nContent-Type: multipart/related", "MHTML"),
        (".xls", b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">', "XML 表格"),
        (".xls", b"\x09\x04\x06\x00\x00\x04\x10\x00", "Excel 4"),
        (".xls", "编号\t名称\n1\t甲\n".encode(), ".tsv"),
        (".xlsx", "编号,名称\n1,甲\n".encode("gb18030"), ".csv"),
        (".csv", b"\x89PNG\r\n\x1a\n" + bytes(100), "图片"),
        (".csv", archive("xl/workbook.xml"), "ZIP"),
        (".csv", b"<html><body>", "网页"),
        (".csv", bytes(4000), "打不开"),
    ],
)  # fmt: skip
def test_a_file_that_is_something_else_is_called_by_its_name(tmp_path: Path, suffix: str, content: bytes, message: str):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    with pytest.raises(ImportRefused, match=message) as caught:
        check_format(path, suffix, path.name)
    zh, en = str(caught.value).split(": ", 1)[1].rsplit(" / ", 1)
    assert zh and en.isascii(), "both languages"
    assert "再发送" not in zh or "加了密码" in zh or "网页" not in zh


# --- values ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [("120.04", "120.04"), ("１２０.０４", "120.04"), ("１２０．０４", "120.04"), ("+1", "1.0"), ("-3.5", "-3.5"), ("1,234,567.5", "1234567.5"), ("1e5", "100000.0"), ("1.2E+03", "1200.0")],
)  # fmt: skip
def test_numbers_that_are_numbers(text: str, value: str):
    assert number(text) == value


@pytest.mark.parametrize(
    "text", ["1_20.04", "NaN", "nan", "inf", "-Infinity", "0x1F", "12%", "1,20", "120,04", "1,2345", "1..2", "1 2", "١٢", "", "e5", "1e", "+-1", "1e999"]
)  # fmt: skip
def test_numbers_that_are_none(text: str):
    with pytest.raises(RowProblem):
        number(text)


@pytest.mark.parametrize(
    "text", ["1_20.04", "NaN", "inf", "120,04", "120，04", "1.2E+02", "120e0", "0x78", "120°", "1,200"]
)
def test_coordinates_that_are_none(text: str):
    with pytest.raises(RowProblem):
        coordinate(text)


@pytest.mark.parametrize("text", ["120.046", "１２０.０４６", "+120.046"])
def test_coordinates_that_are(text: str):
    assert 120.03 < coordinate(text) < 120.05


SHORTENED = ["1.2E+17", "2.02607E+13", "2.02607e13", "1E+17", "1e+05", "1E17", "２.０２６Ｅ＋１３", "1.38E+10", "1.2×10^17", "3,3E+17", "1.E+12", "1.0E5"]  # fmt: skip


@pytest.mark.parametrize("text", SHORTENED)
@pytest.mark.parametrize("kind", [Kind.CODE, Kind.ID_NUMBER, Kind.PHONE])
def test_shortened_numbers_are_no_codes(text: str, kind: Kind):
    mapping = parse_mapping('name = "t"\ntitle = "t"\ntarget = "person"\n[columns]\nx = "a"\n')
    readers = field_readers(mapping, [Field("x", kind)], ["a"], date(2026, 3, 1))
    assert [p.code for p in read_row(readers, [text], SEALER, ("p", "t", "1")).problems] == ["digits_lost"]


@pytest.mark.parametrize("text", ["12E3", "E5", "3E", "1E5号", "A1E+5", "2024-1", "1.5", "20260101", "B1E10"])
def test_codes_that_look_a_little_like_it_stay(text: str):
    refuse_shortened(text)


@pytest.mark.parametrize("text", ["1,5", "1e5", "1_000", "1.5", "0x10", "NaN", "٣"])
def test_whole_numbers_that_are_none(text: str):
    mapping = parse_mapping('name = "t"\ntitle = "t"\ntarget = "person"\n[columns]\nx = "a"\n')
    readers = field_readers(mapping, [Field("x", Kind.INTEGER)], ["a"], date(2026, 3, 1))
    assert [p.code for p in read_row(readers, [text], SEALER, ("p", "t", "1")).problems] == ["bad_number"]


def test_a_marked_cell_is_refused_through_every_kind_of_column(tmp_path: Path):
    specs = [
        '"a"',
        '{ columns = ["b", "a"] }',
        '{ template = "{b}路{a}号" }',
        '{ column = "a", prefix = "x" }',
        '{ column = "a", default = "z" }',
    ]
    for spec in specs:
        mapping = parse_mapping(f'name = "t"\ntitle = "t"\ntarget = "person"\n[columns]\nx = {spec}\n')
        readers = field_readers(mapping, [Field("x")], ["a", "b"], date(2026, 3, 1))
        (problem,) = read_row(readers, ["\x00error:B5\x00#N/A", "甲"], SEALER, ("p", "t", "1")).problems
        assert (problem.code, problem.column) == ("error_cell", "a") and "（B5）" in problem.text()


def test_a_protected_structure_and_dates_are_read_as_before(tmp_path: Path):
    def protect(book: Any) -> None:
        book.security = WorkbookProtection(lockStructure=True)

    source = book_of(
        tmp_path, {"S": [["编号", "名称"], [datetime(2024, 3, 1, 8, 30), date(2024, 3, 1)]]}, change=protect
    )
    assert rows_of(source) == {2: ["2024-03-01 08:30:00", "2024-03-01"]}
