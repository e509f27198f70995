"""Alerts over HTTP: who sees them, and the closed loop from raising to closing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from alerts.detection.rules import RULES
from alerts.detection.scan import scan
from database.connection.engine import Database
from database.rights.scope import Role, Scope
from mapserver.http.language import preferred
from tests import world
from tests.mapserver.conftest import SignIn
from tests.world import CELLS, MOGAN, WUKANG

LIST = "/api/330521/alerts"


@pytest.fixture
def alert_ids(database: Database, system: Scope) -> list[int]:
    """One alert in each cell, the last raised last."""
    ids = []
    for n, cell in enumerate(CELLS):
        with database.transaction(system) as connection:  # one transaction each, so that their times differ
            if n == 0:
                world.build_county(connection)
            ids.append(
                world.insert(
                    connection,
                    "alert",
                    fingerprint=f"f{n}",
                    rule="two_households" if n % 2 == 0 else "event_surge",
                    severity="high" if n % 2 == 0 else "low",
                    subject_kind="person",
                    subject_id=str(n),
                    title=f"预警{n}",
                    reason=f"原因{n} 100%",
                    facts={"户号": ["H1"]},
                    grid_code=cell,
                    geom=world.point(cell),
                )
            )
    return ids


def step(client: TestClient, alert_id: int, version: int, action: str, **body: Any) -> Any:
    return client.post(f"{LIST}/{alert_id}/transitions", json={"action": action, "version": version, **body})


def test_a_stranger_sees_no_alert(stranger: TestClient, alert_ids: list[int]) -> None:
    assert stranger.get(LIST).status_code == 401
    assert stranger.get(f"{LIST}/{alert_ids[0]}").status_code == 401
    assert step(stranger, alert_ids[0], 1, "acknowledge").status_code == 401


def test_an_official_of_another_town_or_county_does_not_find_it(sign_in: SignIn, alert_ids: list[int]) -> None:
    elsewhere = sign_in(Role.TOWN_OFFICIAL, MOGAN)
    assert [a["id"] for a in elsewhere.get(LIST).json()["items"]] == [alert_ids[3]]
    assert elsewhere.get(f"{LIST}/{alert_ids[0]}").status_code == 404
    assert step(elsewhere, alert_ids[0], 1, "acknowledge").status_code == 404
    neighbour = sign_in(Role.COUNTY_ADMIN, county="330522")
    assert neighbour.get(LIST).status_code == 404
    assert neighbour.get("/api/330522/alerts").json()["items"] == []


def test_the_list_is_by_severity_then_first_raised_and_pages_without_gap_or_repeat(
    sign_in: SignIn, alert_ids: list[int]
) -> None:
    client = sign_in(Role.COUNTY_ADMIN)
    seen, after = [], None
    while True:
        page = client.get(LIST, params={"limit": 1, **({"after": after} if after else {})}).json()
        seen += [alert["id"] for alert in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == [alert_ids[n] for n in (2, 0, 3, 1)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"rule": "two_households"}, [2, 0]),
        ({"severity": "low"}, [3, 1]),
        ({"grid": WUKANG}, [2, 0, 1]),
        ({"grid": CELLS[3]}, [3]),
        ({"status": "closed"}, []),
        ({"status": ["open", "closed"], "severity": ["high", "low"]}, [2, 0, 3, 1]),
        ({"status": "cleared"}, []),
        ({"new_since": "2100-01-01"}, []),
        ({"new_since": "2000-01-01", "severity": "low"}, [3, 1]),
        ({"assignee": "nobody"}, []),
        ({"unassigned": "true"}, [2, 0, 3, 1]),
        ({"ceased": "true"}, []),
        ({"ceased": "false", "q": "预警2"}, [2]),
        ({"q": "预警2"}, [2]),
        ({"q": "100%"}, [2, 0, 3, 1]),
        ({"q": "1%0"}, []),
        ({"from": "2100-01-01"}, []),
        ({"to": "2000-01-01"}, []),
        ({"from": "2000-01-01", "to": "2100-01-01"}, [2, 0, 3, 1]),
    ],
)
def test_the_list_narrows(sign_in: SignIn, alert_ids: list[int], query: dict[str, Any], expected: list[int]) -> None:
    client = sign_in(Role.COUNTY_ADMIN)
    found = client.get(LIST, params=query).json()["items"]
    assert client.get(f"{LIST}/counts", params=query).json()["n"] == len(found)
    assert [alert_ids.index(alert["id"]) for alert in found] == expected


@pytest.mark.parametrize(
    "query",
    [
        {"grid": "33x"},
        {"grid": "3305211"},
        {"after": "!!"},
        {"status": "nonsense"},
        {"limit": 0},
        {"from": "2026-02-30"},
        {"q": "\x00"},
        {"new_since": "yesterday"},
        {"ceased": "perhaps"},
        {"assignee": "x" * 65},
    ],
)
def test_a_bad_filter_is_refused(sign_in: SignIn, alert_ids: list[int], query: dict[str, Any]) -> None:
    answer = sign_in(Role.COUNTY_ADMIN).get(LIST, params=query)
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_closed_loop(sign_in: SignIn, make_account: Callable[..., str], alert_ids: list[int]) -> None:
    worker = make_account(Role.GRID_WORKER, CELLS[0], username="worker")
    official = sign_in(Role.TOWN_OFFICIAL, WUKANG)
    one = alert_ids[0]
    detail = official.get(f"{LIST}/{one}").json()
    assert detail["rule_title"] == "一人两户"
    assert detail["actions"] == ["acknowledge", "assign", "verify"]
    assert step(official, one, 1, "acknowledge").json()["status"] == "acknowledged"
    assert step(official, one, 2, "assign", assignee=worker).json()["assignee"] == worker
    assert step(official, one, 3, "close", reason="x").status_code == 409
    assert step(official, one, 3, "verify", verdict="confirmed").status_code == 422
    checked = step(official, one, 3, "verify", verdict="confirmed", reason="上门核实属实", evidence={"照片": 2}).json()
    assert checked["status"] == "confirmed"
    colleague = sign_in(Role.TOWN_OFFICIAL, WUKANG, username="colleague")  # high severity: who verified does not close
    closed = step(colleague, one, 4, "close", reason="已注销重复户籍").json()
    assert closed["status"] == "closed"
    reopened = step(official, one, 5, "reopen", reason="再次出现").json()
    assert reopened["status"] == "open"
    assert [s["action"] for s in reopened["history"]] == ["acknowledge", "assign", "verify", "close", "reopen"]
    assert reopened["history"][2]["reason"] == "上门核实属实"
    assert reopened["history"][2]["evidence"] == {"照片": 2}
    assert reopened["history"][2]["actor_name"] == "测试 town_official"


def test_who_verified_an_alert_of_high_severity_does_not_close_it(sign_in: SignIn, alert_ids: list[int]) -> None:
    official, colleague = sign_in(Role.TOWN_OFFICIAL, WUKANG), sign_in(Role.TOWN_OFFICIAL, WUKANG, username="colleague")
    one = alert_ids[0]
    verdict = {"verdict": "refuted", "reason": "查无此事"}
    assert step(official, one, 1, "verify", **verdict).json()["actions"] == ["reopen"]
    refused = step(official, one, 2, "close", reason="办结")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:onemap:problem:verifier-may-not-close")
    assert official.get(f"{LIST}/{one}").json()["status"] == "refuted"
    assert colleague.get(f"{LIST}/{one}").json()["actions"] == ["close", "reopen"]
    # opening it again and verifying once more changes nothing; neither does a verdict of the other kind
    assert step(official, one, 2, "reopen", reason="重来").status_code == 200
    assert step(official, one, 3, "verify", verdict="confirmed", reason="属实").status_code == 200
    assert step(official, one, 4, "close", reason="办结").status_code == 409
    # nor that a colleague verifies it as well: then both have
    assert step(colleague, one, 4, "reopen", reason="重来").status_code == 200
    assert step(colleague, one, 5, "verify", verdict="confirmed", reason="属实").status_code == 200
    for client in (official, colleague):
        assert step(client, one, 6, "close", reason="办结").status_code == 409
    assert step(sign_in(Role.COUNTY_ADMIN), one, 6, "close", reason="办结").json()["status"] == "closed"


def test_an_alert_of_low_severity_needs_one_person(sign_in: SignIn, alert_ids: list[int]) -> None:
    official = sign_in(Role.TOWN_OFFICIAL, WUKANG)
    answer = step(official, alert_ids[1], 1, "verify", verdict="confirmed", reason="属实").json()
    assert answer["actions"] == ["close", "reopen"]
    assert step(official, alert_ids[1], 2, "close", reason="办结").json()["status"] == "closed"


def test_a_rule_may_ask_for_two_persons_or_for_one(
    sign_in: SignIn, alert_ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RULES, "two_households", replace(RULES["two_households"], second_person=False))
    monkeypatch.setitem(RULES, "event_surge", replace(RULES["event_surge"], second_person=True))
    official = sign_in(Role.TOWN_OFFICIAL, WUKANG)
    for alert_id, status in ((alert_ids[0], 200), (alert_ids[1], 409)):
        assert step(official, alert_id, 1, "verify", verdict="confirmed", reason="属实").status_code == 200
        assert step(official, alert_id, 2, "close", reason="办结").status_code == status


def test_the_rules_explain_themselves(stranger: TestClient, sign_in: SignIn) -> None:
    assert stranger.get("/api/330521/rules").status_code == 401
    rules = sign_in(Role.GRID_WORKER, CELLS[0]).get("/api/330521/rules").json()["items"]
    assert [rule["name"] for rule in rules] == list(RULES)
    assert all(rule["title"] and rule["description"] for rule in rules)


def test_a_rule_says_its_manual_and_its_parameters_in_the_language_asked_for(sign_in: SignIn) -> None:
    client = sign_in(Role.GRID_WORKER, CELLS[0])
    answers = {}
    for language in ("zh", "en"):
        rules = client.get(f"/api/330521/rules?lang={language}").json()["items"]
        answers[language] = next(rule for rule in rules if rule["name"] == "elderly_alone_unvisited")
    assert answers["zh"]["title"] == "独居老人超期未走访"
    assert answers["zh"]["description"] == "65 岁及以上（按年计）独居老人超过 30 天没有走访。"
    assert answers["en"]["title"] == answers["zh"]["manual"]["title_en"] == "Elderly person living alone, not visited"
    parameters = {one["name"]: one for one in answers["zh"]["parameters"]}
    assert (parameters["visit_days"]["default"], parameters["visit_days"]["unit"]) == (30, "天")
    assert {one["unit"] for one in answers["en"]["parameters"]} == {"years", "days"}
    assert client.get("/api/330521/rules?lang=fr").status_code == 422


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "zh"), ("en", "en"), ("en-GB,en;q=0.9", "en"), ("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("fr, en;q=0.5", "en"),
        ("zh;q=0.3, en;q=0.4", "en"), ("de", "zh"), ("en;q=0", "zh"), ("en;q=x", "zh"), ("en," * 9000, "en"), (";=,;", "zh"),
    ],
)  # fmt: skip
def test_the_language_of_an_answer_follows_the_header(header: str, language: str) -> None:
    assert preferred(header) == language


def test_what_was_raised_by_the_scan_is_shown_with_its_first_step(
    sign_in: SignIn, database: Database, system: Scope
) -> None:
    with database.transaction(system) as connection:
        world.build_county(connection)
        first, second = (world.add_household(connection, no, CELLS[0]) for no in ("H1", "H2"))
        person = world.add_person(connection, "甲", CELLS[0], first)
        world.add_member(connection, second, person, CELLS[0])
        scan(connection, date(2026, 6, 30))
    client = sign_in(Role.GRID_WORKER, CELLS[0])
    (alert,) = client.get(LIST).json()["items"]
    assert (alert["rule_title"], alert["grid_name"], alert["household_id"]) == ("一人两户", "千秋社区第1网格", first)
    detail = client.get(f"{LIST}/{alert['id']}").json()
    assert detail["facts"]["户号"] == ["H1", "H2"]
    for answer in (
        client.get(f"{LIST}/{alert['id']}?lang=en"),
        client.get(f"{LIST}/{alert['id']}", headers={"Accept-Language": "en-GB"}),
    ):
        assert "Accept-Language" in answer.headers["Vary"]
        english = answer.json()
        assert (english["title"], english["rule_title"]) == (
            "甲 is in 2 households at once",
            "One person in two households",
        )
        assert english["reason"].startswith("甲 is a current member of 2 households: H1 (永安街); H2")
        assert [one["action_label"] for one in english["history"]] == ["raised"]
        assert english["facts"] == {"name": "甲", "household numbers": ["H1", "H2"], "addresses": ["永安街", "永安街"]}
    (listed,) = client.get(LIST, params={"lang": "en"}).json()["items"]
    assert listed["title"] == english["title"]
    assert (detail["before"], detail["after"]) == (None, None)
    assert [(s["action"], s["from_status"], s["to_status"]) for s in detail["history"]] == [("raise", None, "open")]
    assert detail["actions"] == ["acknowledge", "verify"]


@pytest.mark.parametrize(
    "body",
    [
        {"action": "nonsense", "version": 1},
        {"action": "acknowledge"},
        {"action": "acknowledge", "version": 0},
        {"action": "verify", "version": 1, "verdict": "perhaps", "reason": "x"},
        {"action": "verify", "version": 1, "verdict": "confirmed", "reason": "x", "evidence": {"a": "长" * 20_001}},
        {"action": "verify", "version": 1, "verdict": "confirmed", "reason": "\x00"},
        {"action": "verify", "version": 1, "verdict": "confirmed", "reason": "x", "evidence": {"a": "\x00"}},
    ],
)
def test_a_malformed_step_is_refused(sign_in: SignIn, alert_ids: list[int], body: dict[str, Any]) -> None:
    answer = sign_in(Role.TOWN_OFFICIAL, WUKANG).post(f"{LIST}/{alert_ids[0]}/transitions", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_key_beyond_every_alert_is_no_internal_error(sign_in: SignIn) -> None:
    client = sign_in(Role.TOWN_OFFICIAL, WUKANG)
    for key in ("0", "999999999999999999999999"):
        assert client.get(f"{LIST}/{key}").status_code in (404, 422)


def test_a_step_without_the_header_against_forgery_is_refused(sign_in: SignIn, alert_ids: list[int]) -> None:
    client = sign_in(Role.TOWN_OFFICIAL, WUKANG)
    del client.headers["X-Onemap-Request"]
    assert step(client, alert_ids[0], 1, "acknowledge").status_code == 403


def test_of_two_writers_one_wins_and_the_other_is_told(sign_in: SignIn, alert_ids: list[int]) -> None:
    official = sign_in(Role.TOWN_OFFICIAL, WUKANG)
    assert step(official, alert_ids[0], 1, "verify", verdict="refuted", reason="查无此事").status_code == 200
    late = step(official, alert_ids[0], 1, "verify", verdict="confirmed", reason="属实")
    assert late.status_code == 409
    assert late.json()["title"] == "预警已被他人更新，请刷新后再处理"


def test_only_who_may_closes(sign_in: SignIn, alert_ids: list[int]) -> None:
    worker = sign_in(Role.GRID_WORKER, CELLS[0])
    assert step(worker, alert_ids[0], 1, "verify", verdict="confirmed", reason="属实").status_code == 200
    assert step(worker, alert_ids[0], 2, "close", reason="x").status_code == 403
    assert "close" not in worker.get(f"{LIST}/{alert_ids[0]}").json()["actions"]
    auditor = sign_in(Role.AUDITOR)
    assert step(auditor, alert_ids[1], 1, "acknowledge").status_code == 403


def test_an_alert_is_given_only_to_someone_whose_grid_covers_it(
    sign_in: SignIn, make_account: Callable[..., str], alert_ids: list[int]
) -> None:
    make_account(Role.GRID_WORKER, CELLS[3], username="far")
    make_account(Role.GRID_WORKER, CELLS[0], username="near")
    official = sign_in(Role.COUNTY_ADMIN)
    assert step(official, alert_ids[0], 1, "assign", assignee="far").status_code == 422
    assert step(official, alert_ids[0], 1, "assign", assignee="nobody").status_code == 422
    assert step(official, alert_ids[0], 1, "assign", assignee="near").status_code == 200
    workers = sign_in(Role.TOWN_OFFICIAL, WUKANG).get("/api/330521/workers").json()["items"]
    assert "near" in [w["username"] for w in workers]
    assert "far" not in [w["username"] for w in workers]


def test_mine_is_what_is_given_to_me_and_counted_without_a_cap(
    sign_in: SignIn, make_account: Callable[..., str], alert_ids: list[int], database: Database, system: Scope
) -> None:
    make_account(Role.GRID_WORKER, CELLS[0], username="near")
    official = sign_in(Role.TOWN_OFFICIAL, WUKANG)
    assert step(official, alert_ids[0], 1, "assign", assignee="near").status_code == 200
    with database.transaction(system) as connection:
        connection.execute(
            text(
                "INSERT INTO alert (fingerprint, rule, severity, subject_kind, subject_id, title, reason, grid_code, assignee) "
                "SELECT 'many' || n, 'event_surge', 'medium', 'cell', '1', '预警', '原因', :cell, 'near' "
                "FROM generate_series(1, 600) n"
            ),
            {"cell": CELLS[0]},
        )
    worker = sign_in(Role.GRID_WORKER, CELLS[0], username="near")
    mine = {"assignee": "near", "status": ["open", "assigned"]}
    counted = worker.get(f"{LIST}/counts", params=mine).json()
    assert (counted["n"], counted["by_severity"]) == (601, {"high": 1, "medium": 600, "low": 0})
    assert (counted["by_status"]["assigned"], counted["by_status"]["cleared"]) == (1, 0)
    assert worker.get(LIST, params=mine).json()["items"][0]["id"] == alert_ids[0]
    assert worker.get(LIST, params={"unassigned": True}).json()["items"] == []
    assert sign_in(Role.TOWN_OFFICIAL, MOGAN).get(f"{LIST}/counts", params=mine).json()["n"] == 0


def test_every_worker_posted_to_the_cell_is_offered_the_responsible_one_first(
    sign_in: SignIn, make_account: Callable[..., str], alert_ids: list[int], database: Database, system: Scope
) -> None:
    for username, cells in {
        "member": CELLS[:1], "lead": (CELLS[0], CELLS[3]), "gone": CELLS[:1], "far": CELLS[3:], "narrow": CELLS[1:2],
    }.items():  # fmt: skip
        make_account(Role.GRID_WORKER, *cells, username=username)
    with database.transaction(system) as connection:
        today = connection.scalar(text("SELECT CURRENT_DATE"))
        for name, username, duty, since, until in [
            ("甲协助", "member", "member", 10, None),
            ("丁无账号", None, "member", 10, None),
            ("丙负责", "lead", "lead", 10, None),
            ("乙离任", "gone", "lead", 90, 10),
            ("戊未到任", "later", "member", -5, None),
            ("己范围外", "narrow", "member", 10, None),
        ]:
            person = world.insert(connection, "grid_worker", name=name, username=username, grid_code=CELLS[0])
            world.insert(
                connection, "posting", worker_id=person, cell_code=CELLS[0], duty=duty, grid_code=CELLS[0],
                valid_from=today - timedelta(days=since), valid_to=until and today - timedelta(days=until),
            )  # fmt: skip
    url = f"{LIST}/{alert_ids[0]}/assignees"
    officer = sign_in(Role.VILLAGE_OFFICER, CELLS[0][:12])
    offered = officer.get(url).json()["items"]
    assert [(one["username"], one["posting"], one["hindrance"]) for one in offered[:4]] == [
        ("lead", "lead", None),  # though they have a cell elsewhere, too
        (None, "member", "没有可用的登录账号"),
        ("narrow", "member", "账号的数据范围不含这个网格"),
        ("member", "member", None),
    ]
    rest = {one["username"] for one in offered[4:]}
    assert rest == {"gone", "village_officer-330521001001"}  # they see the cell, but are not posted to it today
    assert step(officer, alert_ids[0], 1, "assign", assignee="lead").status_code == 200
    assert sign_in(Role.GRID_WORKER, CELLS[0], username="member").get(url).status_code == 403
    assert sign_in(Role.TOWN_OFFICIAL, MOGAN).get(url).status_code == 404


def test_who_verified_a_grave_alert_does_not_settle_it_either(
    sign_in: SignIn, alert_ids: list[int], database: Database, system: Scope
) -> None:
    official = sign_in(Role.TOWN_OFFICIAL, WUKANG)
    assert step(official, alert_ids[0], 1, "settle").status_code == 409, "it still holds"
    assert step(official, alert_ids[0], 1, "verify", verdict="confirmed", reason="属实").status_code == 200
    assert step(official, alert_ids[0], 2, "reopen", reason="再查").status_code == 200
    with database.transaction(system) as connection:
        connection.execute(text("UPDATE alert SET ceased_at = now()"))
    assert official.get(f"{LIST}/{alert_ids[0]}").json()["actions"] == ["acknowledge", "assign", "verify"]
    refused = step(official, alert_ids[0], 3, "settle")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:onemap:problem:verifier-may-not-close")
    worker = sign_in(Role.GRID_WORKER, CELLS[0])
    assert step(worker, alert_ids[0], 3, "settle").json()["status"] == "cleared"
