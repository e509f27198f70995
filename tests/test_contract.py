"""What goes between the rooms has a shape: the number of functions that hand out a bare dictionary may only go down."""

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROOMS = ("layers", "alerts", "grid", "gazetteer")
#: Lower it when a function gets a dataclass; a new function never needs it raised.
MOST = 57


def test_fewer_and_fewer_functions_hand_out_bare_dictionaries() -> None:
    found = [
        f"{file.relative_to(ROOT)}: {node.name}"
        for room in ROOMS
        for file in sorted((ROOT / room).rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and node.returns is not None
        if "dict[str, Any]" in ast.unparse(node.returns)
    ]
    assert len(found) <= MOST, "\n".join(found)
