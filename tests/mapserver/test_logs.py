"""No line of a log holds a row: not the server's, not the worker's, not a command's, not PostgreSQL's own."""

import asyncio
import io
import logging
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
import structlog
import uvicorn
from fastapi import FastAPI
from procrastinate import Blueprint
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from database.connection.engine import Database, raw
from database.connection.jobs import hand_in, queue_app, worker_app
from database.embedded import EmbeddedCluster
from database.rights.scope import Scope
from mapserver.door import problems
from mapserver.server import logs
from tests.world import insert

SECRET = "绝密甲33052119800101123X"

Violation = Callable[[Database, Scope], None]


def _check(database: Database, scope: Scope) -> None:
    with database.transaction(scope) as connection:
        insert(connection, "person", name=SECRET, sex="x", source="s", source_key=SECRET, grid_code="330521")


def _unique(database: Database, scope: Scope) -> None:
    with database.transaction(scope) as connection:
        for _ in range(2):
            insert(connection, "person", name="x", source="s", source_key=SECRET, grid_code="330521")


def _syntax_of_a_value(database: Database, scope: Scope) -> None:
    with database.transaction(scope) as connection:
        connection.execute(text(f"SELECT '{SECRET}'::int"))


def _copy(database: Database, scope: Scope) -> None:
    with database.transaction(scope) as connection:
        connection.execute(text("CREATE TEMP TABLE stage_here (day date) ON COMMIT DROP"))
        with raw(connection).cursor().copy("COPY stage_here FROM STDIN") as copy:
            copy.write(f"{SECRET}\n")


def _statement(database: Database, scope: Scope) -> None:
    with database.transaction(scope) as connection:
        connection.execute(text(f"SELECT nothing_there('{SECRET}')"))


def _raised(database: Database, scope: Scope) -> None:
    with database.transaction(scope) as connection:
        connection.execute(text(f"DO $$ BEGIN RAISE WARNING '{SECRET}'; RAISE EXCEPTION '{SECRET}'; END $$"))


def _foreign_key(database: Database, scope: Scope) -> None:
    with database.transaction(scope) as connection:
        connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        insert(
            connection, "person", name=SECRET, source="s", source_key="k", grid_code="330521", actual_address_id=10**12
        )


VIOLATIONS = pytest.mark.parametrize(
    "violate", [_check, _unique, _syntax_of_a_value, _copy, _statement, _raised, _foreign_key]
)


@pytest.fixture(autouse=True)
def installed() -> None:
    """As every process that serves or works does first."""
    logs.install_structlog()


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Everything that any library logs, as a plain handler writes it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    for logger in ("uvicorn", "uvicorn.error"):  # a server of an earlier test keeps them to itself
        monkeypatch.setattr(logging.getLogger(logger), "propagate", True)
    root.addHandler(handler)
    yield stream
    root.removeHandler(handler)


@VIOLATIONS
def test_the_log_of_postgresql_holds_no_row(
    database: Database, system: Scope, cluster: EmbeddedCluster, violate: Violation
) -> None:
    with pytest.raises((SQLAlchemyError, psycopg.Error)) as caught:
        violate(database, system)
    assert caught.value.orig.sqlstate if hasattr(caught.value, "orig") else caught.value.sqlstate
    files = [path for path in cluster.layout.data_dir.rglob("*.log") if path.is_file()]
    assert files, "the server writes a log"
    assert not [path.name for path in files if SECRET in path.read_text(errors="replace")]


@VIOLATIONS
@pytest.mark.parametrize("logger", ["uvicorn.error", "procrastinate.worker", "asyncio", "sqlalchemy.pool", "onemap"])
def test_no_library_writes_the_words_of_an_error(
    database: Database, system: Scope, written: io.StringIO, violate: Violation, logger: str
) -> None:
    log = logging.getLogger(logger)
    try:
        violate(database, system)
    except Exception as error:
        log.exception("failed")
        log.error("failed: %s %r", error, error, exc_info=error)
        log.error(error)
    output = written.getvalue()
    assert "failed" in output and "test_logs.py" in output, "kind and place are there"
    assert SECRET not in output and "Failing row" not in output


@VIOLATIONS
def test_structlog_shows_neither_words_nor_local_variables(
    database: Database, system: Scope, capsys: pytest.CaptureFixture[str], violate: Violation
) -> None:
    try:
        violate(database, system)
    except Exception as error:
        structlog.get_logger().exception("failed", error=error)
    output = capsys.readouterr().err
    assert "failed" in output and SECRET not in output


