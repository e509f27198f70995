"""Two counties on two clusters behind one server process: everything works in both, and neither sees the other."""

from __future__ import annotations

import csv
import io
import re
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from typer.testing import CliRunner, Result

from access.accounts.accounts import create_account
from access.audit.heads import current_heads
from database.backup import take_backup
from database.connection import server as pools
from database.connection.address import ServerAddressInvalid, checked_address
from database.connection.engine import Database
from database.connection.servers import addresses_of_counties
from database.connection.work import work_of_jobs
from database.embedded import EmbeddedCluster, release_database
from database.embedded.layout import PORT
from database.installation.settings import Settings
from database.rights.scope import Role, Scope
from database.upgrade.counties import CountyElsewhere, create_county
from database.upgrade.server import ServerUnfit
from mapserver.app.create import create_app
from mapserver.cli.main import app as command_line
from mapserver.server.jobs import hand_in_scan, run_sweeps
from tests import world
from tests.conftest import empty_counties
from tests.mapserver.conftest import PASSWORD
from tests.mapserver.documented import hold

HERE, THERE = "330521", "330525"
STAFF, OFFICIAL, AUDITOR, WORKER = "staff", "official", "auditor", "worker"
ROLES = {
    STAFF: Role.GIS_STAFF, OFFICIAL: Role.COUNTY_ADMIN, AUDITOR: Role.AUDITOR, WORKER: Role.GRID_WORKER,
}  # fmt: skip
TILE = "cells,events/14/13653/6733.mvt"
T = Any


def world_of(county: str) -> ModuleType:
    """The small county of the tests under another code; all names are the same, so that a mix-up would show."""
    module = ModuleType(f"world_{county}")
    exec(
        compile(Path(world.__file__).read_text("utf-8").replace(HERE, county), f"world_{county}", "exec"), vars(module)
    )
    return module


WORLDS: dict[str, Any] = {HERE: world, THERE: world_of(THERE)}


