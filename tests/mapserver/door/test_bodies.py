"""A stranger's body is not received; an account's is counted as it comes, whatever its head says."""

from __future__ import annotations

import json
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from database.rights.scope import Role
from tests.mapserver.door.conftest import Served, read_answer

MB = 2**20
TokenOf = Callable[..., str]
UPLOAD = "/api/330521/imports"
WITH_BODIES = [
    ("POST", UPLOAD),
    ("POST", "/api/330521/addresses/match"),
    ("POST", "/api/330521/addresses/match-jobs"),
    ("POST", "/api/330521/alerts/1/transitions"),
    ("PUT", "/ogc/330521/collections/addresses/items/1"),
    ("PATCH", "/ogc/330521/collections/addresses/items/1"),
    ("DELETE", "/api/session"),
    ("GET", "/api/330521/alerts"),
]


@pytest.mark.parametrize(("method", "path"), WITH_BODIES)
@pytest.mark.parametrize("framing", [f"Content-Length: {300 * MB}", "Transfer-Encoding: chunked"])
def test_a_stranger_is_refused_before_a_byte_of_the_body_is_read(
    server: Served, method: str, path: str, framing: str
) -> None:
    with server.connect() as line:
        line.sendall(f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{framing}\r\n\r\n".encode())
        began = time.monotonic()
        answer = read_answer(line)  # nothing of the body was sent, and nothing is waited for
    assert answer.status == 401
    assert time.monotonic() - began < 10  # waiting for the body would take the 15 s of `body_seconds`
    assert answer.headers["connection"] == "close"


def test_300_mb_of_a_stranger_stay_on_the_wire(server: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))  # a file would be an error
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    head = f"POST {UPLOAD} HTTP/1.1\nContent-Type: application/json\nContent-Length: {300 * MB}"
    piece = b"x" * MB
    answer = server.send(head, *(piece for _ in range(300)))
    assert answer.status == 401
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < 50


@pytest.mark.parametrize(
    "credential", ["Bearer om_wrong", "Basic eDp5", "Basic %%%", "Digest x", "Bearer " + "x" * 20_000]
)
def test_a_wrong_credential_is_a_stranger(server: Served, credential: str) -> None:
    head = f"POST {UPLOAD} HTTP/1.1\nAuthorization: {credential}\nContent-Length: {300 * MB}"
    assert server.send(head).status == 401


@pytest.mark.parametrize("path", [UPLOAD, "/api/330521/addresses/match-jobs"])
def test_an_account_without_the_permission_is_refused_before_its_upload(
    server: Served, token_of: TokenOf, path: str
) -> None:
    token = token_of(Role.GRID_WORKER, "330521100001001")
    head = f"POST {path} HTTP/1.1\nAuthorization: {token}\nContent-Type: multipart/form-data; boundary=x\n"
    answer = server.send(head + f"Content-Length: {MB}")
    assert (answer.status, answer.problem) == (403, "not-permitted")


def test_an_account_of_another_county_is_refused_before_its_upload(server: Served, token_of: TokenOf) -> None:
    token = token_of(Role.GIS_STAFF, county="330522")
    answer = server.send(f"POST {UPLOAD} HTTP/1.1\nAuthorization: {token}\nContent-Length: {MB}")
    assert (answer.status, answer.problem) == (404, "county-not-found")


def test_a_cookie_without_the_header_is_refused_before_its_upload(server: Served) -> None:
    answer = server.send(f"POST {UPLOAD} HTTP/1.1\nCookie: onemap_session=x\nContent-Length: {MB}")
    assert (answer.status, answer.problem) == (403, "csrf-header-missing")


