"""Every anomaly rule explains itself, tells facts under stable keys, and words them in Chinese and English."""

import importlib.util
import json
import re
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from alerts.detection.finding import Finding
from alerts.detection.manuals import rules_page
from alerts.detection.rules import RULES
from alerts.detection.rules.elderly_alone_unvisited import Limits as Visits
from alerts.detection.rules.elderly_alone_unvisited import LivesAlone, answered, elderly_alone_unvisited
from alerts.detection.rules.event_surge import Limits as Surges
from alerts.detection.rules.event_surge import WeeklyCounts, event_surge
from alerts.detection.rules.registered_actual_differ import TwoAddresses, registered_actual_differ
from alerts.detection.rules.two_households import CurrentHousehold, Membership, two_households
from alerts.detection.rules.unknown_address import UnmatchedAddress, unknown_address
from alerts.detection.rules.vacant_but_occupied import VacantDwelling, vacant_but_occupied
from alerts.detection.words import FactMissing
from alerts.wording import in_words
from database.connection.engine import Database
from database.rights.scope import Scope
from tests import world
from tests.rooms import ROOT
from tests.world import CELLS

TODAY = date(2026, 7, 2)
WEST, EAST = CELLS[0], CELLS[3]
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def sure(finding: Finding | None) -> Finding:
    assert finding is not None
    return finding


@dataclass(frozen=True)
class Case:
    """A finding; its Chinese title, reason, facts as they always were; the facts as an older release stored them, where they differ."""

    rule: str
    finding: Finding
    title: str
    reason: str
    shown: dict[str, Any]
    stored_before: dict[str, Any] | None = None


