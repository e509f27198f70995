"""A file through the matcher: every row comes back, in order, with an answer; nothing is half-written."""

import csv
from pathlib import Path

import openpyxl
import pytest

from database.connection.engine import Database
from database.rights.scope import Role, Scope
from importing.bulk_match import run
from importing.bulk_match.answers import HEADER
from importing.bulk_match.run import match_file
from importing.bulk_match.writers import OutputNotPossible
from importing.errors import ColumnMissing, FileTruncated, FileUnreadable
from tests import world
from tests.world import CELLS, LIAOYUAN

HEAD = "德清县武康街道千秋社区"


@pytest.fixture(autouse=True)
def library(database: Database, system: Scope) -> None:
    with database.transaction(system) as connection:
        world.build_county(connection)
        for n in range(1, 4):
            world.add_address(connection, f"{HEAD}永安街{n}号", CELLS[0], n)
        world.add_address(connection, "德清县武康街道春晖社区永安街1号", CELLS[2], 9)


def written(path: Path, *texts: str, encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([["编号", "地址"], *([f"{n:03d}", t] for n, t in enumerate(texts))])
    return path


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def test_every_row_comes_back_with_its_answer(tmp_path: Path, database: Database, system: Scope) -> None:
    texts = [
        f"{HEAD}永安街2号",
        "武康街道千秋社区雍安街3号",
        "武康街道永安街1号",
        "千秋社区长安路8号",
        "",
        "北京市朝阳区建国路1号",
    ]
    report = match_file(database, system, written(tmp_path / "in.csv", *texts), "地址", tmp_path / "out.csv")
    header, *rows = read(tmp_path / "out.csv")
    assert header == ["编号", "地址", *HEADER]
    assert [row[:2] for row in rows] == [[f"{n:03d}", t] for n, t in enumerate(texts)], "in order, as they came"
    assert [row[4] for row in rows] == ["A", "B", "多个", "无", "空", "无"]
    assert rows[0][3] == f"{HEAD}永安街2号"
    assert (rows[0][7], rows[0][8]) != ("", "")
    assert rows[1][9].startswith("路名同音")
    assert rows[2][2:4] == ["", ""], "of several equal ones none is chosen"
    assert "春晖社区永安街1号" in rows[2][9]
    assert (report.rows, report.classes["A"], report.classes["无"]) == (6, 1, 2)


def test_gb18030_in_and_a_workbook_out_keeps_zeros_and_makes_no_formula(
    tmp_path: Path, database: Database, system: Scope
) -> None:
    path = written(tmp_path / "in.csv", f"{HEAD}永安街2号", "=1+1", encoding="gb18030")
    match_file(database, system, path, "地址", tmp_path / "out.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx").active
    assert sheet is not None
    cells = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    assert (cells[0][0], cells[0][3]) == ("000", f"{HEAD}永安街2号")
    assert sheet["B3"].data_type == "s"
    again = match_file(database, system, tmp_path / "out.xlsx", "地址", tmp_path / "again.csv")
    assert again.classes["A"] == 1


def test_only_addresses_in_the_scope_are_found(tmp_path: Path, database: Database) -> None:
    path = written(tmp_path / "in.csv", f"{HEAD}永安街2号")
    elsewhere = Scope("330521", "x", Role.GIS_STAFF, (LIAOYUAN,))
    assert match_file(database, elsewhere, path, "地址", tmp_path / "out.csv").classes["无"] == 1
    neighbour = Scope.of_system("330522")
    assert match_file(database, neighbour, path, "地址", tmp_path / "out.csv").classes["无"] == 1


def test_several_processes_give_the_same_as_one(
    tmp_path: Path, database: Database, system: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "CHUNK_ROWS", 50)
    monkeypatch.setattr(run, "WORTH_PROCESSES", 100)
    path = written(tmp_path / "in.csv", *(f"{HEAD}永安街{n % 5}号" for n in range(400)))
    match_file(database, system, path, "地址", tmp_path / "one.csv", processes=1)
    match_file(database, system, path, "地址", tmp_path / "two.csv", processes=2)
    assert read(tmp_path / "one.csv") == read(tmp_path / "two.csv")
    assert len(read(tmp_path / "two.csv")) == 401


def test_a_broken_row_is_kept_and_says_so(tmp_path: Path, database: Database, system: Scope) -> None:
    path = tmp_path / "in.csv"
    path.write_text(f"编号,地址\n1,{HEAD}永安街1号,多余\n2,{HEAD}永安街2号\n", "utf-8")
    match_file(database, system, path, "地址", tmp_path / "out.csv")
    rows = read(tmp_path / "out.csv")[1:]
    assert [(row[0], row[4]) for row in rows] == [("1", "坏行"), ("2", "A")]
    assert rows[0][1] == f"{HEAD}永安街1号,多余"


def test_what_cannot_be_read_or_written_is_said_and_leaves_the_old_result(
    tmp_path: Path, database: Database, system: Scope
) -> None:
    good, out = written(tmp_path / "in.csv", f"{HEAD}永安街1号"), tmp_path / "out.csv"
    out.write_text("old")
    cut = tmp_path / "cut.csv"
    cut.write_text(f"编号,地址\n1,{HEAD}永安街1号\n2", "utf-8")
    cases = [
        (good, "住址", out, ColumnMissing),
        (tmp_path / "none.csv", "地址", out, FileUnreadable),
        (cut, "地址", out, FileTruncated),
        (good, "地址", tmp_path / "out.doc", OutputNotPossible),
        (good, "地址", tmp_path / "nowhere" / "out.csv", OutputNotPossible),
    ]
    for path, column, target, error in cases:
        with pytest.raises(error):
            match_file(database, system, path, column, target)
    assert out.read_text() == "old"
    assert not list(tmp_path.glob(".*.part"))
