"""Every answer carries its headers: pages, data, files, errors of every kind; over https browsers are held to it."""

import re
from collections.abc import Iterator

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from access.accounts.accounts import create_account
from database.connection.engine import Database
from database.installation.settings import Settings
from database.rights.scope import Role, Scope
from mapserver.app.create import create_app
from mapserver.http.headers import SecurityHeaders
from tests import world
from tests.mapserver.conftest import PASSWORD, SignIn

PATHS = (
    "/", "/index.html", "/signin", "/no/such/page", "/icon.svg", "/sw.js", "/assets/none.js", "/readyz",
    "/api/openapi.json", "/api/session", "/api/330521/alerts", "/api/none", "/tiles/330521/cells/9/1/1.mvt", "/tiles/x",
    "/maps/330521/alerts", "/maps/330521/alerts/1", "/ogc/330521/", "/ogc/330521/collections?f=html", "/p/unknown", "/style/x",
)  # fmt: skip


PUBLIC = "https://map.example.gov.cn"


def directives(policy: str) -> dict[str, str]:
    parts = (part.strip().partition(" ") for part in policy.split(";"))
    return {name: values for name, _space, values in parts}


def check_headers(headers: dict[str, str], path: str) -> None:
    policy = directives(headers["content-security-policy"])
    assert policy["default-src"] == "'none'", path
    for name in ("script-src", "script-src-elem", "style-src", "style-src-elem", "default-src"):
        assert "'unsafe-inline'" not in policy.get(name, ""), (path, name)
        assert "'unsafe-eval'" not in policy.get(name, ""), (path, name)
        assert not re.search(r"(https?:|\*|data:)", policy.get(name, "")), (path, name)
    assert policy["base-uri"] == "'none'", path
    assert policy["frame-ancestors"] in ("'none'", "'self'"), path
    assert policy["form-action"] in ("'none'", "'self'"), path
    assert headers["x-content-type-options"] == "nosniff"
    assert "referrer-policy" in headers and "permissions-policy" in headers
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE", "TRACE"])
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_every_answer_to_a_stranger_has_a_policy(stranger: TestClient, method: str, accept: str) -> None:
    for path in PATHS:
        answer = stranger.request(method, path, headers={"Accept": accept})
        check_headers(dict(answer.headers), path)


def test_every_answer_to_an_account_has_a_policy_and_none_about_people_is_kept(sign_in: SignIn) -> None:
    client = sign_in(Role.COUNTY_ADMIN)
    for path in PATHS:
        answer = client.get(path, headers={"Accept": "text/html"})
        if answer.status_code == 204 and path.endswith(".mvt"):
            continue  # the short way for tiles: bytes, no page
        check_headers(dict(answer.headers), path)
        if path.startswith(("/api/", "/maps/", "/ogc/", "/p/")) and path != "/api/openapi.json":
            assert answer.headers["cache-control"] == "private, no-store", path


def test_the_shortest_answer_is_data_and_no_page(stranger: TestClient) -> None:
    answer = stranger.get("/healthz")
    assert (answer.headers["content-type"], answer.headers["x-content-type-options"]) == ("application/json", "nosniff")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/330521/imports"),
        ("POST", "/api/330521/no/such/path"),
        ("PUT", "/p/x"),
        ("GET", "/api/330521/alerts"),
    ],
)
def test_what_is_refused_at_the_entrance_has_a_policy_too(stranger: TestClient, method: str, path: str) -> None:
    answer = stranger.request(
        method, path, content=b"x" * 100, headers={"Host": "elsewhere.example", "Accept": "text/html"}
    )
    assert answer.status_code >= 400
    check_headers(dict(answer.headers), path)


def test_an_error_nobody_expected_has_a_policy_too(settings: Settings, database: Database) -> None:
    app = create_app(settings, worker=False)
    app.router.routes.insert(0, APIRoute("/api/breaks", lambda: 1 / 0))
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/api/breaks")
    assert answer.status_code == 500
    check_headers(dict(answer.headers), "/api/breaks")
    assert answer.headers["cache-control"] == "private, no-store"


def test_a_route_cannot_lose_the_headers_but_may_set_its_own_policy(settings: Settings) -> None:
    async def app(_scope: object, _receive: object, send: object) -> None:
        await send(  # type: ignore[operator]
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"Content-Security-Policy", b"default-src 'self'")],
            }
        )
        await send({"type": "http.response.body", "body": b""})  # type: ignore[operator]

    answer = TestClient(SecurityHeaders(app, https=False)).get("/maps/x")  # type: ignore[arg-type]
    assert answer.headers.get_list("content-security-policy") == ["default-src 'self'"]
    assert "x-frame-options" not in answer.headers and answer.headers["x-content-type-options"] == "nosniff"


