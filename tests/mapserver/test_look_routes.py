"""Trying numbers through the front door: 6 of 6 people in 149 requests is over."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from database.connection.engine import Database
from database.installation.settings import Settings
from database.rights.scope import Role, Scope
from database.secrets.seal import Sealer
from layers.people.looks import _quick
from tests import world
from tests.importing.conftest import id_number
from tests.mapserver.conftest import SignIn
from tests.mapserver.imports import report_of
from tests.world import CELLS

API = "/api/330521"
NUMBER = id_number(121, "19510307")
POPULATION = "demo_population"


@pytest.fixture(autouse=True)
def calm() -> None:
    """The minute's window of another test is not this test's."""
    _quick.cache_clear()


def looked_before(database: Database, system: Scope, actor: str, kind: str, n: int, grid_code: str = "330521") -> None:
    """So many looks today."""
    with database.transaction(system) as connection:
        for _ in range(n):
            world.insert(connection, "person_look", actor=actor, kind=kind, found=True, grid_code=grid_code)


@pytest.fixture
def person(database: Database, system: Scope, sealer: Sealer) -> int:
    with database.transaction(system) as connection:
        world.build_county(connection)
        household = world.add_household(connection, "H1", CELLS[0])
        return world.add_person(
            connection, "张测试", CELLS[0], household, sealer=sealer, id_number=NUMBER, phone="13800000001"
        )


def trail(database: Database, system: Scope) -> list[tuple[Any, ...]]:
    with database.transaction(system) as connection:
        query = text(
            "SELECT actor, action, target, purpose, allowed FROM audit_event WHERE action <> 'sign_in' ORDER BY id"
        )
        return [tuple(row) for row in connection.execute(query)]


def test_a_stranger_tries_no_number(stranger: TestClient, person: int) -> None:
    assert stranger.post(f"{API}/persons/search", json={"id_number": NUMBER}).status_code == 401


@pytest.mark.parametrize("by", ["id_number", "phone"])
def test_candidates_end_after_a_few_and_every_try_is_in_the_trail(
    sign_in: SignIn, person: int, database: Database, system: Scope, settings: Settings, by: str
) -> None:
    client, url = sign_in(Role.TOWN_OFFICIAL, CELLS[0][:9]), f"{API}/persons/search"
    candidates = [id_number(n, "19510101") if by == "id_number" else f"139{n:08d}" for n in range(149)]
    answers = [client.post(url, json={by: number}) for number in candidates]
    free = settings.look_misses_without_purpose
    assert [a.status_code for a in answers[:free]] == [200] * free
    refused = answers[free]
    assert {a.status_code for a in answers[free:]} <= {428, 429}
    assert refused.status_code == 428
    assert refused.json()["type"] == "urn:onemap:problem:purpose-needed"
    assert refused.json()["facts"]["misses_left"] == settings.look_misses - free
    kept = trail(database, system)
    assert [row[2:] for row in kept[:free]] == [(f"by {by}, 0 found", None, True)] * free
    assert len(kept) == 149, "what was refused is kept as well"
    assert {row[1] for row in kept} == {"find_person"}
    assert all(number not in str(kept) for number in candidates)


def test_with_a_purpose_it_goes_on_and_then_waits(
    sign_in: SignIn, person: int, database: Database, system: Scope, settings: Settings
) -> None:
    client, url = sign_in(Role.VILLAGE_OFFICER, CELLS[0][:12]), f"{API}/persons/search"
    for n in range(settings.look_misses):
        assert client.post(url, json={"phone": f"139{n:08d}", "purpose": "电话回访"}).status_code == 200
    answer = client.post(url, json={"phone": "13800000001", "purpose": "电话回访"})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= settings.look_window_hours * 3600
    assert trail(database, system)[-1][2:] == ("by phone, refused: looks-used-up", "电话回访", False)
    # the work goes on: by name, and with the card
    assert len(client.post(url, json={"name": "张测试"}).json()["items"]) == 1


def test_a_refused_reveal_is_in_the_trail(
    sign_in: SignIn, person: int, database: Database, system: Scope, settings: Settings
) -> None:
    client, url = sign_in(Role.GRID_WORKER, CELLS[0]), f"{API}/persons/{person}/reveal"
    me = client.get("/api/session").json()["username"]
    looked_before(database, system, me, "reveal", settings.look_reveals - 1, CELLS[0])
    body = {"field": "phone", "purpose": "电话回访"}
    assert client.post(url, json=body).json() == {"value": "13800000001"}
    answer = client.post(url, json=body)
    assert answer.status_code == 429
    assert "13800000001" not in answer.text
    assert [row[4] for row in trail(database, system)] == [True, False]


def test_a_file_of_numbers_is_a_look_too(
    sign_in: SignIn, person: int, database: Database, system: Scope, settings: Settings
) -> None:
    from importing.mappings.mapping import find_mapping

    columns = find_mapping(POPULATION).required_columns
    client = sign_in(Role.GIS_STAFF)
    looked_before(database, system, client.get("/api/session").json()["username"], "check", settings.look_checks - 2)

    def check() -> int:
        rows = ",".join(columns) + "\n" + ",".join(NUMBER if "证" in c else "甲" for c in columns) + "\n"
        files = {"file": ("p.csv", rows.encode(), "text/csv")}
        answer = client.post(f"{API}/imports", files=files, data={"mapping": POPULATION})
        if answer.status_code == 202:
            assert report_of(client, answer)["state"] == "checked"
        return answer.status_code

    assert [check() for _ in range(3)] == [202, 202, 429]
    kept = [row for row in trail(database, system) if row[1] == "check_numbers"]
    assert [row[4] for row in kept] == [True, True, False]
    assert "1 rows" in kept[0][2]
    assert NUMBER not in str(kept)
