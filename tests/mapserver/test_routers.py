"""Routers are found by their files."""

import re
from itertools import combinations
from pathlib import Path

from fastapi.routing import APIRoute

from mapserver import routes
from mapserver.routes import ROUTERS


def test_every_file_of_routes_is_found() -> None:
    assert len(ROUTERS) == len({id(router) for router in ROUTERS}) > 30
    assert {route.endpoint.__module__ for route in _routes()} == {  # nothing stands aside
        f"mapserver.routes.{file.stem}" for file in Path(routes.__file__).parent.glob("[a-z]*.py")
    }


def test_no_router_hides_an_address_of_a_later_one() -> None:
    """The order is that of the files' names: whoever adds a file learns here that another takes its address."""
    hidden = [
        (first.path, second.path)
        for one, other in combinations(ROUTERS, 2)
        for first in one.routes
        for second in other.routes
        if isinstance(first, APIRoute) and isinstance(second, APIRoute) and first.methods & second.methods
        and _answers(first, second)
    ]  # fmt: skip
    assert hidden == []


def _routes() -> list[APIRoute]:
    return [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]


def _answers(route: APIRoute, other: APIRoute) -> bool:
    """Whether a route takes an address that is meant for the other. 7 is what every parameter takes, a number too."""
    return route.path_regex.match(re.sub(r"\{[^}]*\}", "7", other.path)) is not None
