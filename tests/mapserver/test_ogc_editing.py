"""Editing through the OGC API: the same rules, log and rights as the app; of two writers exactly one wins."""

import threading
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from database.connection.engine import Database
from database.rights.scope import Role, Scope
from tests import world
from tests.mapserver.conftest import SignIn

ADDRESSES, CELLS = "/ogc/330521/collections/addresses/items", "/ogc/330521/collections/cells/items"
GK = "http://www.opengis.net/def/crs/EPSG/0/4549"


@pytest.fixture
def county_with_rows(database: Database, system: Scope) -> Database:
    """Twenty addresses in the first cell, one in the last."""
    with database.transaction(system) as connection:
        world.build_county(connection)
        for n in range(1, 21):
            world.add_address(connection, f"德清县武康街道千秋社区永安街{n}号", world.CELLS[0], n)
        world.add_address(connection, "德清县莫干山镇燎原村永安街1号", world.CELLS[3], 1)
    return database


def feature(lon: float | None, lat: float | None, **properties: Any) -> dict[str, Any]:
    geometry = None if lon is None else {"type": "Point", "coordinates": [lon, lat]}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def outline(west: float, width: float = world.SIZE / 2, south: float = world.SOUTH) -> dict[str, Any]:
    east, north = west + width, south + world.SIZE
    return {
        "type": "Polygon",
        "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
    }


def tag(client: TestClient, path: str) -> dict[str, str]:
    return {"If-Match": client.get(path).headers["ETag"]}


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def events(database: Database, system: Scope) -> list[tuple[str, str, str]]:
    with database.transaction(system) as connection:
        rows = connection.execute(
            text("SELECT kind, actor, reason FROM address_event WHERE operation_id IS NOT NULL ORDER BY number")
        )
        return [(row.kind, row.actor, row.reason) for row in rows]


def test_who_may_not_edit_changes_nothing(county_with_rows: Database, sign_in: SignIn, stranger: TestClient) -> None:
    body = feature(120.005, 30.505, text="德清县武康街道千秋社区永安街99号")
    assert stranger.post(ADDRESSES, json=body).status_code == 401
    for role in (Role.GRID_WORKER, Role.TOWN_OFFICIAL, Role.AUDITOR):
        client = sign_in(role)
        assert client.post(ADDRESSES, json=body).status_code == 403
        assert client.put(f"{ADDRESSES}/1", json=body).status_code == 403
        assert client.delete(f"{ADDRESSES}/1").status_code == 403
        assert client.options(ADDRESSES).headers["Allow"] == "GET, HEAD, OPTIONS"
    assert sign_in(Role.GIS_STAFF, county="330522").delete(f"{ADDRESSES}/1").status_code == 404
    far = sign_in(Role.GIS_STAFF, world.LIAOYUAN)
    assert far.delete(f"{ADDRESSES}/1", headers={"If-Match": "*"}).status_code == 404
    assert far.post(ADDRESSES, json=body).status_code in (403, 422)
    staff = sign_in(Role.GIS_STAFF)
    assert "POST" in staff.options(ADDRESSES).headers["Allow"]
    assert "PATCH" in staff.options(f"{ADDRESSES}/1").headers["Allow"]
    qgis = staff.options(f"{ADDRESSES}/1", headers={"User-Agent": "Mozilla/5.0 QGIS/34007"})
    assert "PATCH" not in qgis.headers["Allow"]  # it sends no If-Match
    assert problem(staff.post("/ogc/330521/collections/events/items", json=body)) == (405, "method-missing")
    form = staff.post(ADDRESSES, content=b"{}", headers={"Content-Type": "text/plain"})
    assert problem(form) == (415, "media-type-wrong")
    assert staff.get(ADDRESSES).json()["numberMatched"] == 21


def test_a_new_address_goes_the_way_of_the_app(county_with_rows: Database, sign_in: SignIn, system: Scope) -> None:
    client = sign_in(Role.GIS_STAFF)
    body = feature(120.015, 30.505, text="德清县武康街道千秋社区永安街99号", status=None)
    made = client.post(ADDRESSES, json=body, params={"reason": "新建小区"})
    assert made.status_code == 201, made.text
    path = made.headers["Location"]
    assert client.get(path).headers["ETag"] == made.headers["ETag"]
    properties = made.json()["properties"]
    assert properties["code"].startswith(world.QIANQIU)
    assert (properties["number_plate"], properties["grid_code"]) == (
        "99号",
        world.CELLS[1],
    )  # the cell follows the point
    assert events(county_with_rows, system) == [("created", "gis_staff-330521", "新建小区")]


