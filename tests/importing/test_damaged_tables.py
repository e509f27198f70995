"""A good small table, damaged in some sixty ways: a report or a refusal in two languages, and never a record more or less."""

import csv
import gzip
import io
import random
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from database.errors import OnemapError
from importing.errors import FileUnreadable, ImportRefused
from importing.files import confined
from importing.files.csv_file import CsvSource
from importing.files.workbook import WorkbookSource
from tests.importing.conftest import Load

MAPPING = """
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
"""
HEADER = ["编号", "类型", "标题", "时间", "经度", "纬度", "备注"]
ROWS = [
    [f"E{i}", "噪音", f"路灯不亮{i}", f"2024-03-0{i} 08:30", f"119.9{i}", f"30.4{i}", "请尽快处理"] for i in range(1, 7)
]
Damage = tuple[str, str, bytes]


class Unconfined:
    """The readers in this process: starting sixty others would take a minute."""

    def __init__(self, files: dict[str, Path], work: dict[str, Any], name: str) -> None:
        path = next(iter(files.values()))
        self._source: CsvSource | WorkbookSource
        if work["reader"] == "csv":
            options = {"wanted": work["wanted"], "known": work["known"]}
            self._source = CsvSource(path, work["encoding"], work["delimiter"], name=name, max_mb=50, **options)
        else:
            try:
                self._source = WorkbookSource(path, work["sheet"], name=name, max_mb=50, wanted=work["wanted"])
            except ImportRefused:
                raise
            except Exception as error:  # what the library meets in a damaged file ends the other process the same way
                raise FileUnreadable(f"{name} 读不出来 / it cannot be read ({type(error).__name__})") from None
        self.columns, self.crs, self.encoding = self._source.columns, self._source.crs, self._source.encoding
        self.notices = self._source.notices
        self.spatial, self.structured, self.cut = False, [], []  # type: bool, list[str], list[str]
        self.batches, self.close = self._source.batches, self._source.close


def table(rows: list[list[str]] | None = None, header: list[str] | None = None) -> str:
    made = io.StringIO()
    csv.writer(made).writerows([header or HEADER, *(rows or ROWS)])
    return made.getvalue()


