"""The life of addresses over HTTP: who may do what, what leaves no trace outside, what a reader of the feed gets."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from database.clock import day_in_china
from database.connection.engine import Database
from database.rights.scope import Role, Scope
from gazetteer.lifecycle import writing
from tests import world
from tests.mapserver.conftest import SignIn
from tests.world import CELLS, LIAOYUAN, MOGAN, QIANQIU, WUKANG

API = "/api/330521"
HEAD = "德清县武康街道千秋社区"
RENAME = {"kind": "rename_road", "division_code": WUKANG, "old": "永安街", "new": "永宁街"}


def body(*items: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {
        "title": "测试",
        "reason": "县政府〔2026〕12号",
        "effective_on": day_in_china().isoformat(),
        "items": items,
    } | values


@pytest.fixture
def uids(database: Database, system: Scope) -> list[str]:
    """永安街1号 to 8号."""
    with database.transaction(system) as connection:
        world.build_county(connection)
        for n in range(1, 9):
            world.add_address(
                connection, f"{HEAD}永安街{n}号", CELLS[0], n, valid_from=day_in_china() - timedelta(days=365)
            )
        return [str(u) for u in connection.scalars(text("SELECT uid FROM standard_address ORDER BY code"))]


def take(client: TestClient, set_id: int, action: str, status: int = 200, **values: Any) -> dict[str, Any]:
    answer = client.post(f"{API}/address-change-sets/{set_id}/steps", json={"action": action, **values})
    assert answer.status_code == status, answer.text
    content: dict[str, Any] = answer.json()
    return content


PATHS = (
    "addresses/changes",
    "addresses/{uid}/history",
    "addresses/{uid}/as-of?on=2026-01-01",
    "address-operations",
    "address-change-sets",
    "address-change-sets/1",
    "address-change-sets/1/preview",
    "address-change-sets/1/preview.geojson",
)


def test_a_stranger_gets_nothing(stranger: TestClient, uids: list[str]) -> None:
    for path in PATHS:
        assert stranger.get(f"{API}/{path.format(uid=uids[0])}").status_code == 401, path
    assert stranger.post(f"{API}/address-change-sets", json=body(RENAME)).status_code == 401
    assert stranger.post(f"{API}/address-operations/{uids[0]}/rollback", json={"reason": "测试"}).status_code == 401


def test_roles_that_do_not_keep_addresses_may_not_change_them(sign_in: SignIn, uids: list[str]) -> None:
    for role, reads in ((Role.GRID_WORKER, 403), (Role.VILLAGE_OFFICER, 200), (Role.AUDITOR, 200)):
        client = sign_in(role)
        assert client.get(f"{API}/addresses/changes").status_code == reads, role
        assert client.post(f"{API}/address-change-sets", json=body(RENAME)).status_code == 403, role
        assert client.get(f"{API}/address-change-sets").status_code == 403, role


def test_another_scope_and_another_county_find_nothing(sign_in: SignIn, uids: list[str]) -> None:
    elsewhere = sign_in(Role.GIS_STAFF, MOGAN)
    assert elsewhere.get(f"{API}/addresses/changes").json()["items"] == []
    assert elsewhere.get(f"{API}/addresses/{uids[0]}/history").status_code == 404
    assert elsewhere.get(f"{API}/addresses/{uids[0]}/as-of?on=2026-10-01").status_code == 404
    assert elsewhere.post(f"{API}/address-change-sets", json=body(RENAME)).status_code == 422
    assert (
        elsewhere.post(f"{API}/address-change-sets", json=body({"kind": "demolish", "uids": uids})).status_code == 404
    )
    assert sign_in(Role.COUNTY_ADMIN, county="330522").get(f"{API}/addresses/changes").status_code == 404


def test_a_change_set_from_the_draft_to_the_library_and_back(sign_in: SignIn, uids: list[str]) -> None:
    client = sign_in(Role.GIS_STAFF)
    made = client.post(f"{API}/address-change-sets", json=body(RENAME))
    assert made.status_code == 201, made.text
    set_id = made.json()["id"]
    shown = client.get(f"{API}/address-change-sets/{set_id}/preview").json()
    assert [(v["before"], v["changed"], v["guarded"]) for v in shown["villages"]] == [(8, 8, False)]
    assert shown["changes"][0]["after"]["full_text"] == HEAD + "永宁街1号"
    before = client.get(f"{API}/addresses/search", params={"q": HEAD + "永宁街1号"}).json()["candidates"]
    assert all("永宁街" not in candidate["text"] for candidate in before)
    take(client, set_id, "publish", 409)
    take(client, set_id, "submit")
    done = take(client, set_id, "publish")
    assert (done["state"], done["items"][0]["kind"]) == ("published", "rename_road")
    (found,) = client.get(f"{API}/addresses/search", params={"q": HEAD + "永宁街1号"}).json()["candidates"][:1]
    assert found["text"] == HEAD + "永宁街1号"
    operation = done["items"][0]["operation_id"]
    back = client.post(f"{API}/address-operations/{operation}/rollback", json={"reason": "文号有误"})
    assert len(back.json()["uids"]) == 8
    kinds = [e["kind"] for e in client.get(f"{API}/addresses/{uids[0]}/history").json()["items"]]
    assert kinds == ["created", "renamed", "restored"]
    assert client.post(f"{API}/address-operations/{operation}/rollback", json={"reason": "再撤"}).status_code == 409


def test_mass_deletion_waits_for_a_second_person(sign_in: SignIn, uids: list[str]) -> None:
    author, other = sign_in(Role.GIS_STAFF), sign_in(Role.COUNTY_ADMIN)
    set_id = author.post(f"{API}/address-change-sets", json=body({"kind": "demolish", "uids": uids[:6]})).json()["id"]
    take(author, set_id, "submit")
    refused = take(author, set_id, "publish", 409)
    assert refused["type"] == "urn:onemap:problem:second-person-needed"
    assert "停用 6/8" in refused["detail"]
    take(author, set_id, "approve", 409)
    take(other, set_id, "approve", note="已现场核实")
    assert take(author, set_id, "publish")["approver"] == "county_admin-330521"


def test_a_draft_shows_nowhere_but_to_those_who_prepare_it(
    sign_in: SignIn, uids: list[str], database: Database, system: Scope
) -> None:
    editor, officer = sign_in(Role.GIS_STAFF), sign_in(Role.VILLAGE_OFFICER, WUKANG)
    new = {"kind": "create", "new": [{"full_text": HEAD + "永安街99号", "lon": 120.0051, "lat": 30.505}]}
    set_id = editor.post(f"{API}/address-change-sets", json=body(new)).json()["id"]
    take(editor, set_id, "submit")
    take(editor, set_id, "publish")
    with database.transaction(system) as connection:
        row = connection.execute(text("SELECT id, uid, grid_code FROM standard_address WHERE status = 'draft'")).one()
    assert row.grid_code == CELLS[0]
    for path in (
        f"addresses/{row.id}",
        f"addresses/{row.uid}/history",
        f"addresses/{row.uid}/as-of?on={day_in_china()}",
    ):
        assert (officer.get(f"{API}/{path}").status_code, editor.get(f"{API}/{path}").status_code) == (404, 200), path
    for client in (officer, editor):
        assert client.get(f"{API}/addresses/search", params={"q": "永安街99号"}).json()["candidates"] == []
        assert "永安街99号" not in client.get(f"{API}/addresses/changes").text
        tile = client.get("/tiles/330521/addresses/14/13653/6712.mvt")
        assert "永安街99号".encode() not in tile.content


def test_the_preview_goes_on_a_map(sign_in: SignIn, uids: list[str]) -> None:
    client = sign_in(Role.GIS_STAFF)
    items = [{"kind": "move", "uid": uids[0], "lon": 120.0061, "lat": 30.5051}, {"kind": "demolish", "uids": [uids[1]]}]
    set_id = client.post(f"{API}/address-change-sets", json=body(*items)).json()["id"]
    answer = client.get(f"{API}/address-change-sets/{set_id}/preview.geojson")
    assert answer.headers["content-type"] == "application/geo+json"
    roles = sorted(feature["properties"]["role"] for feature in answer.json()["features"])
    assert roles == ["changed", "former", "retired"]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"effective_on": (day_in_china() + timedelta(days=1)).isoformat()}, "date-not-possible"),
        ({"items": [{"kind": "explode"}]}, "change-set-invalid"),
        ({"items": [RENAME | {"old": "长安街"}]}, "not-applicable"),
        ({"items": []}, "invalid-request"),
        ({"reason": ""}, "invalid-request"),
        ({"surprise": 1}, "invalid-request"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_kept(
    sign_in: SignIn, uids: list[str], change: dict[str, Any], where: str
) -> None:
    client = sign_in(Role.GIS_STAFF)
    answer = client.post(f"{API}/address-change-sets", json=body(RENAME) | change)
    assert (answer.status_code, answer.json()["type"]) == (422, f"urn:onemap:problem:{where}")
    assert client.get(f"{API}/address-change-sets").json() == {"items": [], "next": None}


def test_operations_describe_themselves(sign_in: SignIn, uids: list[str]) -> None:
    described = {o["name"]: o for o in sign_in(Role.GIS_STAFF).get(f"{API}/address-operations").json()["items"]}
    assert set(described["rename_road"]["arguments"]["properties"]) == {"division_code", "old", "new"}
    assert described["merge_villages"]["title"] == "并村"


FOREIGN = [
    {"kind": "create", "division_code": QIANQIU, "new": [{"full_text": "永安街99号", "lon": 120.0051, "lat": 30.505}]},
    {"kind": "create", "status": "published", "new": [{"full_text": HEAD + "永安街99号"}]},
    {"kind": "create", "new": [{"full_text": "千秋社区永安街99号"}], "division_code": QIANQIU},
    {"kind": "rename_road", "division_code": QIANQIU, "old": "永安街", "new": "永宁街"},
    {"kind": "merge_villages", "old_code": LIAOYUAN, "new_code": QIANQIU},
    {"kind": "merge_villages", "old_code": QIANQIU, "new_code": LIAOYUAN},
    {"kind": "create", "new": [{"full_text": "某街1号"}], "division_code": "999999999999"},
    {"kind": "restore", "operation_id": "191a7dde-6710-4a79-bcca-077358a35b02"},
]


@pytest.mark.parametrize("item", FOREIGN, ids=lambda item: f"{item['kind']}")
def test_a_change_set_in_a_foreign_village_is_refused_in_words_and_leaves_nothing(
    sign_in: SignIn, uids: list[str], item: dict[str, Any]
) -> None:
    elsewhere = sign_in(Role.GIS_STAFF, MOGAN)
    answer = elsewhere.post(f"{API}/address-change-sets", json=body(item))
    assert answer.status_code in (403, 404, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert sign_in(Role.GIS_STAFF).get(f"{API}/address-change-sets").json() == {"items": [], "next": None}


def test_own_addresses_are_not_carried_into_a_foreign_village(
    sign_in: SignIn, uids: list[str], database: Database, system: Scope
) -> None:
    with database.transaction(system) as connection:
        text_ = "德清县莫干山镇燎原村后坞路{}号"
        for n in (1, 2):
            world.add_address(connection, text_.format(n), CELLS[3], n, valid_from=day_in_china() - timedelta(days=9))
        own = [
            str(u)
            for u in connection.scalars(
                text("SELECT uid FROM standard_address WHERE division_code = :v ORDER BY code"), {"v": LIAOYUAN}
            )
        ]
    elsewhere = sign_in(Role.GIS_STAFF, MOGAN)
    items: list[dict[str, Any]] = [
        {"kind": "move", "uid": own[0], "lon": 120.0051, "lat": 30.505},
        {"kind": "split", "uid": own[0], "parts": [{"full_text": HEAD + "永安街77号"}, {"full_text": HEAD + "永安街78号"}]},
        {"kind": "merge", "uids": own, "into": {"full_text": HEAD + "永安街79号"}},
        {"kind": "rename", "uid": own[0], "full_text": HEAD + "永安街80号"},
    ]  # fmt: skip
    for item in items:
        made = elsewhere.post(f"{API}/address-change-sets", json=body(item))
        if made.status_code == 201:
            set_id = made.json()["id"]
            take(elsewhere, set_id, "submit")
            published = elsewhere.post(f"{API}/address-change-sets/{set_id}/steps", json={"action": "publish"})
            assert published.status_code in (200, 403, 404, 409, 422), published.text
        else:
            assert made.status_code in (403, 404, 422), made.text
    with database.transaction(system) as connection:
        outside = text("SELECT count(*) FROM standard_address WHERE NOT starts_with(code, division_code)")
        assert connection.scalar(outside) == 0
        assert (
            connection.scalar(text("SELECT count(*) FROM standard_address WHERE division_code = :v"), {"v": QIANQIU})
            == 8
        )


def test_elevens_add_up_over_http_whoever_publishes_them(
    sign_in: SignIn, uids: list[str], database: Database, system: Scope
) -> None:
    with database.transaction(system) as connection:
        for n in range(9, 231):
            world.add_address(
                connection, f"{HEAD}永安街{n}号", CELLS[0], n, valid_from=day_in_china() - timedelta(days=9)
            )
        known = [str(u) for u in connection.scalars(text("SELECT uid FROM standard_address ORDER BY code"))]
    a, b = sign_in(Role.GIS_STAFF), sign_in(Role.COUNTY_ADMIN)

    def prepare(client: TestClient, part: list[str]) -> int:
        made = client.post(f"{API}/address-change-sets", json=body({"kind": "demolish", "uids": part})).json()
        take(client, made["id"], "submit")
        return int(made["id"])

    take(a, prepare(a, known[:11]), "publish")
    second = prepare(b, known[11:22])
    assert b.get(f"{API}/address-change-sets/{second}/preview").json()["guarded"]
    refused = take(b, second, "publish", 409)
    assert refused["type"] == "urn:onemap:problem:second-person-needed"
    assert "停用 22/230" in refused["detail"]
    take(b, second, "approve", 409)
    take(a, second, "approve")
    take(b, second, "publish")


def test_what_only_the_database_stops_is_answered_in_words(
    sign_in: SignIn, uids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        writing, "_PRESENT", "SELECT unnest(CAST(:villages AS text[]))"
    )  # as if nobody had looked before writing
    answer = sign_in(Role.GIS_STAFF, MOGAN).post(f"{API}/address-change-sets", json=body(FOREIGN[0]))
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:onemap:problem:outside-scope")