ALONE = LivesAlone(1, "Li", date(1940, 1, 1), 1, "H", "Yongan 1", None, date(2026, 6, 1), WEST, None, None, WEST)
DIFFER = TwoAddresses(1, "Li", 1, "Miaoqian 8", "a", WEST, 2, "Yongan 1", "b", WEST, 2874.4, WEST, None, None, None)
HERE, THERE = (
    CurrentHousehold(n, f"H{n}", address, cell, n) for n, address, cell in ((1, "Yongan 1", WEST), (2, "", EAST))
)
DWELLING = VacantDwelling(
    1, "D1", "Yongan 1", (1, 2, 3, 4), ("A", "B", "C", "D"), (WEST,) * 4, WEST, (7,), 7, None, None
)
CASES = {
    "alone, never visited": Case(
        "elderly_alone_unvisited", sure(elderly_alone_unvisited(ALONE, TODAY)),
        "独居老人Li（86 岁）自 2026-06-01 起未走访",
        "Li，86 岁，独自居住在Yongan 1，2026-06-01 建档，到 2026-07-02 的 31 天里没有走访记录（要求每 30 天至少一次）。",
        {"姓名": "Li", "年龄": 86, "户号": "H", "住址": "Yongan 1", "上次走访": None, "未走访天数": 31},
    ),
    "alone, visited, kept elsewhere": Case(
        "elderly_alone_unvisited",
        sure(elderly_alone_unvisited(replace(ALONE, last_visit=date(2026, 5, 1), person_grid=EAST, address=""), TODAY)),
        "独居老人自 2026-05-01 起未走访",
        "一名老人（登记在本辖区以外）独自居住在（地址不详），上次走访是 2026-05-01，到 2026-07-02 已过 62 天（要求每 30 天至少一次）。",
        {"户号": "H", "住址": "", "上次走访": "2026-05-01", "未走访天数": 62},
    ),
    "surge": Case(
        "event_surge",
        sure(event_surge(WeeklyCounts(WEST, "C1", "noise", (9, 2, 2, 2, 2, 2, 2, 2, 2, 3), None, None), TODAY)),
        "C1“noise”事件激增：7 天 9 起",
        "截至 2026-07-02 的 7 天里，C1发生“noise”9 起；此前 8 周平均每周 2.1 起，按该网格自身历史一周不应超过 6.5 起（均值加 3 倍标准差）。",
        {"网格": "C1", "事件类型": "noise", "统计截至": "2026-07-02", "近7天": 9, "历史周均": 2.1, "上限": 6.5,
         "逐周（由近及远）": [9, 2, 2, 2, 2, 2, 2, 2, 2, 3]},
    ),
    "differ": Case(
        "registered_actual_differ", sure(registered_actual_differ(DIFFER)),
        "Li人户分离（跨村居住）", "Li户籍在Miaoqian 8，实际住在Yongan 1，相距 2.9 公里。",
        {"姓名": "Li", "户籍地址": "Miaoqian 8", "现住址": "Yongan 1", "类型": "跨村居住", "距离（米）": 2874},
    ),
    "differ, near": Case(
        "registered_actual_differ",
        sure(registered_actual_differ(replace(DIFFER, distance_m=81.2, actual_village="a"))),
        "Li人户分离（同村不同址）", "Li户籍在Miaoqian 8，实际住在Yongan 1，相距 81 米。",
        {"姓名": "Li", "户籍地址": "Miaoqian 8", "现住址": "Yongan 1", "类型": "同村不同址", "距离（米）": 81},
    ),
    "differ, registered elsewhere": Case(
        "registered_actual_differ", sure(registered_actual_differ(replace(DIFFER, registered_grid=EAST))),
        "Li人户分离（跨村居住）", "Li户籍在本辖区以外，实际住在Yongan 1。",
        {"姓名": "Li", "户籍地址": "本辖区以外", "现住址": "Yongan 1", "类型": "跨村居住"},
    ),
    "two households, one side": Case(
        "two_households", next(iter(two_households(Membership(1, "Li", (HERE, THERE))))),
        "Li同时登记在 2 户", "Li同时是 2 个户的现有成员：H1（Yongan 1）；另一户在本辖区以外。请核实应保留哪一户。",
        {"姓名": "Li", "户号": ["H1"], "地址": ["Yongan 1"], "本辖区以外": "1 户"},
    ),
    "two households, in one cell": Case(
        "two_households", next(iter(two_households(Membership(1, "Li", (HERE, replace(THERE, grid_code=WEST)))))),
        "Li同时登记在 2 户", "Li同时是 2 个户的现有成员：H1（Yongan 1）；H2（地址不详）。请核实应保留哪一户。",
        {"姓名": "Li", "户号": ["H1", "H2"], "地址": ["Yongan 1", ""]},
    ),
    "unknown": Case(
        "unknown_address", sure(unknown_address(UnmatchedAddress(1, "Li", "Yongan 99", "road", False, WEST, None, None, None))),
        "Li的住址不在地址库", "Li登记的现住址“Yongan 99”在标准地址库中不存在，地址库只能对应到街路巷一级。",
        {"姓名": "Li", "现住址（原文）": "Yongan 99", "可对应到": "街路巷"},
    ),
    "unknown at all": Case(
        "unknown_address", sure(unknown_address(UnmatchedAddress(1, "Li", "x", None, False, WEST, None, None, None))),
        "Li的住址不在地址库", "Li登记的现住址“x”在标准地址库中不存在，地址库中没有任何一级能对应。",
        {"姓名": "Li", "现住址（原文）": "x", "可对应到": "无"},
    ),
    "vacant": Case(
        "vacant_but_occupied", sure(vacant_but_occupied(DWELLING)),
        "D1登记为空置，却有 4 人居住", "房屋“D1”（Yongan 1）登记为空置，人口登记中A、B、C等共 4 人住在这里。",
        {"房屋": "D1", "地址": "Yongan 1", "登记状态": "空置", "居住人": ["A", "B", "C", "D"]},
    ),
    "vacant, some elsewhere": Case(
        "vacant_but_occupied", sure(vacant_but_occupied(replace(DWELLING, person_grids=(WEST, EAST, EAST, WEST)))),
        "D1登记为空置，却有 4 人居住", "房屋“D1”（Yongan 1）登记为空置，人口登记中A、D等共 4 人住在这里。",
        {"房屋": "D1", "地址": "Yongan 1", "登记状态": "空置", "居住人": ["A", "D"], "登记在本辖区以外的居住人": "2 人"},
        {"房屋": "D1", "地址": "Yongan 1", "登记状态": "空置", "居住人": ["A", "D", "2 人登记在本辖区以外"]},
    ),
    "vacant, all elsewhere": Case(
        "vacant_but_occupied", sure(vacant_but_occupied(replace(DWELLING, person_grids=(EAST,) * 4, address=""))),
        "D1登记为空置，却有 4 人居住", "房屋“D1”（地址不详）登记为空置，人口登记中登记在本辖区以外的共 4 人住在这里。",
        {"房屋": "D1", "地址": "", "登记状态": "空置", "居住人": [], "登记在本辖区以外的居住人": "4 人"},
        {"房屋": "D1", "地址": "", "登记状态": "空置", "居住人": ["4 人登记在本辖区以外"]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(RULES))
def test_every_rule_explains_itself_in_both_languages(name: str) -> None:
    rule = RULES[name]
    manual = rule.manual
    for words in (manual.title, manual.problem, manual.matters, manual.mend):
        assert re.search(r"[\u4e00-\u9fff]{2}", words), words
        assert "{" not in words
    for words in (manual.title_en, manual.english):
        assert re.search(r"[A-Za-z]{3}", words), words
        assert not CHINESE.search(words), words
    for one in rule.parameters:
        assert all(CHINESE.search(words) for words in (one.unit, one.meaning, one.source)), one.name
        assert all(words and not CHINESE.search(words) for words in (one.unit_en, one.meaning_en, one.source_en)), (
            one.name
        )
    assert rule.words.keys() == {"zh", "en"}
    for key, fact in rule.facts.items():
        assert re.fullmatch(r"[a-z][a-z0-9_]*", key)
        assert CHINESE.search(fact.zh), key
        assert not CHINESE.search(fact.en), key


def test_the_documentation_is_what_the_rules_say() -> None:
    page = (ROOT / "docs/alerts.md").read_text("utf-8")
    assert page.endswith(rules_page()), "python -m alerts.detection.manuals docs/alerts.md"


@pytest.mark.parametrize("name", sorted(CASES))
def test_title_reason_and_facts_are_worded_from_the_facts(name: str) -> None:
    case = CASES[name]
    rule, facts = RULES[case.rule], case.finding.facts
    assert facts.keys() <= rule.facts.keys()
    assert (rule.say_title(facts), rule.say_reason(facts), rule.labelled(facts)) == (
        case.title,
        case.reason,
        case.shown,
    )
    english = [rule.say_title(facts, "en"), rule.say_reason(facts, "en"), json.dumps(rule.labelled(facts, "en"))]
    for words in english:
        assert re.search(r"[A-Za-z]{3}", words), words
        assert not CHINESE.search(words.encode().decode("unicode_escape")), words
    assert len(rule.labelled(facts, "en")) == len(case.shown)


def test_who_sees_the_whole_reads_it_from_its_own_facts() -> None:
    finding = next(iter(two_households(Membership(1, "Li", (HERE, THERE)))))
    assert finding.whole is not None
    reason = RULES["two_households"].say_reason(finding.whole.facts, "en")
    assert (
        reason
        == "Li is a current member of 2 households: H1 (Yongan 1); H2 (address unknown). Check which one is right."
    )


def test_parameters_decide() -> None:
    assert elderly_alone_unvisited(ALONE, TODAY, Visits(visit_days=31)) is None
    assert elderly_alone_unvisited(ALONE, TODAY, Visits(elderly_years=87)) is None
    found = sure(elderly_alone_unvisited(ALONE, TODAY, Visits(visit_days=7)))
    assert "要求每 7 天至少一次" in RULES["elderly_alone_unvisited"].say_reason(found.facts)
    assert not answered("met", date(2026, 6, 20), TODAY, Visits(visit_days=7))
    surge = WeeklyCounts(WEST, "C1", "noise", (9, *(2,) * 9), None, None)
    assert event_surge(surge, TODAY, Surges(minimum=10)) is None
    assert event_surge(surge, TODAY, Surges(deviations=9.0)) is None


def test_an_alert_of_before_the_version_stays_chinese_when_its_facts_do_not_suffice() -> None:
    rule = RULES["elderly_alone_unvisited"]
    facts = {"person_name": "Li", "age": 86, "address": "Yongan 1", "unvisited_days": 31, "unknown": 1}
    with pytest.raises(FactMissing):
        rule.say_reason(facts, "en")
    alert = world.alert_of("题", rule.name, reason="因", facts=facts, own_facts=facts)
    english = in_words(alert, "en")
    assert (english.title, english.reason, english.rule_title) == ("题", "因", rule.manual.title_en)
    assert english.facts == {"name": "Li", "age": 86, "address": "Yongan 1", "days without a visit": 31, "unknown": 1}
    assert in_words(replace(alert, rule="gone"), "en").facts == facts


@pytest.fixture
def turned(database: Database, system: Scope) -> Any:
    """The function by which the migration turns the facts that are stored."""
    path = ROOT / "database/migrations/county/versions/0046_alert_facts.py"
    spec = importlib.util.spec_from_file_location("alert_facts", path)
    assert spec is not None and spec.loader is not None
    migration = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(migration)
    with database.transaction(system) as connection:
        connection.exec_driver_sql(migration._TURNED)

        def run(rule: str, facts: dict[str, Any]) -> Any:
            query = text(
                "SELECT pg_temp.turned(:rule, CAST(:facts AS jsonb), CAST(:keys AS jsonb), CAST(:codes AS jsonb))"
            )
            values = {"keys": json.dumps(migration.KEYS), "codes": json.dumps(migration.CODES)}
            return connection.scalar(query, values | {"rule": rule, "facts": json.dumps(facts)})

        yield run


def test_stored_facts_are_turned_into_those_a_scan_tells_today_and_nothing_is_lost(turned: Any) -> None:
    for name, case in CASES.items():
        rule = RULES[case.rule]
        shown = {key: value for key, value in case.finding.facts.items() if rule.facts[key].shown}
        cause = {"before": None, "after": {"household_no": "H2"}, "别的": ["x"]}
        assert turned(case.rule, (case.stored_before or case.shown) | cause) == shown | cause, name
