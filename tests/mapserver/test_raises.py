"""What the functions behind a route say they raise, the description of the route knows: every error has its status there."""

import ast
import importlib
import inspect
import json
import re
import sys
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

import pytest

from alerts.lifecycle import VerifierMayNotClose
from database.errors import OnemapError, all_errors
from layers.people.looks import LooksUsedUp
from mapserver.door.route import DoorRoute
from mapserver.routes import ROUTERS
from tests.rooms import ROOT

RAISES = re.compile(r"\bRaises\s+([^\n]*(?:\n[^\n]+)*)")
NAME = re.compile(r"\b[A-Z][A-Za-z]+\b")


def names_in(function: FunctionType) -> set[str]:
    """Every name that the function itself reads."""
    tree = ast.parse(inspect.cleandoc("\n" + inspect.getsource(function)))
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def called_by(function: FunctionType, seen: set[FunctionType]) -> Iterator[FunctionType]:
    """The functions of the rooms below that a route calls, by itself or through helpers of its own room."""
    module = sys.modules[function.__module__]
    for name in names_in(function):
        found = inspect.unwrap(getattr(module, name, None) or names_in)
        if not isinstance(found, FunctionType) or found is names_in or found in seen:
            continue
        seen.add(found)
        if found.__module__.startswith("mapserver."):
            yield from called_by(found, seen)
        else:
            yield found


def errors_of(function: FunctionType, errors: dict[str, type[OnemapError]]) -> Iterator[type[OnemapError]]:
    """The errors that the docstring of a function names after ``Raises``."""
    for listed in RAISES.findall(function.__doc__ or ""):
        yield from (errors[name] for name in NAME.findall(listed.split(". ")[0]) if name in errors)


def endpoint_of(route: DoorRoute) -> FunctionType:
    """The function as its module has it, without what the door put around it."""
    module: ModuleType = importlib.import_module(route.endpoint.__module__)
    endpoint: Any = inspect.unwrap(getattr(module, route.endpoint.__name__))
    return endpoint  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def raised() -> list[tuple[str, str, type[OnemapError]]]:
    """Path, method and error, for every error that a route may answer."""
    errors = {error.__name__: error for error in all_errors()}
    return [
        (route.path_format, method.lower(), error)
        for route in (route for router in ROUTERS for route in router.routes if isinstance(route, DoorRoute))
        for function in called_by(endpoint_of(route), set())
        for error in errors_of(function, errors)
        for method in route.methods or ()
    ]


def test_every_error_that_a_route_may_answer_is_described(raised: list[tuple[str, str, type[OnemapError]]]) -> None:
    paths = json.loads((ROOT / "frontend/openapi.json").read_text("utf-8"))["paths"]
    operations = [(path, method, paths[path][method], error) for path, method, error in raised if path in paths]
    missing = [
        f"{method} {path}: {error.status} {error.__name__}"
        for path, method, operation, error in operations
        if str(error.status) not in operation["responses"]
    ]
    assert missing == []


def test_the_errors_are_found(raised: list[tuple[str, str, type[OnemapError]]]) -> None:
    assert len(raised) > 150
    assert ("/api/{county}/alerts/{alert_id}/transitions", "post", VerifierMayNotClose) in raised
    assert ("/api/{county}/persons/{person_id}/reveal", "post", LooksUsedUp) in raised
