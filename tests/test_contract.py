"""What goes between the rooms has a shape: no public function hands out a bare dictionary.

A record is a frozen dataclass. What is a document by nature (GeoJSON, TileJSON, a style, a frame between processes) has a
TypedDict, or a name of its own that says so: an alias of ``dict[str, Any]`` stands under a comment ``#: JSON document: …``.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("fieldwork", "layers", "alerts", "importing", "grid", "gazetteer", "access", "database")
BARE = re.compile(r"(?:dict|Mapping)\[str, (?:Any|object)\]")
SAYS_SO = re.compile(r"#: JSON document: \S+")


def files() -> Iterator[tuple[str, str]]:
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            yield str(file.relative_to(ROOT)), file.read_text("utf-8")


def handing_out(name: str, source: str) -> list[str]:
    return [
        f"{name}: {node.name}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_")
        if node.returns is not None and BARE.search(ast.unparse(node.returns))
    ]


def silent_aliases(name: str, source: str) -> list[str]:
    """Aliases of bare dictionaries whose comment does not say of what document they are."""
    lines = source.splitlines()
    found = []
    for node in ast.parse(source).body:
        alias = isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript)
        if not alias or not BARE.search(ast.unparse(node)):
            continue
        above = node.lineno - 1
        while above and lines[above - 1].strip() and not lines[above - 1].startswith("#:"):
            above -= 1
        if not above or not SAYS_SO.match(lines[above - 1]):
            found.append(f"{name}: {ast.unparse(node)}")
    return found


def test_no_function_hands_out_a_bare_dictionary() -> None:
    found = [one for name, source in files() for one in handing_out(name, source)]
    assert not found, "\n".join(found)


def test_a_name_for_a_dictionary_says_of_what_document_it_is() -> None:
    found = [one for name, source in files() for one in silent_aliases(name, source)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("source", "bare", "silent"),
    [
        ("def f() -> list[dict[str, Any]]: ...", 1, 0),
        ("class A:\n    def f(self) -> Mapping[str, object] | None: ...", 1, 0),
        ("async def f() -> dict[str, Any]: ...", 1, 0),
        ("def _f() -> dict[str, Any]: ...\ndef g() -> dict[str, int]: ...", 0, 0),
        ("Row = dict[str, Any]", 0, 1),
        ("#: rows of something\nRow = dict[str, Any]", 0, 1),
        ("#: JSON document: a layer (MapLibre Style Specification 8)\nLayer = dict[str, Any]", 0, 0),
        ("#: JSON document: a layer\nLayer = dict[str, Any]\nPaint = dict[str, Any]", 0, 0),
        ("#: JSON document: a layer\nLayer = dict[str, Any]\n\nRow = tuple[int, dict[str, Any]]", 0, 1),
    ],
)
def test_the_rule_sees_what_it_should(source: str, bare: int, silent: int) -> None:
    assert (len(handing_out("x", source)), len(silent_aliases("x", source))) == (bare, silent)
