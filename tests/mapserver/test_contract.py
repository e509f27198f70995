"""The interface against its own description: schemathesis asks every operation, signed in, as the description says one may."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import requests
import schemathesis
from fastapi.testclient import TestClient
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from database.connection.engine import Database
from database.rights.scope import Role, Scope
from tests import world
from tests.mapserver.conftest import SignIn

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
ROLES = (Role.GIS_STAFF, Role.COUNTY_ADMIN, Role.SYSTEM_ADMIN, Role.AUDITOR)
EXAMPLES = 2
#: A stream that does not end; what ends the session that asks; what makes work for minutes.
LEFT_OUT = {
    ("get", "/tiles/{county}/changes"),
    ("delete", "/api/session"),
    ("post", "/api/account/password"),
    ("delete", "/api/account/sessions"),
}


@pytest.fixture
def clients(database: Database, system: Scope, sign_in: SignIn) -> Iterator[list[TestClient]]:
    """One of each role before a small county, signed in."""
    with database.transaction(system) as connection:
        world.build_county(connection)
        world.add_address(connection, "德清县武康街道永安街1号", world.CELLS[0], 1)
        household = world.add_household(connection, "H1", world.CELLS[0])
        world.add_person(connection, "张三", world.CELLS[0], household)
    yield [sign_in(role) for role in ROLES]


def send(client: TestClient, case: Any) -> Any:
    """The request as schemathesis would send it, through the application."""
    case.path_parameters = {**(case.path_parameters or {})}
    if "county" in case.path_parameters:
        case.path_parameters["county"] = "330521"
    request = requests.Request(**case.as_transport_kwargs(base_url="http://testserver")).prepare()
    headers = {
        name: value
        for name, value in request.headers.items()
        if name.lower() not in ("cookie", "authorization", "host")
    }
    return client.request(request.method, request.url, headers=headers, content=request.body, follow_redirects=False)


def test_every_operation_answers_as_described(clients: list[TestClient]) -> None:
    document = clients[0].app.openapi()  # type: ignore[attr-defined]
    schema = schemathesis.openapi.from_dict(document)
    faults: list[str] = []
    seen = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        if (operation.method, operation.path) in LEFT_OUT:
            continue
        faults += ask_about(operation, clients)
        seen += 1
    assert seen > 100
    assert not faults, "\n\n".join(faults[:40])


def ask_about(operation: Any, clients: list[TestClient]) -> list[str]:
    """A few requests to one operation, by one role after the other; what of the answers is not as described."""
    faults: list[str] = []
    number = 0

    @hypothesis.seed(330521)
    @hypothesis.settings(
        max_examples=EXAMPLES, deadline=None, database=None, phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck), verbosity=hypothesis.Verbosity.quiet,
    )  # fmt: skip
    @hypothesis.given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        nonlocal number
        number += 1
        client = clients[number % len(clients)]
        try:
            case.validate_response(send(client, case), checks=CHECKS)
        except (AssertionError, Exception, BaseExceptionGroup) as error:
            faults.append(f"{operation.label} ({number}): {error!s:.600}")

    ask()
    return faults
