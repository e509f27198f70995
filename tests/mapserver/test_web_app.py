"""The built web app at ``/``: its files and its pages, and no other file however the path is written."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from mapserver.app import create as web
from mapserver.door import problems


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A stranger before an application that serves a web app of two files, beside a file that is nobody's business."""
    (tmp_path / "secrets.json").write_text("{}")
    built = tmp_path / "dist"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text("<p>page</p>")
    (built / "assets" / "a.js").write_text("1")
    monkeypatch.setattr(web, "WEB_APP", built)
    application = FastAPI()
    problems.install(application)
    web.mount_web_app(application)
    with TestClient(application, raise_server_exceptions=False) as stranger:
        yield stranger


def test_files_and_pages_are_served(client: TestClient) -> None:
    assert client.get("/assets/a.js").text == "1"
    assert client.get("/households/12").text == "<p>page</p>"
    assert client.get("/api/330521/nothing").status_code == 404


@pytest.mark.parametrize("before", ["/", "/pages/", "/assets/"])
@pytest.mark.parametrize(
    "path",
    ["a%00", "%00", "a.js%00.png", "x" * 300, "x" * 5000, "a/" * 3000, "%c0%ae%c0%ae/secrets.json", "%ff", "%2e%2e/secrets.json",
     "..%2fsecrets.json", "..%2f..%2fsecrets.json", "..%5csecrets.json", "%252e%252e%252fsecrets.json", "/secrets.json", "a%0d%0ab"],
)  # fmt: skip
def test_a_path_that_is_no_name_of_a_file_is_a_page_or_nothing(client: TestClient, before: str, path: str) -> None:
    answer = client.get(before + path)
    assert answer.status_code in (200, 404), answer.text
    assert answer.text != "{}"
    if before == "/assets/":
        assert answer.status_code == 404