@pytest.mark.parametrize(
    ("method", "path", "kind", "most"),
    [
        ("POST", "/api/330521/alerts/1/transitions", "application/json", 64 * 1024),
        ("POST", "/api/330521/addresses/match", "application/json", 4_000_000),
        ("POST", UPLOAD, "multipart/form-data; boundary=x", MB + 65_536),
        ("PATCH", "/ogc/330521/collections/addresses/items/1", "application/merge-patch+json", 4_000_000),
    ],
)
def test_a_body_that_says_it_is_too_large_is_refused_at_once(
    server: Served, token_of: TokenOf, method: str, path: str, kind: str, most: int
) -> None:
    token = token_of(Role.COUNTY_ADMIN)
    answer = server.send(
        f"{method} {path} HTTP/1.1\nAuthorization: {token}\nContent-Type: {kind}\nContent-Length: {most + 1}"
    )
    assert (answer.status, answer.problem) == (413, "body-too-large")
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize(
    ("path", "kind", "start"),
    [
        ("/api/330521/alerts/1/transitions", "application/json", b"["),
        (UPLOAD, "multipart/form-data; boundary=x",
         b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'),
        (UPLOAD, "multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="mapping"\r\n\r\n'),
        ("/ogc/330521/collections/addresses/items", "application/geo+json", b"{"),
    ],
)  # fmt: skip
def test_a_body_in_pieces_is_counted_as_it_comes(
    server: Served, token_of: TokenOf, path: str, kind: str, start: bytes
) -> None:
    token = token_of(Role.GIS_STAFF)
    pieces = [start, *(b" " * 65_536 for _ in range(80))]
    head = f"POST {path} HTTP/1.1\nAuthorization: {token}\nContent-Type: {kind}\nTransfer-Encoding: chunked"
    answer = server.send(head, *(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces))
    assert (answer.status, answer.headers["connection"]) == ((413, "close") if answer.status == 413 else (400, "close"))
    assert answer.status == 413 or b"mapping" in start  # a part that is no file has a limit of its own


def test_signing_in_takes_no_more_than_a_name_and_a_password(server: Served) -> None:
    body = json.dumps({"username": "a", "password": "x" * 20_000}).encode()
    head = (
        f"POST /api/session HTTP/1.1\nX-Onemap-Request: 1\nContent-Type: application/json\nContent-Length: {len(body)}"
    )
    assert server.send(head, body).status == 413


@pytest.mark.parametrize("framing", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
def test_a_body_that_does_not_come_is_given_up(server: Served, token_of: TokenOf, framing: str) -> None:
    token = token_of(Role.GIS_STAFF)
    head = (
        f"POST /api/330521/addresses/match HTTP/1.1\nAuthorization: {token}\nContent-Type: application/json\n{framing}"
    )
    answer = server.send(head, b'{"texts":' if "Length" in framing else b'9\r\n{"texts":\r\n')
    assert (answer.status, answer.problem) == (408, "body-too-slow")
    assert answer.headers["connection"] == "close"


def test_slow_bodies_hold_no_connection(server: Served, token_of: TokenOf) -> None:
    token = token_of(Role.GIS_STAFF)
    head = f"POST /api/330521/addresses/match HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {token}\r\nContent-Length: 1000\r\n\r\n"
    lines = [server.connect() for _ in range(20)]
    try:
        for line in lines:
            line.sendall(head.encode())
        assert server.send(f"GET /api/330521/alerts HTTP/1.1\nAuthorization: {token}").status == 200
    finally:
        for line in lines:
            line.close()


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 60_000,
        b'{"a":' * 12_000,
        b'{"texts":[' + b"1," * 30_000 + b"1]}",
        b'{"texts":' + b"9" * 60_000 + b"}",
        b'{"texts":["\\ud800"]}',
        b'{"texts":["\\u0000"]}',
        b"\xff\xfe\x00",
        b'{"texts":[1e999]}',
        b"",
    ],
    ids=[
        "brackets",
        "objects",
        "many faults",
        "long number",
        "half a character",
        "nul",
        "no text",
        "infinity",
        "nothing",
    ],
)
def test_a_hostile_json_body_is_a_short_refusal(server: Served, token_of: TokenOf, body: bytes) -> None:
    token = token_of(Role.GIS_STAFF)
    began = time.monotonic()
    answer = server.send(
        f"POST /api/330521/addresses/match HTTP/1.1\nAuthorization: {token}\nContent-Type: application/json\n"
        f"Content-Length: {len(body)}",
        body,
    )
    assert answer.status in (200, 400, 422), answer.body[:300]
    assert time.monotonic() - began < 5
    assert len(answer.body) < 10_000


@pytest.mark.parametrize(
    "body",
    [
        b"--x\r\n\r\n",
        b"--x\r\nContent-Disposition: form-data\r\n\r\nv\r\n--x--\r\n",
        b"no boundary at all",
        b"".join(b'--x\r\nContent-Disposition: form-data; name="a%d"\r\n\r\n1\r\n' % n for n in range(1100)) + b"--x--\r\n",
        b"".join(b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n1\r\n' for _ in range(1100)) + b"--x--\r\n",
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="' + b"a" * 70_000 + b'"\r\n\r\n1\r\n--x--\r\n',
    ],
    ids=["torn", "nameless", "no boundary", "many fields", "many files", "long name"],
)  # fmt: skip
def test_a_hostile_form_is_refused(server: Served, token_of: TokenOf, body: bytes) -> None:
    token = token_of(Role.GIS_STAFF)
    answer = server.send(
        f"POST {UPLOAD} HTTP/1.1\nAuthorization: {token}\nContent-Type: multipart/form-data; boundary=x\n"
        f"Content-Length: {len(body)}",
        body,
    )
    assert answer.status in (400, 422), answer.body[:300]


@pytest.mark.parametrize(
    "framing",
    ["Content-Length: 5\nContent-Length: 50", "Content-Length: -1", "Content-Length: 1e3",
     "Content-Length: 5\nTransfer-Encoding: chunked", f"Content-Length: {10**30}"],
)  # fmt: skip
def test_a_lying_length_is_refused(server: Served, token_of: TokenOf, framing: str) -> None:
    token = token_of(Role.GIS_STAFF)
    head = (
        f"POST /api/330521/addresses/match HTTP/1.1\nAuthorization: {token}\nContent-Type: application/json\n{framing}"
    )
    assert server.send(head, b'{"a":1}').status in (400, 408, 413, 422)