def workbook(change: Callable[[Any], None] | None = None) -> bytes:
    book = openpyxl.Workbook()
    for row in [HEADER, *ROWS]:
        book.active.append(row)
    if change is not None:
        change(book)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def repacked(part: str, change: Callable[[bytes], bytes]) -> bytes:
    """A workbook with one of its parts changed."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook())) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == part else old.read(name))
    return made.getvalue()


def of_bytes(suffix: str, data: bytes) -> Iterator[Damage]:
    """What may happen to any file."""
    rng = random.Random(5)
    for quarter in range(4):
        yield suffix, f"cut at {quarter}/4", data[: len(data) * quarter // 4]
    yield suffix, "one byte short", data[:-1]
    yield suffix, "first byte lost", data[1:]
    shuffled = bytearray(data)
    for _ in range(20):
        shuffled[rng.randrange(len(data))] = rng.randrange(256)
    yield suffix, "twenty wrong bytes", bytes(shuffled)
    yield suffix, "two bytes swapped", data[:60] + data[61:62] + data[60:61] + data[62:]
    yield suffix, "twice over", data + data
    yield suffix, "zeros at the end", data + bytes(600)
    yield suffix, "zeros in the middle", data[:90] + bytes(7) + data[90:]
    yield suffix, "a block of zeros", data[:40] + bytes(60) + data[100:]
    yield suffix, "only zeros", bytes(300)
    yield suffix, "only noise", rng.randbytes(3000)
    yield suffix, "packed", gzip.compress(data)


def of_text() -> Iterator[Damage]:
    """What may happen to a CSV."""
    plain = table()
    for encoding in ("utf-16", "utf-16-le", "utf-32", "gb18030"):
        yield ".csv", f"in {encoding}", plain.encode(encoding)
    yield ".csv", "garbled", plain.encode().decode("latin-1").encode()
    yield ".csv", "two encodings", plain.encode("gb18030") + table(ROWS[:2]).encode()
    for mark in ("\ufeff", "\ufeff\ufeff", "\u200b"):
        yield ".csv", f"begins with {mark!r}", (mark + plain).encode()
    yield ".csv", "a column twice", table([[*row, "另一个"] for row in ROWS], [*HEADER, "标题"]).encode()
    yield ".csv", "a column twice in disguise", table([[*row, "另"] for row in ROWS], [*HEADER, "标\u200b题 "]).encode()
    yield ".csv", "no header", "\n".join(plain.split("\r\n")[1:]).encode()
    yield ".csv", "header only", table([]).encode()[: len((",".join(HEADER) + "\r\n").encode())]
    yield ".csv", "a column lacks", table([row[:-2] for row in ROWS], HEADER[:-2]).encode()
    for sign in (";", "\t", "|"):
        yield ".csv", f"parted by {sign!r}", plain.replace(",", sign).encode()
    yield ".csv", "returns only", plain.replace("\r\n", "\r").encode()
    yield ".csv", "a quote too much", plain.replace("路灯不亮2", '"路灯"不亮2').encode()
    yield ".csv", "a quote not closed", plain.replace("路灯不亮2", '"路灯不亮2').encode()
    yield ".csv", "a huge cell", plain.replace("路灯不亮2", "长" * 400_000).encode()
    yield ".csv", "a huge key", plain.replace("E2", "E" * 9000).encode()
    yield ".csv", "blank keys", re.sub(r"E\d", " \u3000", plain).encode()
    yield ".csv", "invisible keys", re.sub(r"E(\d)", "\u200b\ufeff", plain).encode()
    yield ".csv", "keys in scientific notation", re.sub(r"E(\d)", r"2.0260\1E+13", plain).encode()
    yield ".csv", "numbers that are none", plain.replace("119.9", "1_19.9").replace("30.4", "NaN").encode()
    yield ".csv", "numbers beyond all", plain.replace("119.9", "9" * 400 + ".9").encode()
    yield ".csv", "impossible days", plain.replace("2024-03-0", "2024-13-4").encode()
    yield ".csv", "days out of reach", plain.replace("2024-03-0", "99999-01-0").encode()
    yield ".csv", "formulas", plain.replace("路灯", "=1+1#REF!").replace("噪音", "#N/A").encode()
    yield ".csv", "commas only", (plain + ",,,,,,\r\n" * 5).encode()
    yield ".csv", "too many values", plain.replace("请尽快处理", "请,尽快,处理").encode()
    yield (
        ".csv",
        "a thousand columns",
        table([[*row, *"x" * 1500] for row in ROWS], [*HEADER, *(f"c{i}" for i in range(1500))]).encode(),
    )
    yield ".csv", "halves of pairs", plain.replace("路灯", "\\ud800路灯").encode("unicode_escape")
    yield ".csv", "a page", b"<html><table><tr><td>1</td></tr></table></html>"
    yield ".xls", "a CSV called XLS", plain.encode()
    yield ".xlsx", "a CSV called XLSX", plain.encode("gb18030")


def of_workbooks() -> Iterator[Damage]:
    """What may happen to a workbook."""

    def second(book: Any) -> None:
        book.copy_worksheet(book.active)

    def hidden(book: Any) -> None:
        book.copy_worksheet(book.active).sheet_state = "hidden"

    def errors(book: Any) -> None:
        for row in range(2, 8):
            book.active.cell(row, 1, "=1/0") if row % 2 else book.active.cell(row, 3, "=NOW()")

    def merged(book: Any) -> None:
        book.active.merge_cells("A3:A6")

    def numbers(book: Any) -> None:
        for row in range(2, 8):
            book.active.cell(row, 1, 330521198001010000 + row)

    def far(book: Any) -> None:
        book.active.cell(1_000_000, 300, "x")

    def twice(book: Any) -> None:
        book.active.cell(1, 9, "标题")

    for change in (second, hidden, errors, merged, numbers, far, twice):
        yield ".xlsx", change.__name__, workbook(change)
    sheet = "xl/worksheets/sheet1.xml"
    yield ".xlsx", "half a sheet", repacked(sheet, lambda xml: xml[: len(xml) // 2])
    yield ".xlsx", "a sheet of zeros", repacked(sheet, lambda xml: bytes(len(xml)))
    yield ".xlsx", "no sheet", repacked("xl/workbook.xml", lambda xml: re.sub(rb"<sheet .*?/>", b"", xml))
    yield ".xlsx", "no strings", repacked("xl/sharedStrings.xml", lambda _xml: b"<sst/>")
    yield ".xlsx", "cells without a place", repacked(sheet, lambda xml: re.sub(rb' r="[A-Z]+\d+"', b"", xml))
    yield ".xls", "an XLSX called XLS", workbook()
    yield ".ods", "an XLSX called ODS", workbook()
    yield ".csv", "an XLSX called CSV", workbook()


def damages() -> list[Damage]:
    return [*of_bytes(".csv", table().encode()), *of_text(), *of_bytes(".xlsx", workbook()), *of_workbooks()]


def test_no_damage_publishes_anything_or_goes_unsaid(
    tmp_path: Path,
    grounds: None,
    load: Load,
    query: Callable[..., list[tuple[Any, ...]]],
    monkeypatch: pytest.MonkeyPatch,
):
    (tmp_path / "good.csv").write_text(table(), encoding="utf-8")
    assert load(tmp_path / "good.csv", MAPPING).counts["added"] == len(ROWS)
    records = "SELECT id, source_key, title, kind, st_astext(geom) FROM event ORDER BY id"
    before = query(records)
    monkeypatch.setattr(confined, "ConfinedSource", Unconfined)
    tried = damages()
    assert len(tried) >= 60
    reports = refusals = 0
    for suffix, what, data in tried:
        path = tmp_path / f"damaged{suffix}"
        path.write_bytes(data)
        try:
            counts = load(path, MAPPING, publish=False).counts
        except OnemapError as error:
            refusals += 1
            zh, _, en = str(error).rpartition(" / ")
            assert re.search("[\u4e00-\u9fff]", zh) and re.search("[a-z]{2}", en), f"{what}: {error}"
            assert "Traceback" not in str(error) and len(str(error)) < 1500, what
        else:
            reports += 1
            assert counts["read"] == sum(
                counts[name] for name in ("skipped", "added", "changed", "unchanged", "rejected")
            ), what
            assert counts["rejected"] == 0 or counts["reasons"], what
    assert query(records) == before
    assert query("SELECT count(*) FROM import_batch WHERE state = 'published' AND mapping = 'test_events'") == [(1,)]
    assert reports > 15 and refusals > 30, (reports, refusals)
