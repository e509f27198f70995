"""The command line: every command is there and helps, and a small one does not wait for the whole house."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from layers.catalogue.registry import KINDS
from mapserver.cli.main import app
from mapserver.server.metadata import COUNTY_METADATA
from tests.rooms import ROOMS, ROOT

NAMES = [
    "serve",
    "worker",
    "doctor",
    "migrate",
    "demo",
    "scan",
    "import",
    "import-plan",
    "address",
    "county",
    "database",
    "account",
    "token",
    "maps",
    "raster",
    "tiles",
]


@pytest.mark.parametrize(
    "name",
    [
        *NAMES,
        "address parse",
        "address match",
        "county create",
        "maps alerts",
        "raster add",
        "raster elevations",
        "tiles export",
        "tiles apply",
    ],
)
def test_every_command_explains_itself(name: str) -> None:
    answer = CliRunner().invoke(app, [*name.split(), "--help"])
    assert answer.exit_code == 0
    assert f"Usage: root {name}" in answer.output


def test_the_list_names_them_all_and_nothing_else_exists() -> None:
    listed = CliRunner().invoke(app, ["--help"]).output
    assert [name for name in NAMES if f" {name} " not in listed] == []
    assert CliRunner().invoke(app, ["nosuch"]).exit_code == 2


def test_reading_texts_does_not_wait_for_web_maps_and_database() -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from mapserver.cli.main import app; "
        "CliRunner().invoke(app, ['address', 'parse'], input='永安街12号'); "
        "print(sorted({'fastapi', 'folium', 'sqlalchemy', 'pypinyin'} & set(sys.modules)), 'gazetteer.reading.tagging' in sys.modules)"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.strip() == "[] True"


COMMANDS = ["importing", "scan", "maps", "raster", "tiles", "keys", "county", "demo", "serve"]
#: Brings in foreign libraries only, once; then each module in a child of its own.
EACH_BY_ITSELF = """
import importlib, os, sys
import alembic, fastapi, geoalchemy2, numpy, openpyxl, psycopg, pydantic_settings, pypinyin, shapely, sqlalchemy.orm, typer
for name in sys.argv[1:]:
    child = os.fork()
    if not child:
        importlib.import_module("mapserver.cli." + name)
        from database.tables.base import CountyBase
        from layers.catalogue.registry import KINDS
        print(name, len(CountyBase.metadata.tables), *KINDS, flush=True)
        os._exit(0)
    assert not os.waitpid(child, 0)[1], name
"""


@pytest.fixture(scope="module")
def known() -> dict[str, list[str]]:
    """What each module of commands knows, in a process where no other is loaded: how many tables, and the kinds."""
    done = subprocess.run(
        [sys.executable, "-c", EACH_BY_ITSELF, *COMMANDS], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()}


@pytest.mark.parametrize("module", COMMANDS)
def test_a_command_knows_every_table_and_every_kind_by_itself(module: str, known: dict[str, list[str]]) -> None:
    """In a process of its own: here the tests have imported everything already."""
    tables, *kinds = known[module]
    assert int(tables) == len(COUNTY_METADATA.tables)
    assert kinds == list(KINDS)


def test_a_module_of_tables_knows_the_tables_it_refers_to_by_itself() -> None:
    """Each in a process of its own: here the tests have imported everything already."""
    files = [file for room in ROOMS for file in (ROOT / room).rglob("*models.py")]
    names = sorted(".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files)
    program = """
import importlib, os, sys
import sqlalchemy.orm, geoalchemy2
from database.tables.base import CountyBase, PlatformBase
for name in sys.argv[1:]:
    child = os.fork()
    if not child:
        importlib.import_module(name)
        for base in (CountyBase, PlatformBase):
            for table in base.metadata.tables.values():
                for key in table.foreign_keys:
                    if key.target_fullname.rpartition(".")[0] not in base.metadata.tables:
                        print(name, key.target_fullname, flush=True)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, name
"""
    command = [sys.executable, "-c", program, *names]
    assert len(names) > 20
    assert subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout == ""
