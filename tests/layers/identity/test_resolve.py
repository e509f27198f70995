"""Who is one person: invented people, and those who are easily taken for one another."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.identity_people import checked, write
from layers.people.identity.files import RecordsInvalid, read_records
from layers.people.identity.resolve import AUTO, REVIEW, Row, resolve
from mapserver.cli.identity import resolve_command
from mapserver.cli.lazy import lazy_app

DOOR = "枫桥镇大坪村3组12号"


def number(birth: str, serial: int) -> str:
    return checked(f"990121{birth}{serial:03d}")


def record(
    key: str, name: str, birth: str = "", national_id: str = "", phone: str = "", address: str = "", source: str = ""
) -> Row:
    return {
        "id": key,
        "name": name,
        "birth_date": birth,
        "national_id": national_id,
        "phone": phone,
        "address": address,
        "source": source,
    }


def together(rows: list[Row]) -> set[frozenset[str]]:
    """The clusters of more than one record that are sure."""
    sets: dict[str, set[str]] = {}
    for found in resolve(rows):
        if found.decision == AUTO:
            sets.setdefault(found.cluster, set()).add(found.id)
    return {frozenset(members) for members in sets.values() if len(members) > 1}


def test_one_number_is_one_person_however_it_is_written() -> None:
    own = number("19630402", 11)
    rows = [
        record("a", "王建国", "1963-04-02", own),
        record("b", "王建国", "", f"'{own}"),
        record("c", "王建囯", "19630402", own.lower()),
        record("d", "王建国", "1963-04-02", number("19630402", 13)),
    ]
    assert together(rows) == {frozenset("abc")}


def test_a_number_that_another_person_bears_is_looked_at_by_a_person() -> None:
    own = number("19630402", 11)
    rows = [record("a", "王建国", "1963-04-02", own), record("b", "李秀英", "1971-09-30", own)]
    assert together(rows) == set()
    assert {found.decision for found in resolve(rows)} == {AUTO, REVIEW}


def test_rounded_numbers_join_nobody() -> None:
    rows = [record("a", "王建国", "1963-04-02", "9.90121E+17"), record("b", "李秀英", "1971-09-30", "9.90121E+17")]
    assert together(rows) == set()


def test_households_stay_apart() -> None:
    """Twins, father and son on one phone, namesakes of a village, tenants of one flat."""
    phone = "15400000001"
    rows = [
        record("twin1", "王志明", "2004-05-06", phone=phone, address=DOOR, source="卫健"),
        record("twin2", "王志亮", "2004-05-06", phone=phone, address=DOOR, source="网格"),
        record("father", "王建国", "1963-04-02", phone=phone, address=DOOR, source="网格"),
        record("son", "王建军", "1990-04-02", phone=phone, address=DOOR, source="民政"),
        record("namesake1", "李海", "1963-04-02", phone="15400000002", address="枫桥镇大坪村5组1号", source="网格"),
        record("namesake2", "李海", "1963-11-20", phone="15400000003", address="枫桥镇大坪村9组7号", source="民政"),
        record("tenant1", "赵敏", "1999-01-01", phone="15400000004", address="人民路5号8幢2单元301室", source="网格"),
        record("tenant2", "钱伟", "1998-02-03", phone="15400000004", address="人民路5号8幢2单元301室", source="公安"),
    ]
    assert together(rows) == set()


def test_without_a_number_name_birth_and_door_make_a_person() -> None:
    rows = [
        record("a", "王建国", "1963-04-02", address=DOOR, source="公安"),
        record("b", "王建国", "1963.4.2", address="某县" + DOOR, source="网格"),
        record("c", "王建国", "1963-02-04", phone="15400000001", address=DOOR, source="卫健"),
        *[
            record(f"x{n}", f"李{c}", f"19{60 + n}-01-0{n + 1}", address=f"枫桥镇大坪村{n + 5}组{n}号")
            for n, c in enumerate("海波涛浪")
        ],
    ]
    assert together(rows) == {frozenset("abc")}


def test_what_is_missing_is_no_evidence() -> None:
    rows = [record("a", "王建国"), record("b", "王建国"), record("c", ""), record("d", "")]
    assert together(rows) == set()


def test_what_stands_where_something_had_to_stand_joins_nobody() -> None:
    """A phone of a whole village, 无 as a number, the first of January, fifteen ones."""
    surnames = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高梁郑谢宋唐许韩邓冯曹彭曾肖田董"
    rows = [
        record(f"p{n}", f"{surname}建国", f"19{40 + n}-03-0{n % 9 + 1}", "无", "15400000000")
        for n, surname in enumerate(surnames)
    ]
    rows += [record(f"y{n}", "王建国", "1950-01-01", "1" * 15) for n in range(30)]
    assert together(rows) == set()


def test_files_of_nothing_or_of_nonsense_leave_everybody_alone() -> None:
    assert resolve([]) == []
    nonsense = {
        "name": "x" * 5_000,
        "address": "1号" * 3_000,
        "phone": "9" * 900,
        "birth_date": "1" * 800,
        "national_id": "7" * 3_000,
    }
    for rows in (
        [{"id": "1"}],
        [{"id": "1", "name": "王伟"}, {"id": "2", "name": ""}],
        [{"id": str(n)} for n in range(5)],
        [{"id": "1"} | nonsense],
    ):
        assert [(found.id, found.cluster, found.decision) for found in resolve(rows)] == [
            (row["id"], row["id"], AUTO) for row in rows
        ]


def test_two_numbers_are_two_persons_whatever_else_agrees() -> None:
    rows = [
        record("a", "王建国", "1963-04-02", number("19630402", 11), "15400000001", DOOR),
        record("b", "王建国", "1963-04-02", number("19630402", 371), "15400000001", DOOR),
        record("c", "王建国", "1963-04-02", "", "15400000001", DOOR),
    ]
    assert not any({"a", "b"} <= cluster for cluster in together(rows))


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Row], dict[str, str]]:
    file = tmp_path_factory.mktemp("people") / "people.csv"
    write(file, 3_000, seed=3)
    with file.with_name("people.csv.truth").open(encoding="utf-8") as truth:
        return read_records([file], "id"), {row["id"]: row["person"] for row in csv.DictReader(truth)}


def test_synthetic_households_no_wrong_join_and_most_found(county: tuple[list[Row], dict[str, str]]) -> None:
    rows, person = county
    found = resolve(rows)
    members: dict[str, list[str]] = {}
    for each in found:
        if each.decision == AUTO:
            members.setdefault(each.cluster, []).append(person[each.id])
    wrong = [names for names in members.values() if len(set(names)) > 1]
    joined = sum(len(names) * (len(names) - 1) // 2 for names in members.values())
    sizes: dict[str, int] = {}
    for name in person.values():
        sizes[name] = sizes.get(name, 0) + 1
    assert wrong == []
    assert joined >= 0.9 * sum(size * (size - 1) // 2 for size in sizes.values())


def test_the_order_of_the_rows_changes_nothing(county: tuple[list[Row], dict[str, str]]) -> None:
    rows = county[0][:1_500]
    expected = {found.id: found for found in resolve(rows)}
    latin = [record(str(n), name, birth, address=f"{n // 2} high street") for n, (name, birth) in enumerate(
        [("john smith", "1950-01-02"), ("jon smith", "1950-01-02"), ("mary jones", "1961-03-04"), ("mary jones", "1961-04-03")] * 20)]  # fmt: skip
    expected_latin = {found.id: found for found in resolve(latin)}
    for seed in range(3):
        shuffled, shuffled_latin = rows[:], latin[:]
        random.Random(seed).shuffle(shuffled)
        random.Random(seed).shuffle(shuffled_latin)
        assert {found.id: found for found in resolve(shuffled)} == expected
        assert {found.id: found for found in resolve(shuffled_latin)} == expected_latin


def test_names_of_any_script_are_joined_by_scored_evidence() -> None:
    surnames = [
        "carter",
        "baker",
        "fisher",
        "mason",
        "turner",
        "cooper",
        "smith",
        "weaver",
        "miller",
        "archer",
        "potter",
        "tanner",
    ]
    given = ["alice", "bruno", "clara", "david", "edith", "frank", "grace", "henry", "irene", "jacob", "karen", "louis"]
    streets = ["mill", "church", "station", "garden", "river", "market", "harbour", "castle", "forest", "meadow"]
    chance = random.Random(5)
    rows, person = [], {}
    for n in range(144):
        name, town = f"{given[n % 12]} {surnames[n // 12]}", chance.choice(surnames)
        birth = f"{chance.randrange(1920, 2000)}-{chance.randrange(1, 13):02d}-{chance.randrange(1, 28):02d}"
        address = f"{chance.randrange(100, 999)} {chance.choice(streets)} {chance.choice(['lane', 'road', 'street'])}"
        rows.append(record(f"{n}a", name, birth, address=f"{address}, {town}ton"))
        slip = name[:3] + name[4:] if n % 4 == 0 else name
        rows.append(record(f"{n}b", slip, birth if n % 5 else "", address=address))
        person |= {f"{n}a": n, f"{n}b": n}
    clusters = together(rows)
    assert all(len({person[key] for key in cluster}) == 1 for cluster in clusters)
    assert len(clusters) >= 140


def test_the_command_writes_clusters_and_refuses_what_it_cannot_read(tmp_path: Path) -> None:
    app = lazy_app("", {"resolve": "mapserver.cli.identity:resolve_command"})
    assert resolve_command.__doc__
    first, second, out = tmp_path / "公安.csv", tmp_path / "网格.csv", tmp_path / "out.csv"
    own = number("19630402", 11)
    first.write_text(f"编号, name, national_id\n1, 王建国, {own}\n", encoding="utf-8")
    second.write_text(f"编号,name,national_id\n2,王建国,{own}\n", encoding="gb18030")
    done = CliRunner().invoke(app, ["resolve", str(first), str(second), "--id-column", "编号", "--out", str(out)])
    assert done.exit_code == 0, done.output
    with out.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["id"], row["cluster"], row["decision"]) for row in rows] == [("1", "1", "auto"), ("2", "1", "auto")]
    assert "national_id same" in rows[0]["reasons"]
    for content, word in ((b"name\nx\n", "id"), (b"id,name\n1,x\n1,y\n", "重复"), (b"id,name\n,x\n", "编号"), (b"id,other\n1,2\n", "比对"), (b"\xff\xfe\x80id", "UTF-8"), (b"", "id")):  # fmt: skip
        first.write_bytes(content)
        with pytest.raises(RecordsInvalid, match=word):
            read_records([first], "id")
