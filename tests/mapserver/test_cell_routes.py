"""The cell under the pointer: who is responsible, how many households and alerts, never beyond the asker's rights."""

import pytest

from database.clock import day_in_china
from database.connection.engine import Database
from database.rights.scope import Role, Scope
from tests import world
from tests.mapserver.conftest import SignIn
from tests.world import CELLS

API = "/api/330521"


@pytest.fixture
def county(database: Database, system: Scope) -> None:
    with database.transaction(system) as connection:
        world.build_county(connection)
        address = world.add_address(connection, "德清县武康街道千秋社区永安街1号", CELLS[0])
        first = world.add_household(connection, "H1", CELLS[0], address)
        world.add_household(connection, "H2", CELLS[0], address)
        world.add_household(connection, "H3", CELLS[1], address)
        world.insert(
            connection, "alert", fingerprint="f", rule="two_households", severity="high", subject_kind="household",
            subject_id=str(first), title="预警", reason="因", grid_code=CELLS[0], geom=world.point(CELLS[0]),
        )  # fmt: skip
        for name, duty, ended in (
            ("王网格", "lead", None),
            ("李网格", "member", None),
            ("赵旧人", "member", day_in_china()),
        ):
            worker = world.insert(connection, "grid_worker", name=name, grid_code=CELLS[0])
            world.insert(
                connection, "posting", worker_id=worker, cell_code=CELLS[0], duty=duty, valid_from="2026-01-01",
                valid_to=ended, grid_code=CELLS[0],
            )  # fmt: skip


def test_a_cell_is_named_with_its_workers_and_counts(sign_in: SignIn, county: None) -> None:
    card = sign_in(Role.GRID_WORKER, CELLS[0]).get(f"{API}/cells/{CELLS[0]}").json()
    assert card["code"] == CELLS[0] and card["name"]
    assert [(one["name"], one["duty"]) for one in card["workers"]] == [("王网格", "lead"), ("李网格", "member")]
    assert (card["households"], card["open_alerts"]) == (2, {"high": 1, "medium": 0, "low": 0})


def test_who_may_not_see_households_gets_no_count_of_them(sign_in: SignIn, county: None) -> None:
    card = sign_in(Role.AUDITOR, "330521").get(f"{API}/cells/{CELLS[0]}").json()
    assert card["households"] is None
    assert card["open_alerts"]["high"] == 1


def test_outside_the_scope_there_is_no_such_cell(sign_in: SignIn, county: None) -> None:
    client = sign_in(Role.GRID_WORKER, CELLS[1])
    assert client.get(f"{API}/cells/{CELLS[0]}").status_code == 404
    assert client.get(f"{API}/cells/{CELLS[0]}x").status_code == 422
    assert client.get(f"{API}/cells/{CELLS[1]}").json()["workers"] == []
