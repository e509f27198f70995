"""Nothing of a place outside the scope in any answer of any path: JSON, HTML, tiles, GeoJSON, CSV.

Two towns; in between them a person in two households, a person who moved, an address that was counted to the other town, an
address with a twin, a household whose head is registered elsewhere. Everything that names the other town is foreign to the
one, wherever it stands; the county reads all of it.
"""

import math
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from alerts.detection.scan import scan
from database.connection.engine import Database
from database.rights.scope import Role, Scope
from database.secrets.seal import Sealer
from importing.mappings.mapping import parse_mapping
from importing.pipeline import import_file
from layers.tiles.catalogue import LAYERS
from tests import world
from tests.importing.conftest import write_csv
from tests.importing.test_people import PEOPLE, person
from tests.mapserver.conftest import SignIn
from tests.world import CELLS, CHUNHUI, LIAOYUAN, MOGAN, QIANQIU, WUKANG

WEST, EAST = "德清县武康街道千秋社区永安街{}号", "德清县莫干山镇燎原村庙前组{}号"
#: words that stand for a place and nothing else
WORDS = {
    "west": ["HU-WEST", "永安街", "千秋", "武康", WUKANG, "永西楼"],
    "east": ["HU-EAST", "庙前组", "燎原", "莫干山", MOGAN, "庙东楼"],
}
#: what is public to every account, and told by name of its division only
PUBLIC = ("/tiles/330521/style/", "/style/", "/p/")
TODAY = date(2026, 6, 30)


@pytest.fixture
def ids(database: Database, system: Scope, sealer: Sealer, tmp_path: Path) -> dict[str, int]:
    with database.transaction(system) as connection:
        world.build_county(connection)
        west = [world.add_address(connection, WEST.format(n), CELLS[0], n) for n in (1, 2, 3)]
        east = [world.add_address(connection, EAST.format(n), CELLS[3], n) for n in (4, 5, 6)]
        first = world.add_household(connection, "HU-WEST", CELLS[0], west[0], 1)
        second = world.add_household(connection, "HU-EAST", CELLS[3], east[0], 4)
        connection.execute(text("UPDATE household SET address_text = NULL"))
        both = world.add_person(connection, "甲两户", CELLS[0], first)
        world.add_member(connection, second, both, CELLS[3])
        world.add_person(
            connection, "乙分离", CELLS[0], first, registered_address_id=east[1], actual_address_id=west[1]
        )
        world.add_person(
            connection, "丙分离", CELLS[3], second, registered_address_id=west[1], actual_address_id=east[1]
        )
        for name, cell, n, address in (("永西楼", CELLS[0], 1, west[0]), ("庙东楼", CELLS[3], 4, east[0])):
            world.insert(
                connection, "place", kind="dwelling", name=name, occupancy="vacant", address_id=address, source="t",
                source_key=name, grid_code=cell, geom=world.point(cell, n),
            )  # fmt: skip
        # two doors of one text, a town apart, with the review an import leaves at each
        twins = [
            world.add_address(connection, "同文街1号", CELLS[3], 7),
            world.add_address(connection, "同文街1号", CELLS[0], 8),
        ]
        codes = [QIANQIU + "00000008", LIAOYUAN + "00000007"]
        for address, cell in zip(twins, (CELLS[3], CELLS[0]), strict=True):
            world.insert(
                connection, "address_review", address_id=address, reason_code="duplicate_text", reason="有 2 个地址写法相同",
                facts={"codes": codes}, grid_code=cell,
            )  # fmt: skip
        # an address of the west that was counted to the east
        moved = world.add_address(connection, EAST.format(9), CELLS[3], 9)
        connection.execute(
            text(
                "UPDATE standard_address SET grid_code = :cell, full_text = :full, town = NULL, village = NULL, "
                "village_group = NULL, division_code = :village, geom = CAST(:geom AS geometry), source_key = 'moved', "
                "code = :code WHERE id = :id"
            ),
            {
                "cell": CELLS[0], "full": WEST.format(9), "village": QIANQIU, "geom": world.point(CELLS[0], 9), "id": moved,
                "code": QIANQIU + "00000009",
            },
        )  # fmt: skip
    moving = [
        person(1, "HU-NEW1", 户籍地址=WEST.format(3), 现住址=WEST.format(3)),
        person(2, "HU-NEW2", 户籍地址=EAST.format(6), 现住址=EAST.format(6)),
        person(3, "HU-NEW3", 户籍地址=EAST.format(6), 现住址=WEST.format(3)),
    ]
    swapped = [{**row, "现住址": EAST.format(5) if "永安" in row["现住址"] else WEST.format(2)} for row in moving]
    for n, rows in enumerate((moving, swapped)):
        path = write_csv(tmp_path / f"{n}.csv", rows)
        import_file(database, system, path, parse_mapping(PEOPLE), sealer=sealer, publish=True)
    with database.transaction(system) as connection:
        scan(connection, TODAY)
        assert connection.scalar(text("SELECT count(*) FROM alert_whole")) > 3
        assert connection.scalar(text("SELECT count(*) FROM change_whole")) > 3
        n = connection.scalar(
            text("SELECT greatest((SELECT max(id) FROM alert), (SELECT max(id) FROM standard_address))")
        )
    return {"most": int(n)}


