"""The OpenAPI document as a file: ``python -m mapserver.app.document > frontend/openapi.json``.

The web app's client is generated from it (``npm --prefix frontend run client``); `tests/mapserver/test_document.py` fails when either
is stale. Only the JSON interface under ``/api/`` is in it: tiles, maps and OGC are asked by other means.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from database.installation.settings import Settings
from mapserver.app.create import create_app

FILE = Path(__file__).parent.parent.parent / "frontend" / "openapi.json"
_REFERENCE = re.compile(r'"#/components/(\w+)/([^"]+)"')


def document_of_api() -> str:
    """The part of the document that the web app's client speaks, the same on every machine."""
    whole = create_app(Settings(), worker=False).openapi()
    paths = {path: operations for path, operations in whole["paths"].items() if path.startswith("/api/")}
    part: dict[str, Any] = whole | {"paths": paths, "components": _needed(paths, whole["components"])}
    return json.dumps(part, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _needed(paths: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """The components that are named from the paths, and from one another."""
    components_in_use: dict[str, Any] = {"securitySchemes": components["securitySchemes"]}
    waiting: list[Any] = [paths]
    while waiting:
        for kind, name in _REFERENCE.findall(json.dumps(waiting.pop())):
            group = components_in_use.setdefault(kind, {})
            if name not in group:
                group[name] = components[kind][name]
                waiting.append(group[name])
    return components_in_use


if __name__ == "__main__":
    sys.stdout.write(document_of_api())
