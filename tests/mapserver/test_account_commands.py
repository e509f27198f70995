"""The shell operator may do everything to accounts, and the trail names them."""

import getpass
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text
from typer.testing import CliRunner

from database.connection.engine import Database
from database.errors import OnemapError
from database.installation.settings import Settings
from database.rights.scope import Role
from mapserver.cli.accounts import account_app, token_app
from tests.mapserver.conftest import PASSWORD, SignIn


def run(*arguments: str) -> str:
    """The output of an ``onemap account`` command that succeeded."""
    result = CliRunner().invoke(account_app, list(arguments))
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result.stdout


def enter(application: TestClient, username: str, password: str) -> TestClient:
    client = TestClient(application.app, headers={"X-Onemap-Request": "1"})
    client.post("/api/session", json={"username": username, "password": password})
    return client


@pytest.mark.parametrize("role", list(Role))
def test_accounts_of_every_role_are_made_with_a_password_to_be_changed(
    settings: Settings, database: Database, application: TestClient, role: Role
) -> None:
    if role is Role.SYSTEM:
        with pytest.raises(AssertionError, match="AccountInvalid"):
            run("create", "someone", "--role", role.value, "--county", "330521")
        return
    _, password = run("create", "someone", "--role", role.value, "--county", "330521").split()
    found = enter(application, "someone", password).get("/api/session").json()
    assert (found["role"], found["due"]) == (role.value, "password")


def test_the_life_of_an_account_on_the_shell(settings: Settings, sign_in: SignIn, owner: Engine) -> None:
    client = sign_in(Role.AUDITOR)
    name = "auditor-330521"
    with owner.begin() as connection:
        last = connection.scalar(text("SELECT coalesce(max(id), 0) FROM platform.audit_event"))
    assert name in run("list", "--county", "330521")
    assert "testclient" in run("sessions", name)
    run("sessions", name, "--end")
    client.app.state.door.accounts.forget()  # type: ignore[attr-defined]  # else noticed within a second
    assert client.get("/api/session").status_code == 401
    run("scope", name, "330521100", "330521101")
    run("role", name, "county_admin")
    run("unlock", name)
    run("reset", name, "--second-factor")
    assert run("reset", name).startswith(name)
    run("disable", name)
    run("enable", name)
    run("revoke", name)
    with owner.connect() as connection:
        row = connection.execute(
            text("SELECT role, prefixes FROM platform.account WHERE username = :u"), {"u": name}
        ).one()
        acts = connection.execute(
            text("SELECT actor, action FROM platform.audit_event WHERE id > :last ORDER BY id"), {"last": last}
        ).all()
    assert row == ("county_admin", ["330521100", "330521101"])
    assert {actor for actor, _ in acts} == {f"cli:{getpass.getuser()}"}
    assert [action for _, action in acts] == [
        "sessions_end",
        "account_grant",
        "account_grant",
        "account_unlock",
        "second_factor_reset",
        "password_reset",
        "account_disable",
        "account_enable",
        "sessions_end",
        "tokens_revoke",
    ]


def test_a_role_and_a_scope_end_what_was_open(settings: Settings, sign_in: SignIn) -> None:
    client = sign_in(Role.TOWN_OFFICIAL, "330521100")
    run("scope", "town_official-330521100", "330521101")
    client.app.state.door.accounts.forget()  # type: ignore[attr-defined]  # else noticed within a second
    assert client.get("/api/session").status_code == 401


def test_tokens_are_made_listed_and_ended(
    settings: Settings, make_account: Callable[..., str], stranger: TestClient
) -> None:
    name = make_account(Role.GIS_STAFF)
    token = CliRunner().invoke(token_app, ["create", name, "--name", "QGIS"]).output.strip()
    bearer = {"Authorization": f"Bearer {token}"}
    assert stranger.get("/api/session", headers=bearer).status_code == 200
    listed = CliRunner().invoke(token_app, ["list", name]).output
    assert "QGIS" in listed
    assert token not in listed
    CliRunner().invoke(token_app, ["revoke", name, listed.split("\t")[0]])
    stranger.app.state.door.accounts.forget()  # type: ignore[attr-defined]  # else noticed within a second
    assert stranger.get("/api/session", headers=bearer).status_code == 401


def test_an_unknown_account_is_said_to_be_unknown(settings: Settings, database: Database) -> None:
    for command in (["disable"], ["unlock"], ["reset"], ["scope"], ["revoke"]):
        arguments = [*command, "nobody", *(["330521"] if command == ["scope"] else [])]
        assert isinstance(CliRunner().invoke(account_app, arguments).exception, OnemapError)


def test_a_new_account_of_the_system_administrator_gets_its_role_here_too(
    settings: Settings, sign_in: SignIn, application: TestClient
) -> None:
    system = sign_in(Role.SYSTEM_ADMIN)
    system.post("/api/accounts", json={"username": "lisi", "display_name": "李"})
    _, password = run("role", "lisi", "grid_worker", "--scope", "330521100001001").split()
    assert enter(application, "lisi", password).get("/api/session").json()["role"] == "grid_worker"
    assert password != PASSWORD
