"""The description of the interface that the web app's client is generated from: what stands in the repository is what the server says."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from mapserver.app.document import FILE, document_of_api

FRONTEND = FILE.parent
GENERATOR = FRONTEND / "node_modules" / ".bin" / "openapi-typescript"


def test_the_document_is_fresh() -> None:
    assert FILE.read_text("utf-8") == document_of_api(), "python -m mapserver.app.document > frontend/openapi.json"


def test_the_client_is_generated_from_it(tmp_path: Path) -> None:
    if not GENERATOR.exists() or shutil.which("node") is None:
        pytest.skip("the packages of the web app are not installed (scripts/setup installs them)")
    made = tmp_path / "schema.d.ts"
    subprocess.run([GENERATOR, FILE, "--output", made], check=True, capture_output=True, cwd=FRONTEND)
    assert (FRONTEND / "src/api/schema.d.ts").read_text("utf-8") == made.read_text("utf-8"), "npm run client"


def test_no_answer_is_open_and_no_two_share_a_name() -> None:
    schemas = json.loads(FILE.read_text("utf-8"))["components"]["schemas"]
    assert not [name for name in schemas if "mapserver__" in name], "two classes of one name: rename one"
    open_ones = [
        name for name, one in schemas.items() if one.get("additionalProperties") is True and "properties" in one
    ]
    assert not open_ones


def test_every_list_comes_in_the_one_envelope() -> None:
    """A list is ``items`` and ``next``, and asks for its next page by ``after``; nothing answers a bare array."""
    document = json.loads(FILE.read_text("utf-8"))
    schemas, bare, other = document["components"]["schemas"], [], []
    for path, operations in document["paths"].items():
        operation = operations.get("get", {})
        answer = (
            operation.get("responses", {})
            .get("200", {})
            .get("content", {})
            .get("application/json", {})
            .get("schema", {})
        )
        if answer.get("type") == "array":
            bare.append(path)
        properties = schemas.get(answer.get("$ref", "").rpartition("/")[2], {}).get("properties", {})
        parameters = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "query"}
        if ("next" in properties) != ("items" in properties) and "ChangeSetDetail" not in str(answer):
            other.append(path)
        if parameters & {"before", "cursor", "offset", "page"}:
            other.append(path)
    assert (bare, other) == ([], [])