def test_coordinates_are_read_in_the_crs_of_the_body(county_with_rows: Database, sign_in: SignIn) -> None:
    client = sign_in(Role.GIS_STAFF)
    there = client.get(f"{ADDRESSES}/5", params={"crs": GK}).json()["geometry"]["coordinates"]
    moved = {"geometry": {"type": "Point", "coordinates": [there[0], there[1] + 20.0]}}
    answer = client.patch(
        f"{ADDRESSES}/5", json=moved, headers={**tag(client, f"{ADDRESSES}/5"), "Content-Crs": f"<{GK}>"}
    )
    assert answer.status_code == 200, answer.text
    here = client.get(f"{ADDRESSES}/5", params={"crs": GK}).json()["geometry"]["coordinates"]
    assert here == pytest.approx([there[0], there[1] + 20.0], abs=0.001)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (feature(30.505, 120.005, text="德清县武康街道千秋社区永安街98号"), "写反"),
        (feature(500_240.0, 3_376_096.0, text="德清县武康街道千秋社区永安街98号"), "投影"),
        (feature(119.0, 30.505, text="德清县武康街道千秋社区永安街98号"), "分带"),
        (feature(120.005, 30.505, text="x"), "text"),
        (feature(120.005, 30.505), "text"),
        (feature(120.005, 30.505, text="德清县武康街道千秋社区永安街98号", code="330521001001000000000001"), "code"),
        (
            {"type": "Feature", "geometry": outline(120.0), "properties": {"text": "德清县武康街道千秋社区永安街98号"}},
            "Point",
        ),
        ({"type": "FeatureCollection", "features": []}, "Feature"),
        (feature(120.005, 30.505, text="某处98号"), ""),
    ],
)
def test_what_the_app_would_refuse_is_refused(
    county_with_rows: Database, sign_in: SignIn, body: dict[str, Any], words: str
) -> None:
    client = sign_in(Role.GIS_STAFF)
    answer = client.post(ADDRESSES, json=body)
    assert answer.status_code == 422, answer.text
    assert words in answer.text
    assert client.get(ADDRESSES).json()["numberMatched"] == 21


def test_a_change_needs_the_tag_of_what_is_there(county_with_rows: Database, sign_in: SignIn) -> None:
    client = sign_in(Role.GIS_STAFF)
    path, change = f"{ADDRESSES}/3", {"properties": {"text": "德清县武康街道千秋社区永安街33号"}}
    whole = client.get(path).json()
    assert problem(client.patch(path, json=change)) == (428, "precondition-missing")
    assert problem(client.put(path, json=whole)) == (428, "precondition-missing")
    assert problem(client.delete(path)) == (428, "precondition-missing")
    first = tag(client, path)
    assert client.patch(path, json=change, headers=first).status_code == 200
    for answer in (
        client.patch(path, json=change, headers=first),
        client.put(path, json=whole, headers=first),
        client.delete(path, headers=first),
        client.delete(path, headers={"If-Match": f"W/{tag(client, path)['If-Match']}"}),
    ):
        assert problem(answer) == (412, "feature-changed")
    assert client.get(path).json()["properties"]["number_plate"] == "33号"


def test_a_replacement_renames_and_moves_and_keeps_the_former_text(
    county_with_rows: Database, sign_in: SignIn, system: Scope
) -> None:
    client = sign_in(Role.GIS_STAFF)
    path = f"{ADDRESSES}/4"
    body = client.get(path).json()
    body["properties"]["text"] = "德清县武康街道千秋社区永宁街4号"
    body["geometry"]["coordinates"] = [120.0155, 30.5055]
    answer = client.put(path, json=body, headers=tag(client, path))
    assert answer.status_code == 200, answer.text
    assert answer.json()["properties"]["grid_code"] == world.CELLS[1]
    assert [kind for kind, _actor, _reason in events(county_with_rows, system) if kind != "left"] == [
        "renamed",
        "moved",
    ]
    with county_with_rows.transaction(system) as connection:
        former = connection.scalar(
            text("SELECT alias_text FROM address_alias WHERE kind = 'former' AND address_id = 4")
        )
    assert former == "德清县武康街道千秋社区永安街4号"
    kept = client.get(path).json()
    kept["properties"]["code"] = "330521001001999999999999"
    assert client.put(path, json=kept, headers=tag(client, path)).status_code == 422
    kept = client.get(path).json()
    del kept["properties"]["text"]
    assert client.put(path, json=kept, headers=tag(client, path)).status_code == 422
    kept = client.get(path).json() | {"geometry": None}
    assert client.put(path, json=kept, headers=tag(client, path)).status_code == 422


