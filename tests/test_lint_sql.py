"""The lint of SQL finds names of rooms above, and finds none in the house."""

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
spec = importlib.util.spec_from_file_location("lint_sql", ROOT / "scripts" / "lint_sql.py")
assert spec is not None
assert spec.loader is not None
lint_sql = importlib.util.module_from_spec(spec)
sys.modules["lint_sql"] = lint_sql
spec.loader.exec_module(lint_sql)


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """Two rooms with a table each, and a function of the upper one."""
    for room, table in (("grid", "grid_cell"), ("layers", "event"), ("importing", "import_batch")):
        (tmp_path / room).mkdir()
        (tmp_path / room / "models.py").write_text(f'class T(CountyBase):\n    __tablename__ = "{table}"\n', "utf-8")
    (tmp_path / "database").mkdir()
    (tmp_path / "database" / "models.py").write_text('class A(PlatformBase):\n    __tablename__ = "account"\n', "utf-8")
    functions = tmp_path / "database" / "functions"
    (functions / "layers").mkdir(parents=True)
    (functions / "grid").mkdir()
    (functions / "layers" / "features_in_box.sql").write_text("-- f\nSELECT 1 FROM {schema}.event", "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ('q = "SELECT * FROM event e WHERE e.id = 1"', "table event belongs to layers, above grid"),
        ('q = f"SELECT 1 FROM {table} t LEFT JOIN event e ON true"', "table event belongs to layers, above grid"),
        ('q = "UPDATE event SET x = 1"', "table event belongs to layers, above grid"),
        ('q = "SELECT 1 FROM grid_cell c, import_batch b"', "table import_batch belongs to importing, above grid"),
        ('c = mapped_column(ForeignKey("import_batch.id"))', "table import_batch belongs to importing, above grid"),
        ('q = "SELECT features_in_box(:x) FROM grid_cell"', "function features_in_box belongs to layers, above grid"),
        ("q = select(func.features_in_box(1))", "function features_in_box belongs to layers, above grid"),
        ('q = "SELECT a.x FROM grid_cell c JOIN platform.account a ON true"', "county SQL names platform.account"),
        ('q = "SELECT display_name FROM platform.account"', "county SQL names platform.account"),
    ],
)
def test_a_name_of_a_room_above_is_found(
    house: Path, capsys: pytest.CaptureFixture[str], code: str, fault: str
) -> None:
    (house / "grid" / "bad.py").write_text(code + "\n", "utf-8")
    assert lint_sql.main(house) == 1
    assert f"grid/bad.py:1: {fault}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "code",
    [
        'q = "SELECT * FROM grid_cell WHERE code = :code"',
        'q = "SELECT platform.scope_prefixes() FROM grid_cell"',
        'q = "an event that comes from event to event"',
        'q = "SELECT 1 FROM grid_cell -- not FROM event"',
        '"""Reads like SELECT 1 FROM event, and is a docstring."""',
    ],
)
def test_what_a_room_may_name_is_left_alone(house: Path, code: str) -> None:
    (house / "grid" / "good.py").write_text(code + "\n", "utf-8")
    assert lint_sql.main(house) == 0


def test_a_function_of_a_lower_room_does_not_read_a_table_of_an_upper_one(house: Path) -> None:
    (house / "database" / "functions" / "grid" / "cells.sql").write_text("-- c\nSELECT 1 FROM event", "utf-8")
    assert lint_sql.main(house) == 1


def test_a_function_of_the_platform_names_its_own_tables(house: Path) -> None:
    place = house / "database" / "functions" / "access" / "platform"
    place.mkdir(parents=True)
    (place / "ends.sql").write_text("-- e\nSELECT 1 FROM platform.account JOIN grid_cell ON true", "utf-8")
    assert lint_sql.main(house) == 0


def test_the_house_has_none() -> None:
    known = lint_sql.read_house()
    assert len(known.tables) > 50
    assert known.tables["standard_address"] == "gazetteer"
    assert known.platform_tables["account"] == "database"
    assert known.functions["nearest_addresses"] == "gazetteer"
    assert lint_sql.main() == 0
