"""The lint against hand-written scope filters finds them, and finds none in the house."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
spec = importlib.util.spec_from_file_location("lint_scope", ROOT / "scripts" / "lint_scope.py")
assert spec is not None
assert spec.loader is not None
lint_scope = importlib.util.module_from_spec(spec)
spec.loader.exec_module(lint_scope)


@pytest.mark.parametrize(
    "line",
    [
        'sql = "SELECT * FROM person WHERE grid_code LIKE :p"',
        "sql = \"SELECT * FROM person WHERE grid_code ^@ '330521'\"",
        "sql = \"SELECT set_config('onemap.prefixes', :p, true)\"",
        'sql = "SET LOCAL search_path = c330522"',
        'sql = "SET ROLE onemap_owner"',
        "rows = [r for r in rows if r.grid_code.startswith(prefix)]",
    ],
)
def test_a_hand_written_filter_is_found(tmp_path: Path, line: str) -> None:
    (tmp_path / "layers").mkdir()
    (tmp_path / "layers" / "bad.py").write_text(line + "\n", "utf-8")
    assert lint_scope.main(tmp_path) >= 1


def test_the_house_has_none() -> None:
    assert lint_scope.main() == 0