def test_deleting_retires_and_many_need_a_second_person(
    county_with_rows: Database, sign_in: SignIn, system: Scope
) -> None:
    client = sign_in(Role.GIS_STAFF)
    answers = [
        client.delete(f"{ADDRESSES}/{n}", headers=tag(client, f"{ADDRESSES}/{n}"), params={"reason": "拆除"})
        for n in range(1, 7)
    ]
    assert [answer.status_code for answer in answers] == [204] * 5 + [409]
    assert client.get(f"{ADDRESSES}/1").status_code == 404
    with county_with_rows.transaction(system) as connection:
        kept = connection.execute(
            text("SELECT status, valid_to IS NOT NULL AS ended FROM standard_address WHERE id = 1")
        ).one()
    assert tuple(kept) == ("retired", True)
    assert set(events(county_with_rows, system)) == {("demolished", "gis_staff-330521", "拆除")}


@pytest.mark.parametrize("collection", ["addresses", "cells"])
def test_of_two_writers_exactly_one_wins(county_with_rows: Database, sign_in: SignIn, collection: str) -> None:
    clients = [sign_in(Role.GIS_STAFF), sign_in(Role.COUNTY_ADMIN)]
    path = f"/ogc/330521/collections/{collection}/items/" + ("7" if collection == "addresses" else world.CELLS[0])
    for attempt in range(5):
        seen = tag(clients[0], path)
        start, answers = threading.Barrier(2), []

        def write(client: TestClient, n: int) -> None:
            name = f"德清县武康街道千秋社区永安街{n}号" if collection == "addresses" else f"第{n}网格"
            key = "text" if collection == "addresses" else "name"
            start.wait()  # noqa: B023
            answers.append(client.patch(path, json={"properties": {key: name}}, headers=seen).status_code)  # noqa: B023

        threads = [threading.Thread(target=write, args=(c, 1000 + 2 * attempt + n)) for n, c in enumerate(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answers) == [200, 412]


def test_cells_are_drawn_by_the_rules_of_the_grid(county_with_rows: Database, sign_in: SignIn, system: Scope) -> None:
    client = sign_in(Role.GIS_STAFF)

    def drawn(geometry: dict[str, Any], **properties: Any) -> Any:
        return client.post(CELLS, json={"type": "Feature", "geometry": geometry, "properties": properties})

    overlapping = drawn(outline(120.0), name="第三网格")
    assert problem(overlapping) == (422, "cell-invalid")
    assert "重叠" in overlapping.json()["detail"]
    assert "超出" in drawn(outline(120.035, 0.01), name="越界", parent=world.LIAOYUAN).text
    assert drawn(outline(120.005), name="").status_code == 422
    bow = {
        "type": "Polygon",
        "coordinates": [[[120, 30.5], [120.01, 30.51], [120.01, 30.5], [120, 30.51], [120, 30.5]]],
    }
    assert drawn(bow, name="蝴蝶").status_code == 422

    # the first cell shrinks to its western half; a new one takes the eastern half and its addresses
    path = f"{CELLS}/{world.CELLS[0]}"
    body = client.get(path).json()
    body["geometry"] = outline(120.0)
    assert client.put(path, json=body, headers=tag(client, path)).status_code == 200
    made = drawn(outline(120.005), name="第三网格")
    assert made.status_code == 201, made.text
    assert made.json()["id"] == world.QIANQIU + "003"
    # micro cell of it
    micro = drawn(outline(120.005, 0.002), name="微网格", parent=world.QIANQIU + "003")
    assert micro.json()["properties"]["level"] == "micro_cell"
    new = f"{CELLS}/{world.QIANQIU}003"
    assert problem(client.delete(new, headers=tag(client, new))) == (422, "cell-invalid")
    small = f"{CELLS}/{micro.json()['id']}"
    assert client.delete(small, headers=tag(client, small)).status_code == 204
    assert client.delete(new, headers=tag(client, new)).status_code == 204
    assert client.get(new).status_code == 404
    with county_with_rows.transaction(system) as connection:
        changes = connection.execute(
            text("SELECT operation, actor FROM change WHERE entity = 'grid_cell' ORDER BY id")
        ).all()
        codes = connection.scalars(
            text("SELECT DISTINCT grid_code FROM standard_address WHERE id <= 20 ORDER BY 1")
        ).all()
    assert [row.operation for row in changes] == ["changed", "added", "added", "removed", "removed"]
    assert {row.actor for row in changes} == {"gis_staff-330521"}
    assert set(codes) <= {world.CELLS[0], world.QIANQIU}
