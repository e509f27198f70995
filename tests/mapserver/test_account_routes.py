"""Three separated administrators: who makes accounts grants nothing, who grants makes none, neither sees a record."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from access.accounts.accounts import Due
from access.accounts.permissions import ADMINISTRATORS, PERMISSIONS
from database.connection.engine import Database
from database.rights.scope import Role, Scope
from tests import world
from tests.mapserver.conftest import PASSWORD, SignIn

ACTS = [
    ("PUT", "grant", {"role": "grid_worker", "prefixes": ["330521100001001"]}, Role.SECURITY_ADMIN),
    ("POST", "disable", None, Role.SYSTEM_ADMIN),
    ("POST", "enable", None, Role.SYSTEM_ADMIN),
    ("POST", "unlock", None, Role.SECURITY_ADMIN),
    ("POST", "password-reset", None, Role.SECURITY_ADMIN),
    ("POST", "second-factor-reset", None, Role.SECURITY_ADMIN),
    ("DELETE", "sessions", None, Role.SYSTEM_ADMIN),
    ("DELETE", "tokens", None, Role.SECURITY_ADMIN),
]
NEW = {"username": "zhangsan", "display_name": "示例"}


def act(client: TestClient, method: str, path: str, body: Any, username: str) -> Any:
    return client.request(method, f"/api/accounts/{username}/{path}", json=body)


def test_a_stranger_administers_nothing(stranger: TestClient) -> None:
    stranger.headers["X-Onemap-Request"] = "1"
    assert stranger.get("/api/accounts").status_code == 401
    assert stranger.post("/api/accounts", json=NEW).status_code == 401
    assert {act(stranger, m, p, b, "x").status_code for m, p, b, _ in ACTS} == {401}


def test_each_act_belongs_to_one_administrator_and_to_nobody_else(
    sign_in: SignIn, make_account: Callable[..., str]
) -> None:
    target = make_account(Role.GRID_WORKER, "330521100001001")
    for role in [one for one in Role if one is not Role.SYSTEM]:
        client = sign_in(role)
        lists = client.get("/api/accounts").status_code
        makes = client.post("/api/accounts", json=NEW | {"username": f"by-{role.value}"}).status_code
        assert (lists == 200) == (role in ADMINISTRATORS)
        assert (makes == 201) == (role is Role.SYSTEM_ADMIN)
        for method, path, body, whose in ACTS:
            status = act(client, method, path, body, target).status_code
            assert (status < 300) == (role is whose), (role, path, status)
            assert status < 300 or status == 403


def test_an_account_is_usable_only_after_two_people(sign_in: SignIn, application: TestClient) -> None:
    system, security = sign_in(Role.SYSTEM_ADMIN), sign_in(Role.SECURITY_ADMIN)
    assert system.post("/api/accounts", json=NEW).status_code == 201
    assert system.post("/api/accounts", json=NEW).status_code == 409
    # no password exists yet, and the security administrator cannot give one without a role
    assert act(security, "POST", "password-reset", None, "zhangsan").status_code == 422
    grant = {"role": "town_official", "prefixes": ["330521100"]}
    password = act(security, "PUT", "grant", grant, "zhangsan").json()["password"]
    client = TestClient(application.app, headers={"X-Onemap-Request": "1"})
    welcome = client.post("/api/session", json={"username": "zhangsan", "password": password}).json()
    assert (welcome["role"], welcome["prefixes"], welcome["due"]) == ("town_official", ["330521100"], Due.PASSWORD)
    # another grant gives no password: the owner has one
    assert act(security, "PUT", "grant", grant, "zhangsan").json()["password"] is None


@pytest.mark.parametrize("role", ["system_admin", "security_admin", "auditor"])
def test_administrators_are_appointed_and_touched_on_the_server_only(
    sign_in: SignIn, make_account: Callable[..., str], role: str
) -> None:
    """Else the security administrator would reset the other two, or appoint a puppet, and be all three."""
    security, system = sign_in(Role.SECURITY_ADMIN), sign_in(Role.SYSTEM_ADMIN)
    puppet = make_account(Role.GRID_WORKER, "330521100001001")
    other = make_account(Role(role), username="the-other")
    grant = {"role": role, "prefixes": ["330521"]}
    assert act(security, "PUT", "grant", grant, puppet).json()["type"].endswith("on-server-only")
    for method, path, body, whose in ACTS:
        client = security if whose is Role.SECURITY_ADMIN else system
        assert act(client, method, path, body, other).json()["type"].endswith("on-server-only"), path


def test_nobody_acts_on_their_own_account_nor_becomes_the_system(sign_in: SignIn) -> None:
    security, system = sign_in(Role.SECURITY_ADMIN), sign_in(Role.SYSTEM_ADMIN)
    for method, path, body, whose in ACTS:
        client, own = (
            (security, "security_admin-330521") if whose is Role.SECURITY_ADMIN else (system, "system_admin-330521")
        )
        assert act(client, method, path, body, own).json()["type"].endswith("own-account"), path
    system.post("/api/accounts", json=NEW)
    grant = {"role": "system", "prefixes": ["330521"]}
    assert act(security, "PUT", "grant", grant, "zhangsan").status_code == 422


def test_accounts_of_another_county_do_not_exist(sign_in: SignIn, make_account: Callable[..., str]) -> None:
    theirs = make_account(Role.GRID_WORKER, county="330522")
    security, system = sign_in(Role.SECURITY_ADMIN), sign_in(Role.SYSTEM_ADMIN)
    for method, path, body, whose in ACTS:
        client = security if whose is Role.SECURITY_ADMIN else system
        assert act(client, method, path, body, theirs).status_code == 404, path
        assert act(client, method, path, body, "nobody").status_code == 404, path
    assert theirs not in {one["username"] for one in system.get("/api/accounts").json()["items"]}


@pytest.mark.parametrize("prefixes", [["330522"], ["33052"], ["3305210"], ["330521'"], [""], [], ["330521"] * 300])
def test_a_scope_outside_the_county_or_malformed_is_refused(
    sign_in: SignIn, make_account: Callable[..., str], prefixes: list[str]
) -> None:
    target = make_account(Role.GRID_WORKER, "330521100001001")
    security = sign_in(Role.SECURITY_ADMIN)
    answer = act(security, "PUT", "grant", {"role": "county_admin", "prefixes": prefixes}, target)
    assert answer.status_code in (403, 422)


@pytest.mark.parametrize("username", ["", "a", "x" * 33, "A B", "../x", "a\0b", "张三", "-a", "\ud800", "a/b"])
def test_odd_names_make_no_account(sign_in: SignIn, username: str) -> None:
    system = sign_in(Role.SYSTEM_ADMIN)
    body = json.dumps(NEW | {"username": username})
    answer = system.post("/api/accounts", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422


def test_losing_role_scope_or_account_ends_sessions_and_tokens_at_once(
    sign_in: SignIn, make_account: Callable[..., str]
) -> None:
    security, system = sign_in(Role.SECURITY_ADMIN), sign_in(Role.SYSTEM_ADMIN)
    for method, path, body, whose in ACTS:
        if path in ("enable", "unlock", "tokens"):
            continue
        victim = sign_in(Role.TOWN_OFFICIAL, "330521100")
        token = victim.post("/api/session/tokens", json={"password": PASSWORD, "name": "x"}).json()["token"]
        client = security if whose is Role.SECURITY_ADMIN else system
        assert act(client, method, path, body, "town_official-330521100").status_code < 300
        assert victim.get("/api/session").status_code == 401, path
        if path in ("grant", "disable", "password-reset"):
            bearer = {"Authorization": f"Bearer {token}"}
            assert victim.get("/api/session", headers=bearer).status_code == 401, path
        act(system, "POST", "enable", None, "town_official-330521100")


@pytest.mark.parametrize("role", sorted(ADMINISTRATORS))
def test_an_administrator_of_accounts_reads_no_record_anywhere(sign_in: SignIn, role: Role) -> None:
    client = sign_in(role)
    paths = [
        path
        for path, verbs in client.get("/api/openapi.json").json()["paths"].items()
        if "get" in verbs and "{county}" in path
    ]
    assert len(paths) > 40
    for path in paths:
        filled = path.replace("{county}", "330521").replace("{layers}", "cells").replace("{tileMatrixSetId}", "4490")
        answer = client.get(re.sub(r"\{\w+\}", "1", filled))
        assert answer.status_code in (400, 403, 404, 422), (path, answer.status_code, answer.text[:200])


def test_of_two_who_grant_at_once_the_second_is_told(sign_in: SignIn, make_account: Callable[..., str]) -> None:
    target = make_account(Role.GRID_WORKER, "330521100001001", "330521100001002")
    security = sign_in(Role.SECURITY_ADMIN)
    before = {"role": "grid_worker", "prefixes": ["330521100001002", "330521100001001"]}
    first = {"role": "village_officer", "prefixes": ["330521100001"], "seen": before}
    second = {"role": "grid_worker", "prefixes": ["330521100001003"], "seen": before}
    assert act(security, "PUT", "grant", first, target).status_code == 200
    refused = act(security, "PUT", "grant", second, target)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:onemap:problem:account-changed")
    seen = {"role": "village_officer", "prefixes": ["330521100001"]}
    assert act(security, "PUT", "grant", second | {"seen": seen}, target).status_code == 200
    assert act(security, "PUT", "grant", first | {"seen": None}, target).status_code == 200, (
        "who does not say is not asked"
    )


def test_a_scope_is_chosen_from_names_of_towns_and_villages_by_who_grants(
    sign_in: SignIn, database: Database, system: Scope
) -> None:
    with database.transaction(system) as connection:
        world.build_county(connection)
    towns = sign_in(Role.SECURITY_ADMIN).get("/api/accounts/divisions").json()["items"]
    assert towns
    assert all(set(one) == {"code", "name"} and len(one["code"]) == 9 for one in towns)
    security = sign_in(Role.SECURITY_ADMIN)
    villages = security.get(f"/api/accounts/divisions?under={towns[0]['code']}").json()["items"]
    assert all(one["code"].startswith(towns[0]["code"]) for one in villages)
    assert security.get("/api/accounts/divisions?under=330522100").json()["items"] == []
    for bad in ("330521", "' OR 1=1", "330521100001"):
        assert security.get("/api/accounts/divisions", params={"under": bad}).status_code == 422
    for role in (Role.SYSTEM_ADMIN, Role.COUNTY_ADMIN, Role.GRID_WORKER):
        assert sign_in(role).get("/api/accounts/divisions").status_code == 403


def test_only_accounts_permissions_are_theirs() -> None:
    for role in ADMINISTRATORS:
        assert {name.partition(".")[0] for name in PERMISSIONS[role]} <= {"accounts", "sessions", "tokens"}
    others = [PERMISSIONS[role] for role in Role if role not in ADMINISTRATORS]
    assert not any(name.startswith("accounts.") for held in others for name in held)
    assert PERMISSIONS[Role.SYSTEM_ADMIN] & PERMISSIONS[Role.SECURITY_ADMIN] == {"accounts.view"}


def test_the_list_shows_failures_and_where_from(
    sign_in: SignIn, make_account: Callable[..., str], application: TestClient
) -> None:
    target = make_account(Role.GRID_WORKER, "330521100001001")
    guesser = TestClient(application.app, headers={"X-Onemap-Request": "1"}, client=("10.7.7.7", 1))
    for _ in range(5):
        guesser.post("/api/session", json={"username": target, "password": "wrong"})
    security = sign_in(Role.SECURITY_ADMIN)

    def row() -> dict[str, Any]:
        return next(one for one in security.get("/api/accounts").json()["items"] if one["username"] == target)

    assert (row()["failures"], row()["failure_addresses"], row()["paused_lanes"]) == (5, ["10.7.7.7"], 1)
    assert act(security, "POST", "unlock", None, target).json() == {"n": 1}
    assert (row()["failures"], row()["paused_lanes"]) == (0, 0)
    assert guesser.post("/api/session", json={"username": target, "password": PASSWORD}).status_code == 200


def test_every_act_and_every_refused_one_is_in_the_trail(
    sign_in: SignIn, make_account: Callable[..., str], owner: Engine, database: Database
) -> None:
    target = make_account(Role.GRID_WORKER, "330521100001001")
    security = sign_in(Role.SECURITY_ADMIN)
    system = sign_in(Role.SYSTEM_ADMIN, username="xitong")
    with owner.begin() as connection:
        last = connection.scalar(text("SELECT coalesce(max(id), 0) FROM platform.audit_event"))
    system.post("/api/accounts", json=NEW)
    for method, path, body, whose in ACTS:
        act(security if whose is Role.SECURITY_ADMIN else system, method, path, body, target)
    act(system, "POST", "disable", None, "xitong")
    with owner.connect() as connection:
        rows = connection.execute(
            text("SELECT action, allowed, county FROM platform.audit_event WHERE id > :last ORDER BY id"),
            {"last": last},
        ).all()
    assert [row.action for row in rows] == [
        "account_create",
        "account_grant",
        "account_disable",
        "account_enable",
        "account_unlock",
        "password_reset",
        "second_factor_reset",
        "sessions_end",
        "tokens_revoke",
        "refused:own-account",
    ]
    assert [row.allowed for row in rows] == [True] * 9 + [False]
    assert {row.county for row in rows} == {"330521"}
