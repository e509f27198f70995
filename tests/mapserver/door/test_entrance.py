"""Hosts, addresses behind proxies, and heads of a decent size."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from ipaddress import ip_network
from typing import Any

import pytest
from pydantic import ValidationError

from access.audit.asker import asker_address
from database.connection.engine import Database
from database.installation.settings import Settings
from database.rights.scope import Role, Scope
from mapserver.door.entrance import Entrance, UnknownHost
from tests import world
from tests.mapserver.door.conftest import Served, serving

TokenOf = Callable[..., str]
PUBLIC = "https://map.example.gov.cn"
LINKED = [
    "/tiles/330521/cells.json",
    "/tiles/330521/style/light.json",
    "/ogc/330521/",
    "/ogc/330521/collections",
    "/ogc/330521/collections/cells/items?limit=1",
    "/ogc/330521/collections/cells/queryables",
    "/ogc/330521/tiles/WebMercatorQuad",
    "/ogc/330521/collections/cells/items?limit=1&f=html",
]


def scope_of(*headers: tuple[str, str], client: str = "10.0.0.9", server: str = "10.0.0.1") -> dict[str, Any]:
    return {
        "type": "http",
        "path": "/",
        "query_string": b"",
        "scheme": "http",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
        "client": (client, 50000),
        "server": (server, 8000),
    }


def host_in(scope: dict[str, Any]) -> str:
    return next(value.decode() for name, value in scope["headers"] if name == b"host")


@pytest.fixture
def public(settings: Settings, database: Database, system: Scope) -> Iterator[Served]:
    """A server that knows its public address."""
    with database.transaction(system) as connection:
        world.build_county(connection)
    with serving(settings.model_copy(update={"public_url": PUBLIC})) as served:
        yield served


@pytest.mark.parametrize("path", LINKED)
def test_links_are_made_from_the_public_address(public: Served, token_of: TokenOf, path: str) -> None:
    token = token_of(Role.COUNTY_ADMIN)
    answer = public.send(f"GET {path} HTTP/1.1\nAuthorization: {token}\nHost: map.example.gov.cn:8443")
    assert answer.status == 200
    written = answer.body.decode()
    assert f"{PUBLIC}/" in written
    assert "8443" not in written
    assert "http://map" not in written


@pytest.mark.parametrize("host", ["evil.example", "evil.example:443", "map.example.gov.cn.evil.example", "map.example.gov.cn@evil.example",
                                  "evil.example#map.example.gov.cn", "[::", "a b", "", "66.6.6.6", "\tevil"])  # fmt: skip
@pytest.mark.parametrize("path", ["/", "/api/session", "/tiles/330521/cells/14/1/1.mvt", "/p/AAAA", "/assets/x.js"])
def test_another_host_is_refused_everywhere(public: Served, host: str, path: str) -> None:
    answer = public.send(f"GET {path} HTTP/1.1\nHost: {host}")
    if host:
        assert (answer.status, answer.problem) == (400, "unknown-host")
        assert "evil" not in answer.body.decode()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8000", "localhost:5173", "[::1]:8000"])
def test_loopback_stays_usable(public: Served, token_of: TokenOf, host: str) -> None:
    token = token_of(Role.COUNTY_ADMIN)
    answer = public.send(f"GET /tiles/330521/cells.json HTTP/1.1\nAuthorization: {token}\nHost: {host}")
    assert json.loads(answer.body)["tiles"][0].startswith(f"http://{host}/tiles/")


def test_two_hosts_are_refused(public: Served) -> None:
    answer = public.send("GET /api/session HTTP/1.1\nHost: map.example.gov.cn\nHost: evil.example")
    assert answer.status == 400


def test_health_is_asked_under_any_name(public: Served) -> None:
    assert public.send("GET /healthz HTTP/1.1\nHost: probe").status == 200


@pytest.mark.parametrize("path", LINKED)
@pytest.mark.parametrize(
    "header",
    [
        "Host: evil.example",
        "Host: 127.0.0.1\nX-Forwarded-Host: evil.example",
        "Host: 127.0.0.1\nForwarded: host=evil.example",
    ],
)
def test_without_a_public_address_no_header_reaches_a_link(
    server: Served, token_of: TokenOf, database: Database, system: Scope, path: str, header: str
) -> None:  # fmt: skip
    with database.transaction(system) as connection:
        world.build_county(connection)
    token = token_of(Role.COUNTY_ADMIN)
    answer = server.send(f"GET {path} HTTP/1.1\nAuthorization: {token}\n{header}")
    assert answer.status == 200
    assert "evil" not in answer.body.decode()
    assert "http://127.0.0.1" in answer.body.decode()


@pytest.mark.parametrize(
    ("forwarded", "client", "address"),
    [
        ("203.0.113.9", "10.0.0.2", "203.0.113.9"),
        ("203.0.113.9", "10.9.9.9", "10.9.9.9"),  # not from our proxy: not believed
        ("1.1.1.1, 203.0.113.9", "10.0.0.2", "203.0.113.9"),  # what the client wrote itself stands left
        ("203.0.113.9, 10.0.0.3", "10.0.0.2", "203.0.113.9"),  # two proxies of ours
        ("203.0.113.9, evil", "10.0.0.2", "10.0.0.2"),
        ("", "10.0.0.2", "10.0.0.2"),
        ("2001:db8::1", "10.0.0.2", "2001:db8::1"),
        (",".join(["10.0.0.3"] * 3000), "10.0.0.2", "10.0.0.3"),
    ],
)
def test_only_our_proxies_are_believed(settings: Settings, forwarded: str, client: str, address: str) -> None:
    trusted = settings.model_copy(update={"trusted_proxies": (ip_network("10.0.0.0/29"),)})
    Entrance(trusted).pass_in(scope_of(("Host", "10.0.0.1"), ("X-Forwarded-For", forwarded), client=client))
    assert asker_address() == address


def test_no_proxy_is_believed_by_default(settings: Settings) -> None:
    Entrance(settings).pass_in(scope_of(("X-Forwarded-For", "203.0.113.9"), client="127.0.0.1"))
    assert asker_address() == "127.0.0.1"


def test_the_address_a_request_arrived_at_stands_in_links_when_nothing_is_configured(settings: Settings) -> None:
    scope = scope_of(("Host", "evil.example"), server="10.0.0.1")
    Entrance(settings).pass_in(scope)
    assert host_in(scope) == "10.0.0.1:8000"
    scope = scope_of(("Host", "10.0.0.1:9000"), server="10.0.0.1")  # a published port
    Entrance(settings).pass_in(scope)
    assert host_in(scope) == "10.0.0.1:9000"


def test_the_servers_own_address_is_taken_beside_the_public_one(settings: Settings) -> None:
    entrance = Entrance(settings.model_copy(update={"public_url": PUBLIC}))
    entrance.pass_in(scope_of(("Host", "10.0.0.1:8000"), server="10.0.0.1"))
    with pytest.raises(UnknownHost):
        entrance.pass_in(scope_of(("Host", "10.0.0.7"), server="10.0.0.1"))


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (f"GET /api/session?x={'a' * 200_000} HTTP/1.1", 414),
        (f"GET /{'a' * 200_000} HTTP/1.1", 414),
        (f"GET /api/session HTTP/1.1\nCookie: {'a=b;' * 20_000}", 431),
        ("GET /api/session HTTP/1.1\n" + "\n".join(f"X-{n}: {n}" for n in range(5000)), 431),
    ],
)
def test_a_head_without_measure_is_refused(server: Served, request_line: str, status: int) -> None:
    assert server.send(request_line).status in (status, 400)


@pytest.mark.parametrize(
    "url", ["map.example.gov.cn", "ftp://x", "https://", "https://x/path", "https://a@b", "https://x?y"]
)
def test_a_public_address_is_checked_when_the_process_starts(url: str) -> None:
    with pytest.raises(ValidationError):
        Settings(public_url=url)


def test_lists_and_rates_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONEMAP_TRUSTED_PROXIES", "10.0.0.2, 10.1.0.0/16")
    monkeypatch.setenv("ONEMAP_PUBLIC_URL", "https://Map.Example.gov.cn/")
    found = Settings()
    assert found.trusted_proxies == (ip_network("10.0.0.2/32"), ip_network("10.1.0.0/16"))
    assert found.public_url == PUBLIC
    monkeypatch.setenv("ONEMAP_REQUESTS_PER_ACCOUNT", "often")
    with pytest.raises(ValidationError):
        Settings()
