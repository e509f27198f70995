"""The OpenAPI document: every operation says what it does and shows what goes in and what comes out."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from database.installation.settings import Settings
from layers.features.collections import COLLECTIONS
from mapserver.app.create import create_app
from mapserver.door.interface import COMPONENTS
from mapserver.ogc.definition import definition


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
            required = parameter.get("required") and parameter["name"] != "county"
            if required and not has_example([parameter.get("schema"), parameter], components):
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


# --- both descriptions, that of the server and that of a county's OGC API ----------------------------------


@pytest.fixture(scope="module")
def ogc_document(settings: Settings) -> dict[str, Any]:
    app = create_app(settings, worker=False)
    return definition(
        "http://map/ogc/330521",
        "测试县",
        list(COLLECTIONS.values()),
        {"addresses", "cells"},
        app.state.problems,
        COMPONENTS,
    )


@pytest.fixture(params=["server", "ogc"])
def either(request: pytest.FixtureRequest, document: dict[str, Any], ogc_document: dict[str, Any]) -> dict[str, Any]:
    return document if request.param == "server" else ogc_document


def parts(node: Any, path: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of a document with where it stands."""
    if isinstance(node, dict):
        yield path, node
    for name, inner in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from parts(inner, f"{path}/{name}")


def test_every_reference_leads_somewhere_and_every_component_is_used(either: dict[str, Any]) -> None:
    references = {part["$ref"] for _path, part in parts(either) if isinstance(part.get("$ref"), str)}
    for reference in references:
        target: Any = either
        for name in reference.removeprefix("#/").split("/"):
            target = target[name]
    assert [path for path, part in parts(either) if "$defs" in part] == []
    components = either["components"]
    unused = [
        f"{kind}/{name}"
        for kind in ("schemas", "responses", "parameters")
        for name in components.get(kind, {})
        if f"#/components/{kind}/{name}" not in references
    ]
    assert unused == []


def resolved(document: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    name = answer.get("$ref", "").rpartition("/")[2]
    return document["components"]["responses"][name] if name else answer  # type: ignore[no-any-return]


def test_every_problem_is_a_problem_document(either: dict[str, Any]) -> None:
    for path, verbs in either["paths"].items():
        for verb, operation in verbs.items():
            if verb == "parameters":
                continue
            name = f"{verb.upper()} {path}"
            wrong = {s: resolved(either, a) for s, a in operation["responses"].items() if s >= "400"}
            assert all("application/problem+json" in a["content"] and a["description"] for a in wrong.values()), name
            assert {"400", "429", "503"} <= set(wrong), name
            if operation.get("security", either.get("security")):
                assert {"401", "403"} <= set(wrong), name
            if "{" in path:
                assert "404" in wrong, name
            if "requestBody" in operation:
                assert {"408", "413", "422"} <= set(wrong), name
            if any(
                p.get("name", p.get("$ref", "").rpartition("/")[2]).lower() == "if-match"
                for p in operation.get("parameters", [])
            ):
                assert {"405", "409", "412", "428"} <= set(wrong), name
            if path.endswith(("{column}", "{tileCol}", ".mvt")):
                assert {"200", "204", "304"} <= set(operation["responses"]), name
    schemes = either["components"]["securitySchemes"]
    assert set(schemes) == {"session", "token", "basic"}
    assert all(set(one) <= set(schemes) for one in either["security"])


def test_the_ogc_api_says_how_its_parameters_are_written(ogc_document: dict[str, Any]) -> None:
    parameters = ogc_document["components"]["parameters"]
    for name in ("limit", "datetime", "bbox"):
        assert (parameters[name]["style"], parameters[name]["explode"]) == ("form", False), name
    tag = parameters["If-Match"]["example"]
    assert re.fullmatch(r'"[\x21\x23-\x7e]+"', tag)
    assert "/tileMatrixSets/{tileMatrixSetId}" in ogc_document["paths"]
    for path, verbs in ogc_document["paths"].items():
        media = verbs["get"]["responses"]["200"]["content"]
        assert ("text/html" in media) == (not path.endswith(("/api", "{tileCol}"))), path


def test_an_etag_in_an_example_is_one(document: dict[str, Any]) -> None:
    for _path, part in parts(document["paths"]):
        if part.get("name", "") in ("if-match", "If-Match") and part.get("in") == "header":
            examples = [part.get("example"), *part.get("examples", []), *part["schema"].get("examples", [])]
            written = [one for one in examples if one]
            assert written and all(re.fullmatch(r'"[\x21\x23-\x7e]+"', one) for one in written)


def test_a_validator_finds_nothing_wrong(either: dict[str, Any]) -> None:
    validator = pytest.importorskip(
        "openapi_spec_validator", reason="openapi-spec-validator is not installed (scripts/setup --test installs it)"
    )
    validator.validate(either)
