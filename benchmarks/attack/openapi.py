"""The operations of ``/api/openapi.json``, with every reference resolved."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete", "options", "head", "trace")
_DEPTH = 12


@dataclass(frozen=True)
class Operation:
    """One method on one path. parameters: as the document has them. bodies: media type → schema."""

    method: str
    path: str
    parameters: tuple[dict[str, Any], ...]
    bodies: dict[str, dict[str, Any]]

    @property
    def name(self) -> str:
        """Method and path."""
        return f"{self.method} {self.path}"

    @property
    def writes(self) -> bool:
        """True for methods that may change something."""
        return self.method not in ("GET", "HEAD", "OPTIONS", "TRACE")

    def parameters_in(self, place: str) -> list[dict[str, Any]]:
        """Those of the path, the query or the headers."""
        return [p for p in self.parameters if p["in"] == place]


def read_operations(url: str) -> list[Operation]:
    """Every operation the server declares, by path and method."""
    with urllib.request.urlopen(f"{url}/api/openapi.json", timeout=30) as answer:
        return operations_of(json.load(answer))


def operations_of(document: dict[str, Any]) -> list[Operation]:
    """Every operation of an OpenAPI document."""
    found = []
    for path, item in document["paths"].items():
        for method in METHODS:
            if method not in item:
                continue
            declaration = item[method]
            parameters = [
                _resolved(document, p) for p in [*item.get("parameters", []), *declaration.get("parameters", [])]
            ]
            content = _resolved(document, declaration.get("requestBody", {})).get("content", {})
            bodies = {media: _resolved(document, kind.get("schema", {})) for media, kind in content.items()}
            found.append(Operation(method.upper(), path, tuple(parameters), bodies))
    return sorted(found, key=lambda o: o.name)


def _resolved(document: dict[str, Any], value: Any, depth: int = 0) -> Any:
    if depth > _DEPTH:
        return {}
    if isinstance(value, dict):
        reference = value.get("$ref")
        if isinstance(reference, str):
            target: Any = document
            for part in reference.removeprefix("#/").split("/"):
                target = target.get(part, {})  # a reference into nothing: any value will do
            return _resolved(document, target, depth + 1)
        return {name: _resolved(document, inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list):
        return [_resolved(document, inner, depth + 1) for inner in value]
    return value
