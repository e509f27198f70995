"""``onemap address plates``: the table for the printer."""

import csv
from pathlib import Path

from typer.testing import CliRunner

from database.connection.engine import Database
from database.rights.scope import Scope
from mapserver.cli.main import app
from tests import world
from tests.world import CELLS, QIANQIU


def test_plates_of_a_village_are_issued_once_and_written_every_time(
    database: Database, system: Scope, tmp_path: Path
) -> None:
    with database.transaction(system) as connection:
        world.build_county(connection)
        for n in range(1, 4):
            world.add_address(connection, f"德清县武康街道千秋社区永安街{n}号", CELLS[n % 2], n)
        world.add_address(connection, "德清县武康街道春晖社区中兴路5号", CELLS[2], 9)
    out = tmp_path / "plates.csv"
    command = ["address", "plates", "--county", "330521", "--scope", QIANQIU, "--out", str(out)]
    first = CliRunner().invoke(app, [*command, "--base-url", "https://map.example/"])
    assert "新制 3，共 3 块" in first.output
    with out.open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert [row["address"][-3:] for row in rows] == ["街1号", "街2号", "街3号"]
    assert all(row["path"] == f"https://map.example/p/{row['token']}" for row in rows)
    assert "新制 0，共 3 块" in CliRunner().invoke(app, command).output
