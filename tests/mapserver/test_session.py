"""Signing in: who gets in, who does not, and what a stranger sees."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from access.sessions.tokens import create_token
from database.connection.engine import Database
from database.rights.scope import Role, Scope
from tests.mapserver.conftest import PASSWORD, SignIn

CSRF = {"X-Onemap-Request": "1"}


def test_a_stranger_is_told_to_sign_in(stranger: TestClient) -> None:
    answer = stranger.get("/api/session")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"] == "请先登录"


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
    stranger: TestClient, make_account: Callable[..., str]
) -> None:
    name = make_account(Role.TOWN_OFFICIAL, "330521100")
    answer = stranger.post("/api/session", json={"username": name, "password": PASSWORD}, headers=CSRF)
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert answer.json()["prefixes"] == ["330521100"]


def test_a_wrong_password_and_an_unknown_name_look_the_same(
    stranger: TestClient, make_account: Callable[..., str]
) -> None:
    name = make_account(Role.GIS_STAFF)
    answers = [
        stranger.post("/api/session", json={"username": who, "password": "wrong"}, headers=CSRF).json()
        for who in (name, "nobody")
    ]
    assert answers[0] == answers[1]
    assert answers[0]["status"] == 401


def test_five_wrong_passwords_make_their_address_wait_even_for_the_right_one(
    stranger: TestClient, make_account: Callable[..., str]
) -> None:
    name = make_account(Role.GIS_STAFF)
    for _ in range(5):
        stranger.post("/api/session", json={"username": name, "password": "wrong"}, headers=CSRF)
    answer = stranger.post("/api/session", json={"username": name, "password": PASSWORD}, headers=CSRF)
    # 429, and for this address only: a lock of the account (423) let strangers lock others out, and told names apart
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) == 30


def test_a_session_ends_when_signed_out(sign_in: SignIn) -> None:
    client = sign_in(Role.GIS_STAFF)
    assert client.get("/api/session").status_code == 200
    kept = dict(client.cookies)
    assert client.delete("/api/session").status_code == 204
    assert client.get("/api/session", cookies=kept).status_code == 401


def test_an_idle_session_ends(sign_in: SignIn, database: Database) -> None:
    client = sign_in(Role.GIS_STAFF)
    with database.platform() as connection:
        connection.execute(text("UPDATE platform.session SET last_seen_at = now() - interval '31 minutes'"))
    assert client.get("/api/session").status_code == 401


def test_a_cookie_alone_changes_nothing(sign_in: SignIn) -> None:
    client = sign_in(Role.GIS_STAFF)
    client.headers.pop("X-Onemap-Request")
    assert client.delete("/api/session").status_code == 403
    assert client.get("/api/session").status_code == 200


@pytest.mark.parametrize("kind", ["bearer", "basic"])
def test_a_token_works_as_bearer_and_as_basic(
    stranger: TestClient, make_account: Callable[..., str], database: Database, kind: str
) -> None:
    name = make_account(Role.GIS_STAFF)
    with database.platform() as connection:
        token = create_token(connection, name, "QGIS")
    if kind == "bearer":
        answer = stranger.get("/api/session", headers={"Authorization": f"Bearer {token}"})
        wrong = stranger.get("/api/session", headers={"Authorization": f"Bearer {token}x"})
    else:
        answer = stranger.get("/api/session", auth=(name, token))
        wrong = stranger.get("/api/session", auth=("someone", token))
    assert answer.json()["username"] == name
    assert wrong.status_code == 401


def test_a_revoked_or_expired_token_does_not_work(
    stranger: TestClient, make_account: Callable[..., str], database: Database
) -> None:
    name = make_account(Role.GIS_STAFF)
    with database.platform() as connection:
        token = create_token(connection, name, "QGIS")
        connection.execute(text("UPDATE platform.access_token SET expires_at = now()"))
    assert stranger.get("/api/session", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_neither_passwords_nor_cookies_nor_tokens_are_kept(
    sign_in: SignIn, make_account: Callable[..., str], database: Database
) -> None:
    client = sign_in(Role.GIS_STAFF)
    cookie = client.cookies["onemap_session"]
    with database.platform() as connection:
        token = create_token(connection, "gis_staff-330521", "QGIS")
        kept = str(
            connection.execute(text("SELECT * FROM platform.account, platform.session, platform.access_token")).all()
        )
    assert cookie not in kept
    assert token not in kept
    assert PASSWORD not in kept


def test_every_sign_in_leaves_an_audit_row(sign_in: SignIn, database: Database, system: Scope) -> None:
    sign_in(Role.GRID_WORKER, "330521100001001")
    with database.transaction(system) as connection:
        assert connection.execute(text("SELECT actor, action FROM audit_event")).all() == [
            ("grid_worker-330521100001001", "sign_in")
        ]
