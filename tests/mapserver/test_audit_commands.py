"""``onemap audit``, as the administrator of the audit types it; and the heads that are written every night."""

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from access.audit.heads import heads_file
from access.audit.record import record
from database.connection.engine import Database
from database.installation.settings import Settings, get_settings
from database.rights.scope import Scope
from database.upgrade.counties import county_codes
from mapserver.cli.main import app
from mapserver.server.jobs import DATABASE_KEY, make_tasks, write_audit_heads


def onemap(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["audit", *map(str, arguments)], env={"COLUMNS": "200"})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


@pytest.fixture(autouse=True)
def trail(
    database: Database, system: Scope, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Any:
    monkeypatch.setenv("ONEMAP_AUDIT_ANCHOR_FOLDER", str(tmp_path / "heads"))
    get_settings.cache_clear()
    for n in range(5):
        with database.transaction(system) as connection:
            record(connection, "reveal", target=f"person:{n} phone")
    yield
    monkeypatch.undo()
    get_settings.cache_clear()


def test_a_trail_is_verified_exported_and_verified_again(tmp_path: Path) -> None:
    code, output = onemap("head", "--county", "330521")
    assert code == 0
    head = next(line for line in map(json.loads, output.splitlines()[:2]) if line["chain"] == "330521")
    assert head["number"] == 5
    assert onemap("verify", "--county", "330521")[0] == 0
    out = tmp_path / "e.jsonl"
    assert onemap("export", "330521", "--out", out)[0] == 0
    heads = heads_file(get_settings())
    code, output = onemap("verify", "--file", out, "--heads", heads)
    assert (code, "✓" in output) == (0, True)
    out.write_text("".join(out.read_text("utf-8").splitlines(keepends=True)[:-1]), encoding="utf-8")
    code, output = onemap("verify", "--file", out, "--heads", heads)
    assert (code, "5: 末尾被截断" in output) == (1, True)
    assert onemap("verify", "--file", out)[0] == 0, "without heads a cut-off end is not seen, and that is said"
    assert "没有外存链头" in onemap("verify", "--file", out)[1]


def test_every_trail_of_the_server_is_verified_by_default() -> None:
    code, output = onemap("verify")
    assert code == 0
    assert all(f"{chain}: " in output for chain in ("platform", "330521", "330522"))


@pytest.mark.parametrize("arguments", [("--file", "none.jsonl"), ("--heads", "none.jsonl"), ("--file", __file__)])
def test_a_file_that_is_none_is_said(arguments: tuple[str, str]) -> None:
    assert onemap("verify", *arguments)[0] == 2


def test_an_altered_file_of_heads_is_found() -> None:
    onemap("head")
    path = heads_file(get_settings())
    path.write_text(path.read_text("utf-8").replace('"number": 5', '"number": 4'), encoding="utf-8")
    code, output = onemap("verify")
    assert (code, "链头文件被改" in output) == (1, True)


def test_the_heads_are_written_every_night_in_china(database: Database) -> None:
    context: Any = SimpleNamespace(additional_context={DATABASE_KEY: database})
    asyncio.run(write_audit_heads(context, 0))
    lines = [json.loads(line) for line in heads_file(get_settings()).read_text("utf-8").splitlines()]
    with database.platform() as connection:
        counties = county_codes(connection)
    assert {line["chain"] for line in lines} == {"platform", *counties}
    assert {"330521", "330522"} <= set(counties)
    crons = {
        task.name: one.cron for one in make_tasks().periodic_registry.periodic_tasks.values() for task in [one.task]
    }
    assert crons["write_audit_heads"] == "10 18 * * *", "02:10 in China: cron counts in UTC"
