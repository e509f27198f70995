"""More people at once than there are connections: some wait, the rest is told when to come again, and nobody holds up the others."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, APIRouter
from sqlalchemy import text

from database.connection.engine import Database
from database.embedded import EmbeddedCluster
from database.rights.scope import Role, Scope
from mapserver.door.gate import Gate, ServerBusy
from mapserver.door.route import DoorRoute, check_routes
from mapserver.door.turns import Turns
from mapserver.routes import ROUTERS
from tests.mapserver.door.conftest import Served

TokenOf = Callable[..., str]


@contextmanager
def locked(database: Database, system: Scope, table: str) -> Iterator[None]:
    """Somebody holds the table: every request for it waits inside the database."""
    with database.transaction(system) as connection:
        connection.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        yield


def test_one_hundred_at_once_are_all_answered(server: Served, token_of: TokenOf) -> None:
    token = token_of(Role.COUNTY_ADMIN)

    def ask(_n: int) -> tuple[int, str | None]:
        answer = server.send(f"GET /api/330521/alerts HTTP/1.1\nAuthorization: {token}")
        return answer.status, answer.headers.get("retry-after")

    with ThreadPoolExecutor(100) as clients:
        answers = list(clients.map(ask, range(100)))
    assert {status for status, _ in answers} <= {200, 503}
    assert sum(status == 200 for status, _ in answers) >= 2
    assert all(after is not None and int(after) >= 1 for status, after in answers if status == 503)
    assert server.send(f"GET /api/330521/alerts HTTP/1.1\nAuthorization: {token}").status == 200


@pytest.mark.alone
def test_a_full_house_answers_health_at_once_and_refuses_with_a_time(
    server: Served, token_of: TokenOf, database: Database, system: Scope
) -> None:
    token = token_of(Role.COUNTY_ADMIN)
    with locked(database, system, "alert"), ThreadPoolExecutor(30) as clients:
        requests = [
            clients.submit(server.send, f"GET /api/330521/alerts HTTP/1.1\nAuthorization: {token}") for _ in range(30)
        ]
        until = time.monotonic() + 10
        while server.app.state.door.work.busy < 2 and time.monotonic() < until:
            time.sleep(0.01)
        began = time.monotonic()
        assert server.send("GET /healthz HTTP/1.1").body == b'{"status":"ok"}'
        assert time.monotonic() - began < 0.5
        answers = [one.result() for one in requests]
    assert {answer.status for answer in answers} == {
        503
    }  # the lock is waited for three seconds, the queue moves in one
    assert {answer.problem for answer in answers} == {"server-busy", "database-busy"}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers)


def test_strangers_and_tiles_pass_while_the_work_is_full(
    server: Served, token_of: TokenOf, database: Database, system: Scope
) -> None:
    token = token_of(Role.COUNTY_ADMIN)
    with locked(database, system, "alert"), ThreadPoolExecutor(2) as clients:
        requests = [
            clients.submit(server.send, f"GET /api/330521/alerts HTTP/1.1\nAuthorization: {token}") for _ in range(2)
        ]
        until = time.monotonic() + 10
        while server.app.state.door.work.busy < 2 and time.monotonic() < until:
            time.sleep(0.01)
        assert server.send("GET /p/AAAA HTTP/1.1\nAccept: application/json").status == 404
        assert server.send(f"GET /api/session HTTP/1.1\nAuthorization: {token}").status == 503  # this one needs a place
        assert server.send("GET /readyz HTTP/1.1").status == 200
        for one in requests:
            one.result()


def test_connection_and_work_are_one_hop(server: Served, token_of: TokenOf, database: Database) -> None:
    """As many requests as there are slots use as many connections, however many ask; the pool itself never says no."""
    token = token_of(Role.COUNTY_ADMIN)
    engine = server.app.state.context.database.engine
    most = 0
    done = threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(0.002):
            most = max(most, engine.pool.checkedout())

    watcher = threading.Thread(target=watch)
    watcher.start()
    with ThreadPoolExecutor(40) as clients:
        statuses = list(
            clients.map(
                lambda _n: server.send(f"GET /api/330521/overview HTTP/1.1\nAuthorization: {token}").status, range(120)
            )
        )
    done.set()
    watcher.join()
    assert 500 not in statuses
    assert most <= 2 + 3  # two at work, three look-ups


@contextmanager
def away(cluster: EmbeddedCluster) -> Iterator[None]:
    """The database takes nobody of the application in, and has put out who was there."""
    with psycopg.connect(cluster.dsn("superuser", database="postgres"), autocommit=True) as superuser:
        superuser.execute("ALTER DATABASE onemap ALLOW_CONNECTIONS false")
        try:
            superuser.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'onemap_app'")
            yield
        finally:
            superuser.execute("ALTER DATABASE onemap ALLOW_CONNECTIONS true")


def test_a_database_that_is_away_is_a_503_with_a_time(
    server: Served, token_of: TokenOf, cluster: EmbeddedCluster
) -> None:
    token = token_of(Role.COUNTY_ADMIN)
    ask = f"GET /api/330521/alerts HTTP/1.1\nAuthorization: {token}"
    assert server.send(ask).status == 200
    with away(cluster):
        server.app.state.door.accounts.forget()
        for path in ("/api/330521/alerts", "/tiles/330521/cells/14/1/1.mvt", "/readyz"):
            answer = server.send(f"GET {path} HTTP/1.1\nAuthorization: {token}")
            assert (answer.status, answer.problem) == (503, "database-busy"), path
            assert int(answer.headers["retry-after"]) >= 1
        assert server.send("GET /healthz HTTP/1.1").status == 200
    assert server.send(ask).status == 200


def test_every_route_stands_behind_the_door() -> None:
    for router in ROUTERS:
        check_routes(router.routes)
    other = APIRouter()
    other.get("/x")(lambda: None)
    with pytest.raises(TypeError, match="route_class=DoorRoute"):
        check_routes(other.routes)


def test_no_endpoint_and_no_dependency_waits_for_a_thread_with_a_connection_in_hand() -> None:
    app = FastAPI()
    for router in ROUTERS:
        for route in router.routes:
            assert isinstance(route, DoorRoute)
            assert isinstance(route, APIRoute)
            assert asyncio.iscoroutinefunction(route.endpoint), route.path
            assert "get_connection" not in str([one.call for one in route.dependant.dependencies]), route.path
    assert app is not None


def test_a_gate_lets_in_so_many_and_refuses_what_the_queue_does_not_hold() -> None:
    async def story() -> None:
        gate = Gate("test", 1, queue=1, patience_s=5)
        first, second = asyncio.Event(), asyncio.Event()

        async def hold(entered: asyncio.Event, leave: asyncio.Event) -> None:
            async with gate.slot():
                entered.set()
                await leave.wait()

        inside, leave = asyncio.Event(), asyncio.Event()
        one = asyncio.create_task(hold(inside, leave))
        await inside.wait()
        two = asyncio.create_task(hold(first, second))
        await asyncio.sleep(0)
        with pytest.raises(ServerBusy) as refused:
            await gate.run(lambda: None)
        assert refused.value.facts["retry_after_s"] == 5
        two.cancel()  # the one in the queue goes away
        await asyncio.gather(two, return_exceptions=True)
        assert (gate.busy, gate.waiting) == (1, 0)
        leave.set()
        await one
        assert await gate.run(lambda: 7) == 7
        assert gate.busy == 0

    asyncio.run(story())


def test_a_gate_that_does_not_move_refuses_after_its_patience() -> None:
    async def story() -> None:
        gate = Gate("test", 1, queue=5, patience_s=0.05)
        async with gate.slot():
            with pytest.raises(ServerBusy):
                await gate.run(lambda: None)
        assert (gate.busy, gate.waiting) == (0, 0)

    asyncio.run(story())


def test_first_come_is_first_served() -> None:
    async def story() -> None:
        gate, order = Gate("test", 1, queue=50, patience_s=5), []

        async def ask(n: int) -> None:
            async with gate.slot():
                order.append(n)
                await asyncio.sleep(0)

        await asyncio.gather(*(ask(n) for n in range(20)))
        assert order == list(range(20))

    asyncio.run(story())


def test_a_crowd_begins_a_few_in_each_round_of_the_loop() -> None:
    async def story() -> None:
        turns, begun, rounds = Turns(4), [], []

        async def ask(n: int) -> None:
            await turns.take()
            begun.append(n)

        tasks = [asyncio.create_task(ask(n)) for n in range(50)]
        while len(begun) < 50:
            before = len(begun)
            await asyncio.sleep(0)
            rounds.append(len(begun) - before)
        await asyncio.gather(*tasks)
        assert begun == list(range(50))
        assert max(rounds) <= 8  # those whose turn it is, and those who come in the same round

    asyncio.run(story())
    asyncio.run(story())  # on another loop


def test_who_goes_away_does_not_hold_up_the_turns() -> None:
    async def story() -> None:
        turns = Turns(1)
        tasks = [asyncio.create_task(turns.take()) for _ in range(10)]
        await asyncio.sleep(0)
        for task in tasks[2:8]:
            task.cancel()
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)

    asyncio.run(story())
