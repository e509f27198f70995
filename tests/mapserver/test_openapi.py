"""The OpenAPI document: every operation says what it does and shows what goes in and what comes out."""

from typing import Any

import pytest

from database.settings import Settings
from mapserver.app import create_app


@pytest.fixture(scope="module")
def document(settings: Settings) -> dict[str, Any]:
    return create_app(settings, worker=False).openapi()


def has_example(schema: Any, components: dict[str, Any], seen: tuple[str, ...] = ()) -> bool:
    """Whether a schema, or one it is made of, has an example."""
    if isinstance(schema, list):
        return any(has_example(one, components, seen) for one in schema)
    if not isinstance(schema, dict):
        return False
    if (
        schema.get("example") is not None
        or schema.get("examples")
        or "enum" in schema
        or schema.get("type") == "boolean"
    ):
        return True
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    if name:
        return name not in seen and has_example(components[name], components, (*seen, name))
    parts = [schema.get(key) for key in ("items", "anyOf", "allOf", "oneOf", "additionalProperties")]
    return has_example([*parts, *schema.get("properties", {}).values()], components, seen)


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{verb.upper()} {path}", operation)
        for path, verbs in document["paths"].items()
        for verb, operation in verbs.items()
    ]


def test_every_operation_says_what_it_does(document: dict[str, Any]) -> None:
    assert len(operations(document)) > 60
    assert [name for name, operation in operations(document) if len(operation.get("description", "")) < 15] == []


def test_every_operation_shows_what_goes_in(document: dict[str, Any]) -> None:
    components = document["components"]["schemas"]
    missing = []
    for name, operation in operations(document):
        for parameter in operation.get("parameters", []):
            asked = parameter.get("required") and parameter["name"] != "county"
            if asked and not has_example([parameter.get("schema"), parameter], components):
                missing.append(f"{name}: {parameter['name']}")
        body = operation.get("requestBody")
        if body and not any(has_example(kind["schema"], components) for kind in body["content"].values()):
            missing.append(f"{name}: body")
    assert not missing, "\n".join(missing)


def test_every_operation_shows_what_comes_out(document: dict[str, Any]) -> None:
    components = document["components"]["schemas"]
    missing = []
    for name, operation in operations(document):
        answers = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
        for kind, content in answers[0].get("content", {}).items():
            if kind == "application/json" and not has_example([content.get("schema"), content], components):
                missing.append(f"{name}: {kind}")
    assert not missing, "\n".join(missing)
