"""One's own account: password rules, second factor, sessions, tokens; what is due comes first."""

import time
from typing import Any

import pyotp
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from access.accounts.accounts import create_account
from access.sessions.tokens import create_token
from access.sign_in import sign_in as sign_in_module
from access.sign_in.limits import Limit
from database.connection.engine import Database
from database.installation.settings import Settings
from database.rights.scope import Role
from mapserver.door.account_cache import find_credential
from tests.mapserver.conftest import PASSWORD, SignIn

NEW = "kitchen rain lamp seven"
NAME = "gis_staff-330521"


@pytest.fixture(autouse=True)
def fresh_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """No window of an earlier test."""
    monkeypatch.setattr(sign_in_module, "_CODES", Limit("second factor", "10 per 10 minutes"))


def test_a_stranger_has_no_account_to_look_after(stranger: TestClient) -> None:
    stranger.headers["X-Onemap-Request"] = "1"
    for method, path in (
        ("GET", "sessions"),
        ("DELETE", "sessions"),
        ("GET", "tokens"),
        ("POST", "tokens"),
        ("PUT", "password"),
        ("GET", "second-factor"),
        ("POST", "second-factor"),
        ("PUT", "second-factor"),
        ("POST", "second-factor/removal"),
        ("POST", "second-factor/recovery-codes"),
    ):
        answer = stranger.request(method, f"/api/session/{path}", json={"password": "x", "new_password": "x"})
        assert answer.status_code in (401, 422), (method, path)
        assert method != "GET" or answer.status_code == 401


@pytest.mark.parametrize(
    "weak",
    [
        "short1!",
        "woaini1314520",
        "Admin@123456",
        "1qaz2wsx3edc",
        "P@ssw0rd2026",
        "zhangwei19900101",
        "15857261839",
        "gis_staff-330521",
        "125033ffats sig!!",
        PASSWORD,
    ],
)
def test_a_weak_or_used_password_is_refused_with_the_reason(sign_in: SignIn, weak: str) -> None:
    client = sign_in(Role.GIS_STAFF)
    answer = client.put("/api/session/password", json={"password": PASSWORD, "new_password": weak})
    assert answer.status_code == 422
    assert answer.json()["type"].endswith("password-weak")
    assert answer.json()["detail"]


def test_an_earlier_password_does_not_come_back(sign_in: SignIn) -> None:
    client = sign_in(Role.GIS_STAFF)
    change = {"password": PASSWORD, "new_password": NEW}
    assert client.put("/api/session/password", json=change).status_code == 200
    back = client.put("/api/session/password", json={"password": NEW, "new_password": PASSWORD})
    assert back.status_code == 422