@dataclass
class Pair:
    """The second cluster, its address, and the application with its worker, which lives on the first."""

    second: EmbeddedCluster
    address: str
    application: TestClient
    database: Database
    settings: Settings

    def sign_in(self, county: str, role: str = STAFF) -> TestClient:
        client = hold(
            TestClient(self.application.app, raise_server_exceptions=False, headers={"X-Onemap-Request": "1"})
        )
        answer = client.post("/api/session", json={"username": f"{role}-{county}", "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        assert answer.json()["county"] == county
        return client


def run(*words: str) -> Result:
    """A command as somebody types it."""
    try:
        return CliRunner().invoke(command_line, list(words))
    finally:
        release_database()


def until(found: Callable[[], T]) -> T:
    """The first true answer."""
    deadline = time.monotonic() + 20
    while not (answer := found()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return answer


@pytest.fixture(scope="module")
def second() -> Iterator[EmbeddedCluster]:
    """A PostGIS server with nothing of onemap on it but what an embedded cluster always has."""
    base = Path(tempfile.mkdtemp(prefix="onemap-"))
    base.chmod(0o755)
    cluster = EmbeddedCluster(base / "home", fsync=False)
    cluster.start()
    yield cluster
    cluster.stop()
    shutil.rmtree(base, ignore_errors=True)


@pytest.fixture(scope="module")
def pair(
    second: EmbeddedCluster, cluster: EmbeddedCluster, owner: Engine, settings: Settings, app_database: Database
) -> Iterator[Pair]:
    """Set up with the commands that an administrator types."""
    empty_counties(owner)
    address = f"postgresql:///onemap?host={quote(str(second.layout.socket_dir), safe='')}&port={PORT}"
    refused = run("county", "create", THERE, "乙县", "--server", address)
    assert refused.exit_code != 0 and isinstance(refused.exception, ServerUnfit)  # our roles cannot sign in there yet
    done = run("database", "init", "--superuser-url", second.dsn("superuser", database="postgres"))
    assert done.exit_code == 0, done.output
    done = run("county", "create", THERE, "乙县", "--server", address)
    assert done.exit_code == 0, f"{done.output} {done.exception}"
    for county, of in WORLDS.items():
        with app_database.transaction(Scope.of_system(county)) as connection:
            of.build_county(connection)
            home = of.add_address(connection, "永安街1号", of.CELLS[0], 1)
            households = [of.add_household(connection, f"H{n}", of.CELLS[0], home, n) for n in (1, 2)]
            person = of.add_person(connection, f"{county}的人", of.CELLS[0], households[0])
            of.add_member(connection, households[1], person, of.CELLS[0])
        with app_database.platform() as connection:
            for name, role in ROLES.items():
                create_account(
                    connection, username=f"{name}-{county}", display_name=f"{county}的{name}", password=PASSWORD, role=role,
                    county=county, prefixes=(of.CELLS[0] if name == WORKER else county,), settings=settings,
                )  # fmt: skip
    with TestClient(create_app(settings, worker=True), raise_server_exceptions=False) as client:
        yield Pair(second, address, client, client.app.state.context.database, settings)  # type: ignore[attr-defined]
    empty_counties(owner)
    with owner.begin() as connection:
        connection.execute(text("DELETE FROM platform.county WHERE code = :code"), {"code": THERE})


def households_of(client: TestClient, county: str) -> list[dict[str, Any]]:
    found = client.get(f"/api/{county}/households/search", params={"q": "永安街1号"})
    assert found.status_code == 200, found.text
    return list(found.json()["items"])


def import_events(client: TestClient, county: str) -> None:
    """Published, however long the way there is."""
    out = io.StringIO()
    csv.writer(out).writerows(
        [
            ["工单编号", "诉求类别", "标题", "诉求内容", "发生时间", "状态", "地址", "经度", "纬度"],
            ["T1", "路灯", f"{county}的路灯不亮", "", "2026-01-01 08:00", "待受理", "永安街1号", 120.0025, 30.505],
        ]
    )
    file = {"file": ("e.csv", out.getvalue().encode(), "text/csv")}
    sent = client.post(f"/api/{county}/imports", files=file, data={"mapping": "demo_events", "publish": "true"})
    assert sent.status_code in (201, 202), sent.text
    batch = f"/api/{county}/imports/{sent.json()['id']}"
    until(lambda: client.get(batch).json()["state"] == "published")


@pytest.mark.parametrize("county", [HERE, THERE])
def test_sign_in_search_tiles_import_and_alerts_work_in_each_and_show_nothing_of_the_other(
    pair: Pair, county: str
) -> None:
    other = THERE if county == HERE else HERE
    staff, official = pair.sign_in(county), pair.sign_in(county, OFFICIAL)
    for path in ("overview", "alerts", "households/search?q=永安街1号"):
        assert official.get(f"/api/{other}/{path}").status_code == 404
    assert official.get(f"/tiles/{other}/{TILE}").status_code == 404

    household = households_of(official, county)[0]
    assert {one["grid_code"][:6] for one in households_of(official, county)} == {county}
    found = official.get(f"/api/{county}/addresses/search", params={"q": "永安街1号"}).json()["candidates"]
    assert len(found) == 1 and other not in str(found)

    before = official.get(f"/tiles/{county}/{TILE}")
    import_events(staff, county)
    after = official.get(f"/tiles/{county}/{TILE}")
    assert (before.status_code, after.status_code) == (200, 200), after.text
    assert len(after.content) > len(before.content)
    changed = official.get(f"/api/{county}/changes").json()["items"]
    assert changed and {one["grid_code"][:6] for one in changed} == {county}

    visit = {"client_uid": str(uuid.uuid4()), "visited_at": datetime.now(UTC).isoformat(), "outcome": "met"}
    answer = official.post(f"/api/{county}/households/{household['id']}/visits", json=visit)
    assert answer.status_code < 300, answer.text
    card = official.get(f"/api/{county}/households/{household['id']}").json()
    assert card["visits"][0]["visitor"].startswith(county)  # the name is the home server's, the visit is not
    assert f"{county}的人" in str(card) and other not in str(card)

    context = pair.application.app.state.context  # type: ignore[attr-defined]
    hand_in_scan(context.queue, county)
    (alert,) = until(lambda: official.get(f"/api/{county}/alerts").json()["items"])
    assert alert["rule"] == "two_households"
    own = f"/api/{county}/alerts/{alert['id']}"
    offered = [one["username"] for one in official.get(f"{own}/assignees").json()["items"]]
    assert offered == [f"{WORKER}-{county}"]
    step = {"action": "assign", "version": alert["version"], "assignee": f"{WORKER}-{county}"}
    assert official.post(f"{own}/transitions", json=step).status_code == 200
    detail = official.get(own).json()
    assert detail["assignee_name"] == f"{county}的{WORKER}"
    assert f"{county}的{OFFICIAL}" in str(detail["history"]) and other not in str(detail)


def test_every_list_and_page_answers_alike_on_both_servers(pair: Pair) -> None:
    """Also where names of accounts, the audit trail of the platform or the list of counties are read."""
    document = pair.application.get("/api/openapi.json").json()["paths"]
    paths = [
        path
        for path, methods in document.items()
        if path.count("{") == 1 and "{county}" in path and "event-stream" not in str(methods.get("get", "event-stream"))
    ]
    assert len(paths) >= 40
    trail = "/api/{county}/audit"
    trails = [f"{trail}?trail=platform", f"{trail}/summary?trail=platform", f"{trail}/head?trail=platform"]
    trails += [f"{trail}/export?format=csv&trail=platform", trail, f"{trail}/export"]
    for role, wanted in ((OFFICIAL, [*paths, "/api/{county}/alerts/1/assignees"]), (AUDITOR, trails)):
        here, there = (
            {path: client.get(path.replace("{county}", county)).status_code for path in wanted}
            for county, client in ((county, pair.sign_in(county, role)) for county in WORLDS)
        )
        assert there == here
        assert {path: status for path, status in there.items() if status >= 500} == {}
        assert sum(status == 200 for status in there.values()) > 4, there


def test_the_records_lie_on_their_server_and_accounts_only_at_home(
    pair: Pair, cluster: EmbeddedCluster, app_database: Database
) -> None:
    with psycopg.connect(cluster.dsn("superuser")) as home, psycopg.connect(pair.second.dsn("superuser")) as away:
        assert home.execute("SELECT to_regnamespace('c330525')").fetchone() == (None,)
        assert away.execute("SELECT to_regnamespace('c330521')").fetchone() == (None,)
        assert away.execute("SELECT DISTINCT left(grid_code, 6) FROM c330525.household").fetchall() == [(THERE,)]
        for table in ("account", "session", "audit_event", "procrastinate_jobs"):
            assert away.execute(f"SELECT count(*) FROM platform.{table}").fetchone() == (0,)  # type: ignore[arg-type]
        readable = away.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'platform'::regnamespace AND relkind IN ('r', 'S', 'p') "
            "AND has_table_privilege('onemap_app', oid, 'SELECT, INSERT, UPDATE, DELETE') ORDER BY 1"
        ).fetchall()
        assert readable == [("alembic_version",), ("county",)]
        kept = home.execute("SELECT server FROM platform.county WHERE code = '330525'").fetchone()
        assert kept == (pair.address,)
    # whoever would ask the wrong server for it finds no county
    at_home = Database(cluster.dsn("app"), pool_size=1)
    with pytest.raises(DBAPIError), at_home.platform() as connection:
        connection.execute(text("SELECT platform.enter_scope('330525', 'x', 'system', ARRAY['330525'])"))
    at_home.close()


def test_one_listener_a_server_hears_of_changes(pair: Pair) -> None:
    feed = pair.application.app.state.tiles.feed  # type: ignore[attr-defined]
    pair.sign_in(THERE).get(f"/tiles/{THERE}/{TILE}")
    assert len(feed._listeners) == 2
    assert all(listener.connected.wait(5) for listener in feed._listeners)


def test_commands_and_daily_work_find_the_county(pair: Pair, tmp_path: Path, sealer: object) -> None:
    done = run("migrate")
    assert done.exit_code == 0, f"{done.output} {done.exception}"
    assert "330525" in done.output
    assert run("scan", "--county", THERE).exit_code == 0
    assert run("audit", "verify", "--county", THERE).exit_code == 0
    run_sweeps(pair.database)
    assert [head["chain"] for head in current_heads(pair.database, [HERE, THERE])] == ["platform", HERE, THERE]


def test_a_backup_says_which_counties_are_not_in_it_and_each_server_has_its_own(
    pair: Pair, cluster: EmbeddedCluster, tmp_path: Path
) -> None:
    done = run("backup", "--out", str(tmp_path / "home"))
    assert done.exit_code == 0, f"{done.output} {done.exception}"
    assert "330525" in done.output and "--superuser-url" in done.output
    _, manifest, _ = take_backup(pair.settings, pair.second.dsn("superuser"), tmp_path / "second")
    assert sorted(manifest.state.revisions) == ["c330525", "platform"]
    assert manifest.elsewhere == []


@pytest.mark.parametrize("given", [
    "postgresql://anna@10.1.2.3/onemap", "postgresql://anna:geheim@10.1.2.3/onemap", "postgresql://10.1.2.3/onemap?password=geheim",
    "postgresql://10.1.2.3/?user=anna", "http://10.1.2.3", "10.1.2.3", "postgresql:///onemap", "postgresql://[/",
])  # fmt: skip
def test_an_address_with_a_secret_or_without_a_host_is_refused_and_not_repeated(given: str) -> None:
    with pytest.raises(ServerAddressInvalid) as refused:
        checked_address(given)
    assert "geheim" not in str(refused.value)


def test_the_table_takes_no_secret_either(owner: Engine) -> None:
    for address in ("postgresql://anna:geheim@10.1.2.3/onemap", "postgresql://10.1.2.3/onemap?password=geheim"):
        with pytest.raises(IntegrityError), owner.begin() as connection:
            connection.execute(
                text("INSERT INTO platform.county (code, name, server) VALUES ('330599', '', :a)"), {"a": address}
            )


def test_the_home_server_and_a_county_that_is_there_already_are_refused(
    pair: Pair, owner: Engine, cluster: EmbeddedCluster
) -> None:
    home = f"postgresql:///onemap?host={quote(str(cluster.layout.socket_dir), safe='')}&port={PORT}"
    with pytest.raises(ServerUnfit):
        create_county(owner, "330599", "丙县", server=home)
    with pytest.raises(CountyElsewhere):
        create_county(owner, HERE, "德清县", server=pair.address)
    with pytest.raises(CountyElsewhere):
        create_county(owner, THERE, "乙县")
    with owner.connect() as connection:
        assert "330599" not in addresses_of_counties(connection)
    assert pair.sign_in(HERE).get("/api/session").status_code == 200  # the rights of the home server are what they were


def test_a_server_that_is_away_takes_only_its_own_counties_with_it(
    pair: Pair, owner: Engine, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    here, there = pair.sign_in(HERE, OFFICIAL), pair.sign_in(THERE, OFFICIAL)
    monkeypatch.setattr(pools, "AWAY_S", 0.05)
    pair.second.stop()
    try:
        for path in (
            f"/api/{THERE}/overview",
            f"/api/{THERE}/alerts",
            f"/tiles/{THERE}/{TILE}",
            f"/ogc/{THERE}/collections/cells/items",
        ):
            answer = there.get(path)
            assert answer.status_code == 503, path
            assert int(answer.headers["Retry-After"]) > 0
            assert str(pair.second.layout.socket_dir) not in answer.text
        assert there.get("/api/session").status_code == 200  # who they are is known at home
        for path in (f"/api/{HERE}/overview", f"/api/{HERE}/alerts", f"/tiles/{HERE}/{TILE}"):
            assert here.get(path).status_code == 200, path
        ready = pair.application.get("/readyz")
        assert (ready.status_code, ready.json()["counties_away"]) == (200, [THERE])
        run_sweeps(pair.database)
        assert [head["chain"] for head in current_heads(pair.database, [THERE, HERE])] == ["platform", HERE]
        refused = run("migrate")
        assert (
            isinstance(refused.exception, ServerUnfit) and HERE in refused.exception.detail
        )  # the others are migrated all the same
    finally:
        pair.second.start()
    until(lambda: there.get(f"/api/{THERE}/overview").status_code == 200)
    assert pair.application.get("/readyz").json()["counties_away"] == []
    logged = "".join(capfd.readouterr())
    assert "server.away" in logged
    secrets = pair.settings.home.joinpath("secrets.json").read_text("utf-8")
    assert not any(word in logged for word in re.findall(r'"(?:owner|app|superuser)_password": "([^"]+)"', secrets))


def test_a_server_that_is_away_is_not_asked_by_everybody(settings: Settings) -> None:
    """One look, then a refusal at once, for as long as AWAY_S; so a host that swallows packets holds no slot for three seconds each."""
    tries = []
    lost = pools.Server("postgresql://x@127.0.0.1:1/x", pools.Size(1, 0), work_of_jobs(settings), elsewhere=True)
    event.listen(lost.engine, "do_connect", lambda *_: tries.append(1))
    for _ in range(5):
        with pytest.raises(OperationalError), lost.begin():
            pass
    assert (lost.is_away, len(tries)) == (True, 1)
