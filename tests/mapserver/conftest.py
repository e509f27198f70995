"""A running application and signed-in clients, through the front door."""

from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient

from access.accounts.accounts import create_account
from database.connection.engine import Database
from database.installation.settings import Settings
from database.rights.scope import Role
from mapserver.app.create import create_app
from tests.mapserver.documented import hold

PASSWORD = "correct horse battery"
SignIn = Callable[..., TestClient]


@pytest.fixture(scope="session")
def application(settings: Settings) -> Iterator[TestClient]:
    """The application with its lifespan running; this client is a stranger."""
    with TestClient(create_app(settings, worker=False), raise_server_exceptions=False) as client:
        yield hold(client)


@pytest.fixture
def stranger(application: TestClient, database: Database) -> Iterator[TestClient]:
    """Nobody: no cookie, no token; the counties are empty."""
    application.cookies.clear()
    yield application
    application.cookies.clear()


@pytest.fixture
def make_account(database: Database, settings: Settings) -> Callable[..., str]:
    """Make an account; returns its user name. The password is PASSWORD."""

    def make(role: Role, *prefixes: str, county: str = "330521", username: str | None = None) -> str:
        name = username or f"{role.value}-{'-'.join(prefixes) or county}"
        with database.platform() as connection:
            create_account(
                connection,
                username=name,
                display_name=f"测试 {role.value}",
                password=PASSWORD,
                role=role,
                county=county,
                prefixes=prefixes or (county,),
                settings=settings,
            )
        return name

    return make


@pytest.fixture
def sign_in(application: TestClient, make_account: Callable[..., str]) -> SignIn:
    """Sign in as a role with a scope; returns a client of its own that sends the CSRF header."""

    def enter(role: Role, *prefixes: str, county: str = "330521", username: str | None = None) -> TestClient:
        username = make_account(role, *prefixes, county=county, username=username)
        client = hold(TestClient(application.app, raise_server_exceptions=False, headers={"X-Onemap-Request": "1"}))
        answer = client.post("/api/session", json={"username": username, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return client

    return enter
