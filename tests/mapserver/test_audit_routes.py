"""The auditor reads the trail; everybody else leaves it, willingly or refused."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from access.audit.chain import verify_file
from access.audit.heads import current_heads
from access.audit.record import record, record_platform
from database.connection.engine import Database
from database.paging import Cursor
from database.rights.scope import Role, Scope
from mapserver.door.audited import EXEMPT, ITSELF, ON_THE_PLATFORM
from mapserver.routes import ROUTERS
from tests import world
from tests.mapserver.conftest import SignIn
from tests.world import CELLS, MOGAN, WUKANG

API = "/api/330521"
AUDIT = f"{API}/audit"
READS = ("", "/summary", "/head", "/export", "/export?format=csv", "?trail=platform", "/summary?trail=platform")


@pytest.fixture
def ids(database: Database, system: Scope) -> dict[str, Any]:
    with database.transaction(system) as connection:
        world.build_county(connection)
        address = world.add_address(connection, "德清县武康街道千秋社区永安街1号", CELLS[0], 1)
        household = world.add_household(connection, "H1", CELLS[0], address)
        alert = world.insert(
            connection, "alert", fingerprint="f", rule="two_households", severity="high", subject_kind="person", subject_id="1",
            title="t", reason="r", facts={}, grid_code=CELLS[0], geom=world.point(CELLS[0]),
        )  # fmt: skip
        uid = connection.scalar(text("SELECT uid FROM standard_address"))
    return {"address": address, "household": household, "alert": alert, "uid": uid}


def flush(application: TestClient) -> None:
    """As if the minute were over: what was counted of refusals is written."""
    assert application.portal is not None
    application.portal.call(lambda: application.app.state.refusals.flush(everything=True))  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def nothing_counted_yet(application: TestClient, owner: Engine) -> None:
    """What earlier tests were refused is out of the way before the trail is emptied."""
    flush(application)


def trail_of(database: Database, system: Scope) -> list[tuple[Any, ...]]:
    with database.transaction(system) as connection:
        rows = connection.execute(
            text("SELECT actor, action, target, allowed, times, rows_n FROM audit_event ORDER BY id")
        )
        return [tuple(row) for row in rows]


def test_every_route_is_audited_or_exempt_with_a_reason() -> None:
    """A new route fails here until it says ``@audited(…)``, or stands in mapserver/door/audited.py with its reason."""
    seen, open_ = set(), []
    for router in ROUTERS:
        for route in router.routes:
            original = route._original  # type: ignore[attr-defined]
            module = original.__module__.rpartition(".")[2]
            name = f"{module}.{original.__name__}"
            seen.add(name)
            marks = (hasattr(original, "onemap_audit"), name in EXEMPT, name in ITSELF, module in ON_THE_PLATFORM)
            if sum(marks) != 1:
                open_.append(name)
    assert open_ == []
    assert (set(EXEMPT) | set(ITSELF)) - seen == set(), "listed, but no such route"
    assert all(len(reason) > 10 for reason in EXEMPT.values())


def test_what_records_itself_does(shared: Path = Path(__file__).parent.parent.parent) -> None:
    for name, place in ITSELF.items():
        assert "record(" in (shared / place).read_text("utf-8"), name


def test_only_the_auditor_reads_the_trail(stranger: TestClient, sign_in: SignIn, ids: dict[str, Any]) -> None:
    def answers(client: TestClient) -> dict[str, int]:
        return {path: client.get(AUDIT + path).status_code for path in READS}

    assert answers(stranger) == dict.fromkeys(READS, 401)
    for role in Role:
        if role not in (Role.AUDITOR, Role.SYSTEM):
            assert answers(sign_in(role)) == dict.fromkeys(READS, 403), role
    assert answers(sign_in(Role.AUDITOR, county="330522")) == dict.fromkeys(READS, 404)
    assert answers(sign_in(Role.AUDITOR)) == dict.fromkeys(READS, 200)


def test_nobody_writes_it(sign_in: SignIn, ids: dict[str, Any]) -> None:
    for verb in ("post", "put", "patch", "delete"):
        assert sign_in(Role.AUDITOR).request(verb, AUDIT).status_code == 405


@pytest.mark.parametrize(
    ("role", "path", "action", "target", "rows_n"),
    [
        (Role.TOWN_OFFICIAL, "/api/330521/alerts", "list_alerts", None, 1),
        (Role.TOWN_OFFICIAL, "/api/330521/alerts/{alert}", "view_alert", "alert:{alert}", None),
        (Role.TOWN_OFFICIAL, "/maps/330521/alerts", "map_alerts", None, None),
        (Role.TOWN_OFFICIAL, "/maps/330521/alerts/{alert}", "map_alert", "alert:{alert}", None),
        (Role.TOWN_OFFICIAL, "/api/330521/addresses/{address}", "view_address", "address:{address}", 1),
        (Role.TOWN_OFFICIAL, "/api/330521/households/{household}", "view_household", "household:{household}", None),
        (Role.TOWN_OFFICIAL, "/api/330521/changes", "read_changes", "entity:None batch:None after:None", 0),
        (Role.TOWN_OFFICIAL, "/api/330521/addresses/changes", "read_address_changes", "after:None", 1),
        (Role.TOWN_OFFICIAL, "/api/330521/addresses/{uid}/history", "view_address_history", "address:{uid}", 1),
        (Role.TOWN_OFFICIAL, "/ogc/330521/collections/alerts/items", "read_features", "alerts", 1),
        (Role.AUDITOR, "/api/330521/audit?actor=x&allowed=false", "read_audit", "county actor=x allowed=False", 0),
        (Role.AUDITOR, "/api/330521/audit/export?format=csv", "export_audit", "county csv ", None),
    ],
)
def test_a_look_leaves_a_row(
    sign_in: SignIn, database: Database, system: Scope, ids: dict[str, Any], role: Role, path: str, action: str, target: str, rows_n: int,
) -> None:  # fmt: skip
    client = sign_in(role)
    answer = client.get(path.format(**ids))
    assert answer.status_code == 200, answer.text
    assert trail_of(database, system)[-1] == (
        f"{role}-330521",
        action,
        target and target.format(**ids),
        True,
        1,
        rows_n,
    )


def test_a_step_leaves_a_row_and_one_that_was_not_possible_leaves_none(
    sign_in: SignIn, database: Database, system: Scope, ids: dict[str, Any]
) -> None:
    client, path = sign_in(Role.TOWN_OFFICIAL), f"{API}/alerts/{ids['alert']}/transitions"
    assert client.post(path, json={"action": "acknowledge", "version": 1}).status_code == 200
    done = ("town_official-330521", "alert_step", f"alert:{ids['alert']} acknowledge", True, 1, None)
    assert trail_of(database, system)[-1] == done
    assert client.post(path, json={"action": "acknowledge", "version": 2}).status_code == 409
    assert trail_of(database, system)[-1] == done
    visit = {
        "client_uid": "3f2b8f0e-6f0f-4b0a-9d5f-0d6f9a3b7c11",
        "visited_at": "2026-11-01T09:00:00+08:00",
        "outcome": "met",
    }
    assert client.post(f"{API}/households/{ids['household']}/visits", json=visit).status_code == 201
    assert trail_of(database, system)[-1][1:3] == ("record_visit", f"household:{ids['household']}")


def test_the_trail_says_from_where(sign_in: SignIn, database: Database, system: Scope, ids: dict[str, Any]) -> None:
    sign_in(Role.TOWN_OFFICIAL).get(f"{API}/alerts/{ids['alert']}")
    found = sign_in(Role.AUDITOR).get(AUDIT, params={"action": "view_alert"}).json()["items"]
    with database.transaction(system) as connection:
        address = connection.scalar(text("SELECT address FROM audit_event WHERE action = 'view_alert'"))
    assert [event["address"] for event in found] == [address]
    assert address


def test_a_look_that_fails_is_a_refusal_and_no_look(
    sign_in: SignIn, database: Database, system: Scope, ids: dict[str, Any]
) -> None:
    far = sign_in(Role.TOWN_OFFICIAL, MOGAN)
    assert far.get(f"{API}/alerts/{ids['alert']}").status_code == 404
    assert trail_of(database, system)[-1] == (
        f"town_official-{MOGAN}", "refused:alert-not-found", f"GET {API}/alerts/{ids['alert']}", False, 1, None,
    )  # fmt: skip
    assert "view_alert" not in {row[1] for row in trail_of(database, system)}


@pytest.mark.parametrize(
    ("verb", "path", "code"),
    [
        ("get", "/api/330521/audit", "not-permitted"),
        ("get", "/api/330522/alerts", "county-not-found"),
        ("get", "/maps/330522/alerts", "county-not-found"),
        ("get", "/ogc/330522/collections/households/items", "county-not-found"),
        ("get", "/tiles/330522/style/light.json", "county-not-found"),
        ("get", "/api/330521/households/999", "household-not-found"),
        ("post", "/api/330521/imports", "not-permitted"),
        ("post", "/api/330521/address-change-sets", "not-permitted"),
    ],
)
def test_every_refusal_is_recorded(
    sign_in: SignIn, database: Database, system: Scope, ids: dict[str, Any], verb: str, path: str, code: str
) -> None:
    client = sign_in(Role.TOWN_OFFICIAL)
    assert client.request(verb, path, json={} if verb == "post" else None).status_code in (403, 404)
    assert trail_of(database, system)[-1] == (
        "town_official-330521", f"refused:{code}", f"{verb.upper()} {path}", False, 1, None,
    )  # fmt: skip


def test_a_flood_of_refusals_becomes_a_few_rows_that_count_them(
    application: TestClient, sign_in: SignIn, database: Database, system: Scope, ids: dict[str, Any]
) -> None:
    client = sign_in(Role.GRID_WORKER, CELLS[0])
    for n in range(60):
        client.get(f"{API}/households/{1000 + n}")
    rows = [row for row in trail_of(database, system) if row[1].startswith("refused")]
    assert [row[4] for row in rows] == [1], "the first at once, the others when the minute is over"
    flush(application)
    rows = [row for row in trail_of(database, system) if row[1].startswith("refused")]
    assert [(row[2], row[4]) for row in rows] == [(f"GET {API}/households/1000", 1), (f"GET {API}/households/1059", 59)]


def test_a_number_of_a_person_in_a_path_does_not_reach_the_trail(
    sign_in: SignIn, database: Database, system: Scope, ids: dict[str, Any]
) -> None:
    sign_in(Role.GRID_WORKER, CELLS[0]).get(f"{API}/households/330521198001011239")
    assert trail_of(database, system)[-1][2] == f"GET {API}/households/…"


def test_strangers_leave_nothing_in_a_countys_trail(
    stranger: TestClient, database: Database, system: Scope, ids: dict[str, Any]
) -> None:
    for path in ("alerts", "households/1", "audit"):
        assert stranger.get(f"{API}/{path}").status_code == 401
    assert trail_of(database, system) == []


@pytest.fixture
def many(database: Database, ids: dict[str, Any]) -> None:
    """Thirty looks of three persons, in two towns."""
    for n in range(30):
        town = (WUKANG, MOGAN)[n % 2]
        with database.transaction(Scope("330521", f"person{n % 3}", Role.GRID_WORKER, (town,))) as connection:
            record(
                connection,
                ("reveal", "view_household")[n % 2],
                target=f"person:{n}",
                purpose="=cmd|' /C calc'!A0",
                rows_n=2,
            )


@pytest.mark.parametrize(
    ("query", "n"),
    [
        ({}, 30),
        ({"actor": "person1"}, 10),
        ({"action": "reveal"}, 15),
        ({"actor": "person1", "action": "reveal"}, 5),
        ({"target": "person:7"}, 1),
        ({"target": "person:1*"}, 11),
        ({"target": "person:%"}, 0),
        ({"address": "10.0.0.1"}, 0),
        ({"from": "2020-01-01", "to": "2020-01-02"}, 0),
        ({"from": "2020-01-01"}, 30),
        ({"to": "9999-12-31"}, 30),
        ({"actor": "' OR true --"}, 0),
    ],
)
def test_the_auditor_narrows_the_trail_and_pages_through_it(
    sign_in: SignIn, many: None, query: dict[str, Any], n: int
) -> None:
    auditor = sign_in(Role.AUDITOR)
    seen: list[int] = []
    after = None
    while True:
        page = auditor.get(AUDIT, params=query | {"limit": 7} | ({"after": after} if after else {})).json()
        seen += [event["id"] for event in page["items"] if event["actor"].startswith("person")]
        after = page["next"]
        if after is None:
            break
    assert len(seen) == n
    assert seen == sorted(set(seen), reverse=True)


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 10_000},
        {"after": "a" * 401},
        {"from": "x"},
        {"trail": "x"},
        {"allowed": "?"},
        {"actor": "a" * 400},
    ],
)
def test_a_bad_filter_is_refused(sign_in: SignIn, ids: dict[str, Any], query: dict[str, Any]) -> None:
    assert sign_in(Role.AUDITOR).get(AUDIT, params=query).status_code == 422


def test_a_cursor_of_another_trail_is_refused(sign_in: SignIn, ids: dict[str, Any]) -> None:
    for after in ("-1", Cursor("platform_audit", int).write(9)):
        refused = sign_in(Role.AUDITOR).get(AUDIT, params={"after": after})
        assert (refused.status_code, refused.json()["type"]) == (400, "urn:onemap:problem:cursor-invalid")


def test_a_nul_in_a_filter_is_refused(sign_in: SignIn, ids: dict[str, Any]) -> None:
    assert sign_in(Role.AUDITOR).get(AUDIT, params={"actor": "a\0"}).status_code == 422


def test_an_auditor_of_one_town_sees_its_looks_only_and_no_sign_ins(sign_in: SignIn, many: None) -> None:
    auditor = sign_in(Role.AUDITOR, MOGAN)
    events = auditor.get(AUDIT, params={"limit": 500}).json()["items"]
    assert {event["grid_code"] for event in events} == {MOGAN}
    for path in ("?trail=platform", "/summary?trail=platform", "/head", "/export", "/export?format=csv&trail=platform"):
        assert auditor.get(AUDIT + path).status_code == 403, path


def test_the_sums_say_who_did_how_much(sign_in: SignIn, many: None) -> None:
    rows = [r for r in sign_in(Role.AUDITOR).get(f"{AUDIT}/summary").json()["items"] if r["actor"].startswith("person")]
    assert sorted((r["actor"], r["action"], r["times"], r["rows_n"], r["refused"]) for r in rows) == sorted(
        (f"person{k}", action, 5, 10, 0) for k in range(3) for action in ("reveal", "view_household")
    )


def test_the_export_carries_the_chain_and_verifies_elsewhere(
    sign_in: SignIn, many: None, database: Database, tmp_path: Path
) -> None:
    auditor = sign_in(Role.AUDITOR)
    answer = auditor.get(f"{AUDIT}/export")
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    path = tmp_path / "e.jsonl"
    path.write_bytes(answer.content)
    head = auditor.get(f"{AUDIT}/head").json()
    found = verify_file(
        str(path),
        [*current_heads(database, []), {"chain": "330521", "number": found_number(path), "hash": found_hash(path)}],
    )
    assert (found.faults, found.rows_n >= 30) == ([], True)
    assert head["number"] > found.number, "the export itself was recorded after it"
    day = auditor.get(f"{AUDIT}/export", params={"from": "2020-01-01", "to": "2020-01-02"}).text.splitlines()
    assert len(day) == 1
    refused = auditor.get(f"{AUDIT}/export", params={"actor": "person1"})
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:onemap:problem:trail-filter-invalid")


def found_number(path: Path) -> int:
    return int(json.loads(path.read_text("utf-8").splitlines()[-1])["number"])


def found_hash(path: Path) -> str:
    return str(json.loads(path.read_text("utf-8").splitlines()[-1])["hash"])


def test_the_table_for_people_holds_no_formula(sign_in: SignIn, many: None) -> None:
    answer = sign_in(Role.AUDITOR).get(f"{AUDIT}/export", params={"format": "csv", "actor": "person1"})
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == 10
    assert {row["purpose"] for row in rows} == {"'=cmd|' /C calc'!A0"}


def test_the_platforms_trail_shows_this_county_only(
    sign_in: SignIn, database: Database, owner: Engine, ids: dict[str, Any]
) -> None:
    with database.platform() as connection:
        for county in ("330521", "330522", None):
            record_platform(connection, "account_create", actor=f"of-{county}", county=county)
    auditor = sign_in(Role.AUDITOR)
    events = auditor.get(AUDIT, params={"trail": "platform", "limit": 1000}).json()["items"]
    assert "of-330521" in {event["actor"] for event in events}
    assert {event["county"] for event in events} == {"330521"}
    refused = auditor.get(f"{AUDIT}/export?trail=platform")
    assert refused.status_code == 422, "the chain of the platform holds rows of the neighbour"


def test_the_filters_are_served_by_indexes(database: Database, system: Scope, many: None) -> None:
    with database.transaction(system) as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        for name in ("actor", "action", "target", "address"):
            plan = connection.scalars(
                text(f"EXPLAIN SELECT * FROM audit_event WHERE {name} = 'x' ORDER BY id DESC LIMIT 10")
            ).all()
            assert f"ix_audit_event_{name}" in "\n".join(plan), plan
