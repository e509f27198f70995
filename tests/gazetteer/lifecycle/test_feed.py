"""The change feed: no reader misses an event, a replica ends identical, and what leaves a scope is heard of."""

import random
import threading
import time
import uuid
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, text

from database.connection.engine import Database
from database.rights.scope import Role, Scope
from gazetteer.lifecycle import operations as act
from gazetteer.lifecycle.feed import library_as_of, list_events
from gazetteer.lifecycle.operation import Operation
from gazetteer.lifecycle.writing import NewAddress
from tests.gazetteer.lifecycle.conftest import HEAD, TODAY, ago, operation
from tests.world import CELLS, QIANQIU, WUKANG

Uids = dict[str, uuid.UUID]
State = dict[str, Any]
LIBRARY = text(
    "SELECT address_state(a) AS state FROM standard_address a WHERE status IN ('published', 'retired') ORDER BY a.code"
)


def library(connection: Connection) -> list[State]:
    return [row.state for row in connection.execute(LIBRARY)]


class Replica:
    """What a reader of the feed makes of it."""

    def __init__(self, database: Database, scope: Scope) -> None:
        self.database, self.scope = database, scope
        self.at = 0
        self.states: dict[str, State] = {}

    def catch_up(self, limit: int = 7) -> None:
        more = True
        while more:
            with self.database.transaction(self.scope) as connection:
                page = list_events(connection, after=self.at, limit=limit)
            for event in page.events:
                assert event.number > self.at or event.number == page.events[0].number
                if event.after is None:
                    self.states.pop(event.uid, None)
                else:
                    self.states[event.uid] = event.after
            self.at, more = page.next, page.more

    def rows(self) -> list[State]:
        return sorted(self.states.values(), key=lambda state: str(state["code"]))


def test_a_replica_ends_identical_whatever_happens_between_its_pages(
    database: Database, system: Scope, uids: Uids
) -> None:
    replica = Replica(database, system)
    steps = [
        lambda c: act.rename_road(c, operation(), WUKANG, "永安街", "永宁街"),
        lambda c: act.demolish(c, operation("demolished"), [uids[HEAD + "舞阳街1号"]]),
        lambda c: act.create(c, operation("created"), [NewAddress(HEAD + "永宁街9号", 120.001, 30.505)]),
        lambda c: act.move(c, operation("moved"), uids[HEAD + "舞阳街2号"], 120.004, 30.505),
        lambda c: c.execute(
            text("UPDATE standard_address SET grid_code = :code WHERE full_text LIKE '%3号'"), {"code": CELLS[1]}
        ),
    ]
    for step in steps:
        with database.transaction(system) as connection:
            step(connection)
        replica.catch_up(limit=3)
    with database.transaction(system) as connection:
        assert replica.rows() == library(connection)


def test_who_loses_an_address_hears_of_it_and_who_gets_it_too(database: Database, system: Scope, uids: Uids) -> None:
    west = Replica(database, Scope("330521", "w", Role.GIS_STAFF, (CELLS[0],)))
    east = Replica(database, Scope("330521", "e", Role.GIS_STAFF, (CELLS[1],)))
    west.catch_up()
    east.catch_up()
    assert (len(west.states), len(east.states)) == (9, 0)
    with database.transaction(system) as connection:
        connection.execute(
            text("UPDATE standard_address SET grid_code = :code WHERE full_text LIKE '%永安街3号'"), {"code": CELLS[1]}
        )
    west.catch_up()
    east.catch_up()
    assert (len(west.states), [s["full_text"] for s in east.rows()]) == (8, [HEAD + "永安街3号"])
    for replica in (west, east):
        with database.transaction(replica.scope) as connection:
            assert replica.rows() == library(connection)


def test_a_stranger_of_another_county_reads_an_empty_feed(database: Database, uids: Uids, neighbour: str) -> None:
    with database.transaction(Scope.of_system(neighbour)) as connection:
        page = list_events(connection)
    assert (page.events, page.next) == ([], 0)


