"""HTTP as RFC 9110 has it: methods, what is accepted, dates, addresses of tiles; over the whole interface."""

import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from database.connection.engine import Database
from database.rights.scope import Role, Scope
from mapserver.http.negotiation import best_encoding, best_media
from mapserver.routes import ROUTERS
from tests import world
from tests.mapserver.conftest import SignIn

ITEMS = "/ogc/330521/collections/addresses/items"


@pytest.fixture
def county(database: Database, system: Scope) -> Iterator[dict[str, int]]:
    """A county with an address and a household."""
    with database.transaction(system) as connection:
        world.build_county(connection)
        address = world.add_address(connection, "德清县武康街道永安街1号", world.CELLS[0], 1)
        household = world.add_household(connection, "H1", world.CELLS[0])
    yield {"address": address, "household": household}


def addresses() -> list[tuple[str, set[str]]]:
    """Every address of the interface, its methods; parameters filled in."""
    found: dict[str, set[str]] = {}
    for router in ROUTERS:
        for route in router.routes:
            path = re.sub(r"\{county\}", "330521", route.path)  # type: ignore[attr-defined]
            path = re.sub(r"\{(\w+)\}", lambda m: "png" if m[1] == "image" else "1", path)
            found.setdefault(path, set()).update(route.methods)  # type: ignore[attr-defined]
    return sorted(found.items())


def test_every_refused_method_is_told_which_ones_there_are(stranger: TestClient) -> None:
    assert len(addresses()) > 80
    for path, methods in addresses():
        answer = stranger.request("PROPFIND", path)
        assert answer.status_code == 405, path
        allowed = set(answer.headers["Allow"].split(", "))
        assert methods <= allowed, path
        assert ("HEAD" in allowed) == ("GET" in allowed), path
    for path in ("/", "/alerts", "/assets/none.js", "/readyz", "/robots.txt", "/api/openapi.json"):
        assert stranger.delete(path).headers["Allow"] == "GET, HEAD", path
    for path in ("/api/330521/nothing", "/ogc/330521/nothing", "/tiles/nothing"):
        assert stranger.post(path).status_code == 404, path


def test_a_read_only_collection_says_that_it_is_read(county: dict[str, int], sign_in: SignIn) -> None:
    answer = sign_in(Role.GIS_STAFF).post("/ogc/330521/collections/places/items", json={})
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")


def test_head_is_get_without_a_body(county: dict[str, int], sign_in: SignIn) -> None:
    client = sign_in(Role.COUNTY_ADMIN)
    paths = [
        "/healthz", "/readyz", "/robots.txt", "/api/openapi.json", "/api/session", "/api/330521/overview", "/api/330521/alerts",
        "/api/330521/households/none", "/tiles/330521/cells.json", "/tiles/330521/cells/13/6831/3380.mvt",
        "/tiles/330521/cells/1/0/0.mvt", "/maps/330521/alerts", "/ogc/330521/", "/ogc/330521/collections?f=html", ITEMS,
        f"{ITEMS}/{county['address']}", "/ogc/330521/tiles/WebMercatorQuad/13/3380/6831", "/style/sprites/light.png", "/", "/nothing/here",
        "/api/330521/nothing",
    ]  # fmt: skip
    for path in paths:
        client.get(path)  # the first look at a tile is answered by another layer than those after
        got, head = client.get(path), client.head(path)
        assert head.content == b"", path
        changing = {"date", "content-security-policy"} | (
            {"content-length", "etag"} if path.startswith("/maps/") else set()
        )
        left, right = ({k: v for k, v in a.headers.items() if k not in changing} for a in (got, head))
        assert (head.status_code, right) == (got.status_code, left), path
    stream = client.head("/tiles/330521/changes")
    assert (stream.status_code, stream.content) == (200, b"")
    assert stream.headers["content-type"].startswith("text/event-stream")


def test_head_is_refused_where_get_is(stranger: TestClient) -> None:
    answer = stranger.head(ITEMS)
    assert (answer.status_code, answer.content) == (401, b"")
    assert stranger.head("/tiles/330521/changes").status_code == 401


ACCEPTS = [
    ("application/json, text/html;q=0.5", False),
    ("text/html;q=0.5, application/json", False),
    ("text/html, application/json;q=0.9", True),
    ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
    ("text/html;q=0, */*", False),
    ("text/html,*/*", True),
    ("TEXT/HTML", True),
    ("text/*;q=0.8, application/*;q=0.2", True),
    ("application/*;q=0.8, text/html;q=0.2", False),
    ("text/html;level=1;q=0.3, application/json;q=0.7", False),
    ("application/geo+json", False),
    ("*/*", False),
    ("image/png", False),
    ("text/html;q=nonsense, application/json;q=0.1", False),
    ("", False),
]
PAGES = [
    "/", "/conformance", "/collections", "/collections/addresses", "/collections/addresses/queryables", "/collections/addresses/schema",
    "/collections/addresses/items", "/collections/addresses/items/1", "/tiles", "/tiles/CGCS2000Quad", "/tileMatrixSets",
    "/tileMatrixSets/WebMercatorQuad", "/collections/cells/tiles", "/collections/cells/tiles/WebMercatorQuad",
]  # fmt: skip


def test_whoever_would_rather_have_html_gets_it(county: dict[str, int], sign_in: SignIn) -> None:
    client = sign_in(Role.GIS_STAFF)
    for n, (accept, html) in enumerate(ACCEPTS):
        for path in PAGES if n < 4 else PAGES[n % len(PAGES) :][:2]:
            answer = client.get(f"/ogc/330521{path}", headers={"Accept": accept})
            assert answer.status_code == 200, answer.text
            assert answer.headers["content-type"].startswith("text/html") == html, (path, accept)


