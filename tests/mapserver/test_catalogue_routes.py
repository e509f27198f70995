"""The catalogue over HTTP: the kinds an account may see, and no other."""

import pytest
from fastapi.testclient import TestClient

from database.rights.scope import Role
from layers.catalogue.registry import KINDS
from layers.style.palette import THEMES, colour_in
from mapserver.tiles.rights import permitted_kinds
from tests.mapserver.conftest import SignIn
from tests.world import CELLS

API = "/api/330521"


def test_a_stranger_does_not_see_it(stranger: TestClient) -> None:
    assert stranger.get(f"{API}/catalogue").status_code == 401


@pytest.mark.parametrize("role", [Role.GRID_WORKER, Role.AUDITOR, Role.COUNTY_ADMIN])
def test_an_account_sees_the_kinds_it_may_ask_for(sign_in: SignIn, role: Role) -> None:
    document = sign_in(role, CELLS[0] if role is Role.GRID_WORKER else "330521").get(f"{API}/catalogue").json()
    assert tuple(kind["name"] for kind in document["kinds"]) == permitted_kinds(role)
    assert {kind["subject"] for kind in document["kinds"]} == {subject["code"] for subject in document["subjects"]}
    for kind in document["kinds"]:
        declared = KINDS[kind["name"]]
        assert kind["title"] == {"zh": declared.title.zh, "en": declared.title.en}
        assert kind["colours"] == {name: colour_in(theme, declared.colour) for name, theme in THEMES.items()}
        assert [field["name"] for field in kind["fields"]] == [field.name for field in declared.fields]
        assert all(field["label"]["zh"] and field["label"]["en"] for field in kind["fields"])
        assert [total["name"] for total in kind["totals"]] == [total.name for total in declared.totals]
