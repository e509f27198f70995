"""Background jobs: handed in by a request, worked off beside the server, once."""

import time
from datetime import datetime
from zoneinfo import ZoneInfo

from fastapi.testclient import TestClient
from procrastinate import App
from procrastinate.testing import InMemoryConnector
from sqlalchemy import text

from database.connection.engine import Database, current_day
from database.connection.jobs import daily
from database.installation.settings import Settings
from database.rights.scope import Scope
from mapserver.app.create import create_app
from mapserver.server.jobs import hand_in_scan, make_tasks
from tests import world
from tests.world import CELLS


def test_daily_work_runs_at_its_hour_in_china() -> None:
    app = App(connector=InMemoryConnector())
    app.add_tasks_from(make_tasks(), namespace="t")
    midnight = datetime(2026, 6, 1, tzinfo=ZoneInfo("Asia/Shanghai"))
    first = {
        name: datetime.fromtimestamp(task.croniter.get_next(start_time=midnight.timestamp()), midnight.tzinfo)
        for (name, _), task in app.periodic_registry.periodic_tasks.items()
        if not task.cron.startswith("*")
    }
    hours = {name: f"{at:%d %H:%M}" for name, at in first.items()}
    assert hours | {
        "t:write_audit_heads": "01 02:10", "t:refresh_all_elevations": "01 03:30", "t:scan_all_counties": "01 05:00",
    } == hours  # fmt: skip
    assert all("01 00:00" <= hour < "01 07:00" for hour in hours.values())  # while nobody works
    assert daily(0) == "0 16 * * *"
    assert daily(23, 59) == "59 15 * * *"


def test_today_is_the_day_in_china(app_database: Database) -> None:
    with app_database.platform() as connection:
        assert current_day(connection) == datetime.now(ZoneInfo("Asia/Shanghai")).date()


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
