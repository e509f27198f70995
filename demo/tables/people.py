"""The people tables: households, population (two editions), workers, units, links, visits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np

from demo.land.addresses import Addresses
from demo.land.divisions import Divisions
from demo.people.happenings import Visits
from demo.people.numbers import break_checksum, phones
from demo.people.people import ELDERLY_ALONE, KINDS, People
from demo.people.places import LET, Dwellings, Units
from demo.tables.writers import write_csv, write_workbook
from demo.words import SURNAMES, person_names

HOUSEHOLD_HEADER = ["户号", "户主姓名", "户类型", "居住地址", "户标签", "人数"]
PERSON_HEADER = [
    "人员编号",
    "姓名",
    "性别",
    "公民身份号码",
    "出生日期",
    "联系电话",
    "户号",
    "与户主关系",
    "户籍地址",
    "现住址",
    "人员标签",
    "死亡日期",
]
WORKER_HEADER = ["工号", "姓名", "账号", "手机", "网格编码", "职责", "上岗日期", "离岗日期"]
UNIT_HEADER = ["统一社会信用代码", "名称", "主体类型", "经营地址", "成立日期"]
LINK_HEADER = ["人员编号", "房屋编号", "关系", "起始日期"]
VISIT_HEADER = ["走访编号", "户号", "走访人账号", "走访时间", "走访结果", "备注"]
HOUSEHOLD_LABELS = ("", "低保", "特困", "残疾", "留守")
HOUSEHOLD_SHARES = (0.93, 0.03, 0.01, 0.02, 0.01)


@dataclass(slots=True)
class Edition:
    """What one edition of the people tables says, beyond :class:`People`.

    Texts: addresses of each person as written. second: persons who have another row, in another household.
    """

    registered_text: list[str]
    actual_text: list[str]
    home: list[int]
    labels: list[str]
    second: dict[int, int]
    deaths: dict[int, date] = field(default_factory=dict)
    phones: dict[int, str] = field(default_factory=dict)
    newborn: list[list[str]] = field(default_factory=list)


def write_households(
    path: Path, rng: np.random.Generator, addresses: Addresses, people: People, edition: Edition
) -> tuple[int, dict[str, int]]:
    """综治: households, a CSV in UTF-8 with BOM; two rows lack their number."""
    labels = rng.choice(len(HOUSEHOLD_LABELS), len(people.home), p=HOUSEHOLD_SHARES).tolist()

    def rows() -> Iterator[list[str]]:
        for i, (home, kind, label) in enumerate(zip(edition.home, people.kind.tolist(), labels, strict=True)):
            head = int(people.head[i])
            size = len(KINDS[kind][1])
            text = addresses.text(home)
            yield [
                people.household_no[i],
                people.name[head],
                "单人户" if size == 1 else "家庭户",
                text,
                HOUSEHOLD_LABELS[label],
                str(size),
            ]
        for _ in range(2):
            yield ["", "演示缺号", "家庭户", addresses.text(int(people.home[0])), "", "1"]

    return write_csv(path, HOUSEHOLD_HEADER, rows(), "utf-8-sig"), {"missing_value": 2}


def write_population(path: Path, people: People, edition: Edition, *, bad_rows: int) -> tuple[int, dict[str, int]]:
    """公安: actual population, a CSV in UTF-8. bad_rows: of each of three kinds, about persons who are not elsewhere."""

    def rows() -> Iterator[list[str]]:
        for i in range(len(people)):
            yield person_row(people, edition, i)
        for i, household in edition.second.items():
            row = person_row(people, edition, i)
            yield [f"P7{row[0][2:]}", *row[1:6], people.household_no[household], "亲属", *row[8:]]
        yield from edition.newborn
        yield from _bad_persons(people, edition, bad_rows)

    bad = {"bad_id_checksum": bad_rows, "impossible_date": bad_rows, "missing_value": bad_rows}
    return write_csv(path, PERSON_HEADER, rows()), bad


def person_row(people: People, edition: Edition, i: int) -> list[str]:
    """One person as the table has them."""
    household = int(people.household[i])
    death = edition.deaths.get(i)
    return [
        people.person_key(i),
        people.name[i],
        "男" if people.male[i] else "女",
        people.id_number[i],
        str(people.birth[i]),
        edition.phones.get(i, people.phone[i]),
        people.household_no[household],
        people.relation[i],
        edition.registered_text[i],
        edition.actual_text[i],
        edition.labels[i],
        death.isoformat() if death else "",
    ]


def person_labels(rng: np.random.Generator, people: People) -> list[str]:
    """Labels of each person: old and alone, disabled, under special care."""
    alone = (people.kind == ELDERLY_ALONE)[people.household].tolist()
    chance = rng.random(len(people)).tolist()
    return [
        "、".join(
            label
            for label, applies in (("独居老人", old), ("残疾", luck < 0.012), ("重点关爱", 0.012 < luck < 0.018))
            if applies
        )
        for old, luck in zip(alone, chance, strict=True)
    ]


def _bad_persons(people: People, edition: Edition, count: int) -> Iterator[list[str]]:
    for kind in range(3):
        for n in range(count):
            row = person_row(people, edition, kind * count + n)
            row[0] = f"P9{kind}{n:06d}"
            if kind == 0:
                row[3] = break_checksum(row[3])
            elif kind == 1:
                row[3], row[4] = "", "1987-02-30"
            else:
                row[1], row[3] = "", ""
            yield row


def write_workers(
    path: Path, rng: np.random.Generator, divisions: Divisions, accounts: Mapping[str, str], today: date
) -> tuple[int, dict[str, int]]:
    """综治: grid workers and their postings, a workbook; accounts: sign-in name by cell code. One row names no cell."""
    cells = divisions.cell_code
    name = person_names(rng, rng.integers(0, len(SURNAMES), len(cells) * 2))
    phone = phones(rng, len(cells) * 2)
    since = rng.integers(100, 900, len(cells)).tolist()
    replaced = (rng.random(len(cells)) < 0.1).tolist()
    one_of: dict[str, int] = {}

    def rows() -> Iterator[list[str | date | None]]:
        for i, code in enumerate(cells):
            username = username_of(code, accounts)
            who = one_of.setdefault(username, i)
            start = today - timedelta(days=since[i])
            yield [f"WG{who + 1:05d}", name[who], username, phone[who], code, "专职", start, None]
            if replaced[i]:
                k = len(cells) + i
                earlier = start - timedelta(days=365)
                yield [f"WG{k + 1:05d}", name[k], None, phone[k], code, "专职", earlier, start]
        yield ["WG99999", "演示错格", None, phone[0], f"{cells[0][:12]}999", "专职", today, None]

    return write_workbook(path, "网格员", WORKER_HEADER, rows()), {"unknown_parent": 1}


def username_of(cell_code: str, accounts: Mapping[str, str]) -> str:
    """The sign-in name of the worker of a cell."""
    return accounts.get(cell_code, f"wg{cell_code[6:]}")


def write_units(path: Path, rng: np.random.Generator, addresses: Addresses, units: Units, today: date) -> int:
    """市监: units and premises, a workbook."""
    age = rng.integers(60, 5000, len(units.name)).tolist()
    rows = (
        [code, name, kind, addresses.text(at), today - timedelta(days=days)]
        for code, name, kind, at, days in zip(
            units.code, units.name, units.kind, units.address.tolist(), age, strict=True
        )
    )
    return write_workbook(path, "市场主体", UNIT_HEADER, rows)


def write_links(
    path: Path, rng: np.random.Generator, people: People, dwellings: Dwellings, units: Units, today: date
) -> int:
    """Who owns, rents or works where: a CSV."""
    chance = rng.random(len(people.home)).tolist()
    works = rng.permutation(len(people.home))[: len(units.name)].tolist()

    def rows() -> Iterator[list[str]]:
        for household, luck in enumerate(chance):
            dwelling = dwellings.of_address[int(people.home[household])]
            relation = "居住" if dwellings.occupancy[dwelling] == LET else "产权"
            if luck < 0.6:
                start = today - timedelta(days=int(luck * 10_000) + 30)
                person = people.person_key(int(people.head[household]))
                yield [person, dwellings.key[dwelling], relation, start.isoformat()]
        for unit, household in enumerate(works):
            start = today - timedelta(days=30 + unit % 700)
            yield [people.person_key(int(people.head[household])), units.code[unit], "就业", start.isoformat()]

    return write_csv(path, LINK_HEADER, rows())


def write_visits(
    path: Path,
    divisions: Divisions,
    addresses: Addresses,
    people: People,
    visits: Visits,
    accounts: Mapping[str, str],
    today: date,
) -> tuple[int, dict[str, int]]:
    """走访: visits, a workbook; two rows name no known household."""
    cell = divisions.boundaries.cell_of_micro[addresses.micro[people.home]].tolist()

    def rows() -> Iterator[list[str]]:
        for i, household in enumerate(visits.household):
            at = datetime.combine(today - timedelta(days=visits.days_ago[i]), time()) + timedelta(
                minutes=visits.minute[i]
            )
            visitor = username_of(divisions.cell_code[cell[household]], accounts)
            when = at.isoformat(sep=" ", timespec="minutes")
            yield [visits.uid[i], people.household_no[household], visitor, when, visits.outcome[i], visits.note[i]]
        for n in range(2):
            yield [
                f"00000000-0000-4000-8000-00000000000{n}",
                "H000",
                "wangge",
                f"{today - timedelta(days=9)} 09:00",
                "正常见面",
                "",
            ]

    return write_workbook(path, "走访记录", VISIT_HEADER, rows()), {"unknown_parent": 2}