def test_changing_the_password_rotates_this_session_and_ends_all_others_and_tokens(
    sign_in: SignIn, database: Database
) -> None:
    client, other = sign_in(Role.GIS_STAFF), sign_in(Role.GIS_STAFF)
    assert client.get("/api/session").status_code == 401  # make_account made the account anew
    client = TestClient(other.app, raise_server_exceptions=False, headers={"X-Onemap-Request": "1"})
    assert client.post("/api/session", json={"username": NAME, "password": PASSWORD}).status_code == 200
    with database.platform() as connection:
        token = create_token(connection, NAME, "QGIS")
    before = client.cookies["onemap_session"]
    answer = client.put("/api/session/password", json={"password": PASSWORD, "new_password": NEW})
    assert answer.status_code == 200
    assert client.cookies["onemap_session"] != before
    assert client.get("/api/session").status_code == 200
    assert other.get("/api/session").status_code == 401
    stolen = TestClient(other.app, raise_server_exceptions=False, cookies={"onemap_session": before})
    assert stolen.get("/api/session").status_code == 401
    assert stolen.get("/api/session", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_the_old_password_is_asked_and_guessing_it_has_its_limit(sign_in: SignIn) -> None:
    client = sign_in(Role.GIS_STAFF)
    tries = [
        client.put("/api/session/password", json={"password": f"guess{n}", "new_password": NEW}).status_code
        for n in range(7)
    ]
    assert tries == [401] * 5 + [429] * 2


def test_nothing_works_before_a_given_password_is_changed(
    database: Database, settings: Settings, application: TestClient
) -> None:
    with database.platform() as connection:
        create_account(
            connection,
            username="new",
            display_name="新人",
            password=PASSWORD,
            role=Role.COUNTY_ADMIN,
            county="330521",
            prefixes=["330521"],
            settings=settings,
            must_change=True,
        )
    client = TestClient(application.app, raise_server_exceptions=False, headers={"X-Onemap-Request": "1"})
    assert client.post("/api/session", json={"username": "new", "password": PASSWORD}).json()["due"] == "password"
    for path in (
        "/api/330521/overview",
        "/api/330521/alerts",
        "/tiles/330521/cells/12/3411/1689.mvt",
        "/ogc/330521/collections",
        "/api/session/tokens",
        "/maps/330521/alerts",
    ):
        answer = client.get(path)
        assert answer.status_code == 403, path
        assert answer.json()["type"] == "urn:onemap:problem:password-change-needed"
    done = client.put("/api/session/password", json={"password": PASSWORD, "new_password": NEW})
    assert done.json()["due"] is None
    assert client.get("/api/330521/overview").status_code == 200


def test_a_password_may_grow_too_old(
    sign_in: SignIn, owner: Engine, application: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sign_in(Role.GIS_STAFF)
    context = application.app.state.context  # type: ignore[attr-defined]
    older = context.settings.model_copy(update={"password_max_days": 90})
    monkeypatch.setitem(context.__dict__, "settings", older)
    assert client.get("/api/session").json()["due"] is None
    with owner.begin() as connection:
        connection.execute(text("UPDATE platform.account SET password_changed_at = now() - interval '91 days'"))
    application.app.state.door.accounts.forget()  # type: ignore[attr-defined]
    assert client.get("/api/session").json()["due"] == "password"


def enrol(client: TestClient) -> tuple[pyotp.TOTP, list[str]]:
    """Set up a second factor with the code of the step before, so that the present one is still good."""
    made = client.post("/api/session/second-factor", json={"password": PASSWORD}).json()
    assert made["qr_svg"].startswith("<svg")
    totp = pyotp.TOTP(made["secret"])
    codes = client.put("/api/session/second-factor", json={"code": totp.at(time.time() - 30)})
    assert codes.status_code == 200, codes.text
    return totp, codes.json()["codes"]


def again(of: TestClient, **more: Any) -> TestClient:
    return TestClient(of.app, raise_server_exceptions=False, headers={"X-Onemap-Request": "1"}, **more)


def test_the_second_factor_is_asked_only_after_the_right_password_and_each_code_works_once(sign_in: SignIn) -> None:
    totp, codes = enrol(client := sign_in(Role.COUNTY_ADMIN))
    body = {"username": "county_admin-330521", "password": PASSWORD}
    wrong = again(client).post("/api/session", json=body | {"password": "wrong"}).json()
    problem = again(client).post("/api/session", json=body).json()
    assert wrong["type"].endswith("sign-in-failed")
    assert problem["type"].endswith("second-factor-needed")
    code = totp.now()
    assert again(client).post("/api/session", json=body | {"code": code}).status_code == 200
    assert again(client).post("/api/session", json=body | {"code": code}).status_code == 401
    recovery = codes[0].upper()
    assert again(client).post("/api/session", json=body | {"code": recovery}).status_code == 200
    assert again(client).post("/api/session", json=body | {"code": recovery}).status_code == 401
    assert client.get("/api/session/second-factor").json()["recovery_codes_left"] == 9


@pytest.mark.parametrize(
    "code", ["", "000000", "１２３４５６", "abc", "-", "0" * 40, "\u0661\u0662\u0663456", "' OR 1=1"]
)
def test_a_wrong_code_counts_as_a_failure(sign_in: SignIn, code: str) -> None:
    enrol(client := sign_in(Role.COUNTY_ADMIN))
    body = {"username": "county_admin-330521", "password": PASSWORD, "code": code}
    door = again(client, client=("10.2.2.2", 1))
    statuses = [door.post("/api/session", json=body).status_code for _ in range(6)]
    assert statuses == ([401] * 5 + [429] if code else [401] * 6)


def test_codes_cannot_be_guessed_from_many_addresses(sign_in: SignIn) -> None:
    totp, _ = enrol(client := sign_in(Role.COUNTY_ADMIN, county="330522"))
    body = {"username": "county_admin-330522", "password": PASSWORD}
    statuses = [
        again(client, client=(f"10.2.{n}.1", 1)).post("/api/session", json=body | {"code": "000000"}).status_code
        for n in range(20)
    ]
    assert statuses.count(401) <= 10
    assert statuses[-1] == 429
    # the owner's own browser goes on: it holds the device cookie
    mine = again(client)
    mine.cookies = client.cookies
    assert mine.post("/api/session", json=body | {"code": totp.now()}).status_code == 200


def test_a_role_that_needs_a_second_factor_gets_nothing_before_it_is_set_up(
    sign_in: SignIn, application: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sign_in(Role.COUNTY_ADMIN)
    context = application.app.state.context  # type: ignore[attr-defined]
    strict = context.settings.model_copy(update={"second_factor_roles": (Role.COUNTY_ADMIN,)})
    monkeypatch.setitem(context.__dict__, "settings", strict)
    answer = client.get("/api/330521/overview")
    assert answer.json()["type"].endswith("second-factor-enrolment-needed")
    enrol(client)
    assert client.get("/api/330521/overview").status_code == 200


def test_the_secret_and_the_recovery_codes_are_not_kept_readable(sign_in: SignIn, owner: Engine) -> None:
    totp, codes = enrol(sign_in(Role.COUNTY_ADMIN))
    with owner.connect() as connection:
        kept = str(connection.execute(text("SELECT * FROM platform.second_factor, platform.recovery_code")).all())
    assert totp.secret not in kept
    assert not any(code in kept for code in codes)


def test_tokens_need_the_password_and_the_second_factor(sign_in: SignIn) -> None:
    client = sign_in(Role.GIS_STAFF)
    assert client.post("/api/session/tokens", json={"password": "wrong", "name": "QGIS"}).status_code == 401
    token = client.post("/api/session/tokens", json={"password": PASSWORD, "name": "QGIS"}).json()["token"]
    assert client.get("/api/session/tokens").json()["items"][0]["name"] == "QGIS"
    totp, _ = enrol(client)
    needed = client.post("/api/session/tokens", json={"password": PASSWORD, "name": "b"})
    assert needed.json()["type"].endswith("second-factor-needed")
    made = client.post("/api/session/tokens", json={"password": PASSWORD, "name": "b", "code": totp.now()})
    assert made.status_code == 201
    bearer = again(client)
    bearer.headers["Authorization"] = f"Bearer {token}"
    assert bearer.get("/api/session").status_code == 200
    # a token does not breed tokens, nor look after the account
    for path in ("tokens", "sessions"):
        assert bearer.get(f"/api/session/{path}").status_code == 401
    number = client.get("/api/session/tokens").json()["items"][1]["id"]
    assert client.delete(f"/api/session/tokens/{number}").status_code == 204
    assert bearer.get("/api/session").status_code == 401


def test_administrators_get_no_tokens(sign_in: SignIn) -> None:
    client = sign_in(Role.SECURITY_ADMIN)
    assert client.post("/api/session/tokens", json={"password": PASSWORD, "name": "x"}).status_code == 422


def test_sessions_and_tokens_of_others_are_out_of_reach(sign_in: SignIn) -> None:
    mine, theirs = sign_in(Role.GIS_STAFF), sign_in(Role.COUNTY_ADMIN)
    theirs.post("/api/session/tokens", json={"password": PASSWORD, "name": "x"})
    session = theirs.get("/api/session/sessions").json()["items"][0]["id"]
    token = theirs.get("/api/session/tokens").json()["items"][0]["id"]
    assert mine.delete(f"/api/session/sessions/{session}").status_code == 404
    assert mine.delete(f"/api/session/tokens/{token}").status_code == 404
    assert theirs.get("/api/session").status_code == 200


def test_sessions_are_listed_ended_and_limited(sign_in: SignIn, settings: Settings) -> None:
    client = sign_in(Role.GIS_STAFF)
    others = []
    for n in range(settings.session_limit - 1):
        other = again(client, client=(f"10.3.0.{n}", 1))
        other.post("/api/session", json={"username": NAME, "password": PASSWORD}, headers={"User-Agent": "Chrome/128"})
        others.append(other)
    listed = client.get("/api/session/sessions").json()["items"]
    assert len(listed) == settings.session_limit
    assert sum(one["current"] for one in listed) == 1
    assert "10.3.0.1" in {one["address"] for one in listed}
    assert "Chrome 128" in {one["agent"] for one in listed}
    gone = next(one["id"] for one in listed if one["address"] == "10.3.0.0")
    assert client.delete(f"/api/session/sessions/{gone}").status_code == 204
    assert others[0].get("/api/session").status_code == 401
    assert client.delete("/api/session/sessions").status_code == 204
    assert others[1].get("/api/session").status_code == 401
    assert client.get("/api/session").status_code == 200


@pytest.mark.parametrize("accept", ["text/event-stream", "text/event-stream, */*"])
def test_an_event_stream_does_not_keep_a_session_from_idling(sign_in: SignIn, owner: Engine, accept: str) -> None:
    client = sign_in(Role.GIS_STAFF)
    idle = text("UPDATE platform.session SET last_seen_at = now() - interval '29 minutes'")
    seen = text("SELECT last_seen_at < now() - interval '28 minutes' FROM platform.session WHERE username = :u")
    with owner.begin() as connection:
        connection.execute(idle)
    assert client.get("/api/session", headers={"Accept": accept}).status_code == 200
    context = client.app.state.context  # type: ignore[attr-defined]
    found = find_credential(context, client.cookies["onemap_session"], None, counts=False)
    assert found is not None
    assert found.username == NAME
    client.app.state.door.accounts.forget()  # type: ignore[attr-defined]
    with owner.connect() as connection:
        assert connection.scalar(seen, {"u": NAME}) is True
    assert client.get("/api/session").status_code == 200
    with owner.connect() as connection:
        assert connection.scalar(seen, {"u": NAME}) is False


def test_acts_on_the_own_account_are_in_the_trail(sign_in: SignIn, owner: Engine) -> None:
    client = sign_in(Role.GIS_STAFF)
    client.post("/api/session/tokens", json={"password": PASSWORD, "name": "QGIS"})
    client.delete("/api/session/sessions")
    client.put("/api/session/password", json={"password": PASSWORD, "new_password": NEW})
    with owner.connect() as connection:
        rows = connection.scalars(
            text("SELECT action FROM platform.audit_event WHERE actor = :u ORDER BY id DESC LIMIT 3"), {"u": NAME}
        ).all()
    assert rows == ["password_change", "sessions_end", "token_create"]
