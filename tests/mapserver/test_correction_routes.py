"""The queue of corrections through the front door: strangers first, then a whole session at the keyboard."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from database.connection.engine import Database
from database.rights.scope import Role, Scope
from importing.stage.unmatched import collect_uncertain
from tests import world
from tests.mapserver.conftest import SignIn
from tests.world import CELLS, LIAOYUAN, QIANQIU

API = "/api/330521"
QUEUE = f"{API}/corrections"
WRITTEN = [f"武康街道千秋社区老市街{n}号" for n in (1, 2, 3)]


@pytest.fixture
def addresses(database: Database, system: Scope) -> dict[int, int]:
    """永安街 1–5 号, and records whose addresses nobody understood."""
    with database.transaction(system) as connection:
        world.build_county(connection)
        ids = {n: world.add_address(connection, f"德清县武康街道千秋社区永安街{n}号", CELLS[0], n) for n in range(1, 6)}
        for n, written in enumerate([*WRITTEN, WRITTEN[0], "杭州市西湖区文三路1号"]):
            household = world.add_household(connection, f"H{n}", CELLS[0])
            connection.execute(
                text("UPDATE household SET address_text = :t WHERE id = :i"), {"t": written, "i": household}
            )
        world.add_household(connection, "linked", CELLS[0], ids[1])
        world.add_event(connection, "1", CELLS[0], "2026-06-01")  # type: ignore[arg-type]
        connection.execute(text("UPDATE event SET address_text = '千秋社区老供销社'"))
        assert collect_uncertain(connection) == 4
        assert collect_uncertain(connection) == 0
        world.insert(
            connection, "address_review", address_id=ids[4], reason_code="village_mismatch", reason="坐标落在春晖社区",
            facts={}, grid_code=CELLS[0],
        )  # fmt: skip
    return ids


@pytest.fixture
def staff(sign_in: SignIn, addresses: dict[int, int]) -> TestClient:
    return sign_in(Role.GIS_STAFF)


def upcoming(client: TestClient, **query: Any) -> Any:
    answer = client.get(f"{QUEUE}/next", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def press(client: TestClient, row: Any, key: str, **changed: Any) -> Any:
    decision = next(choice["decision"] for choice in row["choices"] if choice["key"] == key)
    return client.post(f"{QUEUE}/{row['correction']['id']}/decide", json=decision | changed)


def test_a_stranger_and_who_does_not_decide_get_nothing(
    stranger: TestClient, addresses: dict[int, int], sign_in: SignIn
) -> None:
    calls = [
        ("GET", f"{QUEUE}/next"), ("POST", f"{QUEUE}/1/decide"), ("POST", f"{QUEUE}/1/apply-alike"),
        ("GET", f"{QUEUE}/batches"), ("POST", f"{QUEUE}/batches/1/undo"), ("POST", f"{QUEUE}/collect"),
    ]  # fmt: skip
    for method, url in calls:
        assert stranger.request(method, url, json={"action": "dismiss"}).status_code == 401
    worker = sign_in(Role.GRID_WORKER, CELLS[0])
    for method, url in calls:
        assert worker.request(method, url, json={"action": "dismiss"}).status_code == 403
    elsewhere = sign_in(Role.GIS_STAFF, LIAOYUAN)
    assert upcoming(elsewhere) == {"correction": None, "candidates": [], "choices": [], "waiting_n": 0}
    assert elsewhere.post(f"{QUEUE}/1/decide", json={"action": "dismiss"}).status_code == 404
    neighbour = sign_in(Role.GIS_STAFF, county="330522")
    assert neighbour.get(f"{QUEUE}/next").status_code == 404


def test_a_session_at_the_keyboard(staff: TestClient, addresses: dict[int, int]) -> None:
    row = upcoming(staff)
    assert row["correction"]["address_text"] == WRITTEN[0]
    assert row["correction"]["occurrences"] == 2
    assert row["waiting_n"] == 5
    assert [choice["key"] for choice in row["choices"]] == ["x"]
    rule = {"action": "rule", "division_code": QIANQIU, "written": "老市街", "standard": "永安街"}
    url = f"{QUEUE}/{row['correction']['id']}/decide"
    tried = staff.post(url, json={**rule, "trial": True}).json()
    assert (tried["batch_id"], tried["conflicts"], tried["alike_n"]) == (None, [], 2)
    ruled = staff.post(url, json={**rule, "note": "老叫法"}).json()
    assert ruled["correction"]["outcome"] == "rule"
    applied = staff.post(f"{QUEUE}/{row['correction']['id']}/apply-alike", json={}).json()
    assert (applied["decided_n"], applied["left_n"]) == (2, 0)
    found = staff.get(f"{API}/addresses/search", params={"q": WRITTEN[2]}).json()["candidates"][0]
    assert (found["address_id"], found["confidence_class"]) == (addresses[3], "A")
    assert found["reasons"][0]["text"] == "按纠正规则：“老市街”即“永安街”"

    shop = upcoming(staff)
    assert shop["correction"]["address_text"] == "千秋社区老供销社"
    chosen = {"action": "alias", "address_id": addresses[5]}
    assert staff.post(f"{QUEUE}/{shop['correction']['id']}/decide", json=chosen).status_code == 200
    review = upcoming(staff)
    assert (review["correction"]["kind"], review["correction"]["reason"]) == ("review", "坐标落在春晖社区")
    assert press(staff, review, "a").json()["correction"]["outcome"] == "accepted"
    assert staff.get(f"{API}/reviews").json()["open_n"] == 0
    assert upcoming(staff)["waiting_n"] == 0

    batches = staff.get(f"{QUEUE}/batches").json()["items"]
    assert [(b["kind"], b["decided_n"]) for b in batches] == [("decide", 1), ("decide", 1), ("alike", 2), ("decide", 1)]
    assert batches[2]["summary"] == f"同类：在 {QIANQIU}，“老市街”即“永安街”"
    first = staff.post(f"{QUEUE}/batches/{ruled['batch_id']}/undo")
    assert first.json()["type"] == "urn:onemap:problem:undo-conflict"
    for batch in batches:
        assert staff.post(f"{QUEUE}/batches/{batch['id']}/undo").status_code == 200
        assert staff.post(f"{QUEUE}/batches/{batch['id']}/undo").status_code == 409
    assert upcoming(staff)["waiting_n"] == 5
    assert staff.get(f"{API}/reviews").json()["open_n"] == 1


def test_a_conflict_is_told_with_its_reasons(staff: TestClient, addresses: dict[int, int], sign_in: SignIn) -> None:
    row = upcoming(staff)["correction"]
    rule = {"action": "rule", "division_code": QIANQIU, "written": "永安街", "standard": "老市街"}
    answer = staff.post(f"{QUEUE}/{row['id']}/decide", json=rule)
    assert answer.status_code == 409
    problem = answer.json()
    assert problem["type"] == "urn:onemap:problem:correction-conflicts"
    assert {c["kind"] for c in problem["facts"]["conflicts"]} == {"no_such_road", "road_exists"}
    assert "德清县武康街道千秋社区永安街1号" in str(problem["facts"]["conflicts"])
    colleague = sign_in(Role.COUNTY_ADMIN)
    leased = colleague.post(f"{QUEUE}/{row['id']}/decide", json={"action": "dismiss"})
    assert (leased.status_code, leased.json()["facts"]["leased_by"]) == (409, "gis_staff-330521")
    assert upcoming(colleague)["correction"]["id"] != row["id"]
    assert upcoming(staff, after=row["id"])["correction"]["id"] != row["id"]
    assert colleague.post(f"{QUEUE}/{row['id']}/decide", json={"action": "dismiss"}).status_code == 200
    late = staff.post(f"{QUEUE}/{row['id']}/decide", json={"action": "dismiss"})
    assert late.json()["facts"] == {"decided_by": "county_admin-330521"}
    assert staff.post(f"{QUEUE}/{row['id']}/decide", json={"action": "burn"}).status_code == 422
    assert staff.post(f"{QUEUE}/99999/decide", json={"action": "dismiss"}).status_code == 404


def test_the_web_apps_reviews_and_the_queue_are_one(staff: TestClient, addresses: dict[int, int]) -> None:
    assert upcoming(staff)["waiting_n"] == 5
    assert staff.post(f"{API}/reviews/1/decision", json={"accept": True}).status_code == 200
    assert upcoming(staff)["waiting_n"] == 4


def test_collecting_is_background_work(staff: TestClient, addresses: dict[int, int]) -> None:
    answer = staff.post(f"{QUEUE}/collect")
    assert answer.status_code == 202
    assert answer.json()["waiting_n"] == 4
    assert staff.post(f"{QUEUE}/collect").json()["handed_in"] is False
