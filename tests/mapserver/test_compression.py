"""Packed answers: the web app's files as the build packed them, text of the interface on its way; no secret, no stream, nothing twice."""

import gzip
import os
import re
from collections.abc import Iterator
from pathlib import Path

import brotli
import httpx
import pytest
from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.testclient import TestClient

from mapserver.app import create as web
from mapserver.door import problems
from mapserver.http.compression import Compression, is_text
from mapserver.http.methods import Methods
from mapserver.http.static_files import HASHED

SCRIPT = "console.log('一张图');" * 200
BUILT = web.WEB_APP
NAME = "assets/index-BQ5xpS5j.js"


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A web app as the build leaves it, and a few answers of every kind."""
    (tmp_path / "assets").mkdir()
    for name in (NAME, "assets/plain.js", "sw.js", "index.html"):
        (tmp_path / name).write_text(SCRIPT)
        (tmp_path / f"{name}.br").write_bytes(brotli.compress(SCRIPT.encode()))
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(SCRIPT.encode(), mtime=0))
    (tmp_path / "assets" / "noto-BQ5xpS5j.woff2").write_bytes(os.urandom(2000))
    monkeypatch.setattr(web, "WEB_APP", tmp_path)
    application = FastAPI()
    problems.install(application)

    @application.get("/api/rows")
    def rows() -> list[str]:
        return ["永安街12号"] * 200

    @application.get("/api/few")
    def few() -> list[str]:
        return ["永安街12号"]

    @application.post("/api/token")
    def token() -> list[str]:
        return ["secret"] * 1000

    @application.get("/api/tagged")
    def tagged() -> Response:
        return JSONResponse(["x" * 3000], headers={"ETag": '"v1"'})

    @application.get("/api/stream")
    def stream() -> StreamingResponse:
        return StreamingResponse(iter([b"data: x\n\n"] * 400), media_type="text/event-stream")

    @application.get("/api/page")
    def page() -> Response:
        return Response("<p>村</p>" * 20_000, media_type="text/html", headers={"Vary": "Cookie"})

    @application.get("/api/packed")
    def packed() -> Response:
        return Response(gzip.compress(b"x" * 9000), media_type="application/json", headers={"Content-Encoding": "gzip"})

    @application.get("/api/picture")
    def picture() -> Response:
        return Response(b"x" * 9000, media_type="image/png")

    application.state.methods = Methods(application.routes)
    web.mount_web_app(application)
    application.add_middleware(Compression)
    with TestClient(application, raise_server_exceptions=False) as opened:
        yield opened


def raw(client: TestClient, path: str, **headers: str) -> tuple[httpx.Headers, bytes]:
    """Headers and the bytes on the wire."""
    with client.stream("GET", path, headers={"Accept-Encoding": "identity", **headers}) as answer:
        return answer.headers, b"".join(answer.iter_raw())  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [("gzip, deflate, br", "br"), ("gzip", "gzip"), ("br;q=0, gzip", "gzip"), ("identity", None)],
)
def test_a_file_comes_in_the_coding_that_is_liked_best(client: TestClient, accepted: str, coding: str | None) -> None:
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[coding]
    for name in (NAME, "sw.js", "", "alerts/12"):
        headers, body = raw(client, f"/{name}", **{"Accept-Encoding": accepted})
        assert headers.get("content-encoding") == coding, name
        assert unpack(body).decode() == SCRIPT
        assert int(headers["content-length"]) == len(body)
        assert headers["vary"] == "Accept-Encoding"
        assert headers["content-type"].partition(";")[0] == ("text/javascript" if name.endswith("js") else "text/html")


def test_only_what_never_changes_is_kept(client: TestClient) -> None:
    assert raw(client, f"/{NAME}")[0]["cache-control"] == "public, max-age=31536000, immutable"
    assert "immutable" in raw(client, "/assets/noto-BQ5xpS5j.woff2")[0]["cache-control"]
    for path in ("/", "/index.html", "/sw.js", "/alerts", "/assets/plain.js"):
        assert raw(client, path)[0]["cache-control"] == "no-cache", path
    missing = client.get("/assets/index-XXXXXXXX.js")
    assert (missing.status_code, "immutable" in missing.headers["cache-control"]) == (404, False)


def test_each_representation_has_a_tag_of_its_own(client: TestClient) -> None:
    tags = {}
    for coding in ("br", "gzip", "identity"):
        headers, _body = raw(client, f"/{NAME}", **{"Accept-Encoding": coding})
        tags[coding] = headers["etag"]
    assert len(set(tags.values())) == 3
    for coding, tag in tags.items():
        again = client.get(f"/{NAME}", headers={"Accept-Encoding": coding, "If-None-Match": f"W/{tag}"})
        assert (again.status_code, again.headers["vary"]) == (304, "Accept-Encoding")
        assert "immutable" in again.headers["cache-control"]
    other = client.get(f"/{NAME}", headers={"Accept-Encoding": "br", "If-None-Match": tags["gzip"]})
    assert other.status_code == 200


def test_a_part_of_a_file_is_a_part_of_its_plain_bytes(client: TestClient) -> None:
    headers, body = raw(client, f"/{NAME}", **{"Accept-Encoding": "br", "Range": "bytes=0-6"})
    assert (body, "content-encoding" in headers) == (b"console", False)
    assert headers["content-range"] == f"bytes 0-6/{len(SCRIPT.encode())}"
    assert client.get(f"/{NAME}", headers={"Range": "bytes=999999-"}).status_code == 416


def test_the_packed_forms_are_no_files_of_their_own(client: TestClient) -> None:
    for suffix in (".br", ".gz"):
        assert client.get(f"/{NAME}{suffix}").status_code == 404


def test_text_is_packed_on_its_way(client: TestClient) -> None:
    for path in ("/api/rows", "/api/page"):
        plain, words = raw(client, path)
        headers, body = raw(client, path, **{"Accept-Encoding": "gzip, br"})
        assert (headers["content-encoding"], gzip.decompress(body)) == ("gzip", words)
        assert int(headers["content-length"]) == len(body) < len(words) / 5
        assert "Accept-Encoding" in headers["vary"] and "Accept-Encoding" in plain["vary"]
    assert headers["vary"] == "Cookie, Accept-Encoding"


@pytest.mark.parametrize("path", ["/api/few", "/api/tagged", "/api/stream", "/api/picture"])
def test_what_gains_nothing_or_has_a_tag_stays_as_it_is(client: TestClient, path: str) -> None:
    headers, body = raw(client, path, **{"Accept-Encoding": "gzip"})
    assert "content-encoding" not in headers
    assert body == raw(client, path)[1]


def test_nothing_is_packed_twice_and_no_secret_at_all(client: TestClient) -> None:
    headers, body = raw(client, "/api/packed", **{"Accept-Encoding": "gzip"})
    assert (headers["content-encoding"], gzip.decompress(body)) == ("gzip", b"x" * 9000)
    given = client.post("/api/token", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in given.headers


def test_the_built_app_is_packed_and_its_names_have_hashes() -> None:
    if not BUILT.is_dir():
        pytest.skip("the web app is not built (scripts/setup builds it)")
    texts = [file for file in (BUILT / "assets").iterdir() if file.suffix in (".js", ".css")]
    assert len(texts) > 10
    for file in texts:
        plain = file.read_bytes()
        packed = Path(f"{file}.br")
        assert packed.is_file() or len(plain) < 1400, file.name
        if packed.is_file() and len(plain) < 100_000:
            assert brotli.decompress(packed.read_bytes()) == plain
        assert HASHED.fullmatch(f"assets/{file.name}"), file.name


def test_a_page_needs_no_more_than_it_shows() -> None:
    """The code of the map is not among what the first page loads."""
    page = BUILT / "index.html"
    if not page.is_file():
        pytest.skip("the web app is not built (scripts/setup builds it)")
    first = page.read_text("utf-8")
    assert "maplibre" not in first
    named = [BUILT / name for name in re.findall(r'(?:src|href)="/([^"]+\.(?:js|css))"', first)]
    sent = [packed if (packed := Path(f"{file}.br")).is_file() else file for file in named]
    assert len(named) >= 3 and sum(file.stat().st_size for file in sent) <= 110_000
    # nor among what the page of alerts loads with it: the map comes when the list is drawn
    scripts = (file.read_text("utf-8") for file in named if file.suffix == ".js")
    (text,) = (script for script in scripts if re.search(r"import\(.\./AlertsPage-", script))
    parts = re.findall(r"assets/[\w.-]+", text[text.index("__vite__mapDeps=") :].partition("]")[0])
    found = re.search(r"AlertsPage-[\w-]+\.js[`'\"]\),__vite__mapDeps\(\[([\d,]+)\]", text)
    assert found is not None and parts
    assert not [parts[int(n)] for n in found[1].split(",") if "maplibre" in parts[int(n)]]


def test_the_kinds_of_text() -> None:
    for media in ("application/json", "application/problem+json", "application/geo+json; charset=utf-8", "TEXT/HTML"):
        assert is_text(media)
    for media in ("image/png", "application/vnd.mapbox-vector-tile", "text/event-stream", "application/zip", ""):
        assert not is_text(media)