@VIOLATIONS
def test_the_web_server_answers_and_logs_without_the_row(
    database: Database, system: Scope, written: io.StringIO, capsys: pytest.CaptureFixture[str], violate: Violation
) -> None:
    app = FastAPI()
    problems.install(app)
    app.get("/")(lambda: violate(database, system))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))

    async def ask() -> httpx.Response:
        """As uvicorn runs it: an error of the application ends in its own log."""
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            serving = asyncio.create_task(server.serve([listening]))
            while not server.started:
                await asyncio.sleep(0.01)
            async with httpx.AsyncClient() as client:
                answer = await client.get(f"http://127.0.0.1:{listening.getsockname()[1]}/")
            server.should_exit = True
            await serving
        return answer

    answer = asyncio.run(ask())
    assert answer.status_code >= 400 and SECRET not in answer.text
    printed = capsys.readouterr()
    assert SECRET not in written.getvalue() + printed.out + printed.err


def test_a_job_that_fails_leaves_no_row_in_log_or_queue(
    database: Database,
    system: Scope,
    cluster: EmbeddedCluster,
    written: io.StringIO,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tasks = Blueprint()
    tasks.task(name="fails")(lambda: _check(database, system))
    queue = queue_app(cluster.dsn("app"))
    with queue.open():
        assert hand_in(queue, "fails")

    async def work() -> None:
        app = worker_app(cluster.dsn("app"), tasks)
        async with app.open_async():
            await app.run_worker_async(wait=False, install_signal_handlers=False)

    asyncio.run(work())
    printed = capsys.readouterr()
    assert "fails" in written.getvalue()
    assert SECRET not in written.getvalue() + printed.out + printed.err
    with database.platform() as connection:
        kept = connection.execute(
            text(
                "SELECT coalesce(string_agg(j::text, ''), '') || (SELECT coalesce(string_agg(e::text, ''), '') "
                "FROM platform.procrastinate_events e) FROM platform.procrastinate_jobs j"
            )
        ).scalar_one()
    assert "fails" in kept and SECRET not in kept


_WAYS = {
    "uncaught": "fail()",
    "cause": "try:\n    fail()\nexcept ValueError as error:\n    raise RuntimeError(HELD) from error",
    "group": "raise ExceptionGroup(HELD, [ValueError(HELD)])",
    "thread": "import threading\nt = threading.Thread(target=fail)\nt.start()\nt.join()",
    "destructor": "class Broken:\n    def __del__(self):\n        fail()\nBroken()",
    "task": (
        "import asyncio, gc\nasync def run():\n    async def inner():\n        fail()\n    task = asyncio.create_task(inner())\n"
        "    await asyncio.sleep(0)\n    del task\n    gc.collect()\nasyncio.run(run())"
    ),
    "warning": "import logging\nlogging.getLogger('a').warning('%s', ValueError(HELD))\nfail()",
    "quoted": "import logging\ntry:\n    fail()\nexcept ValueError as e:\n    logging.getLogger('a').error(f'x {e} {e!r}')\n    raise",
    "named": "import logging\nlogging.getLogger('a').warning('%(e)s', {'e': ValueError(HELD)})\nfail()",
}


@pytest.mark.parametrize("way", _WAYS)
def test_whatever_breaks_in_a_process_the_words_stay_inside(way: str) -> None:
    program = (
        f"HELD = {SECRET!r}\ndef fail():\n    raise ValueError('Failing row contains ' + HELD)\n"
        f"from mapserver.server import logs\nlogs.install()\n{_WAYS[way]}\n"
    )
    done = _python(program)
    assert SECRET not in done.stdout + done.stderr
    assert "ValueError" in done.stderr


@pytest.mark.parametrize(
    "command", [["account", "create", "x", "--role", "auditor", "--county", "330521"], ["scan", "--county", "330521"]]
)
def test_a_command_that_breaks_names_kind_and_place_only(command: list[str]) -> None:
    program = (
        f"import sys\ndef fail(*_a, **_k):\n    held = {SECRET!r}\n    raise ValueError('Failing row contains ' + held)\n"
        "import database.embedded, database.installation.settings\ndatabase.installation.settings.get_settings = fail\n"
        "database.embedded.ensure_database = fail\n"
        f"sys.argv = ['onemap', *{command!r}]\nfrom mapserver.cli.main import main\nmain()"
    )
    done = _python(program)
    assert done.returncode == 1, done.stderr
    assert "ValueError" in done.stderr and " fail" in done.stderr
    assert SECRET not in done.stdout + done.stderr


def _python(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=Path(__file__).parents[2],
    )


def test_the_application_role_cannot_turn_the_log_on(database: Database) -> None:
    for name in ("log_min_messages", "log_min_error_statement", "log_error_verbosity"):
        with pytest.raises(SQLAlchemyError, match="permission denied"), database.platform() as connection:
            connection.execute(text(f"SET {name} TO DEFAULT"))
