"""Names are the field's nouns (headers, if_none_match, NOTIFY, cache): no participle or metaphor that hides what a thing is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rooms import ROOMS, ROOT

FORBIDDEN = frozenset({"told", "said", "asked", "heard", "lent", "bell", "bells", "shelf", "shelves"})
#: as part of the name of a file, also these
IN_FILE_NAMES = FORBIDDEN | {"kept", "known", "seen", "found", "given", "taken"}
_WORD = re.compile("|".join(sorted(FORBIDDEN)), re.IGNORECASE)
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_DECLARED = re.compile(
    r"\b(?:const|let|var|function|class|interface|type)\s+(\w+)|[(,{]\s*(\w+)\??:|^\s*\.([\w-]+) \{", re.MULTILINE
)
PYTHON = [p for folder in (*ROOMS, "tests", "benchmarks", "scripts") for p in sorted((ROOT / folder).rglob("*.py"))]
WEB = [
    p
    for folder in ("src", "tests")
    for p in sorted((ROOT / "frontend" / folder).rglob("*"))
    if p.suffix in (".ts", ".vue")
]


def names_of(node: ast.AST) -> list[str]:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.ClassDef(name=name):
            return [name]
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return [] if name.startswith("test_") else [name]  # a test's name is a sentence
        case ast.keyword(arg=str(name)) | ast.ExceptHandler(name=str(name)) | ast.alias(asname=str(name)):
            return [name]
    return []


def forbidden(names: Iterator[str]) -> list[str]:
    return sorted({name for name in names if FORBIDDEN & {part.lower() for part in _PART.findall(name)}})


def in_python(source: str) -> list[str]:
    if not _WORD.search(source):
        return []
    return forbidden(name for node in ast.walk(ast.parse(source)) for name in names_of(node))


def in_web(source: str) -> list[str]:
    return forbidden(name for groups in _DECLARED.findall(source) for name in groups if name)


def relative(paths: list[Path]) -> Iterator[tuple[str, str]]:
    return ((str(path.relative_to(ROOT)), path.read_text("utf-8")) for path in paths)


def test_identifiers_are_nouns_of_the_field() -> None:
    assert len(PYTHON) > 900
    assert {file: names for file, source in relative(PYTHON) if (names := in_python(source))} == {}


def test_identifiers_of_the_web_app_are_nouns_of_the_field() -> None:
    assert len(WEB) > 100
    assert {file: names for file, source in relative(WEB) if (names := in_web(source))} == {}


def test_a_file_is_named_after_what_it_holds() -> None:
    assert [
        str(p.relative_to(ROOT)) for p in (*PYTHON, *WEB) if IN_FILE_NAMES & set(_PART.findall(p.stem.lower()))
    ] == []


@pytest.mark.parametrize(
    "source",
    [
        "told = 1",
        "def f(*, asked): ...",
        "self._shelves = {}",
        "class Said: ...",
        "f(heard=1)",
        "TOLD_APART = 2",
        "def _bell(): ...",
    ],
)
def test_the_lint_sees_what_it_forbids(source: str) -> None:
    assert in_python(source)


@pytest.mark.parametrize(
    "source", ["const told = 1", "function heard(x)", "(asked: Promise<T>)", "type Asked = 1", ".said {"]
)
def test_the_lint_sees_it_in_the_web_app(source: str) -> None:
    assert in_web(source)
