"""Rows that are taken and should still be looked at; empty cells. All people are synthetic."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from database.connection.engine import Database
from database.rights.scope import Scope
from importing.batches import list_warnings
from tests.importing.conftest import ADDRESSES, EAST, EVENTS, WEST, Load, address_row, write_csv
from tests.importing.test_people import PEOPLE, person

Query = Callable[..., list[tuple[Any, ...]]]
PEOPLE_BORN = PEOPLE + 'birth_date = "出生日期"\n'
LEVELS = ADDRESSES + 'room = "户室"\nnumber_plate = "门牌"\nvalid_from = "启用"\n'

pytestmark = pytest.mark.usefixtures("grounds")


def born(serial: int, **others: Any) -> dict[str, Any]:
    return {**person(serial), "出生日期": "1980-01-01", **others}


def people(path: Path, *rows: dict[str, Any]) -> Path:
    return write_csv(path / "p.csv", list(rows))


def test_names_birth_sex_and_households_are_warned_of_with_their_rows(
    tmp_path: Path, load: Load, query: Query, database: Database, system: Scope
):
    load(people(tmp_path, born(1)), PEOPLE_BORN)
    rows = [
        born(2, 姓名="张 三", 户号="H1"),
        born(3, 出生日期="1981-01-01", 户号="H7"),
        born(4, 性别="男", 户号="H1"),
        born(5, 姓名="John Smith", 户号="H1"),
        born(6, 姓名="王　五", 户号="H1", 身份证号="x"),
    ]
    workbook = tmp_path / "r.xlsx"
    checked = load(people(tmp_path, *rows), PEOPLE_BORN, publish=False, rejects=workbook)
    report = load(people(tmp_path, *rows), PEOPLE_BORN)
    assert checked.counts == report.counts
    assert report.counts["warnings"] == {
        "birth_date_contradicts": 1, "name_spaces": 1, "sex_contradicts": 1, "unknown_household": 1,
    }  # fmt: skip
    assert report.counts["rejected"] == 1, "a row that is sent back has its reason, and no warning beside it"
    with database.transaction(system) as connection:
        found = {one.warning_code: one for one in list_warnings(connection, report.batch_id)}
    assert {code: one.rows for code, one in found.items()} == {
        "name_spaces": [2], "birth_date_contradicts": [3], "unknown_household": [3], "sex_contradicts": [4],
    }  # fmt: skip
    assert found["name_spaces"].warning.startswith("姓名中间有空格：张 三\n")
    assert "a space inside the name" in found["name_spaces"].warning
    assert "1981" not in str(found) and "1980" not in str(found), "no birth date leaves the file"
    sheet = openpyxl.load_workbook(workbook)["提醒"]
    assert [cell.value for cell in sheet[1]] == ["行号", "列", "提醒", "建议", "English"]
    assert [row[0].value for row in sheet.iter_rows(min_row=2)] == [2, 3, 3, 4], "as Excel counts them"


def test_a_record_that_gets_coarser_moves_or_loses_its_address_is_warned_of(tmp_path: Path, load: Load, query: Query):
    doors = [address_row(7, 119.92, 30.45), address_row(8, 119.93, 30.45, 地址="湖州市德清县莫干镇桥西村前街7号502室")]
    load(write_csv(tmp_path / "a.csv", doors), ADDRESSES)
    event = {"编号": "E1", "类型": "报修", "标题": "灯", "时间": "2026-01-01 08:00", "地点": doors[1]["地址"]}
    place = {"经度": "", "纬度": ""}
    load(write_csv(tmp_path / "e.csv", [event | place]), EVENTS)
    coarse = load(write_csv(tmp_path / "e.csv", [event | place | {"地点": doors[0]["地址"]}]), EVENTS)
    assert coarse.counts["warnings"] == {"coarser_address": 1}
    lost = load(write_csv(tmp_path / "e.csv", [event | place | {"地点": "某处"}]), EVENTS)
    assert lost.counts["warnings"] == {"address_lost": 1}
    assert load(write_csv(tmp_path / "a.csv", [doors[0] | {"编号": "A8"}]), ADDRESSES).counts["warnings"] == {
        "coarser_address": 1
    }


def test_a_key_that_differs_only_in_case_width_or_spaces_is_warned_of(tmp_path: Path, load: Load):
    load(write_csv(tmp_path / "a.csv", [address_row(7, 119.92, 30.45)]), ADDRESSES)
    rows = [
        address_row(1, 119.92, 30.46, 编号="ａ7"),
        address_row(2, 119.92, 30.47, 编号="B 1"),
        address_row(3, 119.92, 30.48, 编号="B1"),
        address_row(4, 119.92, 30.49, 编号="C1"),
    ]
    assert load(write_csv(tmp_path / "a.csv", rows), ADDRESSES).counts["warnings"] == {"key_differs_in_form": 3}


def with_policy(mapping: str, column: str, policy: str) -> str:
    return mapping.replace(f'= "{column}"', f'= {{ column = "{column}", empty = "{policy}" }}')


def test_an_empty_cell_keeps_the_value_and_the_report_says_so(tmp_path: Path, load: Load, query: Query):
    load(people(tmp_path, born(1, 标签="残疾")), PEOPLE_BORN)
    empty = people(tmp_path, born(1, 电话="", 现住址="", 标签="", 关系="", 性别=""))
    state = "SELECT phone_masked, actual_address_text, status_codes, relation FROM person, household_member"
    before = query(state)
    checked, report = load(empty, PEOPLE_BORN, publish=False), load(empty, PEOPLE_BORN)
    assert query(state) == before
    assert report.counts["empty"] == checked.counts["empty"] == {
        name: {"kept": 1, "cleared": 0, "rejected": 0} for name in ("电话", "现住址", "标签", "关系")
    }  # fmt: skip
    assert report.counts["unchanged"] == 1


def test_an_empty_cell_clears_or_sends_back_where_the_mapping_says_so(tmp_path: Path, load: Load, query: Query):
    mapping = with_policy(with_policy(PEOPLE, "电话", "clear"), "关系", "clear")
    mapping = mapping.replace('{ column = "标签",', '{ column = "标签", empty = "clear",')
    mapping = with_policy(mapping, "现住址", "reject")
    load(people(tmp_path, person(1, 标签="残疾"), person(2)), mapping)
    rows = [person(1, 电话="", 标签="", 关系=""), person(2, 现住址="")]
    checked, report = load(people(tmp_path, *rows), mapping, publish=False), load(people(tmp_path, *rows), mapping)
    assert checked.counts == report.counts
    assert report.counts["empty"] == {
        **{name: {"kept": 0, "cleared": 1, "rejected": 0} for name in ("电话", "标签", "关系")},
        "现住址": {"kept": 0, "cleared": 0, "rejected": 1},
    }
    assert query(
        "SELECT phone_masked, phone_cipher, phone_hash, status_codes, relation FROM person p "
        "JOIN household_member m ON m.person_id = p.id WHERE p.name = '测试甲'"
    ) == [(None, None, None, [], None)]


def test_columns_the_file_does_not_have_and_empty_positions_take_nothing_away(tmp_path: Path, load: Load, query: Query):
    event = {
        "编号": "E1",
        "类型": "报修",
        "标题": "灯",
        "时间": "2026-01-01 08:00",
        "地点": "",
        "经度": 119.93,
        "纬度": 30.45,
    }
    load(write_csv(tmp_path / "e.csv", [event | {"来源": "热线", "备注": "急"}]), EVENTS)
    counts = load(
        write_csv(tmp_path / "e.csv", [event | {"经度": "", "纬度": "", "备注": "", "标题": "路灯"}]), EVENTS
    ).counts
    assert query("SELECT title, attributes, st_x(geom), grid_code FROM event") == [
        ("路灯", {"来源": "热线", "备注": "急"}, 119.93, WEST + "001")
    ]
    assert counts["empty"] == {
        name: {"kept": 1, "cleared": 0, "rejected": 0} for name in ("备注", "经度")
    }  # fmt: skip
    bare = EVENTS.replace('position = { lon = "经度", lat = "纬度" }', "").replace('crs = "EPSG:4490"', "")
    load(
        write_csv(
            tmp_path / "e.csv", [{k: v for k, v in event.items() if k not in ("经度", "纬度")} | {"标题": "井盖"}]
        ),
        bare,
    )
    assert query("SELECT title, st_x(geom), grid_code FROM event") == [("井盖", 119.93, WEST + "001")]


def test_levels_of_an_address_stay_with_its_text_and_follow_it(tmp_path: Path, load: Load, query: Query):
    row = address_row(7, 119.92, 30.45, 地址="湖州市德清县莫干镇桥西村前街7号502室")
    full = row | {"户室": "502室", "门牌": "7号", "启用": "2020-01-01"}
    load(write_csv(tmp_path / "a.csv", [full]), LEVELS)
    load(write_csv(tmp_path / "a.csv", [full | {"户室": "", "门牌": "", "启用": "", "经度": 119.93}]), LEVELS)
    state = "SELECT number_plate, room, valid_from::text FROM standard_address"
    assert query(state) == [("7号", "502室", "2020-01-01")], "the text is the same"
    row["地址"] = row["地址"].removesuffix("502室")
    counts = load(write_csv(tmp_path / "a.csv", [row | {"户室": "", "门牌": "7号", "启用": ""}]), LEVELS).counts
    assert query(state) == [("7号", None, "2020-01-01")], "the text has no room any more"
    assert (counts["empty"]["户室"]["cleared"], counts["warnings"]) == (1, {"coarser_address": 1})


def test_an_address_keeps_village_and_code_that_the_row_leaves_out(tmp_path: Path, load: Load, query: Query):
    mapping = ADDRESSES + 'code = "编码"\n'
    first = address_row(7, 119.92, 30.45) | {"编码": WEST + "00000009"}
    load(write_csv(tmp_path / "a.csv", [first, address_row(8, 120.05, 30.45, EAST) | {"编码": ""}]), mapping)
    state = query("SELECT source_key, code, division_code FROM standard_address ORDER BY 1")
    assert state == [("A7", WEST + "00000009", WEST), ("A8", EAST + "00000001", EAST)]
    again = [first | {"编码": "", "村代码": "", "经度": 119.93}, address_row(9, 119.94, 30.45) | {"编码": ""}]
    load(write_csv(tmp_path / "a.csv", again), mapping)
    assert query("SELECT source_key, code, division_code FROM standard_address ORDER BY 1") == [
        *state,
        ("A9", WEST + "00000010", WEST),
    ]


def test_a_row_that_changes_only_the_household_or_the_relation_is_not_lost(tmp_path: Path, load: Load, query: Query):
    load(people(tmp_path, person(1), person(2)), PEOPLE.replace('key = ["身份证号", "户号"]', 'key = "身份证号"'))
    rows = [person(1, 关系="本人"), person(2, household="H2")]
    counts = load(people(tmp_path, *rows), PEOPLE.replace('key = ["身份证号", "户号"]', 'key = "身份证号"')).counts
    assert query(
        "SELECT p.name, h.household_no, m.relation FROM household_member m JOIN person p ON p.id = m.person_id "
        "JOIN household h ON h.id = m.household_id WHERE m.valid_to IS NULL ORDER BY 1, 2"
    ) == [("测试乙", "H1", "配偶"), ("测试乙", "H2", "配偶"), ("测试甲", "H1", "本人")]
    assert counts["changed"] == 2
