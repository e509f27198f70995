"""Persons, households, who belongs to them; workers, visits, places, objects, links. All people are synthetic."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from database.secrets.seal import Sealer, row_binding
from tests.importing.conftest import (
    ADDRESSES,
    EAST,
    EVENTS,
    WEST,
    Load,
    address_row,
    box,
    id_number,
    write_csv,
    write_geojson,
)

Query = Callable[..., list[tuple[Any, ...]]]

PEOPLE = """
name = "test_people"
title = "实有人口"
target = "person"
key = ["身份证号", "户号"]
[columns]
name = "姓名"
sex = { column = "性别", values = { "男" = "male", "女" = "female" } }
id_number = "身份证号"
phone = "电话"
household_no = "户号"
relation = "关系"
registered_address_text = "户籍地址"
actual_address_text = "现住址"
status_codes = { column = "标签", values = { "独居老人" = "elderly_alone", "残疾" = "disabled" } }
"""
PLACES = """
name = "test_places"
title = "房屋"
target = "place"
key = ["编号"]
[columns]
kind = { column = "类型", values = { "房屋" = "dwelling", "楼" = "building" } }
name = "名称"
occupancy = { column = "状态", values = { "空置" = "vacant", "自住" = "occupied" } }
address_text = "地址"
parent_key = "楼编号"
"""

pytestmark = pytest.mark.usefixtures("grounds")


def person(serial: int, household: str = "H1", **others: Any) -> dict[str, Any]:
    row = {
        "姓名": f"测试{'甲乙丙丁戊己庚辛'[serial - 1]}",
        "性别": "",
        "身份证号": id_number(serial),
        "电话": f"1380000000{serial}",
        "户号": household,
        "关系": "户主" if serial == 1 else "配偶",
        "户籍地址": "湖州市德清县莫干镇桥西村前街1号",
        "现住址": "湖州市德清县莫干镇桥西村前街2号",
        "标签": "",
    }
    return {**row, **others}


@pytest.fixture
def doors(grounds: None, load: Load, tmp_path: Path) -> None:
    """Three doors in the western village, one in the eastern."""
    rows = [address_row(i, 119.91 + i * 0.01, 30.45) for i in (1, 2, 3)] + [address_row(9, 120.05, 30.55, EAST)]
    assert load(write_csv(tmp_path / "doors.csv", rows), ADDRESSES).counts["added"] == 4


@pytest.mark.usefixtures("doors")
def test_a_person_is_sealed_matched_and_put_into_a_household(tmp_path: Path, load: Load, query: Query, sealer: Sealer):
    rows = [person(1, 标签="独居老人、残疾"), person(2)]
    report = load(write_csv(tmp_path / "p.csv", rows), PEOPLE)
    assert report.counts["added"] == 2
    assert (report.counts["texts"], report.counts["matched"]) == (2, 2)
    row = query(
        "SELECT name, sex, birth_date::text, id_number_masked, phone_masked, grid_code, status_codes, "
        "id_number_cipher, id_number_hash, source_key, actual_address_match ->> 'class', source FROM person ORDER BY id"
    )[0]
    number = id_number(1)
    assert row[:7] == (
        "测试甲",
        "male",
        "1980-01-01",
        f"330*************{number[-2:]}",
        "*******0001",
        WEST + "001",
        ["disabled", "elderly_alone"],
    )
    bound_to = row_binding("person", "id_number_cipher", row[11], row[9])
    assert sealer.unseal(bytes(row[7]), bound_to=bound_to) == number
    assert bytes(row[8]) == sealer.index(number)
    assert number not in row[9], "the key of the record holds no ID number"
    assert row[10] == "A"
    household = query(
        "SELECT household_no, head_name, address_text, grid_code, round(st_x(geom)::numeric, 4)::float FROM household"
    )
    assert household == [("H1", "测试甲", "湖州市德清县莫干镇桥西村前街1号", WEST + "001", 119.92)]
    assert query("SELECT relation, valid_to FROM household_member ORDER BY id") == [("户主", None), ("配偶", None)]


def test_no_personal_number_is_anywhere_in_the_changes_or_the_batch(tmp_path: Path, load: Load, query: Query):
    rows = [person(1), person(2, 身份证号="33052119800101999X")]
    load(write_csv(tmp_path / "p.csv", rows), PEOPLE)
    everything = str(query("SELECT c.*::text FROM (SELECT to_jsonb(change) FROM change) c")) + str(
        query("SELECT reason, column_name FROM import_reject")
    )
    for secret in (id_number(1), "33052119800101999X", "13800000001"):
        assert secret not in everything
    assert "330****" not in everything, "not even masked: what is shown elsewhere would complete it"
    assert "1980-01-01" not in everything
    assert query("SELECT reason_code, column_name FROM import_reject") == [("bad_id_checksum", "身份证号")]


def test_the_same_people_again_are_unchanged_and_a_moved_one_leaves_a_change(tmp_path: Path, load: Load, query: Query):
    rows = [person(1), person(2)]
    path = write_csv(tmp_path / "p.csv", rows)
    load(path, PEOPLE)
    changes = query("SELECT count(*) FROM change")
    assert load(path, PEOPLE).counts["unchanged"] == 2
    assert query("SELECT count(*) FROM change") == changes
    rows[1]["现住址"] = "湖州市德清县莫干镇桥东村前街9号"
    counts = load(write_csv(tmp_path / "p.csv", rows), PEOPLE).counts
    assert (counts["changed"], counts["unchanged"]) == (1, 1)
    ((fields, before),) = query("SELECT fields, before FROM change WHERE entity = 'person' AND operation = 'changed'")
    assert fields == ["actual_address_text"]
    assert before == {"actual_address_text": "湖州市德清县莫干镇桥西村前街2号"}


def test_one_person_in_two_households_is_one_person_with_two_memberships(tmp_path: Path, load: Load, query: Query):
    path = write_csv(tmp_path / "p.csv", [person(1, "H1"), person(1, "H2")])
    load(path, PEOPLE)
    assert query("SELECT count(*) FROM person") == [(1,)]
    assert query("SELECT household_no FROM household ORDER BY 1") == [("H1",), ("H2",)]
    assert query("SELECT count(*) FROM household_member WHERE valid_to IS NULL") == [(2,)]
    again = load(path, PEOPLE).counts
    assert (again["unchanged"], again["added"], again["changed"]) == (2, 0, 0)
    assert query("SELECT count(*) FROM household_member") == [(2,)]


def test_a_person_known_by_another_table_is_the_same_person(tmp_path: Path, load: Load, query: Query):
    load(write_csv(tmp_path / "p.csv", [person(1)]), PEOPLE)
    other = (
        'name = "test_disabled"\ntitle = "残疾"\ntarget = "person"\nkey = ["证号"]\n[columns]\nname = "姓名"\n'
        'id_number = "证号"\nstatus_codes = { constant = "disabled" }\n'
    )
    rows = [{"姓名": "测试甲", "证号": id_number(1)}, {"姓名": "测试丙", "证号": id_number(3)}]
    counts = load(write_csv(tmp_path / "d.csv", rows), other).counts
    assert (counts["changed"], counts["added"]) == (1, 1)
    assert query("SELECT phone_masked, status_codes FROM person WHERE name = '测试甲'") == [
        ("*******0001", ["disabled"])
    ]


def test_a_complete_list_closes_the_memberships_it_lacks(tmp_path: Path, load: Load, query: Query):
    mapping = PEOPLE.replace("[columns]", "snapshot = true\n[columns]")
    load(write_csv(tmp_path / "p.csv", [person(1), person(2)]), mapping)
    counts = load(write_csv(tmp_path / "p.csv", [person(1)]), mapping).counts
    assert (counts["removed"], counts["unchanged"]) == (1, 1)
    assert query("SELECT count(*) FROM person") == [(2,)]
    assert query("SELECT relation FROM household_member WHERE valid_to = CURRENT_DATE") == [("配偶",)]


def test_people_that_cannot_be_are_sent_back(tmp_path: Path, load: Load):
    mapping = PEOPLE + 'birth_date = "出生"\ndeath_date = "死亡"\n'
    rows = [
        person(1, 出生="1980-01-01", 死亡="1979-12-31"),
        person(2, 出生="2999-01-01", 死亡=""),
        person(3, 出生="", 死亡="", 性别="其他"),
        person(4, 出生="", 死亡="", 电话="12345"),
        person(5, 出生="", 死亡="", 姓名="欧阳�"),
        person(6, 出生="", 死亡="", 标签="不认识"),
        person(7, 出生="", 死亡=""),
    ]
    counts = load(write_csv(tmp_path / "p.csv", rows), mapping).counts
    assert counts["added"] == 1
    assert counts["rejects"] == {"impossible_date": 2, "value_not_allowed": 2, "bad_phone": 1, "encoding_lost": 1}


@pytest.mark.usefixtures("doors")
def test_places_stand_at_their_address_below_their_building(tmp_path: Path, load: Load, query: Query):
    rows = [
        {
            "编号": "B1",
            "类型": "楼",
            "名称": "一号楼",
            "状态": "",
            "地址": "莫干镇桥西村前街3号",
            "楼编号": "",
            "层数": "6",
        },
        {
            "编号": "D1",
            "类型": "房屋",
            "名称": "一室",
            "状态": "空置",
            "地址": "莫干镇桥西村前街3号",
            "楼编号": "B0",
            "层数": "",
        },
    ]
    report = load(write_csv(tmp_path / "b.csv", rows), PLACES)
    assert report.counts["rejects"] == {"unknown_parent": 1}
    rows[1]["楼编号"] = "B1"
    report = load(write_csv(tmp_path / "b.csv", rows), PLACES)
    assert (report.counts["unchanged"], report.counts["added"]) == (1, 1)
    assert query(
        "SELECT kind, occupancy, parent_id IS NOT NULL, grid_code, st_x(geom), attributes FROM place ORDER BY id"
    ) == [
        ("building", None, False, WEST + "001", 119.94, {"层数": "6"}),
        ("dwelling", "vacant", True, WEST + "001", 119.94, {}),
    ]


def test_unmapped_columns_are_kept_and_numbers_in_them_masked(tmp_path: Path, load: Load, query: Query):
    row = {
        "编号": "1",
        "类型": "咨询",
        "标题": "来电13812345678",
        "时间": "2024-03-01",
        "地点": "",
        "经度": 119.95,
        "纬度": 30.45,
        "来电人": id_number(4),
        "部门": "城管",
    }
    load(write_csv(tmp_path / "e.csv", [row]), EVENTS)
    title, attributes, grid_code = query("SELECT title, attributes, grid_code FROM event")[0]
    assert title == "来电*******5678"
    assert attributes == {"来电人": f"330*************{id_number(4)[-2:]}", "部门": "城管"}
    assert grid_code == WEST + "001"


def test_an_outline_over_two_cells_belongs_to_what_holds_it(tmp_path: Path, load: Load, query: Query):
    mapping = (
        'name = "z"\ntitle = "z"\ntarget = "place"\nkey = ["n"]\n[columns]\nkind = { constant = "zone" }\nname = "n"\n'
    )
    shapes = {
        "cell": box(119.92, 30.42, 119.94, 30.44),
        "village": box(119.92, 30.42, 119.94, 30.58),
        "town": box(119.95, 30.42, 120.05, 30.44),
        "outside": None,
    }
    load(write_geojson(tmp_path / "z.geojson", [({"n": name}, shape) for name, shape in shapes.items()]), mapping)
    assert dict(query("SELECT name, grid_code FROM place")) == {
        "cell": WEST + "001",
        "village": WEST,
        "town": "330521100",
        "outside": "330521",
    }


def test_objects_need_a_position_and_are_retired_by_a_complete_file(tmp_path: Path, load: Load, query: Query):
    mapping = (
        'name = "f"\ntitle = "部件"\ntarget = "facility"\ncrs = "EPSG:4549"\nkey = ["n"]\nsnapshot = true\n'
        'position = { lon = "东", lat = "北" }\n[columns]\nkind = { constant = "lamp" }\nname = "n"\n'
    )
    from database.geodesy.crs import from_4490

    east, north = (float(v) for v in from_4490(119.95, 30.45, "EPSG:4549"))
    lamps = [{"n": "L1", "东": east, "北": north}, {"n": "L2", "东": east + 10, "北": north}]
    counts = load(write_csv(tmp_path / "f.csv", [*lamps, {"n": "L3", "东": "", "北": ""}]), mapping).counts
    assert (counts["added"], counts["rejects"]) == (2, {"missing_value": 1})
    assert query("SELECT round(st_x(geom)::numeric, 6)::float FROM facility WHERE name = 'L1'") == [(119.95,)]
    assert load(write_csv(tmp_path / "g.csv", lamps[:1]), mapping).counts["removed"] == 1
    assert dict(query("SELECT name, state FROM facility")) == {"L1": "normal", "L2": "retired"}


WORKERS = """
name = "test_workers"
title = "网格员"
target = "worker"
key = ["工号", "网格"]
[columns]
name = "姓名"
username = "工号"
phone = "电话"
cell_code = "网格"
valid_from = "起"
"""


def test_workers_are_posted_and_a_new_lead_follows_the_old(tmp_path: Path, load: Load, query: Query):
    def worker(username: str, cell: str, since: str) -> dict[str, Any]:
        return {"姓名": f"员{username}", "工号": username, "电话": "13900000000", "网格": cell, "起": since}

    rows = [
        worker("w1", WEST + "001", "2024-01-01"),
        worker("w1", WEST + "002", "2024-01-01"),
        worker("w2", "330521100201009", "2024-01-01"),
    ]
    path = write_csv(tmp_path / "w.csv", rows)
    counts = load(path, WORKERS).counts
    assert (counts["added"], counts["rejects"]) == (2, {"unknown_parent": 1})
    assert query(
        "SELECT username, phone_masked, count(*) FROM grid_worker JOIN posting ON worker_id = grid_worker.id GROUP BY 1, 2"
    ) == [("w1", "*******0000", 2)]
    assert load(write_csv(tmp_path / "w.csv", rows[:2]), WORKERS).counts["unchanged"] == 2
    load(write_csv(tmp_path / "w.csv", [worker("w3", WEST + "001", "2024-06-01")]), WORKERS)
    assert query(
        "SELECT username, valid_to::text FROM posting JOIN grid_worker w ON w.id = worker_id WHERE cell_code = :c ORDER BY valid_from",
        c=WEST + "001",
    ) == [("w1", "2024-06-01"), ("w3", None)]
    conflict = [worker("w4", EAST + "001", "2024-06-01"), worker("w5", EAST + "001", "2024-06-01")]
    assert load(write_csv(tmp_path / "w.csv", conflict), WORKERS).counts["rejects"] == {"conflicting_lead": 2}


def test_visits_and_links_between_persons_and_places(tmp_path: Path, load: Load, query: Query):
    load(write_csv(tmp_path / "p.csv", [person(1)]), PEOPLE)
    place = {"编号": "D1", "类型": "房屋", "名称": "一室", "状态": "自住", "地址": "", "楼编号": ""}
    load(write_csv(tmp_path / "b.csv", [place]), PLACES)
    visits = (
        'name = "v"\ntitle = "走访"\ntarget = "visit"\nkey = ["n"]\n[columns]\nhousehold_no = "户号"\nvisitor = "人"\n'
        'visited_at = "时间"\nresult = { column = "结果", values = { "见到" = "met" } }\nnote = "备注"\n'
    )
    rows = [
        {"n": "1", "户号": "H1", "人": "w1", "时间": "2024-03-01 09:00", "结果": "见到", "备注": "电话13812345678"},
        {"n": "2", "户号": "H9", "人": "w1", "时间": "2024-03-01 09:00", "结果": "见到", "备注": ""},
    ]
    path = write_csv(tmp_path / "v.csv", rows)
    counts = load(path, visits).counts
    assert (counts["added"], counts["rejects"]) == (1, {"unknown_parent": 1})
    assert load(path, visits).counts["unchanged"] == 1
    assert query("SELECT note, last_visit_at = visited_at FROM visit JOIN household h ON h.id = household_id") == [
        ("电话*******5678", True)
    ]
    links = (
        'name = "l"\ntitle = "人房"\ntarget = "person_place"\nkey = ["证", "房"]\n[columns]\nid_number = "证"\nplace_key = "房"\n'
        'place_source = { constant = "test_places" }\nrelation = { constant = "owns" }\nvalid_to = "止"\n'
    )
    link = {"证": id_number(1), "房": "D1", "止": ""}
    assert load(write_csv(tmp_path / "l.csv", [link, {**link, "房": "D9"}]), links).counts["rejects"] == {
        "unknown_parent": 1
    }
    assert load(write_csv(tmp_path / "l.csv", [link]), links).counts["unchanged"] == 1
    assert load(write_csv(tmp_path / "l.csv", [{**link, "止": "2024-12-31"}]), links).counts["changed"] == 1
    assert query("SELECT relation, valid_to::text FROM person_place") == [("owns", "2024-12-31")]


def test_cells_without_codes_are_numbered_and_keep_their_numbers(tmp_path: Path, load: Load, query: Query):
    mapping = 'name = "c"\ntitle = "c"\ntarget = "cell"\nkey = ["k"]\n[columns]\npopulation_n = "p"\n'
    features = [
        ({"k": "e", "p": 5}, box(119.95, 30.60, 119.97, 30.602)),
        ({"k": "w", "p": 7}, box(119.91, 30.60, 119.93, 30.602)),
    ]
    load(write_geojson(tmp_path / "c.geojson", features), mapping)
    numbered = dict(query("SELECT source_key, code FROM grid_cell WHERE population_n IS NOT NULL"))
    assert numbered == {"w": WEST + "003", "e": WEST + "004"}, "west to east, after those that are there"
    features.append(({"k": "x", "p": 1}, box(119.90, 30.60, 119.905, 30.602)))
    assert load(write_geojson(tmp_path / "c.geojson", features), mapping).counts["unchanged"] == 2
    assert query("SELECT code FROM grid_cell WHERE source_key = 'x'") == [(WEST + "005",)]
    micro = mapping.replace('"c"', '"m"') + 'parent_key = "parent"\n'
    small = [
        ({"k": "m1", "p": 2, "parent": "w"}, box(119.91, 30.60, 119.92, 30.602)),
        ({"k": "m2", "p": 2, "parent": "?"}, box(119.92, 30.60, 119.93, 30.602)),
    ]
    counts = load(write_geojson(tmp_path / "m.geojson", small), micro).counts
    assert (counts["added"], counts["rejects"]) == (1, {"unknown_parent": 1})
    assert query("SELECT code, parent_code FROM grid_cell WHERE level = 'micro_cell'") == [
        (WEST + "00301", WEST + "003")
    ]


def test_a_phone_corrected_where_the_mask_hides_it_is_corrected(
    tmp_path: Path, load: Load, query: Query, sealer: Sealer
):
    load(write_csv(tmp_path / "p.csv", [person(1, 电话="13811110001")]), PEOPLE)
    counts = load(write_csv(tmp_path / "p.csv", [person(1, 电话="13822220001")]), PEOPLE).counts
    assert (counts["changed"], counts["unchanged"]) == (1, 0)
    ((cipher, found, source, key),) = query("SELECT phone_cipher, phone_hash, source, source_key FROM person")
    bound_to = row_binding("person", "phone_cipher", source, key)
    assert sealer.unseal(cipher, bound_to=bound_to) == "13822220001"
    assert bytes(found) == sealer.index("13822220001")


@pytest.mark.usefixtures("doors")
def test_a_household_that_stays_as_it_is_is_not_matched_again(tmp_path: Path, load: Load, query: Query):
    mapping = (
        'name = "test_households"\ntitle = "户"\ntarget = "household"\nkey = ["户号"]\n[columns]\nhousehold_no = "户号"\n'
        'head_name = "户主"\naddress_text = "地址"\nstatus_codes = "标签"\n'
    )

    def row(no: str, head: str, address: str, codes: str = "") -> dict[str, Any]:
        return {"户号": no, "户主": head, "地址": address, "标签": codes}

    door = "湖州市德清县莫干镇桥西村前街{}号"
    first = [
        row("H1", "测试甲", door.format(1), "low_income"),
        row("H2", "测试乙", door.format(2)),
        row("H3", "测试丙", "没有的路 88 号"),
    ]
    assert load(write_csv(tmp_path / "h.csv", first), mapping).counts["added"] == 3
    state = (
        "SELECT household_no, head_name, address_id, status_codes, grid_code, st_astext(geom) FROM household ORDER BY 1"
    )
    before = query(state)
    # an empty cell keeps; the household without a standard address is tried again; nothing else is
    again = load(write_csv(tmp_path / "h2.csv", [row("H1", "", door.format(1)), *first[1:]]), mapping)
    assert (again.counts["unchanged"], again.counts["changed"], again.counts["texts"]) == (3, 0, 1)
    assert query(state) == before
    moved = load(write_csv(tmp_path / "h3.csv", [row("H1", "测试甲", door.format(3)), *first[1:]]), mapping)
    assert (moved.counts["unchanged"], moved.counts["changed"]) == (2, 1)
    assert query(state)[0][2:] != before[0][2:]
    assert query(state)[1:] == before[1:]
