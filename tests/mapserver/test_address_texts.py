"""Reading and comparing texts through HTTP: for those who may see the map of the county, and nobody else."""

from fastapi.testclient import TestClient

from database.rights.scope import Role
from tests.mapserver.conftest import SignIn

API = "/api/330521/addresses"
TEXT = "德清縣武康街道永安街12号😀"
PAIR = {"a": "永安街12号", "b": "武康街道永安街12号"}


def test_a_stranger_and_another_county_read_nothing(stranger: TestClient, sign_in: SignIn) -> None:
    neighbour = sign_in(Role.GIS_STAFF, county="330522")
    for path, body in (("parse", {"texts": [TEXT]}), ("compare", {"pairs": [PAIR]})):
        assert stranger.post(f"{API}/{path}", json=body).status_code == 401
        assert neighbour.post(f"{API}/{path}", json=body).status_code == 404


def test_elements_come_with_place_and_level(sign_in: SignIn) -> None:
    answer = sign_in(Role.GRID_WORKER, "330521001").post(f"{API}/parse", json={"texts": [TEXT, ""]}).json()
    first, second = answer["addresses"]
    assert second == {"text": "", "elements": []}
    assert [TEXT[e["start"] : e["end"]] for e in first["elements"]] == [e["text"] for e in first["elements"]]
    found = {e["label"]: (e["text"], e["level"]) for e in first["elements"]}
    assert found["roadno"] == ("12号", "number_plate")
    assert found["district"] == ("德清縣", "county")


def test_pairs_are_answered_in_order(sign_in: SignIn) -> None:
    pairs = [PAIR, {"a": "西湖区文三路123号", "b": "宁波市海曙区中山西路8号"}]
    answer = sign_in(Role.AUDITOR).post(f"{API}/compare", json={"pairs": pairs}).json()
    assert answer["relations"][0]["relation"] in ("same", "partial")
    assert answer["relations"][1]["relation"] == "different"
    assert 0 <= answer["relations"][1]["score"] <= 1


def test_too_many_and_too_long_texts_are_refused(sign_in: SignIn) -> None:
    client = sign_in(Role.GIS_STAFF)
    for texts in ([], ["路"] * 1001, ["路" * 2001]):
        assert client.post(f"{API}/parse", json={"texts": texts}).status_code == 422
    assert client.post(f"{API}/compare", json={"pairs": []}).status_code == 422
    assert client.post(f"{API}/parse", json={"texts": ["路" * 2000]}).status_code == 200