def tile_of(lon: float, lat: float, z: int) -> tuple[int, int]:
    y = math.asinh(math.tan(math.radians(lat)))
    return int((lon + 180) / 360 * 2**z), int((1 - y / math.pi) / 2 * 2**z)


def paths(client: TestClient, most: int, uids: list[str]) -> Iterator[str]:
    """Every GET path of the interface, with every number and name that could mean something."""
    values: dict[str, list[Any]] = {
        "county": ["330521"], "layers": list(LAYERS), "name": list(LAYERS), "uid": uids, "theme": ["light"],
        **{key: list(range(1, most + 1)) for key in ("alert_id", "address_id", "household_id", "place_id", "feature_id")},
        "batch_id": [1, 2], "set_id": [1], "job_id": [1], "sheet": [], "fontstack": [], "token": [], "image": [], "code": [],
        "grid": ["WebMercatorQuad"],
    }  # fmt: skip
    tiles = {
        (z, *tile_of(lon, 30.505, z)) for z in (9, 12, 14, 16, 18) for lon in (120.0026, 120.0035, 120.0326, 120.035)
    }
    queries = {
        "addresses/as-of": [f"?on=2026-11-01&q={q}" for q in ("永安街9号", "庙前组9号")],
        "{uid}/as-of": ["?on=2999-01-01", "?on=2026-11-01"],
        "addresses/search": [f"?q={q}" for q in ("永安街1号", "庙前组4号", "永西楼")],
        "addresses/reverse": ["?lon=120.0026&lat=30.505&max_m=1000", "?lon=120.0326&lat=30.505&max_m=1000"],
        "/items": ["", "?f=html", "?limit=100"],
        "/flood": ["?level_m=9000"],
        "api/{county}/alerts": ["", "?q=HU", "?q=燎原", "?q=千秋"],
    }
    for path, operation in client.app.openapi()["paths"].items():
        if "get" not in operation or path.endswith("/tiles/{county}/changes"):
            continue  # the event stream never ends; it holds tile numbers only
        made = [path]
        if "{z}" in path:
            made = [path.replace("{z}", str(z)).replace("{x}", str(x)).replace("{y}", str(y)) for z, x, y in tiles]
        if "{level}" in path:
            made = [
                path.replace("{level}", str(z)).replace("{row}", str(y)).replace("{column}", str(x))
                for z, x, y in tiles
            ]
        for key, choices in values.items():
            if f"{{{key}}}" in path:
                made = [one.replace(f"{{{key}}}", str(v)) for one in made for v in choices]
        found = next((query for key, query in queries.items() if path.endswith(key)), [""])
        yield from (one + query for one in made for query in found if "{" not in one)


@pytest.mark.timeout(600)
def test_no_word_of_the_other_side_in_any_answer(
    sign_in: SignIn, ids: dict[str, int], database: Database, system: Scope
) -> None:
    with database.transaction(system) as connection:
        uids = [str(uid) for uid in connection.scalars(text("SELECT uid FROM standard_address"))]
    faults, answered = [], 0
    for role, prefix, side, foreign in (
        (Role.TOWN_OFFICIAL, WUKANG, "west", "east"),
        (Role.TOWN_OFFICIAL, MOGAN, "east", "west"),
        (Role.VILLAGE_OFFICER, LIAOYUAN, "east", "west"),
        (Role.GIS_STAFF, WUKANG, "west", "east"),
    ):
        client = sign_in(role, prefix)
        own = ""
        for path in paths(client, ids["most"], uids):
            if path.startswith(PUBLIC):
                continue
            answer = client.get(path)
            assert answer.status_code < 500, path
            if answer.status_code != 200:
                continue
            answered += 1
            words = answer.content.decode("utf-8", "replace") + answer.text.encode().decode("unicode_escape", "replace")
            own += words if len(own) < 10**6 else ""
            query = path.partition("?")[2]
            faults += [
                (role.value, prefix, path, word) for word in WORDS[foreign] if word in words and word not in query
            ]
        assert all(word in own for word in WORDS[side][:4]), "the sweep reads what it guards"
    assert answered > 400
    assert sorted(set(faults)) == []


def test_the_county_reads_the_whole(sign_in: SignIn, ids: dict[str, int]) -> None:
    client = sign_in(Role.COUNTY_ADMIN)
    answers = client.get("/api/330521/changes?limit=500").text + client.get("/api/330521/addresses/changes").text
    for alert in client.get("/api/330521/alerts?limit=500").json()["items"]:
        answer = client.get(f"/api/330521/alerts/{alert['id']}").json()
        answers += str(answer)
        assert "辖区以外" not in str(answer), answer["reason"]
    for words in WORDS.values():
        assert all(word in answers or word.endswith("楼") for word in words)
    assert "（辖区外）" not in answers


def test_the_second_village_of_a_town_hears_nothing(sign_in: SignIn, ids: dict[str, int]) -> None:
    client = sign_in(Role.VILLAGE_OFFICER, CHUNHUI)
    assert client.get("/api/330521/alerts").json()["items"] == []
    assert client.get("/api/330521/changes").json()["items"] == []
