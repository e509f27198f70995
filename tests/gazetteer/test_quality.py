"""Quality rules: each has its manual; runs double nothing; a stranger sees nothing; fixes never touch meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from database.connection.engine import Database
from database.rights.scope import Role, Scope
from database.rules.manual import Manual, ManualIncomplete
from gazetteer.quality.check import UnknownRule, check, get_rule, rules_of
from gazetteer.quality.findings import (
    FindingClosed,
    FindingNotFound,
    count_findings,
    count_states,
    get_finding,
    ignore_finding,
    list_findings,
)
from gazetteer.quality.fix import FixReasonMissing, FixReverted, NoSafeFix, apply_fix, preview_fix, revert_fix
from gazetteer.quality.mending import drop_blanks, drop_separators
from gazetteer.quality.report import write_report
from gazetteer.quality.rules import RULES
from gazetteer.reading.normalise import normalise
from grid.quality.county import SETS
from tests import world
from tests.world import CELLS, CHUNHUI, QIANQIU

HEAD = "武康街道千秋社区"


@pytest.fixture
def library(database: Database, system: Scope) -> Iterator[Connection]:
    """Three sound addresses, one with separators, and one text twice."""
    with database.transaction(system) as connection:
        world.build_county(connection)
        for n, written in enumerate(
            ("永安街1号", "永安街3号", "永安街5号", "永安街，7号", "永安街9号", "永安街9号"), start=1
        ):
            world.add_address(connection, HEAD + written, CELLS[0], n)
        yield connection


def run(connection: Connection, scope: Scope, *names: str) -> dict[str, int]:
    return check(connection, scope, SETS, only=names or None).found


def ids(connection: Connection, rule: str, state: str = "open") -> list[int]:
    return [f.address_id for f in list_findings(connection, rule=rule, state=state).items]


@pytest.mark.parametrize("name", sorted(rules_of(SETS)))
def test_every_rule_has_a_manual_in_both_languages_and_a_sentence(name: str) -> None:
    rule = get_rule(SETS, name)
    assert re.fullmatch(r"[a-z0-9_]+", name)
    for part in (rule.manual.title, rule.manual.problem, rule.manual.matters, rule.manual.mend, rule.says):
        assert re.search(r"[\u4e00-\u9fff]{2}", part), (name, part)
    for part in (rule.manual.title_en, rule.manual.english):
        assert re.search(r"[A-Za-z]{3}", part), (name, part)
    assert rule.sentence({})


def test_there_are_at_least_forty_rules() -> None:
    assert len(rules_of(SETS)) >= 40


@pytest.mark.parametrize("docstring", [None, "", "只有名称", "名称 | Name\n\n问题：有\n影响：有\nEnglish: no mend"])
def test_a_docstring_without_its_sections_is_no_manual(docstring: str | None) -> None:
    with pytest.raises(ManualIncomplete):
        Manual.of(docstring)


def test_the_documentation_names_every_rule() -> None:
    page = (Path(__file__).parents[2] / "docs/addresses/quality.md").read_text("utf-8")
    for name, rule in rules_of(SETS).items():
        assert f"`{name}` | {rule.manual.title}" in page, name


def test_what_is_found_is_kept_once_however_often_the_rules_run(library: Connection, system: Scope) -> None:
    first = run(library, system)
    before = library.execute(text("SELECT rule, address_id, first_seen_at FROM address_finding ORDER BY 1, 2")).all()
    assert run(library, system) == first
    assert (
        before
        == library.execute(text("SELECT rule, address_id, first_seen_at FROM address_finding ORDER BY 1, 2")).all()
    )
    assert len(ids(library, "separators")) == 1
    assert len(ids(library, "duplicate_text")) == 2


def test_what_is_gone_is_fixed_and_opens_again_when_it_comes_back(library: Connection, system: Scope) -> None:
    run(library, system, "separators")
    library.execute(text("UPDATE standard_address SET full_text = replace(full_text, '，', '')"))
    run(library, system, "separators")
    assert (ids(library, "separators"), len(ids(library, "separators", "fixed"))) == ([], 1)
    library.execute(text("UPDATE standard_address SET full_text = replace(full_text, '7号', '，7号')"))
    run(library, system, "separators")
    assert len(ids(library, "separators")) == 1


def test_an_ignored_finding_stays_ignored(library: Connection, system: Scope) -> None:
    run(library, system, "duplicate_text")
    finding = list_findings(library, rule="duplicate_text").items[0]
    assert ignore_finding(library, finding.id, reason="两户确实同号", actor="chen").state == "ignored"
    run(library, system, "duplicate_text")
    assert count_states(library)["duplicate_text"] == {"ignored": 1, "open": 1}
    with pytest.raises(FindingNotFound):
        ignore_finding(library, 999_999, reason="没有这条", actor="chen")


def test_a_finding_that_is_gone_cannot_be_ignored(library: Connection, system: Scope) -> None:
    run(library, system, "separators")
    finding = list_findings(library, rule="separators").items[0]
    apply_fix(library, system, get_rule(SETS, "separators"), reason="统一格式")
    with pytest.raises(FindingClosed):
        ignore_finding(library, finding.id, reason="没有必要", actor="chen")


def test_counts_are_by_rule_and_village_and_pages_follow_each_other(library: Connection, system: Scope) -> None:
    run(library, system, "duplicate_text", "separators")
    rows = {(r.rule, r.division_code): r.open_n for r in count_findings(library)}
    assert rows == {("duplicate_text", QIANQIU): 2, ("separators", QIANQIU): 1}
    assert count_findings(library, village=CHUNHUI) == []
    page = list_findings(library, village=QIANQIU, limit=2)
    rest = list_findings(library, village=QIANQIU, limit=2, after=page.next)
    assert (len(page.items), len(rest.items), rest.next) == (2, 1, None)


def test_a_stranger_sees_no_finding_of_another_village_or_county(
    library: Connection, database: Database, system: Scope, neighbour: str
) -> None:
    run(library, system)
    library.commit()
    for scope in (
        Scope("330521", "li", Role.GIS_STAFF, (CHUNHUI,)),
        Scope(neighbour, "wang", Role.GIS_STAFF, (neighbour,)),
    ):
        with database.transaction(scope) as connection:
            assert list_findings(connection).items == []
            assert count_findings(connection) == []
            assert preview_fix(connection, get_rule(SETS, "separators")).changed_n == 0
            assert apply_fix(connection, scope, get_rule(SETS, "separators"), reason="越界修复").changed_n == 0
    with database.platform() as connection, pytest.raises(Exception, match="address_finding"):
        connection.execute(text("SELECT * FROM address_finding"))


def test_a_run_over_a_part_does_not_close_what_only_the_whole_shows(
    library: Connection, database: Database, system: Scope
) -> None:
    run(library, system, "duplicate_text")
    library.commit()
    narrow = Scope("330521", "li", Role.GIS_STAFF, (QIANQIU,))
    with database.transaction(narrow) as connection:
        connection.execute(text("UPDATE standard_address SET match_key = id::text, full_text = full_text || id"))
        run(connection, narrow, "duplicate_text")
        assert len(ids(connection, "duplicate_text")) == 2


def test_an_unknown_rule_is_refused(library: Connection, system: Scope) -> None:
    with pytest.raises(UnknownRule):
        run(library, system, "no_such_rule")


def test_a_fix_is_shown_first_then_applied_then_taken_back(library: Connection, system: Scope) -> None:
    run(library, system, "separators")
    rule = get_rule(SETS, "separators")
    old = library.scalar(text("SELECT full_text FROM standard_address WHERE full_text LIKE '%，%'"))
    seen = preview_fix(library, rule)
    assert (seen.fix_id, seen.changed_n, seen.changes[0].after["full_text"]) == (None, 1, HEAD + "永安街7号")
    assert library.scalar(text("SELECT count(*) FROM standard_address WHERE full_text LIKE '%，%'")) == 1
    done = apply_fix(library, system, rule, reason="统一格式")
    assert done.fix_id is not None
    mended = library.execute(
        text("SELECT full_text, match_key, number_key FROM standard_address WHERE id = :id"),
        {"id": seen.changes[0].address_id},
    ).one()
    assert tuple(mended) == (HEAD + "永安街7号", HEAD + "永安街7号", "7号")
    assert ids(library, "separators") == []
    assert library.scalar(text("SELECT count(*) FROM audit_event WHERE action = 'quality_fix'")) == 1
    assert revert_fix(library, system, done.fix_id) == 1
    assert library.scalar(text("SELECT full_text FROM standard_address WHERE full_text LIKE '%，%'")) == old
    assert len(ids(library, "separators")) == 1
    with pytest.raises(FixReverted):
        revert_fix(library, system, done.fix_id)


def test_a_fix_taken_back_leaves_alone_what_was_changed_since(library: Connection, system: Scope) -> None:
    run(library, system, "separators")
    done = apply_fix(library, system, get_rule(SETS, "separators"), reason="统一格式")
    assert done.fix_id is not None
    library.execute(
        text("UPDATE standard_address SET full_text = '又改过了' WHERE id = :id"), {"id": done.changes[0].address_id}
    )
    assert revert_fix(library, system, done.fix_id) == 0


def test_a_fix_that_would_change_what_is_said_is_left_to_a_person(library: Connection, system: Scope) -> None:
    world.add_address(library, HEAD + "永安街12、14号", CELLS[0], 30)
    run(library, system, "separators")
    report = apply_fix(library, system, get_rule(SETS, "separators"), reason="统一格式")
    assert (report.changed_n, report.skipped_n) == (1, 1)
    assert library.scalar(text("SELECT count(*) FROM standard_address WHERE full_text LIKE '%12、14号'")) == 1


@pytest.mark.parametrize("written", ["12、14号", "12 14号", "1，2幢", "永安街 12 号", "永安街，12号"])
def test_mending_never_joins_two_numbers(written: str) -> None:
    for mend in (drop_separators, drop_blanks):
        assert re.findall(r"\d+", mend({"full_text": written})["full_text"] or "") == re.findall(r"\d+", written)


def test_invisible_characters_go_and_the_address_is_found_again(library: Connection, system: Scope) -> None:
    hidden = HEAD + "永安\u200b街21号"
    world.add_address(library, hidden, CELLS[0], 31)
    run(library, system, "invisible_characters")
    apply_fix(library, system, get_rule(SETS, "invisible_characters"), reason="去掉零宽字符")
    key = library.scalar(
        text("SELECT match_key FROM standard_address WHERE full_text = :t"), {"t": HEAD + "永安街21号"}
    )
    assert key == normalise(HEAD + "永安街21号")


def test_a_rule_without_a_safe_fix_and_a_fix_without_a_reason_are_refused(library: Connection, system: Scope) -> None:
    with pytest.raises(NoSafeFix):
        preview_fix(library, get_rule(SETS, "duplicate_text"))
    with pytest.raises(FixReasonMissing):
        apply_fix(library, system, get_rule(SETS, "separators"), reason=" ")


def test_the_report_is_a_file_for_the_town(library: Connection, system: Scope, tmp_path: Path) -> None:
    run(library, system, "separators", "duplicate_text")
    names = ["separators", "duplicate_text"]
    assert write_report(library, RULES.rules, names, tmp_path / "q.csv") == 3
    assert write_report(library, RULES.rules, names, tmp_path / "q.xlsx", village=CHUNHUI) == 0
    assert "同村地址重复" in (tmp_path / "q.csv").read_text("utf-8-sig")


def test_a_finding_does_not_name_addresses_outside_the_readers_scope(
    library: Connection, database: Database, system: Scope
) -> None:
    run(library, system, "duplicate_text")
    shown = list_findings(library, rule="duplicate_text").items
    codes = {row.code for row in shown}
    assert {c for row in shown for c in row.facts["codes"].split("、")} == codes
    other = next(row for row in shown if row.grid_code == shown[0].grid_code and row.id != shown[0].id)
    library.execute(
        text("UPDATE standard_address SET grid_code = :cell WHERE id = :id"),
        {"cell": CELLS[1], "id": other.address_id},
    )
    library.commit()
    narrow = Scope("330521", "li", Role.GIS_STAFF, (shown[0].grid_code,))
    with database.transaction(narrow) as connection:
        (finding,) = [f for f in list_findings(connection).items if f.id == shown[0].id]
        assert get_finding(connection, shown[0].id).facts == finding.facts
    assert other.code not in str(finding)
    assert "（范围外的地址）" in finding.facts["codes"]
