"""A refusal or an error leaves the connection usable; only large bodies of strangers cost it."""

from __future__ import annotations

import pytest
from starlette.requests import Request
from starlette.routing import Route

from database.rights.scope import Role
from tests.mapserver.door.conftest import Served, read_answer
from tests.mapserver.door.test_bodies import UPLOAD, TokenOf

SECOND = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def form(size: int) -> bytes:
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    return head + b"a" * size + b"\r\n--x--\r\n"


def upload(token: str, body: bytes) -> bytes:
    head = (
        f"POST {UPLOAD} HTTP/1.1\r\nHost: 127.0.0.1\r\n{token}Content-Type: multipart/form-data; boundary=x\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@pytest.mark.parametrize("who", ["stranger", "not permitted", "without a mapping"])
def test_the_next_request_after_a_refused_upload_is_answered(server: Served, token_of: TokenOf, who: str) -> None:
    role = Role.GRID_WORKER if who == "not permitted" else Role.GIS_STAFF
    token = (
        ""
        if who == "stranger"
        else f"Authorization: {token_of(role, '330521100001001' if 'not' in who else '330521')}\r\n"
    )
    with server.connect() as line:
        for _ in range(2):
            line.sendall(upload(token, form(60_000)))
            assert read_answer(line).status == {"stranger": 401, "not permitted": 403}.get(who, 422)
        line.sendall(SECOND)
        assert read_answer(line).status == 200


def test_the_next_request_after_an_unexpected_error_is_answered(server: Served) -> None:
    async def broken(request: Request) -> None:
        await request.body()
        raise ZeroDivisionError

    server.app.router.routes.insert(0, Route("/broken", broken, methods=["POST"]))
    with server.connect() as line:
        line.sendall(b"POST /broken HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n{}")
        assert read_answer(line).status == 500
        line.sendall(SECOND)
        assert read_answer(line).status == 200
