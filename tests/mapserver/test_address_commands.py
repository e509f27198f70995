"""``onemap address check`` and ``onemap address rules``, as GIS staff type them."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text
from typer.testing import CliRunner

from database.connection.engine import Database
from database.installation.settings import Settings
from database.rights.scope import Scope
from gazetteer.quality.check import UnknownRule, rules_of
from grid.quality.county import SETS
from mapserver.cli.main import app
from tests import world
from tests.world import CELLS

COUNTY = "330521"


def onemap(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["address", *arguments], env={"COLUMNS": "200"})
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def fill(database: Database, system: Scope) -> None:
    with database.transaction(system) as connection:
        world.build_county(connection)
        for n, written in enumerate(("永安街1号", "永安街，7号", "永安街9号", "永安街9号"), start=1):
            world.add_address(connection, "武康街道千秋社区" + written, CELLS[0], n)


def test_the_list_and_every_manual_can_be_read(settings: Settings) -> None:
    listed = onemap("rules")
    assert all(rule.manual.title[:4] in listed for rule in rules_of(SETS).values())
    for name, rule in rules_of(SETS).items():
        assert rule.manual.mend[:8] in onemap("rules", name).replace("\n", "")


def test_an_unknown_rule_is_one_clear_error(settings: Settings) -> None:
    result = CliRunner().invoke(app, ["address", "rules", "no_such_rule"])
    assert isinstance(result.exception, UnknownRule)


def test_a_check_counts_writes_a_file_and_mends_only_when_told(
    database: Database, system: Scope, settings: Settings, tmp_path: Path
) -> None:
    fill(database, system)
    out = tmp_path / "findings.xlsx"
    shown = onemap("check", "--county", COUNTY, "--rule", "duplicate_text", "--rule", "separators", "--out", str(out))
    assert "4 条地址，2 条规则，3 个问题" in shown
    assert out.stat().st_size > 1000
    assert "将修复 1 条" in onemap("check", "--county", COUNTY, "--fix", "separators")
    assert "已修复 1 条" in onemap("check", "--county", COUNTY, "--fix", "separators", "--apply")
    with database.transaction(system) as connection:
        assert connection.scalar(text("SELECT count(*) FROM standard_address WHERE full_text LIKE '%，%'")) == 0
    assert "separators" not in onemap("check", "--county", COUNTY, "--rule", "separators")
