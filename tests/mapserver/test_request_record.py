"""Every request is counted and stands in the log as one line, whoever answers it; the counts are for who knows the token."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr, ValidationError
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from database.connection.engine import Database
from database.installation import processes
from database.installation.settings import Settings
from database.rights.scope import Role
from mapserver.app.create import create_app
from mapserver.http.request_counts import BOUNDS_S, NO_ROUTE, RequestCounts, Row
from mapserver.http.request_record import RequestRecord, rows_of
from mapserver.routes import ROUTERS
from mapserver.tiles.door import TEMPLATE
from tests.mapserver.conftest import PASSWORD, SignIn

TOKEN = "a token of the tests only"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
OWN = {"X-Onemap-Request": "1"}
SECRET = "绝密甲33052119800101123X"
LINE = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[info     \] request +method=(\S+) route=(\S+) status=(\d+) ms=\d+\.\d bytes=(\d+)\n"
)


class Log:
    """Standard error of the server."""

    def __init__(self, captured: pytest.CaptureFixture[str]) -> None:
        self._captured = captured

    def read(self) -> str:
        """What was written since the last look."""
        return self._captured.readouterr().err

    def requests(self) -> list[tuple[str, str, int]]:
        """Method, route and status of every line of a request since then."""
        return [(method, route, int(status)) for method, route, status, _bytes in LINE.findall(self.read())]


@pytest.fixture(scope="module")
def measured(settings: Settings) -> Iterator[TestClient]:
    """The application with a token for its counts; this client is a stranger."""
    watched = settings.model_copy(update={"metrics_token": SecretStr(TOKEN), "request_log": True})
    with TestClient(create_app(watched, worker=False), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def log(capsys: pytest.CaptureFixture[str]) -> Log:
    return Log(capsys)


def counted(client: TestClient) -> dict[tuple[str, str, str], int]:
    """Requests so far by method, route and class of status."""
    answer = client.get("/metrics", headers=BEARER)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    pattern = r'^onemap_http_requests_total\{method="(.+?)",route="(.+?)",status="(.+?)"\} (\d+)$'
    return {(m, r, s): int(n) for m, r, s, n in re.findall(pattern, answer.text, re.MULTILINE)}


def test_a_stranger_is_told_that_there_are_no_counts(measured: TestClient, stranger: TestClient) -> None:
    unknown = measured.get("/api/none", headers={"Accept": "application/json"}).json()
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": TOKEN}, {"Authorization": f"Bearer {TOKEN}x"}):
        answer = measured.get("/metrics", headers=headers)
        assert answer.status_code == 404
        assert {**answer.json(), "instance": ""} == {**unknown, "instance": ""}, "as any address that is none"
    assert stranger.get("/metrics", headers=BEARER).status_code == 404, "no setting, no counts"


def test_an_account_without_the_token_gets_no_counts_either(sign_in: SignIn) -> None:
    assert sign_in(Role.SYSTEM_ADMIN).get("/metrics").status_code == 404


def test_a_token_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(ValidationError):
        Settings(metrics_token=SecretStr("short"))


def test_every_route_is_counted_and_logged(measured: TestClient, log: Log) -> None:
    app: Any = measured.app
    rows = [row for row in app.state.request_counts.rows if row != NO_ROUTE]
    assert {Row("GET", route) for route in ("/healthz", "/readyz", "/metrics", "/{path:path}", TEMPLATE)} <= {*rows}
    assert len(rows) > len(ROUTERS)
    for row in rows:
        path = re.sub(r"\{(\w+)(?::\w+)?\}", "1", row.route)
        before = counted(measured)
        log.read()
        answer = measured.request(row.method, path, params={"q": SECRET}, headers={"Cookie": SECRET.encode()})
        written = log.read()
        assert LINE.sub(r"\1 \2 \3", written) == f"{row.method} {row.route} {answer.status_code}"
        assert SECRET not in written and "q=" not in written
        key = (row.method, row.route, f"{answer.status_code // 100}xx")
        looks = 1 if key == ("GET", "/metrics", "2xx") else 0
        assert counted(measured)[key] == before.get(key, 0) + 1 + looks, row


def test_what_reaches_no_route_is_counted_and_named_by_nothing_of_its_own(measured: TestClient, log: Log) -> None:
    before = counted(measured)
    log.read()
    refused = [
        measured.request("BREW", "/"),  # no such method
        measured.put("/api/330521/overview"),
        measured.get("/" + "x" * 60_000, params={"q": "x" * 60_000}),
        measured.get("/", headers={"X": "x" * 40_000}),
    ]
    assert [answer.status_code for answer in refused] == [405, 405, 414, 431]
    assert log.requests() == [("other", "none", answer.status_code) for answer in refused]
    key = (*NO_ROUTE, "4xx")
    assert counted(measured)[key] == before.get(key, 0) + len(refused)


def test_no_request_can_write_a_line_of_its_own(measured: TestClient, log: Log) -> None:
    log.read()
    measured.get("/x%0A2026-01-01 00:00:00 [info     ] request forged", headers={"X-Request-Id": "a forged"})
    written = log.read()
    assert written.count("\n") == 1 and "forged" not in written


def test_tiles_made_and_kept_files_and_a_head_are_counted_alike(
    measured: TestClient, database: Database, make_account: Callable[..., str], log: Log
) -> None:
    name = make_account(Role.COUNTY_ADMIN)
    signed_in = measured.post("/api/session", json={"username": name, "password": PASSWORD}, headers=OWN)
    assert signed_in.status_code == 200
    cookie = {"Cookie": signed_in.headers["set-cookie"].partition(";")[0]}
    tile = "/tiles/330521/cells/9/426/210.mvt"
    log.read()
    answers = [measured.get(tile, headers=cookie) for _ in range(3)]  # made, then kept
    answers += [measured.head(tile, headers=cookie), measured.get("/icon.svg"), measured.get("/healthz")]
    routes = [*[TEMPLATE] * 4, "/{path:path}", "/healthz"]
    assert log.requests() == [("GET", route, one.status_code) for route, one in zip(routes, answers, strict=True)]
    measured.cookies.clear()


def test_nothing_is_written_where_the_log_is_off(settings: Settings, log: Log) -> None:
    silent = create_app(settings, worker=False)
    assert TestClient(silent).get("/healthz").status_code == 200
    assert log.read() == ""
    assert 'route="/healthz",status="2xx"} 1' in silent.state.request_counts.text()


def test_all_processes_of_a_server_are_counted_together_and_one_started_again_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = Row("GET", "/x")
    monkeypatch.setattr(processes, "_place", processes.place())  # put back in the end
    processes.announce(3, tmp_path)
    for number in (0, 1, 2, 1):
        processes.take_place(number)
        RequestCounts([row]).count(row, 200, 2_000_000, 5)
    text = RequestCounts([row]).text()
    assert 'onemap_http_requests_total{method="GET",route="/x",status="2xx"} 4' in text
    assert 'onemap_http_request_seconds_sum{method="GET",route="/x"} 0.008000' in text
    assert 'onemap_http_response_bytes_total{method="GET",route="/x"} 20' in text


def test_times_are_counted_up_to_and_including_each_bound() -> None:
    row = Row("GET", "/x")
    counts = RequestCounts([row])
    for seconds in (*BOUNDS_S, 60.0):
        counts.count(row, 200, round(seconds * 1e9), 0)
    found = re.findall(r'_bucket\{method="GET",route="/x",le="(.+?)"\} (\d+)', counts.text())
    assert found == [(str(bound), str(n)) for n, bound in enumerate((*BOUNDS_S, "+Inf"), 1)]


@pytest.mark.parametrize(
    ("end", "status"), [(RuntimeError(), "5xx"), (asyncio.CancelledError(), "none"), (None, "none")]
)
def test_an_error_counts_as_the_500_it_becomes_and_who_went_away_as_no_answer(
    end: BaseException | None, status: str
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if end is not None:
            raise end

    counts = RequestCounts([])
    recorded = RequestRecord(app, counts, log=False)
    with suppress(RuntimeError, asyncio.CancelledError):
        asyncio.run(recorded({"method": "GET"}, None, None))  # type: ignore[arg-type]
    assert f'{{method="other",route="none",status="{status}"}} 1' in counts.text()


def test_a_mounted_application_whose_requests_could_not_be_told_apart_is_refused() -> None:
    with pytest.raises(TypeError):
        list(rows_of([Mount("/other", FastAPI())]))
