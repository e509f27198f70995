"""Background jobs: handed in by a request, worked off beside the server, once."""

import time

from fastapi.testclient import TestClient
from sqlalchemy import text

from database.engine import Database
from database.scope import Scope
from database.settings import Settings
from mapserver.app import create_app
from mapserver.jobs import hand_in_scan
from tests import world
from tests.world import CELLS


def test_a_scan_handed_in_is_worked_off_and_never_waits_twice(
    database: Database, system: Scope, settings: Settings
) -> None:
    with database.transaction(system) as connection:
        world.build_county(connection)
        households = [world.add_household(connection, no, CELLS[0]) for no in ("H1", "H2")]
        person = world.add_person(connection, "甲", CELLS[0], households[0])
        world.add_member(connection, households[1], person, CELLS[0])
    app = create_app(settings, worker=False)
    with TestClient(app):
        assert hand_in_scan(app.state.context.queue, "330521") is True
        assert hand_in_scan(app.state.context.queue, "330521") is False
    with TestClient(create_app(settings, worker=True)):
        for _ in range(100):
            with database.transaction(system) as connection:
                raised = connection.scalars(text("SELECT rule FROM alert")).all()
            if raised:
                break
            time.sleep(0.1)
    assert raised == ["two_households"]
