"""The OGC API over HTTP: who gets in, what they see, what they may ask, in which coordinates."""

import json
import math
from datetime import UTC, datetime
from typing import Any

import cql2
import mapbox_vector_tile
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from database.connection.engine import Database
from database.rights.scope import Role, Scope
from layers.features import items as features
from layers.features.collections import COLLECTIONS
from layers.features.crs import SUPPORTED
from tests import world
from tests.mapserver.conftest import SignIn

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
PATHS = ["", "/", "/conformance", "/api", "/collections", "/collections/addresses", "/collections/addresses/queryables",
         "/collections/addresses/schema", "/collections/addresses/items", "/collections/addresses/items/1", "/tiles",
         "/tileMatrixSets", "/collections/addresses/tiles"]  # fmt: skip


@pytest.fixture
def county_with_rows(database: Database, system: Scope) -> Database:
    """Twelve addresses a cell, a household and an event in each."""
    with database.transaction(system) as connection:
        world.build_county(connection)
        for index, cell in enumerate(world.CELLS):
            for n in range(12 * index, 12 * index + 12):
                world.add_address(connection, f"德清县{world.NAMES[cell[:9]]}永安街{n}号", cell, n)
            household = world.add_household(connection, f"H{cell}", cell)
            world.add_person(connection, f"张三{cell}", cell, household)
            world.add_event(connection, cell[-6:], cell, datetime(2026, 3, 1 + world.CELLS.index(cell), 8, tzinfo=UTC))
    return database


def arcs(lat: float, east: float) -> tuple[float, float]:
    """Metres from the equator to a latitude, and of so many degrees along it, on the CGCS2000 ellipsoid."""
    a, f = 6378137.0, 1 / 298.257222101
    e2, steps, phi = f * (2 - f), 100_000, math.radians(lat)
    width = phi / steps
    arc = sum(a * (1 - e2) / (1 - e2 * math.sin((n + 0.5) * width) ** 2) ** 1.5 for n in range(steps)) * width
    return arc, math.radians(east) * a * math.cos(phi) / math.sqrt(1 - e2 * math.sin(phi) ** 2)


