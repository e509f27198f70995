"""A fault of the whole file is noticed, and nothing is published until somebody says yes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from database.connection.engine import Database
from database.rights.scope import Scope
from database.secrets.seal import Sealer
from gazetteer.reading.divisions import DivisionIndex, DivisionName
from importing.errors import ConfirmationNeeded
from importing.mappings.mapping import Column, parse_mapping
from importing.pipeline import import_file
from importing.whole_file.sample import SAMPLE_ROWS, Sample, SampledRow
from importing.whole_file.texts import Library, Texts, check_texts
from tests.importing.conftest import ADDRESSES, COUNTY, TOWN, WEST, Load, address_row, write_csv
from tests.importing.test_people import PEOPLE, person

Query = Callable[..., list[tuple[Any, ...]]]
HEAD = "湖州市德清县莫干镇桥西村"
INDEX = DivisionIndex.of(
    [
        DivisionName(COUNTY, "county", "德清县"),
        DivisionName(TOWN, "town", "莫干镇"),
        DivisionName(WEST, "village", "桥西村"),
    ]
)
NUMBERED = Library(5_000, 0.02, 0.01)
RIGHT = [f"{HEAD}前街{n}号" for n in range(1, 60)]


def found(texts: list[str], library: Library = NUMBERED, *, own: bool = True) -> dict[str, Any]:
    checked = check_texts(Texts("full_text", "地址", texts, own, True, Column(column="地址")), INDEX, library)
    return {question.code: question for question in checked}


def test_right_texts_villages_without_numbers_and_places_of_events_are_not_doubted():
    assert found(RIGHT) == {}
    assert found([f"{HEAD}{n}组" for n in "一二三四五六七八九"] * 5, Library(0, 0, 0)) == {}
    assert found([f"{HEAD}前街{n}号502室" for n in range(40)] + [f"{HEAD}前街"] * 10) == {}
    vague = [f"莫干镇前街与后街路口{n}米处" for n in range(40)]
    assert list(check_texts(Texts("address_text", "地点", vague, True, False), INDEX, NUMBERED)) == []


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("前街{n}I-", "“I-”紧跟数字"),
        ("前街{n}?", "“?”紧跟数字"),
        ("前街{n}hao", "“hao”紧跟数字"),
        ("前街{n}弓", "“弓”紧跟数字"),
        ("前街NO.{n}", "“NO.”在数字前"),
        ("前街№{n}", "在数字前"),
        ("前街{n}", "没有“号”"),
        ("前街{n}-", "“-”紧跟数字"),
        ("前街{n}I-1幢1单元102室", "“I-”紧跟数字"),
    ],
)
@pytest.mark.parametrize("library", [NUMBERED, Library(0, 0, 0)])
def test_a_lost_or_strange_marker_is_named_with_a_replacement_that_mends_it(form: str, words: str, library: Library):
    texts = [HEAD + form.format(n=n) for n in range(1, 50)]
    question = found([*texts, *RIGHT[:3]], library)["numbers_unread"]
    assert question.share == pytest.approx(49 / 52)
    assert question.zh.startswith("94 % 的地址没有读出门牌号") and words in question.zh
    assert question.en.startswith("in 94 % of the addresses")
    assert question.mapping is not None
    mapping = parse_mapping(ADDRESSES.replace('full_text = "地址"', question.mapping))
    rewrite = mapping.columns["full_text"].replace[0].rewriter()
    assert found([rewrite(text) for text in texts]) == {}
    assert [rewrite(text) for text in RIGHT] == RIGHT, "what was right stays as it is"


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        ([f"{HEAD}前街{n}.0号" for n in range(1, 50)], "numbers_are_floats"),
        ([f"{HEAD}前街"] + [f"{HEAD}{c}街" for c in "东西南北中上下前后新老大小长短红绿黄蓝"], "numbers_missing"),
        ([f"12000{n}" for n in range(40)], "no_addresses"),
        ([f"长兴县莫干镇桥西村前街{n}号" for n in range(1, 50)], "other_county"),
        ([f"浙江省湖州市长兴县{text}" for text in RIGHT], "other_county"),
        ([f"{n}号前街桥西村莫干镇德清县" for n in range(1, 50)], "reversed_order"),
        ([RIGHT[0]] * 30, "identical_texts"),
    ],
)
def test_other_faults_of_the_texts_are_noticed(texts: list[str], code: str):
    question = found(texts)[code]
    assert question.zh and question.en


def test_registered_addresses_may_be_anywhere():
    assert found([f"长兴县和平镇长城村{n}号" for n in range(1, 50)], own=False) == {}


def test_the_sample_is_bounded_and_the_same_each_time():
    def taken() -> list[int]:
        sample = Sample()
        for n in range(10_000):
            place = sample.place()
            if place is not None:
                sample.put(place, SampledRow([str(n)], {}))
        return [int(row.cells[0] or "") for row in sample.rows]

    rows = taken()
    assert rows == taken()
    assert len(rows) == SAMPLE_ROWS
    assert 4_500 < sum(rows) / len(rows) < 5_500


def plates(n: int, form: str = "{n}号") -> list[dict[str, Any]]:
    return [address_row(i, 119.91 + i * 0.001, 30.45, 地址=f"{HEAD}前街{form.format(n=i)}") for i in range(1, n + 1)]


@pytest.mark.usefixtures("grounds")
def test_an_odd_file_is_published_after_a_yes_and_not_before(
    tmp_path: Path, load: Load, query: Query, database: Database, system: Scope, sealer: Sealer
):
    path, mapping = write_csv(tmp_path / "a.csv", plates(30, "{n}I-")), parse_mapping(ADDRESSES)
    checked = load(path, ADDRESSES, publish=False)
    assert [one["code"] for one in checked.counts["questions"]] == ["numbers_unread"]
    with pytest.raises(ConfirmationNeeded, match="“I-”紧跟数字") as caught:
        load(path, ADDRESSES)
    assert "--yes" in str(caught.value) and 'with = "号"' in str(caught.value)
    assert caught.value.report.counts == checked.counts
    assert query("SELECT count(*) FROM standard_address") == [(0,)]
    assert query("SELECT state, error, error_code FROM import_batch WHERE mapping = 'test_addresses' ORDER BY id") == [
        ("checked", None, None),
        ("checked", str(caught.value), "confirmation-needed"),
    ]
    done = import_file(database, system, path, mapping, sealer=sealer, publish=True, confirmed=True)
    assert (done.state, done.counts) == ("published", checked.counts)
    assert load(path, ADDRESSES).counts["questions"] == [], "again it changes nothing"


@pytest.mark.usefixtures("grounds")
def test_small_files_and_good_files_are_published_at_once(tmp_path: Path, load: Load):
    assert load(write_csv(tmp_path / "a.csv", plates(19, "{n}I-")), ADDRESSES).state == "published"
    assert load(write_csv(tmp_path / "b.csv", [r | {"编号": f"B{r['编号']}"} for r in plates(40)]), ADDRESSES).state


@pytest.mark.usefixtures("grounds")
def test_counts_over_all_rows_are_noticed_too(tmp_path: Path, load: Load):
    def codes(rows: list[dict[str, Any]], mapping: str = ADDRESSES) -> set[str]:
        counts = load(write_csv(tmp_path / "x.csv", rows), mapping, publish=False).counts
        return {one["code"] for one in counts["questions"]}

    good = plates(30)
    assert codes(good) == set()
    assert codes([*good, *(row | {"编号": f"再{row['编号']}"} for row in good)]) == {"rows_doubled"}
    assert codes([*good, *good]) == {"rows_doubled"}
    nowhere = [row | {"村代码": "", "经度": "", "纬度": "", "地址": f"前街{n}号"} for n, row in enumerate(good, 1)]
    assert codes(nowhere) == {"no_village"}
    assert codes([row | {"编号": f"{n}.0"} for n, row in enumerate(good)]) == {"cells_are_floats"}
    shifted = [{**row, "地址": row["村代码"], "村代码": row["地址"]} for row in good]
    assert "mostly_rejected" in codes(shifted)
    people = [person(1, 身份证号="", 姓名=f"张 三{'甲乙丙丁戊己庚辛壬癸'[n % 10]}", 户号=f"H{n}") for n in range(30)]
    assert "name_spaces" in codes(people, PEOPLE)
    assert "names_with_digits" in codes([row | {"姓名": f"H{n}"} for n, row in enumerate(people)], PEOPLE)
