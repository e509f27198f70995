"""The household card, finding and revealing, and visits: masked, audited, in scope only."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from database.connection.engine import Database
from database.rights.scope import Role, Scope
from database.secrets.seal import Sealer
from tests import world
from tests.mapserver.conftest import SignIn
from tests.world import CELLS, MOGAN

API = "/api/330521"
ID_NUMBER, PHONE = "33052119800101123X", "13800000001"


@pytest.fixture
def ids(database: Database, system: Scope, sealer: Sealer) -> dict[str, int]:
    with database.transaction(system) as connection:
        world.build_county(connection)
        address = world.add_address(connection, "德清县武康街道千秋社区永安街1号", CELLS[0])
        household = world.add_household(connection, "H1", CELLS[0], address)
        person = world.add_person(
            connection, "张测试", CELLS[0], household, sealer=sealer, id_number=ID_NUMBER, phone=PHONE, sex="male",
            status_codes=["elderly_alone"],
        )  # fmt: skip
        worker = world.insert(connection, "grid_worker", name="王网格", phone_masked="*******0002", grid_code=CELLS[0])
        world.insert(
            connection, "posting", worker_id=worker, cell_code=CELLS[0], valid_from="2026-01-01", grid_code=CELLS[0]
        )
    return {"household": household, "person": person, "address": address}


def audit(database: Database, system: Scope) -> list[Any]:
    with database.transaction(system) as connection:
        return [
            tuple(r) for r in connection.execute(text("SELECT action, target, purpose FROM audit_event ORDER BY id"))
        ]


def visit(client: TestClient, household: int, uid: str, outcome: str = "met") -> Any:
    body = {"client_uid": uid, "visited_at": "2026-06-30T10:00:00+08:00", "outcome": outcome, "note": "一切正常"}
    return client.post(f"{API}/households/{household}/visits", json=body)


def test_a_stranger_gets_no_household_and_finds_nobody(stranger: TestClient, ids: dict[str, int]) -> None:
    assert stranger.get(f"{API}/households/{ids['household']}").status_code == 401
    assert stranger.post(f"{API}/persons/search", json={"phone": PHONE}).status_code == 401
    assert (
        stranger.post(f"{API}/persons/{ids['person']}/reveal", json={"field": "phone", "purpose": "核实"}).status_code
        == 401
    )
    assert stranger.get(f"{API}/overview").status_code == 401


def test_outside_the_scope_there_is_no_such_household(sign_in: SignIn, ids: dict[str, int]) -> None:
    client = sign_in(Role.GRID_WORKER, CELLS[3])
    assert client.get(f"{API}/households/{ids['household']}").status_code == 404
    assert client.post(f"{API}/persons/search", json={"id_number": ID_NUMBER}).json() == {
        "items": [],
        "next": None,
        "note": None,
    }
    reveal = client.post(f"{API}/persons/{ids['person']}/reveal", json={"field": "phone", "purpose": "上门核实"})
    assert reveal.status_code == 404
    assert visit(client, ids["household"], str(uuid.uuid4())).status_code == 404
    assert client.get(f"{API}/addresses/{ids['address']}").status_code == 404
    assert client.get(f"{API}/addresses/search", params={"q": "永安街1号"}).json()["candidates"] == []
    west = {"lon": 120.0025, "lat": 30.505}
    assert client.get(f"{API}/addresses/reverse", params=west).json() == {"items": [], "next": None}
    (found,) = sign_in(Role.GRID_WORKER, CELLS[0]).get(f"{API}/addresses/reverse", params=west).json()["items"]
    assert (found["id"], found["reason"]) == (ids["address"], "就在门牌点上")


@pytest.mark.parametrize("role", [Role.GIS_STAFF, Role.AUDITOR])
def test_who_does_not_need_households_does_not_see_them(sign_in: SignIn, ids: dict[str, int], role: Role) -> None:
    client = sign_in(role)
    assert client.get(f"{API}/households/{ids['household']}").status_code == 403
    assert client.post(f"{API}/persons/search", json={"name": "张测试"}).status_code == 403
    assert client.get(f"{API}/addresses/{ids['address']}").json()["households"] == []


def test_the_card_shows_everything_and_no_number(
    sign_in: SignIn, ids: dict[str, int], database: Database, system: Scope
) -> None:
    client = sign_in(Role.GRID_WORKER, CELLS[0])
    answer = client.get(f"{API}/households/{ids['household']}")
    card = answer.json()
    assert card["address"]["text"] == "德清县武康街道千秋社区永安街1号"
    assert card["members"][0] | {"age": 0} == {
        "person_id": ids["person"], "name": "张测试", "sex": "male", "age": 0, "relation": "户主",
        "id_number_masked": "330*************3X", "phone_masked": "*******0001",
        "status_codes": [{"code": "elderly_alone", "label": "独居老人"}],
    }  # fmt: skip
    assert card["responsible"] == [{"name": "王网格", "phone_masked": "*******0002"}]
    assert ID_NUMBER not in answer.text
    assert PHONE not in answer.text
    assert answer.headers["cache-control"].startswith("private")
    assert ("view_household", f"household:{ids['household']}", None) in audit(database, system)


def test_revealing_needs_a_purpose_and_leaves_a_trace(
    sign_in: SignIn, ids: dict[str, int], database: Database, system: Scope
) -> None:
    client = sign_in(Role.VILLAGE_OFFICER, CELLS[0][:12])
    url = f"{API}/persons/{ids['person']}/reveal"
    assert client.post(url, json={"field": "id_number", "purpose": " 看 "}).status_code == 422
    assert client.post(url, json={"field": "id_number", "purpose": "上门核实身份"}).json() == {"value": ID_NUMBER}
    rows = [row for row in audit(database, system) if row[0] == "reveal"]
    assert rows == [("reveal", f"person:{ids['person']} id_number", "上门核实身份")]


@pytest.mark.parametrize(
    "query", [{"id_number": "330521 19800101 123x"}, {"phone": "138-0000-0001"}, {"name": "张测试"}]
)
def test_a_person_is_found_by_number_phone_or_name(sign_in: SignIn, ids: dict[str, int], query: dict[str, str]) -> None:
    if "id_number" in query:
        query = {"id_number": ID_NUMBER.lower()}
    found = sign_in(Role.GRID_WORKER, CELLS[0]).post(f"{API}/persons/search", json=query)
    assert [p["person_id"] for p in found.json()["items"]] == [ids["person"]]
    assert ID_NUMBER not in found.text


def test_a_number_is_never_part_of_a_url_or_an_error(sign_in: SignIn, ids: dict[str, int]) -> None:
    answer = sign_in(Role.GRID_WORKER, CELLS[0]).post(f"{API}/persons/search", json={"id_number": ID_NUMBER + "999"})
    assert answer.status_code == 422
    assert ID_NUMBER not in answer.text


def test_a_visit_sent_twice_is_one_visit(
    sign_in: SignIn, ids: dict[str, int], database: Database, system: Scope
) -> None:
    client = sign_in(Role.GRID_WORKER, CELLS[0])
    uid = str(uuid.uuid4())
    first, second = visit(client, ids["household"], uid), visit(client, ids["household"], uid)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    card = client.get(f"{API}/households/{ids['household']}").json()
    assert [(v["outcome_label"], v["note"]) for v in card["visits"]] == [("见到本人", "一切正常")]
    with database.transaction(system) as connection:
        assert connection.scalar(text("SELECT last_visit_at IS NOT NULL FROM household")) is True


@pytest.mark.parametrize(
    "wrong",
    [
        {"visited_at": "2026-06-30T10:00:00"},  # no offset
        {"outcome": "nonsense"},
        {"client_uid": "1"},
        {"lon": 200},
        {"note": "\x00"},
    ],
)
def test_a_malformed_visit_is_refused(sign_in: SignIn, ids: dict[str, int], wrong: dict[str, Any]) -> None:
    body = {"client_uid": str(uuid.uuid4()), "visited_at": "2026-06-30T10:00:00+08:00", "outcome": "met", **wrong}
    answer = sign_in(Role.GRID_WORKER, CELLS[0]).post(f"{API}/households/{ids['household']}/visits", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def send(client: TestClient, household: int, at: str, uid: uuid.UUID | None = None) -> Any:
    body = {"client_uid": str(uid or uuid.uuid4()), "visited_at": at, "outcome": "met"}
    return client.post(f"{API}/households/{household}/visits", json=body)


@pytest.mark.parametrize(
    "at",
    [
        "1970-01-01T00:00:00Z",
        "1980-01-06T00:00:10+08:00",
        "2000-01-01T00:00:00+08:00",
        "2019-12-31T23:59:00+08:00",
        "0001-01-01T00:00:00+14:00",
        "2106-02-07T06:28:15Z",
        "9999-12-31T23:59:59-12:00",
    ],
)
def test_a_visit_is_not_lost_to_a_wrong_clock(sign_in: SignIn, ids: dict[str, int], at: str) -> None:
    client, uid, begun = sign_in(Role.GRID_WORKER, CELLS[0]), uuid.uuid4(), datetime.now(UTC)
    for status in (201, 200):  # sent again it is the same visit
        answer = send(client, ids["household"], at, uid)
        assert answer.status_code == status
        assert begun <= datetime.fromisoformat(answer.json()["visited_at"]) <= datetime.now(UTC)
        assert answer.json()["phone_time"][:10] == at[:10]
    (shown,) = client.get(f"{API}/households/{ids['household']}").json()["visits"]
    assert shown["phone_time"][:10] == at[:10]


def test_a_time_before_there_was_anybody_to_visit_cannot_be_right(
    sign_in: SignIn, ids: dict[str, int], database: Database, system: Scope
) -> None:
    client = sign_in(Role.GRID_WORKER, CELLS[0], username="worker")
    now = datetime.now(UTC).replace(microsecond=0)

    def unsure(days: float) -> bool:
        answer = send(client, ids["household"], (now - timedelta(days=days)).isoformat())
        assert answer.status_code == 201
        return answer.json()["phone_time"] is not None

    assert unsure(10), "before the account was made"
    assert not unsure(0.9), "without signal since yesterday"
    assert not unsure(-0.003), "four minutes ahead is no wrong clock"
    assert unsure(-1)
    with database.transaction(system) as connection:
        known = world.insert(connection, "grid_worker", name="王", username="worker", grid_code=CELLS[0])
        since = now.date() - timedelta(days=30)
        world.insert(
            connection,
            "posting",
            worker_id=known,
            cell_code=CELLS[0],
            duty="member",
            valid_from=since,
            grid_code=CELLS[0],
        )
    assert not unsure(10), "posted to the cell since then, whenever the account was made"
    assert unsure(60), "before the posting"
    with database.transaction(system) as connection:
        world.insert(
            connection, "change", entity="household", entity_id=str(ids["household"]), operation="added", actor="import",
            at=now - timedelta(days=5), grid_code=CELLS[0],
        )  # fmt: skip
    assert unsure(10), "before the household was on record"
    assert not unsure(4)


def test_a_visit_number_of_another_household_is_a_conflict(
    sign_in: SignIn, ids: dict[str, int], database: Database, system: Scope
) -> None:
    with database.transaction(system) as connection:
        other = world.add_household(connection, "H2", CELLS[0])
    client, uid = sign_in(Role.GRID_WORKER, CELLS[0]), str(uuid.uuid4())
    assert visit(client, other, uid).status_code == 201
    assert visit(client, ids["household"], uid).status_code == 409


def test_an_auditor_and_gis_staff_record_no_visit(sign_in: SignIn, ids: dict[str, int]) -> None:
    for role in (Role.AUDITOR, Role.GIS_STAFF):
        assert visit(sign_in(role), ids["household"], str(uuid.uuid4())).status_code == 403


def test_a_query_names_one_thing_to_search_by(sign_in: SignIn, ids: dict[str, int]) -> None:
    client = sign_in(Role.GRID_WORKER, CELLS[0])
    assert client.post(f"{API}/persons/search", json={}).status_code == 422
    assert client.post(f"{API}/persons/search", json={"phone": PHONE, "name": "张测试"}).status_code == 422
    assert client.post(f"{API}/persons/search", json={"name": "\x00"}).status_code == 422


@pytest.mark.parametrize("key", ["999999999999999999999999", "0"])
def test_a_key_beyond_every_record_is_no_internal_error(sign_in: SignIn, ids: dict[str, int], key: str) -> None:
    client = sign_in(Role.GRID_WORKER, CELLS[0])
    assert client.get(f"{API}/households/{key}").status_code in (404, 422)
    reveal = client.post(f"{API}/persons/{key}/reveal", json={"field": "phone", "purpose": "上门核实"})
    assert reveal.status_code in (404, 422)


def test_changes_are_for_those_who_may_and_in_scope(
    stranger: TestClient, sign_in: SignIn, database: Database, system: Scope
) -> None:
    with database.transaction(system) as connection:
        world.build_county(connection)
        world.insert(
            connection, "change", entity="person", entity_id="1", operation="changed", fields=["name"], actor="import",
            before={"name": "甲"}, after={"name": "乙"}, grid_code=CELLS[0],
        )  # fmt: skip
    assert stranger.get(f"{API}/changes").status_code == 401
    assert sign_in(Role.GRID_WORKER, CELLS[0]).get(f"{API}/changes").status_code == 403
    assert sign_in(Role.TOWN_OFFICIAL, MOGAN).get(f"{API}/changes").json() == {"items": [], "next": None}
    (change,) = sign_in(Role.VILLAGE_OFFICER, CELLS[0][:12]).get(f"{API}/changes?entity=person").json()["items"]
    assert (change["fields"], change["before"], change["after"]) == (["name"], {"name": "甲"}, {"name": "乙"})


def test_numbers_are_sealed_in_the_database(ids: dict[str, int], database: Database, system: Scope) -> None:
    with database.transaction(system) as connection:
        row = connection.execute(text("SELECT p.*, p::text AS whole FROM person p")).one()
    assert ID_NUMBER.encode() not in row.id_number_cipher
    assert ID_NUMBER not in row.whole
    assert PHONE not in row.whole


def test_the_overview_counts_what_the_scope_holds(sign_in: SignIn, ids: dict[str, int]) -> None:
    inside = sign_in(Role.GRID_WORKER, CELLS[0]).get(f"{API}/overview").json()
    assert inside["totals"]["households"] == 1
    assert inside["bounds"] == pytest.approx([120.0, 30.5, 120.01, 30.51])
    outside = sign_in(Role.TOWN_OFFICIAL, MOGAN).get(f"{API}/overview").json()
    assert outside["totals"]["households"] == 0
    assert outside["totals"]["cells"] == 1