def items(client: TestClient, name: str = "addresses", **parameters: Any) -> dict[str, Any]:
    answer = client.get(
        f"/ogc/330521/collections/{name}/items", params={k.replace("_", "-"): v for k, v in parameters.items()}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


def test_a_stranger_gets_nothing_and_is_told_how_to_sign_in(stranger: TestClient) -> None:
    for path in PATHS:
        answer = stranger.get(f"/ogc/330521{path}")
        assert answer.status_code == 401, path
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")
        assert answer.headers["Cache-Control"] == "private, no-store"


def test_another_county_does_not_exist(county_with_rows: Database, sign_in: SignIn) -> None:
    neighbour = sign_in(Role.COUNTY_ADMIN, county="330522")
    for path in PATHS:
        assert neighbour.get(f"/ogc/330521{path}").status_code == 404, path


def test_another_scope_sees_no_rows(county_with_rows: Database, sign_in: SignIn) -> None:
    client = sign_in(Role.GRID_WORKER, world.CHUNHUI + "999")
    for name in ("addresses", "cells", "persons", "events"):
        found = items(client, name)
        assert (found["numberMatched"], found["features"]) == (0, [])
    client = sign_in(Role.GRID_WORKER, world.CELLS[0])
    foreign = items(sign_in(Role.COUNTY_ADMIN), filter=f"grid_code = '{world.CELLS[3]}'")["features"][0]["id"]
    assert client.get(f"/ogc/330521/collections/addresses/items/{foreign}").status_code == 404


@pytest.mark.parametrize(
    ("prefix", "addresses", "events"),
    [("330521", 48, 4), (world.WUKANG, 36, 3), (world.QIANQIU, 24, 2), (world.CELLS[3], 12, 1)],
)
def test_what_matches_is_counted_exactly_for_every_scope(
    county_with_rows: Database, sign_in: SignIn, prefix: str, addresses: int, events: int
) -> None:
    client = sign_in(Role.TOWN_OFFICIAL, prefix)
    found = items(client, limit=5)
    assert (found["numberMatched"], found["numberReturned"]) == (addresses, 5)
    assert items(client, "events")["numberMatched"] == events
    assert items(client, bbox="119,30,121,31")["numberMatched"] == addresses


def test_pages_give_every_row_once(county_with_rows: Database, sign_in: SignIn) -> None:
    client = sign_in(Role.COUNTY_ADMIN)
    for parameters in ({}, {"sortby": "-code"}, {"bbox": "120,30.5,120.02,30.6"}, {"filter": "depth >= 8"}):
        page = items(client, limit=7, **parameters)
        seen = [f["id"] for f in page["features"]]
        while following := [one["href"] for one in page["links"] if one["rel"] == "next"]:
            page = client.get(following[0]).json()
            seen += [f["id"] for f in page["features"]]
        assert len(seen) == len(set(seen)) == page["numberMatched"] == items(client, **parameters)["numberReturned"]
    codes = [f["properties"]["code"] for f in items(client, sortby="-code")["features"]]
    assert codes == sorted(codes, reverse=True)


def test_broad_boxes_hold_the_same_as_narrow_ones(
    county_with_rows: Database, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes = [
        "119,30,121,31",
        "120.0025,30.505,120.0125,30.505",
        "120.005,30.5,120.035,30.51",
        "120.0025,30.505,120.0025,30.505",
    ]
    for prefix in ("330521", world.WUKANG, world.CELLS[0], world.CHUNHUI + "999"):
        client = sign_in(Role.TOWN_OFFICIAL, prefix)
        for name in ("addresses", "events", "persons", "places"):
            for box in boxes:
                found = []
                for most in (20_000, 0):
                    monkeypatch.setattr(features, "MOST_IN_BOX", most)
                    page = items(client, name, bbox=box, limit=5)
                    seen = [f["id"] for f in page["features"]]
                    while following := [one["href"] for one in page["links"] if one["rel"] == "next"]:
                        page = client.get(following[0]).json()
                        seen += [f["id"] for f in page["features"]]
                    assert page["numberMatched"] == len(seen)
                    found.append(seen)
                assert found[0] == found[1], (prefix, name, box)
    assert items(sign_in(Role.COUNTY_ADMIN), bbox=boxes[3])["numberMatched"] == 1  # the edge belongs to the box


def test_a_cursor_serves_only_its_own_question(county_with_rows: Database, sign_in: SignIn) -> None:
    client = sign_in(Role.COUNTY_ADMIN)
    following = next(one["href"] for one in items(client, limit=7)["links"] if one["rel"] == "next")
    cursor = following.partition("cursor=")[2]
    for wrong in (
        {"cursor": cursor, "filter": "depth = 8"},
        {"cursor": "x"},
        {"cursor": "bnVsbA"},
        {"cursor": "WyJ4IiwxLFtdXQ"},
    ):
        answer = client.get("/ogc/330521/collections/addresses/items", params=wrong)
        assert (answer.status_code, answer.json()["type"]) == (400, "urn:onemap:problem:cursor-invalid")


@pytest.mark.parametrize("name", list(COLLECTIONS))
def test_every_hidden_column_is_refused_in_filters_sorts_and_selections(
    county_with_rows: Database, sign_in: SignIn, name: str
) -> None:
    client = sign_in(Role.COUNTY_ADMIN)
    path = f"/ogc/330521/collections/{name}/items"
    hidden = COLLECTIONS[name].hidden
    assert {"geom", "geom_3857"} <= hidden
    for column in hidden:
        queries: list[dict[str, str]] = [
            {"filter": f"\"{column}\" = 'x'"},
            {"filter": f"CASEI(\"{column}\") LIKE 'x%'"},
            {"filter": json.dumps({"op": "isNull", "args": [{"property": column}]}), "filter-lang": "cql2-json"},
            {"sortby": column},
            {"properties": column},
            {column: "x"},
        ]
        for parameters in queries:
            answer = client.get(path, params=parameters)
            assert (answer.status_code, answer.json()["type"]) == (403, "urn:onemap:problem:hidden-property"), (
                parameters
            )
    unknown = client.get(path, params={"filter": "nothing = 1"})
    assert (unknown.status_code, unknown.json()["type"]) == (400, "urn:onemap:problem:unknown-property")


def test_personal_columns_are_no_properties(county_with_rows: Database, sign_in: SignIn) -> None:
    admin = sign_in(Role.COUNTY_ADMIN)
    assert {"name", "head_name", "id_number_masked", "phone_masked", "birth_date"} <= COLLECTIONS["persons"].hidden
    assert "张三" not in json.dumps(items(admin, "persons"), ensure_ascii=False)
    for name in COLLECTIONS:
        described = admin.get(f"/ogc/330521/collections/{name}/queryables").json()["properties"]
        assert not {"head_name", "phone_masked", "id_number_masked", "attributes", "address_text"} & set(described)


def test_households_need_the_permission_and_leave_a_trace(
    county_with_rows: Database, sign_in: SignIn, system: Scope
) -> None:
    auditor = sign_in(Role.AUDITOR)
    assert auditor.get("/ogc/330521/collections/persons/items").status_code == 403
    assert "persons" not in [c["id"] for c in auditor.get("/ogc/330521/collections").json()["collections"]]
    assert "/collections/persons/items" not in auditor.get("/ogc/330521/api").json()["paths"]
    items(sign_in(Role.GRID_WORKER, world.CELLS[0]), "persons")
    with county_with_rows.transaction(system) as connection:
        noted = connection.execute(
            text("SELECT action, target, rows_n FROM audit_event WHERE action = 'read_features'")
        ).all()
    assert [tuple(row) for row in noted] == [("read_features", "persons", 1)]


FILTERS: list[tuple[str, int]] = [
    ("depth = 8", 48),
    (f"grid_code = '{world.CELLS[0]}'", 12),
    (f"grid_code = '{world.CELLS[0]}' OR grid_code = '{world.CELLS[1]}' AND number_plate = '没有'", 12),
    (f"NOT (grid_code = '{world.CELLS[0]}')", 36),
    ("text LIKE '%永安街%'", 48),
    ("text LIKE '%莫干山%'", 12),
    ("road IS NULL", 0),
    (f"grid_code IN ('{world.CELLS[0]}', '{world.CELLS[3]}')", 24),
    ("depth BETWEEN 5 AND 8", 48),
    ("CASEI(status) = CASEI('PUBLISHED')", 48),
    ("valid_from > DATE('1999-01-01')", 48),
    ("town = village", 0),
    ("S_INTERSECTS(geometry, POLYGON((120 30.5, 120.01 30.5, 120.01 30.51, 120 30.51, 120 30.5)))", 12),
    ("S_WITHIN(geometry, BBOX(120, 30.5, 120.01, 30.51)) AND depth = 8", 12),
    ("S_DISJOINT(geometry, BBOX(120, 30.5, 120.01, 30.51))", 36),
    ("text = 'O''Brien'';DROP TABLE standard_address'", 0),
    ("true", 48),
    ("id = 1", 1),
]


def test_filters_in_text_and_in_json_match_the_same(county_with_rows: Database, sign_in: SignIn) -> None:
    client = sign_in(Role.COUNTY_ADMIN)
    for written, matched in FILTERS:
        assert items(client, filter=written)["numberMatched"] == matched, written
        as_json = json.dumps(cql2.parse_text(written).to_json(), ensure_ascii=False)
        assert items(client, filter=as_json, filter_lang="cql2-json")["numberMatched"] == matched, as_json


NO_FILTERS = [
    "depth = 'eight'", "text = 5", "depth ! 5", "(" * 300 + "depth = 1" + ")" * 300, "NOT " * 4000 + "depth = 1",
        "depth" + " = 1" * 4000, "depth = " + "-" * 4000 + "1", "pg_sleep(5) = 1", "depth + 1 = 9", "text LIKE 'x\\'",
        " OR ".join(["depth = 1"] * 600), "S_INTERSECTS(text, POINT(1 1))", "S_INTERSECTS(geometry, POLYGON((0 0, 1 1, 0 0)))",
        "valid_from > DATE('soon')", "text = '" + "x" * 60_500 + "'", "depth", "", "depth IN ()",

]  # fmt: skip


def test_a_filter_that_cannot_be_is_refused_in_words(county_with_rows: Database, sign_in: SignIn) -> None:
    client = sign_in(Role.COUNTY_ADMIN)
    for written in NO_FILTERS:
        answer = client.get("/ogc/330521/collections/addresses/items", params={"filter": written})
        assert (answer.status_code, answer.json()["type"]) == (400, "urn:onemap:problem:filter-invalid"), written[:100]


NO_PARAMETERS: list[dict[str, str]] = [
        {"limit": "0"}, {"limit": "x"}, {"bbox": "1,2,3"}, {"bbox": "121,30,120,x"}, {"bbox": "120,31,121,30"}, {"datetime": "then"},
        {"datetime": "2026-03-05/2026-03-01"}, {"sortby": "text"}, {"crs": EPSG + "2000"}, {"unknown": "1"},
        {"filter": "true", "filter-lang": "sql"}, {"f": "xml"}, {"properties": "no"}, {"bbox": "nan,0,1,1"},
]  # fmt: skip


def test_a_parameter_that_cannot_be_is_refused_in_words(county_with_rows: Database, sign_in: SignIn) -> None:
    client = sign_in(Role.COUNTY_ADMIN)
    for parameters in NO_PARAMETERS:
        answer = client.get("/ogc/330521/collections/addresses/items", params=parameters)
        assert answer.status_code == 400, (parameters, answer.text)
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_events_are_chosen_by_time(county_with_rows: Database, sign_in: SignIn) -> None:
    client = sign_in(Role.COUNTY_ADMIN)
    for written, n in {
        "2026-03-01": 1, "2026-03-02/..": 3, "../2026-03-02": 2, "2026-03-01T08:00:00Z": 1, "2026-03-01T08:00:01Z/..": 3,
    }.items():  # fmt: skip
        assert items(client, "events", datetime=written)["numberMatched"] == n, written
    assert items(client, datetime="1900-01-01")["numberMatched"] == 48  # no time: nothing to choose by
    interval = client.get("/ogc/330521/collections/events").json()["extent"]["temporal"]["interval"]
    assert interval[0][0].startswith("2026-03-01T16:00:00")  # as the county's clocks show it


def test_coordinates_come_in_the_order_of_each_system(county_with_rows: Database, sign_in: SignIn) -> None:
    # tests/world.py puts the first address of the first cell at 120.0025 E, 30.505 N, 0.0025 degrees east of the central
    # meridian of EPSG:4549: the northing is the meridian's arc, the easting 500 km and the parallel's arc
    northing, easting = arcs(30.505, 0.0025)
    client = sign_in(Role.COUNTY_ADMIN)
    path = "/ogc/330521/collections/addresses/items/1"
    first = client.get(path)
    assert first.json()["geometry"]["coordinates"] == pytest.approx([120.0025, 30.505])
    assert first.headers["Content-Crs"] == "<http://www.opengis.net/def/crs/OGC/1.3/CRS84>"
    for code, expected, tolerance in (
        ("4490", [30.505, 120.0025], 1e-9),
        ("4326", [30.505, 120.0025], 1e-9),
        ("4549", [northing, 500_000 + easting], 0.02),
        ("4528", [northing, 40_500_000 + easting], 0.02),
        ("4548", [northing, 788_000], 5000),
        ("4550", [northing, 212_000], 5000),
        ("3857", [13358617, 3569072], 500),
    ):
        answer = client.get(path, params={"crs": EPSG + code})
        assert answer.headers["Content-Crs"] == f"<{EPSG}{code}>"
        assert answer.json()["geometry"]["coordinates"] == pytest.approx(expected, abs=tolerance), code


def test_boxes_mean_the_same_place_in_every_system(county_with_rows: Database, sign_in: SignIn) -> None:
    client = sign_in(Role.COUNTY_ADMIN)
    first = items(client, bbox="120.0020,30.5040,120.0030,30.5060")["features"]
    assert first
    for crs in SUPPORTED.values():
        here = client.get("/ogc/330521/collections/addresses/items/1", params={"crs": crs.uri}).json()["geometry"][
            "coordinates"
        ]
        reach = (0.0005, 0.001) if crs.degrees else (60.0, 60.0)
        reach = reach[::-1] if crs.north_first and crs.degrees else reach
        box = [here[0] - reach[0], here[1] - reach[1], here[0] + reach[0], here[1] + reach[1]]
        found = items(client, bbox=",".join(map(str, box)), bbox_crs=crs.uri)
        assert 1 in [f["id"] for f in found["features"]], crs.uri
        assert 0 < found["numberMatched"] < 12, crs.uri


def test_pages_for_people_are_escaped_and_load_nothing(
    county_with_rows: Database, sign_in: SignIn, system: Scope
) -> None:
    with county_with_rows.transaction(system) as connection:
        world.insert(connection, "facility", kind="lamp", name="<script>alert(1)</script>", source="t", source_key="1",
                     grid_code=world.CELLS[0], geom=world.point(world.CELLS[0]))  # fmt: skip
    client = sign_in(Role.COUNTY_ADMIN)
    for path in (
        "/",
        "/conformance",
        "/collections",
        "/collections/objects",
        "/collections/objects/items",
        "/collections/objects/items/1",
    ):
        answer = client.get(f"/ogc/330521{path}", headers={"Accept": "text/html,*/*"})
        assert answer.headers["Content-Type"].startswith("text/html"), path
        assert "<script" not in answer.text
        assert "src=" not in answer.text
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "&lt;script&gt;" in answer.text


def test_the_api_definition_lists_what_the_server_does(county_with_rows: Database, sign_in: SignIn) -> None:
    client = sign_in(Role.COUNTY_ADMIN)
    landing = client.get("/ogc/330521/").json()
    service = next(one for one in landing["links"] if one["rel"] == "service-desc")
    answer = client.get(service["href"])
    assert answer.headers["Content-Type"] == service["type"]
    document = answer.json()
    assert document["openapi"].startswith("3.0")
    items_of = document["paths"]["/collections/addresses/items"]["get"]["parameters"]
    assert {"name": "status", "in": "query", "description": "状态", "schema": {"type": "string"}} in items_of
    for path, operations in document["paths"].items():
        if "{" not in path and "get" in operations:
            assert client.get(f"/ogc/330521{path}").status_code == 200, path


def test_nothing_odd_is_the_servers_fault(county_with_rows: Database, sign_in: SignIn) -> None:
    client = sign_in(Role.COUNTY_ADMIN)
    odd: list[dict[str, str]] = [
        {"bbox": "-500,-500,500,500"}, {"bbox": "200,91,210,95"}, {"bbox": "170,-89,-170,89"}, {"bbox": "0,0,1e8,1e8"},
        {"bbox": "1e8,1e8,2e8,2e8", "bbox-crs": EPSG + "4549"}, {"bbox": "1,2,3,4,5,6"}, {"bbox": "0,0,1e7,1e7", "bbox-crs": EPSG + "3857"},
        {"filter": "S_INTERSECTS(geometry, POINT(500 500))"}, {"filter": "S_INTERSECTS(geometry, POLYGON((0 91, 1 91, 1 95, 0 91)))"},
        {"filter": "S_INTERSECTS(geometry, POINT(1e300 1e300))"}, {"filter": "depth = 1e300"}, {"filter": "id = 99999999999999999999"},
        {"filter": "text = 'a\x00b'"}, {"id": "9" * 18}, {"depth": "９"}, {"depth": "-"}, {"datetime": "9999-12-31"}, {"datetime": "0001-01-01/.."},
        {"limit": "9" * 30}, {"cursor": "é"}, {"cursor": "W251bGxd"}, {"cursor": ""}, {"sortby": ","}, {"properties": ","}, {"filter": "{}"},
        {"filter": "[]", "filter-lang": "cql2-json"}, {"filter": '{"op":"and","args":[1]}', "filter-lang": "cql2-json"},
        {"filter": '{"op":"in","args":[{"property":"depth"},[[1]]]}', "filter-lang": "cql2-json"},
        {"filter": '{"op":"s_intersects","args":[{"property":"geometry"},{"bbox":[1,2]}]}', "filter-lang": "cql2-json"},
        {"filter": '{"op":"s_within","args":[{"property":"geometry"},{"type":"Polygon","coordinates":[]}]}', "filter-lang": "cql2-json"},
        {"filter": '{"op":"like","args":["a",{"property":"text"}]}', "filter-lang": "cql2-json"},
        {"filter": '{"op":"=","args":[{"property":"depth"},NaN]}', "filter-lang": "cql2-json"},
        {"filter": '{"op":"between","args":[{"property":"text"},"a",null]}', "filter-lang": "cql2-json"},
    ]  # fmt: skip
    for name in ("addresses", "events", "cells"):
        for parameters in odd:
            answer = client.get(f"/ogc/330521/collections/{name}/items", params=parameters)
            assert answer.status_code in (200, 400, 422), (name, parameters, answer.text)
    for key in ("0", "-1", "x", "9" * 18, "%00", "１"):
        assert client.get(f"/ogc/330521/collections/addresses/items/{key}").status_code in (404, 422), key


def test_tiles_follow_the_rights_of_their_collections(county_with_rows: Database, sign_in: SignIn) -> None:
    auditor, admin = sign_in(Role.AUDITOR), sign_in(Role.COUNTY_ADMIN)
    place = f"CGCS2000Quad/15/{int(59.495 / (360 / 2**15))}/{int(300.0035 / (360 / 2**15))}"
    for path in (
        f"/collections/persons/tiles/{place}",
        f"/tiles/{place}?collections=persons",
        "/collections/persons/tiles",
    ):
        assert auditor.get(f"/ogc/330521{path}").status_code == 403, path
    whole = mapbox_vector_tile.decode(admin.get(f"/ogc/330521/tiles/{place}").content)
    assert {"addresses", "persons", "cells"} <= set(whole)
    assert "persons" not in mapbox_vector_tile.decode(auditor.get(f"/ogc/330521/tiles/{place}").content)
    first = admin.get(f"/ogc/330521/collections/addresses/tiles/{place}")
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = admin.get(
        f"/ogc/330521/collections/addresses/tiles/{place}", headers={"If-None-Match": first.headers["ETag"]}
    )
    assert again.status_code == 304
    assert admin.get("/ogc/330521/collections/addresses/tiles/Other").status_code == 404
    tileset = admin.get("/ogc/330521/collections/addresses/tiles/CGCS2000Quad").json()
    assert tileset["crs"] == EPSG + "4490"
    template = next(one["href"] for one in tileset["links"] if one["rel"] == "item")
    level, row, column = place.split("/")[1:]
    url = template.replace("{tileMatrix}", level).replace("{tileRow}", row).replace("{tileCol}", column)
    assert admin.get(url).content == first.content