def test_a_scanned_code_is_a_page_unless_json_is_rather_wanted(stranger: TestClient) -> None:
    for accept, html in ACCEPTS:
        answer = stranger.get("/p/unknown", headers={"Accept": accept})
        json_wanted = (
            not html and "json" in accept and "geo" not in accept
        ) or accept == "application/*;q=0.8, text/html;q=0.2"
        json_wanted = json_wanted or accept == "text/html;q=0, */*"
        assert answer.headers["content-type"].startswith("application/problem+json" if json_wanted else "text/html"), (
            accept
        )


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip;q=1.0, br;q=0.5", "gzip"),
        ("br;q=0, gzip;q=0.1", "gzip"),
        ("*", "br"),
        ("*;q=0, gzip", "gzip"),
        ("identity", None),
        ("identity;q=1, gzip;q=0.5", None),
        ("gzip;q=0", None),
        ("gzip;q=0.000, br;q=0.0", None),
        ("GZIP", "gzip"),
        ("gzip;q=2", None),
        ("x-gzip-like", None),
        ("", None),
    ],
)
def test_the_coding_is_the_one_that_is_liked_best(accepted: str, coding: str | None) -> None:
    assert best_encoding(accepted, ("br", "gzip")) == coding


def test_the_closest_range_counts() -> None:
    assert best_media("text/*;q=0.3, text/html;q=0.7, */*;q=0.5", ("image/png", "text/html")) == "text/html"
    assert best_media("text/html;q=0.1, text/*", ("text/html", "text/csv")) == "text/csv"
    assert best_media("text/csv;q=0", ("text/csv", "text/html")) == "text/csv"  # of more use than a refusal


DAYS = [
    "/api/330521/place-codes/scans?last_day={}", "/api/330521/place-codes/scans?first_day={}", "/api/330521/alerts?from={}",
    "/api/330521/alerts?to={}", "/maps/330521/alerts?from={}", "/maps/330521/alerts?to={}",
    "/api/330521/addresses/as-of?q=%E6%B0%B8%E5%AE%89%E8%A1%971%E5%8F%B7&on={}", f"/api/330521/addresses/{uuid.uuid4()}/as-of?on={{}}",
    "/api/330521/audit?from={}", "/api/330521/audit?to={}",
]  # fmt: skip


def test_a_day_is_a_day(county: dict[str, int], sign_in: SignIn) -> None:
    clients = [sign_in(Role.COUNTY_ADMIN), sign_in(Role.AUDITOR)]
    for address in DAYS:
        for client in clients:
            if client.get(address.format("2026-06-30")).status_code == 403:
                continue
            assert client.get(address.format("2026-06-30")).status_code in (200, 404), address
            wrong = ("0", "1", "1780000000", "-1", "0001-01-05", "0000-01-01", "10000-01-01", "2026-02-30", "20260630",
                     "2026-06-30T00:00:00", "", "2026-6-3", "NaN", "２０２６-06-30")  # fmt: skip
            for written in wrong:
                answer = client.get(address.format(written))
                assert answer.status_code == 422, (address, written, answer.text[:300])
                assert answer.headers["content-type"] == "application/problem+json"


LOST_CLOCKS = ("1970-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "1980-01-06T00:00:00.000+08:00",
               "2999-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00")  # fmt: skip


def test_a_visit_of_a_phone_with_a_wrong_clock_counts_from_its_arrival(county: dict[str, int], sign_in: SignIn) -> None:
    client = sign_in(Role.GRID_WORKER, world.CELLS[0])
    address = f"/api/330521/households/{county['household']}/visits"
    for written in LOST_CLOCKS:
        body = {"client_uid": str(uuid.uuid4()), "visited_at": written, "outcome": "met"}
        answer = client.post(address, json=body)
        assert answer.status_code == 201, (written, answer.text)
        kept = datetime.fromisoformat(answer.json()["visited_at"])
        assert abs(datetime.now(UTC) - kept) < timedelta(minutes=5), written
    for wrong in (0, 1780000000, "0", "1780000000", "2026-03-02", "2026-03-02T09:30:00", "", None):
        body = {"client_uid": str(uuid.uuid4()), "visited_at": wrong, "outcome": "met"}
        assert client.post(address, json=body).status_code == 422, wrong


NUMBERS = (
    "-1",
    str(2**31 - 1),
    str(2**31),
    str(2**32),
    str(2**63),
    "9" * 30,
    "9" * 5000,
    "1.5",
    "x",
    "%C2%B2",
    "%EF%BC%91",
)


def test_a_tile_that_cannot_be_is_not_there(county: dict[str, int], sign_in: SignIn) -> None:
    client = sign_in(Role.COUNTY_ADMIN)
    roots = ("/ogc/330521/tiles/WebMercatorQuad/{z}/{y}/{x}", "/ogc/330521/collections/cells/tiles/CGCS2000Quad/{z}/{y}/{x}",
             "/tiles/330521/cells/{z}/{x}/{y}.mvt", "/tiles/330521/raster/dem/{z}/{x}/{y}.png",
             "/tiles/330521/raster/dem/flood/5/{z}/{x}/{y}.png")  # fmt: skip
    for root in roots:
        for wrong in NUMBERS:
            for name in ("x", "y"):
                path = root.format(**{"z": "13", "x": "6831", "y": "3380", name: wrong})
                assert client.get(path).status_code in (400, 404), path[:200]
        for level in ("-1", "31", "40", "99", str(2**31), "9" * 40, "x"):
            assert client.get(root.format(z=level, x="0", y="0")).status_code in (400, 404), (root, level)


def test_no_search_engine_reads_this(stranger: TestClient) -> None:
    answer = stranger.get("/robots.txt")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.splitlines() == ["User-agent: *", "Disallow: /"]
