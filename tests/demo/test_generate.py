"""The generated department files: repeatable, plausible, and true to what truth.json says."""

import csv
import hashlib
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pyogrio
import pytest
import shapely

from demo.generate import generate_county
from demo.words import COUNTY_CODE
from gazetteer.codes import (
    credit_code_valid,
    division_kind,
    resident_id_birth_date,
    resident_id_problem,
    resident_id_sex,
)
from importing.files import open_source
from importing.mappings.mapping import find_mapping
from tests.demo.conftest import TODAY

PERSONS = "公安_实有人口.csv"


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def rows(path: Path, encoding: str = "utf-8-sig") -> list[dict[str, str]]:
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def truth(small_folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((small_folder / "truth.json").read_text("utf-8"))
    return content


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_county(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        generate_county(tmp_path / name, "tiny", seed=seed, today=TODAY)
    assert hashes(tmp_path / "a") == hashes(tmp_path / "b")
    different = hashes(tmp_path / "c")
    tables = {name: value for name, value in hashes(tmp_path / "a").items() if not name.endswith((".prj", ".shx"))}
    assert all(different[name] != value for name, value in tables.items())


def test_generating_again_into_the_same_folder_replaces_everything(tmp_path: Path) -> None:
    generate_county(tmp_path, "tiny", today=TODAY)
    before = hashes(tmp_path)
    generate_county(tmp_path, "tiny", today=TODAY)
    assert hashes(tmp_path) == before


@pytest.mark.alone
def test_a_small_county_takes_less_than_15_seconds(tmp_path: Path) -> None:
    start = time.perf_counter()
    generate_county(tmp_path, "small")
    assert time.perf_counter() - start < 15


def test_the_folder_says_that_it_is_synthetic(small_folder: Path, truth: dict[str, Any]) -> None:
    note = (small_folder / "README.txt").read_text("utf-8")
    assert "合成数据" in note and "SYNTHETIC" in note
    assert truth["synthetic"] is True


def test_the_sizes_are_those_of_a_small_county(truth: dict[str, Any]) -> None:
    counts = truth["counts"]
    assert (counts["towns"], counts["villages"], counts["cells"], counts["micro_cells"]) == (3, 24, 120, 360)
    assert 11_500 < counts["addresses"] < 12_500
    assert 18_000 < counts["persons"] < 22_000
    assert counts["households"] == 7_000


def test_every_file_has_the_columns_its_mapping_reads(tiny: Any) -> None:
    for file in tiny.files:
        source = open_source(file.path, find_mapping(file.mapping))
        assert sum(len(batch.numbers) for batch in source.batches()) == file.rows, file.path.name


def test_id_numbers_are_valid_unique_and_of_the_unassigned_county(small_folder: Path, truth: dict[str, Any]) -> None:
    table = rows(small_folder / PERSONS)
    good = [row for row in table if not row["人员编号"].startswith(("P9", "P7"))]
    numbers = [row["公民身份号码"] for row in good]
    assert len(set(numbers)) == len(numbers) == truth["counts"]["persons"]
    for row in good:
        number = row["公民身份号码"]
        assert resident_id_problem(number) is None
        assert number.startswith(COUNTY_CODE)
        assert resident_id_birth_date(number).isoformat() == row["出生日期"]
        assert resident_id_sex(number) == {"男": "male", "女": "female"}[row["性别"]]
        assert not row["联系电话"] or row["联系电话"].startswith("154")


def test_bad_rows_are_as_many_as_the_truth_says(small_folder: Path, truth: dict[str, Any]) -> None:
    table = rows(small_folder / PERSONS)
    bad = [row for row in table if row["公民身份号码"] and resident_id_problem(row["公民身份号码"]) == "checksum"]
    assert len(bad) == truth["bad_rows"][PERSONS]["bad_id_checksum"] > 0
    assert sum(not row["姓名"] for row in table) == truth["bad_rows"][PERSONS]["missing_value"] > 0


def test_credit_codes_are_valid_and_different(small_folder: Path) -> None:
    source = open_source(small_folder / "市监_市场主体.xlsx", find_mapping("demo_units"))
    codes = [row[0] or "" for batch in source.batches() for row in batch.values]
    assert len(set(codes)) == len(codes)
    assert all(credit_code_valid(code) for code in codes)


def test_addresses_are_official_unique_and_agree_with_their_levels(small_folder: Path) -> None:
    table = rows(small_folder / "公安_标准地址.csv", "gb18030")[:-6]
    texts = [row["标准地址"] for row in table]
    assert len(set(texts)) == len(texts)
    levels = ["省", "市", "县", "乡镇街道", "村社区", "村民小组", "路街巷", "门牌号", "楼幢", "单元", "户室"]
    for row in table:
        assert row["标准地址"] == "".join(row[level] for level in levels)
        assert row["地址编码"].startswith(row["行政区划代码"])
        assert row["村社区"].endswith(division_kind(row["行政区划代码"]))


def test_planted_second_households_are_second_rows_of_the_same_number(
    small_folder: Path, truth: dict[str, Any]
) -> None:
    table = rows(small_folder / PERSONS)
    households: dict[str, set[str]] = {}
    for row in table:
        if resident_id_problem(row["公民身份号码"]) is None:
            households.setdefault(row["公民身份号码"], set()).add(row["户号"])
    twice = {number for number, found in households.items() if len(found) > 1}
    key = {row["人员编号"]: row["公民身份号码"] for row in table}
    assert twice == {key[person] for person in truth["anomalies"]["two_households"]}


def test_persons_who_live_where_they_are_registered_say_so_when_both_are_in_official_form(
    small_folder: Path, truth: dict[str, Any]
) -> None:
    addresses = {row["标准地址"] for row in rows(small_folder / "公安_标准地址.csv", "gb18030")}
    moved = set(truth["anomalies"]["registered_actual_differ"])
    official = [row for row in rows(small_folder / PERSONS) if row["现住址"] in addresses]
    assert len(official) > 5_000
    assert {row["人员编号"] for row in official if row["现住址"] != row["户籍地址"]} <= moved
    assert {row["户籍地址"] for row in official} <= addresses


def test_the_second_edition_differs_as_the_truth_says(small_folder: Path, truth: dict[str, Any]) -> None:
    first = {row["人员编号"]: row for row in rows(small_folder / PERSONS)}
    second = {row["人员编号"]: row for row in rows(small_folder / "update" / PERSONS)}
    changed: Counter[str] = Counter()
    for key, row in second.items():
        if key not in first:
            changed["born_persons"] += 1
        elif row != first[key]:
            fields = {name for name in row if row[name] != first[key][name]}
            changed["died_persons"] += fields == {"死亡日期"}
            changed["new_phones"] += fields == {"联系电话"}
            changed["moved_persons"] += "现住址" in fields
    assert changed == {name: len(keys) for name, keys in truth["second_edition"].items()}
    assert all(changed.values())


def test_the_grid_worker_of_the_demo_has_something_to_see(tiny: Any) -> None:
    by_name = {account.username: account for account in tiny.accounts}
    assert set(by_name) == {"wangge", "cun", "xiangzhen", "shuju", "admin", "xitong", "anquan", "shenji"}
    (village,) = by_name["cun"].prefixes
    assert all(cell.startswith(village) and len(cell) == 15 for cell in by_name["wangge"].prefixes)
    found = json.loads(tiny.truth.read_text("utf-8"))["anomalies"]["event_surge"]
    assert set(found) & set(by_name["wangge"].prefixes)


def test_addresses_stand_beside_the_roads_they_are_named_after(small_folder: Path) -> None:
    """Nine in ten of the doors on a street lie within a hundred metres of the line with its name, and none in a water."""
    doors = {
        (row["路街巷"], float(row["经度"]), float(row["纬度"]))
        for row in rows(small_folder / "公安_标准地址.csv", "gb18030")
        if row["路街巷"] and row["楼幢"] == "" and 119 < float(row["经度"]) < 121
    }
    base = small_folder / "测绘_底图.gpkg"
    _, _, shapes, (kinds, names) = pyogrio.raw.read(base, layer="线", columns=["要素类", "名称"])
    roads: dict[str, list[Any]] = {}
    for shape, kind, name in zip(shapes, kinds, names, strict=True):
        if kind == "roads" and name:
            roads.setdefault(name, []).append(shapely.from_wkb(shape))
    assert {road for road, _, _ in doors} <= set(roads)
    near = sum(
        shapely.distance(shapely.points(lon, lat), shapely.union_all(roads[road])) < 0.001 for road, lon, lat in doors
    )
    assert near >= 0.9 * len(doors)
    _, _, shapes, (kinds,) = pyogrio.raw.read(base, layer="面", columns=["要素类"])
    waters = shapely.STRtree(
        [shapely.from_wkb(shape) for shape, kind in zip(shapes, kinds, strict=True) if kind == "water"]
    )
    wet = waters.query([shapely.points(lon, lat) for _, lon, lat in doors], predicate="intersects")
    assert len(wet[0]) <= 0.01 * len(doors)