@pytest.fixture
def over_https(settings: Settings, database: Database) -> Iterator[TestClient]:
    """The same application behind a proxy with TLS."""
    public = settings.model_copy(update={"public_url": PUBLIC})
    served = TestClient(create_app(public, worker=False), raise_server_exceptions=False, base_url=PUBLIC)
    with served as client:
        yield client


def _sign_in(client: TestClient, database: Database, settings: Settings) -> str:
    with database.platform() as connection:
        create_account(
            connection, username="admin", display_name="管理员", password=PASSWORD, role=Role.COUNTY_ADMIN, county="330521",
            prefixes=("330521",), settings=settings,
        )  # fmt: skip
    answer = client.post(
        "/api/session", json={"username": "admin", "password": PASSWORD}, headers={"X-Onemap-Request": "1"}
    )
    assert answer.status_code == 200
    return answer.headers["set-cookie"]


def test_over_https_browsers_come_no_other_way_and_cookies_are_secure(
    over_https: TestClient, database: Database, settings: Settings
) -> None:
    for path in PATHS:
        assert over_https.get(path).headers["strict-transport-security"] == "max-age=31536000", path
    cookie = _sign_in(over_https, database, settings)
    assert "Secure" in cookie and "HttpOnly" in cookie and "SameSite=strict" in cookie


def test_without_https_nothing_is_promised(stranger: TestClient, database: Database, settings: Settings) -> None:
    assert "strict-transport-security" not in stranger.get("/").headers
    assert "Secure" not in _sign_in(stranger, database, settings)


@pytest.mark.parametrize(
    ("url", "setting", "secure"),
    [
        (None, None, False),
        ("http://map", None, False),
        ("https://map", None, True),
        ("HTTPS://map", None, True),
        ("https://map", False, False),
        (None, True, True),
    ],
)
def test_cookies_follow_the_public_address_unless_told_otherwise(
    settings: Settings, url: str | None, setting: bool | None, secure: bool
) -> None:
    assert settings.model_copy(update={"public_url": url, "cookie_secure": setting}).secure_cookies is secure


@pytest.mark.parametrize(
    ("layers", "kept"),
    [
        ("cells", True),
        ("divisions,cells", True),
        ("addresses", True),
        ("persons", False),
        ("cells,persons", False),
        ("alerts", False),  # their titles name persons
        ("events,cells", False),
    ],
)
def test_no_browser_keeps_a_tile_of_people(
    database: Database, system: Scope, sign_in: SignIn, layers: str, kept: bool
) -> None:
    with database.transaction(system) as connection:
        world.build_county(connection)
        world.add_household(connection, "H1", world.CELLS[0])
    client = sign_in(Role.COUNTY_ADMIN)
    for _made_then_kept in range(2):
        for where in ("13/6831/3380", "9/1/1"):
            answer = client.get(f"/tiles/330521/{layers}/{where}.mvt")
            assert answer.status_code in (200, 204)
            assert answer.headers["cache-control"] == ("private, no-cache" if kept else "private, no-store")
    for name in layers.split(","):
        answer = client.get(f"/ogc/330521/collections/{name}/tiles/WebMercatorQuad/9/1/1")
        if answer.status_code < 300 and name in ("persons", "alerts", "events"):
            assert answer.headers["cache-control"] == "private, no-store"


def test_a_folium_page_names_its_scripts_and_styles_by_a_nonce_of_its_own(
    database: Database, system: Scope, sign_in: SignIn
) -> None:
    with database.transaction(system) as connection:
        world.build_county(connection)
    client = sign_in(Role.COUNTY_ADMIN)
    nonces = set()
    for _ in range(2):
        answer = client.get("/maps/330521/alerts")
        policy = directives(answer.headers["content-security-policy"])
        check_headers(dict(answer.headers), "/maps")
        assert policy["sandbox"] == "allow-scripts"
        (nonce,) = re.findall(r"'nonce-([\w-]+)'", policy["script-src"])
        assert policy["style-src"] == policy["script-src"] == f"'nonce-{nonce}'"
        bare = re.sub(r"(<script[^>]*>).*?</script>", r"\1", answer.text, flags=re.DOTALL)
        tags = re.findall(r"<(?:script|style)\b[^>]*>", bare)
        assert tags and all(f'nonce="{nonce}"' in tag for tag in tags)
        assert re.search(r'http-equiv="Content-Security-Policy" content="[^"]*nonce-' + nonce, answer.text)
        nonces.add(nonce)
    assert len(nonces) == 2
