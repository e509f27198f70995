"""A file through the web: handed in, worked off as the worker does, its report read."""

from typing import Any

from fastapi.testclient import TestClient
from httpx import Response

from mapserver.server.jobs import run_import

IMPORTS = "/api/330521/imports"


def report_of(client: TestClient, answer: Response) -> dict[str, Any]:
    """The report of an import that was handed in; the job is worked off here and now."""
    assert answer.status_code == 202, answer.text
    context = client.app.state.context  # type: ignore[attr-defined]
    run_import(context.database, context.sealer, "330521", answer.json()["id"])
    report: dict[str, Any] = client.get(answer.headers["Location"]).json()
    return report
