"""docs/security.md tells the truth: its table of roles is the code's, and every file and test it names exists."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "security.md"
spec = importlib.util.spec_from_file_location("security_roles", ROOT / "scripts" / "security_roles.py")
assert spec is not None
assert spec.loader is not None
security_roles = importlib.util.module_from_spec(spec)
spec.loader.exec_module(security_roles)

REFERENCE = re.compile(r"`([\w./-]+/[\w./-]+|[\w-]+\.(?:txt|toml|md))(?:::(\w+))?`")


def references(page: str) -> list[tuple[str, str]]:
    """(path, test or nothing) of everything in code type that is a path of this repository."""
    return [(path, test) for path, test in REFERENCE.findall(page) if not path.startswith("/")]


def missing(page: str) -> list[str]:
    """What the page names and the repository does not have."""
    gone = []
    for path, test in references(page):
        file = ROOT / path
        if not file.exists():
            gone.append(path)
        elif test and not re.search(rf"^ *(?:async )?def {test}\(", file.read_text("utf-8"), re.MULTILINE):
            gone.append(f"{path}::{test}")
    return gone


def test_the_table_of_roles_is_the_table_of_the_code() -> None:
    page = PAGE.read_text("utf-8")
    assert page == security_roles.page_with_table(page), "run python scripts/security_roles.py"


def test_every_file_and_test_that_is_named_exists() -> None:
    page = PAGE.read_text("utf-8")
    assert len(references(page)) > 60
    assert missing(page) == []


def test_every_control_says_where_and_with_which_test_or_names_its_gap() -> None:
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ") and line.count("|") == 6]
    controls = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows if not row.startswith("| control")]
    assert len(controls) > 30
    for name, how, where, test, gap in controls:
        assert how, name
        assert (where and test) or gap, f"{name}: neither code with a test nor a gap"


@pytest.mark.parametrize(
    "invented",
    ["`access/nowhere.py`", "`tests/database/test_scope.py::test_that_nobody_wrote`", "`nowhere.toml`"],
)
def test_a_reference_to_nothing_is_found(invented: str) -> None:
    assert len(missing(f"| x | {invented} |")) == 1