def test_a_reader_never_passes_an_event_that_commits_later(database: Database, system: Scope, uids: Uids) -> None:
    """Of two writers the second waits for the numbers until the first has committed."""
    begun, release = threading.Event(), threading.Event()

    def slow() -> None:
        with database.transaction(system) as connection:
            act.rename(connection, operation(), uids[HEAD + "永安街1号"], HEAD + "永安街1号甲")
            begun.set()
            release.wait(10)

    def quick() -> None:
        with database.transaction(system) as connection:
            act.rename(connection, operation(), uids[HEAD + "永安街2号"], HEAD + "永安街2号甲")

    first, second = threading.Thread(target=slow), threading.Thread(target=quick)
    first.start()
    assert begun.wait(10)
    second.start()
    time.sleep(0.3)
    reader = Replica(database, system)
    reader.catch_up()
    assert reader.at == 9, "neither writer has committed"
    release.set()
    first.join(10)
    second.join(10)
    reader.catch_up()
    with database.transaction(system) as connection:
        assert reader.rows() == library(connection)
        numbers = connection.scalars(text("SELECT number FROM address_event ORDER BY 1")).all()
    assert numbers == list(range(1, len(numbers) + 1))


def test_as_of_equals_replaying_the_log_over_ten_thousand_random_events(
    database: Database, system: Scope, uids: Uids
) -> None:
    """An oracle in memory does what the database does; on random days both must show the same library."""
    rng = random.Random(330521)
    day, end = ago(360), TODAY
    oracle: dict[date, dict[str, State]] = {}
    with database.transaction(system) as connection:
        made = 9
        while made < 10_000:
            made += _random_step(connection, rng, day)
            oracle[day] = {state["uid"]: state for state in library(connection) if state["status"] == "published"}
            day = min(end, day + timedelta(days=rng.randint(1, 8)))
        assert connection.scalar(text("SELECT last_event_number()")) >= 10_000
        replay: dict[str, State] = {}
        events = list_events(connection, limit=100_000).events
        assert len(events) >= 10_000
        days = sorted(oracle)
        for as_of in [*rng.sample(days, 20), days[-1]]:
            replay = {}
            for event in events:
                if event.effective_on <= as_of:
                    replay[event.uid] = event.after
            live = {uid: s for uid, s in replay.items() if s is not None and s["status"] == "published"}
            shown = {a["uid"]: a for a in library_as_of(connection, as_of)}
            assert shown == live
            assert shown == oracle[as_of]


def _random_step(connection: Connection, rng: random.Random, day: date) -> int:
    """One random operation on many addresses; returns how many events it made."""
    before = connection.scalar(text("SELECT last_event_number()")) or 0
    rows = connection.execute(
        text("SELECT uid, full_text, number_plate FROM standard_address WHERE status = 'published' ORDER BY code")
    ).all()
    what = (
        rng.choice(["create", "create", "rename_road", "renumber", "demolish", "move"]) if len(rows) > 50 else "create"
    )
    done = Operation(what, "随机", day)
    if what == "create":
        serial = before
        new = [
            NewAddress(f"{HEAD}永安街{serial + n + 100}号", 120.001 + n * 1e-5, 30.505)
            for n in range(rng.randint(50, 250))
        ]
        act.create(connection, done, new, status="published")
    elif what == "rename_road":
        old = connection.scalar(
            text("SELECT road FROM standard_address WHERE road LIKE '永%' AND status = 'published' LIMIT 1")
        )
        act.rename_road(connection, done, QIANQIU, str(old), "永宁街" if old == "永安街" else "永安街")
    elif what == "renumber":
        some = rng.sample(rows, min(len(rows), 150))
        act.renumber(connection, done, {r.uid: f"{before + n + 100}号" for n, r in enumerate(some)})
    elif what == "demolish":
        act.demolish(connection, done, [r.uid for r in rng.sample(rows, rng.randint(1, len(rows) // 3))])
    else:
        act.move(connection, done, rng.choice(rows).uid, 120.001 + rng.random() / 100, 30.505)
    return (connection.scalar(text("SELECT last_event_number()")) or 0) - before
