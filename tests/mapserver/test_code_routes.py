"""Door plates, place codes and the codes of an address, through the front door: strangers first."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from database.connection.engine import Database
from database.installation.settings import Settings, load_secrets
from database.rights.scope import Role, Scope
from database.secrets.sign import Signer
from gazetteer.codes.token import SERIAL_BYTES, Token, TokenKind
from tests import world
from tests.mapserver.conftest import SignIn
from tests.world import CELLS, QIANQIU, WUKANG

API = "/api/330521"
JSON = {"Accept": "application/json"}
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
ADDRESS = "德清县武康街道千秋社区永安街1号"


@pytest.fixture
def ids(database: Database, system: Scope) -> dict[str, int]:
    with database.transaction(system) as connection:
        world.build_county(connection)
        address = world.add_address(connection, ADDRESS, CELLS[0], 1)
        road = world.add_address(connection, "德清县武康街道千秋社区永安街", CELLS[0], 2)
        other = world.add_address(connection, "德清县武康街道春晖社区中兴路5号", CELLS[2], 3)
        household = world.add_household(connection, "H1", CELLS[0], address)
        world.add_person(connection, "张测试", CELLS[0], household)
        connection.execute(text("UPDATE household SET head_name = '张测试'"))
        place = world.insert(
            connection, "place", kind="premises", name="武康<农贸>市场", address_id=address, source="t", source_key="1",
            grid_code=CELLS[0],
        )  # fmt: skip
        dwelling = world.insert(
            connection, "place", kind="dwelling", name="张家", source="t", source_key="2", grid_code=CELLS[0]
        )
    return {
        "address": address,
        "road": road,
        "other": other,
        "household": household,
        "place": place,
        "dwelling": dwelling,
    }


@pytest.fixture
def gis(sign_in: SignIn, ids: dict[str, int]) -> TestClient:
    return sign_in(Role.GIS_STAFF)


@pytest.fixture
def signer(settings: Settings) -> Signer:
    return Signer.of_plates(load_secrets(settings))


@pytest.fixture
def anybody(application: TestClient, ids: dict[str, int]) -> Iterator[TestClient]:
    with_no_cookie = TestClient(application.app, raise_server_exceptions=False)
    yield with_no_cookie


def issue(gis: TestClient, ids: dict[str, int]) -> str:
    answer = gis.post(f"{API}/addresses/{ids['address']}/plate")
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


def test_a_stranger_issues_and_reads_nothing(stranger: TestClient, ids: dict[str, int]) -> None:
    address = f"{API}/addresses/{ids['address']}"
    for url in (f"{address}/codes", f"{API}/codes/beidou?lon=120&lat=30", f"{API}/places/{ids['place']}/code",
                f"{API}/place-codes/scans"):  # fmt: skip
        assert stranger.get(url).status_code == 401
    for url in (f"{address}/plate", f"{address}/plate/reissue", f"{address}/plate/revoke", f"{API}/plates",
                f"{API}/places/{ids['place']}/code"):  # fmt: skip
        assert stranger.post(url, json={"reason": "测试", "scope": QIANQIU}).status_code == 401
    assert stranger.put(f"{API}/divisions/{QIANQIU}/service-point", json={"name": "x"}).status_code == 401


def test_outside_scope_or_county_there_is_no_such_address(
    sign_in: SignIn, gis: TestClient, ids: dict[str, int]
) -> None:
    elsewhere = sign_in(Role.GRID_WORKER, CELLS[3])
    assert elsewhere.get(f"{API}/addresses/{ids['address']}/codes").status_code == 404
    assert elsewhere.get(f"{API}/places/{ids['place']}/code").status_code == 404
    narrow = sign_in(Role.GIS_STAFF, CELLS[3][:12])
    assert narrow.post(f"{API}/addresses/{ids['address']}/plate").status_code == 422
    assert narrow.post(f"{API}/places/{ids['place']}/code").status_code == 404
    assert narrow.post(f"{API}/plates", json={"scope": WUKANG}).text.strip().endswith('"path"')
    assert narrow.put(f"{API}/divisions/{QIANQIU}/service-point", json={"name": "x"}).status_code == 404
    neighbour = sign_in(Role.GIS_STAFF, county="330522")
    assert neighbour.post(f"{API}/addresses/{ids['address']}/plate").status_code == 404
    assert gis.get(f"{API}/addresses/{ids['address']}/codes").json()["plate"] is None


@pytest.mark.parametrize("role", [Role.GRID_WORKER, Role.TOWN_OFFICIAL, Role.AUDITOR])
def test_only_gis_staff_issue(sign_in: SignIn, ids: dict[str, int], role: Role) -> None:
    client = sign_in(role)
    assert client.post(f"{API}/addresses/{ids['address']}/plate").status_code == 403
    assert client.post(f"{API}/plates", json={"scope": QIANQIU}).status_code == 403
    assert client.post(f"{API}/places/{ids['place']}/code").status_code == 403


def test_anybody_who_scans_a_plate_sees_the_public_part_only(
    gis: TestClient, anybody: TestClient, ids: dict[str, int]
) -> None:
    point = {"name": "千秋社区便民服务站", "phone": "0572-8000001", "hours": "8:30–17:00"}
    assert gis.put(f"{API}/divisions/{QIANQIU}/service-point", json=point).status_code == 200
    token = issue(gis, ids)
    answer = anybody.get(f"/p/{token}", headers=JSON)
    assert answer.json() == {
        "kind": "plate", "title": ADDRESS, "address": None, "code": "33052100100100000001", "place_kind": None,
        "town": "武康街道", "village": "千秋社区居民委员会", "service_name": "千秋社区便民服务站",
        "service_phone": "0572-8000001", "service_address": None, "service_hours": "8:30–17:00", "households": None,
    }  # fmt: skip
    page = anybody.get(f"/p/{token.lower()}", headers=HTML)
    assert page.headers["content-type"].startswith("text/html")
    assert ADDRESS in page.text
    assert "tel:05728000001" in page.text
    for secret in ("张测试", "H1", "households", "/addresses", CELLS[0]):
        assert secret not in page.text
    assert "http" not in page.text
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "private, no-store"
    assert page.headers["referrer-policy"] == "no-referrer"


def test_a_worker_in_scope_gets_the_households_and_the_look_is_audited(
    gis: TestClient, sign_in: SignIn, ids: dict[str, int], database: Database, system: Scope
) -> None:
    token = issue(gis, ids)
    worker = sign_in(Role.GRID_WORKER, CELLS[0])
    households = worker.get(f"/p/{token}", headers=JSON).json()["households"]
    assert households == [{"id": ids["household"], "household_no": "H1", "head_name": "张测试", "members_n": 1}]
    assert f"/visits/households/{ids['household']}" in worker.get(f"/p/{token}", headers=HTML).text
    for other in (
        sign_in(Role.GRID_WORKER, CELLS[3]), gis, sign_in(Role.AUDITOR), sign_in(Role.GRID_WORKER, county="330522")
    ):  # fmt: skip
        answer = other.get(f"/p/{token}", headers=JSON)
        assert (answer.status_code, answer.json()["households"]) == (200, None)
    with database.transaction(system) as connection:
        looks = connection.execute(text("SELECT actor, target FROM audit_event WHERE action = 'scan_plate'")).all()
    assert {tuple(look) for look in looks} == {(f"grid_worker-{CELLS[0]}", f"address:{ids['address']}")}


def test_unknown_revoked_and_forged_codes_are_told_apart_by_nobody(
    gis: TestClient, anybody: TestClient, ids: dict[str, int], signer: Signer, database: Database, system: Scope
) -> None:
    token = issue(gis, ids)
    revoked = gis.post(f"{API}/addresses/{ids['address']}/plate/revoke", json={"reason": "门牌被盗"})
    assert revoked.json() | {"revoked_at": 0, "issued_at": 0} == {
        "version": 1, "status": "revoked", "issued_by": "gis_staff-330521", "issued_at": 0, "revoked_by": "gis_staff-330521",
        "revoked_at": 0, "reason": "门牌被盗", "token": None, "path": None,
    }  # fmt: skip
    second = str(gis.post(f"{API}/addresses/{ids['address']}/plate").json()["token"])
    retired = str(gis.post(f"{API}/addresses/{ids['other']}/plate").json()["token"])
    with database.transaction(system) as connection:
        connection.execute(text("UPDATE standard_address SET status = 'retired' WHERE id = :id"), {"id": ids["other"]})
    never = Token(TokenKind.PLATE, "330521", b"x" * SERIAL_BYTES).written(signer)
    no_county = Token(TokenKind.PLATE, "999999", b"x" * SERIAL_BYTES).written(signer)
    neighbour = Token(TokenKind.PLATE, "330522", _serial(database, system)).written(signer)
    no_place = Token(TokenKind.PLACE, "330521", _serial(database, system)).written(signer)
    forged = Token(TokenKind.PLATE, "330521", _serial(database, system)).written(Signer(b"k" * 32))
    bodies, pages = set(), set()
    wrong = [token, retired, never, no_county, neighbour, no_place, forged, "x", token[:-1], "A" * 40, "%00", "é" * 40]
    for text_ in wrong:
        answer = anybody.get(f"/p/{text_}", headers=JSON)
        assert answer.status_code == 404
        body = answer.json()
        body.pop("instance")
        bodies.add(str(body) + str(sorted(answer.headers.items())).replace(answer.headers["content-length"], ""))
        pages.add(anybody.get(f"/p/{text_}", headers=HTML).text)
    assert len(bodies) == 1
    assert len(pages) == 1
    assert anybody.get(f"/p/{second}", headers=JSON).status_code == 200


def _serial(database: Database, system: Scope) -> bytes:
    with database.transaction(system) as connection:
        return bytes(
            connection.scalar(text("SELECT serial FROM plate_token WHERE status = 'valid' ORDER BY id LIMIT 1"))
        )


def test_a_plate_is_issued_once_and_again_only_by_revoking(
    gis: TestClient, anybody: TestClient, ids: dict[str, int]
) -> None:
    first = issue(gis, ids)
    plate = f"{API}/addresses/{ids['address']}/plate"
    assert gis.post(plate).status_code == 409
    assert gis.post(f"{plate}/reissue", json={"reason": " "}).status_code == 422
    assert anybody.get(f"/p/{first}", headers=JSON).status_code == 200
    second = gis.post(f"{plate}/reissue", json={"reason": "字迹不清"}).json()
    assert second["version"] == 2
    assert second["token"] != first
    assert anybody.get(f"/p/{first}", headers=JSON).status_code == 404
    assert anybody.get(second["path"], headers=JSON).status_code == 200
    assert gis.post(f"{plate}/revoke", json={"reason": "拆除"}).status_code == 200
    assert gis.post(f"{plate}/revoke", json={"reason": "拆除"}).status_code == 409
    assert gis.post(f"{API}/addresses/{ids['road']}/plate").status_code == 422


def test_a_village_gets_its_plates_at_once_and_keeps_them(
    gis: TestClient, anybody: TestClient, ids: dict[str, int]
) -> None:
    single = issue(gis, ids)
    answer = gis.post(f"{API}/plates", json={"scope": WUKANG})
    assert answer.headers["content-disposition"] == f'attachment; filename="plates-{WUKANG}.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(r["code"], r["address"]) for r in rows] == [
        ("33052100100100000001", ADDRESS), ("33052100100200000003", "德清县武康街道春晖社区中兴路5号"),
    ]  # fmt: skip
    assert rows[0]["token"] == single
    assert all(anybody.get(r["path"], headers=JSON).json()["title"] == r["address"] for r in rows)
    assert gis.post(f"{API}/plates", json={"scope": WUKANG}).content == answer.content
    assert gis.post(f"{API}/plates", json={"scope": "3305"}).status_code == 422


def test_all_codes_of_an_address(
    gis: TestClient, sign_in: SignIn, ids: dict[str, int], database: Database, system: Scope
) -> None:
    with database.transaction(system) as connection:
        connection.execute(text("UPDATE division SET class_code = '121' WHERE code = :code"), {"code": QIANQIU})
    token = issue(gis, ids)
    url = f"{API}/addresses/{ids['address']}/codes"
    found = gis.get(url, params={"height_m": 12.5}).json()
    assert len(found["uid"]) == 36
    assert found["standard"] == {"code": "33052100100100000001", "village": QIANQIU, "sequence": "00000001"}
    assert found["statistical"] == {
        "code": QIANQIU, "full_code": QIANQIU, "name": "千秋社区居民委员会", "kind": "社区", "class_code": "121",
        "class_name": "镇中心区",
    }  # fmt: skip
    assert found["grid"] == {"code": CELLS[0], "level": "cell", "level_name": "网格"}
    assert found["beidou"]["code"].startswith("N51H0")
    assert found["beidou"]["height_code"] == "000000001503"
    assert found["plate"]["token"] == token
    worker = sign_in(Role.GRID_WORKER, CELLS[0]).get(url).json()
    assert (worker["plate"]["status"], worker["plate"]["token"]) == ("valid", None)
    assert worker["beidou"]["height_code"] is None
    assert gis.get(f"{API}/addresses/999999/codes").status_code == 404


def test_the_beidou_grid_both_ways(gis: TestClient) -> None:
    cell = gis.get(f"{API}/codes/beidou", params={"lon": 119.9774, "lat": 30.5425}).json()
    assert cell["code"] == "N50HB51D298124403060"
    assert gis.get(f"{API}/codes/beidou/{cell['code']}").json() == cell
    assert gis.get(f"{API}/codes/beidou/n50hb5").json()["level"] == 2
    assert gis.get(f"{API}/codes/beidou/N50HZ5").status_code == 422
    assert gis.get(f"{API}/codes/beidou", params={"lon": 119, "lat": 89}).status_code == 422


def test_a_place_code_counts_scans_and_nobody(
    gis: TestClient, anybody: TestClient, sign_in: SignIn, ids: dict[str, int], database: Database, system: Scope
) -> None:
    place = f"{API}/places/{ids['place']}/code"
    assert gis.get(place).json() == {
        "place_id": ids["place"], "name": "武康<农贸>市场", "kind": "premises", "token": None
    }  # fmt: skip
    token = gis.post(place).json()["token"]
    assert gis.post(place).status_code == 409
    assert gis.post(f"{API}/places/{ids['dwelling']}/code").status_code == 404
    for _ in range(3):
        page = anybody.get(f"/p/{token}", headers=HTML)
        assert "武康&lt;农贸&gt;市场" in page.text
    scanned = anybody.get(f"/p/{token}", headers=JSON).json()
    assert (scanned["title"], scanned["place_kind"], scanned["address"]) == ("武康<农贸>市场", "场所", ADDRESS)
    counts = gis.get(f"{API}/place-codes/scans").json()["items"]
    assert [(c["place_id"], c["scans"]) for c in counts] == [(ids["place"], 4)]
    assert sign_in(Role.GRID_WORKER, CELLS[3]).get(f"{API}/place-codes/scans").json() == {"items": [], "next": None}
    second = gis.post(f"{place}/reissue", json={"reason": "换新"}).json()["token"]
    assert anybody.get(f"/p/{token}", headers=HTML).status_code == 404
    assert anybody.get(f"/p/{second}", headers=HTML).status_code == 200
    assert gis.post(f"{place}/revoke", json={"reason": "停业"}).json()["status"] == "revoked"
    assert anybody.get(f"/p/{second}", headers=HTML).status_code == 404
    assert [c["scans"] for c in gis.get(f"{API}/place-codes/scans").json()["items"]] == [5]
    with database.transaction(system) as connection:
        columns = connection.execute(text("SELECT * FROM place_scan")).keys()
    assert set(columns) == {"place_id", "hour", "scans", "grid_code"}


def test_codes_follow_their_address_to_another_cell(
    gis: TestClient, sign_in: SignIn, ids: dict[str, int], database: Database, system: Scope
) -> None:
    issue(gis, ids)
    gis.post(f"{API}/places/{ids['place']}/code")
    with database.transaction(system) as connection:
        for table in ("standard_address", "place"):
            connection.execute(text(f"UPDATE {table} SET grid_code = :cell"), {"cell": CELLS[1]})
    worker = sign_in(Role.GRID_WORKER, CELLS[1])
    assert worker.get(f"{API}/addresses/{ids['address']}/codes").json()["plate"]["status"] == "valid"
    assert worker.get(f"{API}/places/{ids['place']}/code").json()["token"]["status"] == "valid"


def test_the_look_up_gives_public_columns_and_its_owner_reads_no_more(owner: Engine, database: Database) -> None:
    with owner.connect() as connection:
        granted: Any = connection.execute(
            text(
                "SELECT table_name, column_name FROM information_schema.column_privileges WHERE grantee = 'onemap_tiles' "
                "AND table_schema = 'c330521' AND privilege_type = 'SELECT'"
            )
        ).all()
    columns = {(row.table_name, row.column_name) for row in granted}
    assert not {t for t, _ in columns} & {"person", "audit_event", "visit"}
    assert ("household", "head_name") not in columns
    assert ("plate_token", "issued_by") not in columns
    with pytest.raises(ProgrammingError, match="permission denied"), owner.begin() as connection:
        connection.execute(text("SET ROLE onemap_tiles"))
        connection.execute(text("SELECT issued_by FROM c330521.plate_token"))
    with database.platform() as connection:
        assert connection.scalar(text("SELECT count(*) FROM c330521.plate_token")) == 0
