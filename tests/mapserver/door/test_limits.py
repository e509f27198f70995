"""How often: per account, per address, per second of tiles, per open stream; every refusal says when to come again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from access.audit.asker import ASKER_ADDRESS
from database.connection.engine import Database
from database.installation.settings import Settings
from database.rights.scope import Role
from mapserver.door.door import asker
from tests.mapserver.door.conftest import Answer, Served, serving

TokenOf = Callable[..., str]


def refusals(served: Served, head: str, times: int) -> list[Answer]:
    answers = [served.send(head) for _ in range(times)]
    return [answer for answer in answers if answer.status == 429]


@pytest.mark.parametrize(
    ("setting", "head", "known"),
    [
        ({"requests_per_account": "3/minute"}, "GET /api/330521/alerts HTTP/1.1", True),
        ({"requests_per_address": "3/minute"}, "GET /api/330521/alerts HTTP/1.1", True),
        ({"strangers_per_address": "3/minute"}, "GET /api/session HTTP/1.1", False),
        ({"strangers_per_address": "3/minute"}, "GET /api/330521/alerts HTTP/1.1\nAuthorization: Bearer om_x", False),
        ({"strangers_per_address": "3/minute"}, "GET /tiles/330521/cells/14/1/1.mvt HTTP/1.1\nAuthorization: Bearer om_x", False),
        ({"strangers_per_address": "3/minute"}, "GET /api/330521/alerts HTTP/1.1\nCookie: onemap_session=x", False),
        ({"scans_per_address": "3/minute"}, "GET /p/AAAA HTTP/1.1", False),
        ({"scans_per_address": "3/minute"}, "GET /p/AAAA HTTP/1.1\nAccept: application/json", False),
        ({"tiles_per_second": 2}, "GET /tiles/330521/cells/14/1/1.mvt HTTP/1.1", True),
    ],
)  # fmt: skip
def test_what_is_asked_too_often_is_refused_with_a_time(
    settings: Settings, database: Database, token_of: TokenOf, setting: dict[str, Any], head: str, known: bool
) -> None:
    with serving(settings.model_copy(update=setting)) as served:
        if known:
            head += f"\nAuthorization: {token_of(Role.COUNTY_ADMIN)}"
        refused = refusals(served, head, 12)
        assert refused
        assert {answer.problem for answer in refused} == {"too-many-requests"}
        assert all(1 <= int(answer.headers["retry-after"]) <= 60 for answer in refused)
        assert served.send("GET /healthz HTTP/1.1").status == 200


def test_one_account_does_not_use_up_anothers(settings: Settings, database: Database, token_of: TokenOf) -> None:
    with serving(settings.model_copy(update={"requests_per_account": "3/minute"})) as served:
        loud, quiet = token_of(Role.COUNTY_ADMIN), token_of(Role.GIS_STAFF)
        assert refusals(served, f"GET /api/330521/alerts HTTP/1.1\nAuthorization: {loud}", 6)
        assert served.send(f"GET /api/330521/alerts HTTP/1.1\nAuthorization: {quiet}").status == 200


def test_guessing_from_an_address_does_not_shut_out_who_was_known_there(
    settings: Settings, database: Database, token_of: TokenOf
) -> None:
    with serving(settings.model_copy(update={"strangers_per_address": "3/minute"})) as served:
        known = f"GET /api/330521/alerts HTTP/1.1\nAuthorization: {token_of(Role.GIS_STAFF)}"
        assert served.send(known).status == 200
        assert refusals(served, "GET /api/330521/alerts HTTP/1.1\nAuthorization: Bearer om_x", 6)
        served.app.state.door.accounts.forget()  # it must be looked up again
        assert served.send(known).status == 200


def test_open_streams_of_an_account_are_counted(settings: Settings, database: Database, token_of: TokenOf) -> None:
    with serving(settings.model_copy(update={"streams_per_account": 2})) as served:
        head = f"GET /tiles/330521/changes HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {token_of(Role.GIS_STAFF)}\r\n\r\n"
        lines = [served.connect() for _ in range(2)]
        for line in lines:
            line.sendall(head.encode())
            assert b"200" in line.recv(65536)
        answer = served.send(head.replace("\r\n", "\n").strip())
        assert (answer.status, answer.problem) == (429, "too-many-requests")
        assert "retry-after" in answer.headers
        lines[0].close()  # the place is free as soon as the server notices
        until = time.monotonic() + 25
        with served.connect() as again:
            status = b"429"
            while b"429" in status and time.monotonic() < until:
                with served.connect() as again:
                    again.sendall(head.encode())
                    status = again.recv(65536)
                    time.sleep(0.2)
        lines[1].close()
        assert b"200" in status


@pytest.mark.parametrize(
    ("address", "key"),
    [("10.0.0.9", "10.0.0.9"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("fe80::1%eth0", "fe80::/64"), (None, "unknown")],
)  # fmt: skip
def test_an_ipv6_network_counts_as_one_address(address: str | None, key: str) -> None:
    ASKER_ADDRESS.set(address)
    assert asker() == key


def test_a_change_made_here_is_seen_at_once(server: Served, token_of: TokenOf, database: Database) -> None:
    """Signing out ends the session for the very next request, although accounts are known for a second."""
    import http.client
    import json

    from tests.mapserver.conftest import PASSWORD

    token_of(Role.GIS_STAFF)
    line = http.client.HTTPConnection("127.0.0.1", server.port)
    head = {"X-Onemap-Request": "1", "Content-Type": "application/json"}
    line.request("POST", "/api/session", json.dumps({"username": "gis_staff-330521", "password": PASSWORD}), head)
    answer = line.getresponse()
    answer.read()
    head["Cookie"] = answer.headers["Set-Cookie"].partition(";")[0]
    statuses = []
    for method in ("GET", "DELETE", "GET"):
        line.request(method, "/api/session", headers=head)
        answer = line.getresponse()
        answer.read()
        statuses.append(answer.status)
    assert statuses == [200, 204, 401]
