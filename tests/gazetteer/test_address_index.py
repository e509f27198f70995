"""The index in memory: who sees what, and how soon a change is seen."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text

from database.connection.engine import Database
from database.rights.scope import Role, Scope
from gazetteer.library.addresses import add_alias
from gazetteer.matching.index import registry
from gazetteer.matching.index.library import Library
from gazetteer.matching.index.registry import registry_of
from gazetteer.matching.index.segment import Record
from gazetteer.matching.match import match_many, suggest
from gazetteer.reading.divisions import division_index
from gazetteer.reading.keys import address_keys
from gazetteer.reading.parse import parse

HEAD = "浙江省湖州市德清县"
WUKANG, MOGANSHAN = "330521001001", "330521103205"
WORKER = Scope("330521", "worker", Role.GRID_WORKER, (WUKANG + "001",))
ELSEWHERE = Scope("330521", "elsewhere", Role.GRID_WORKER, (MOGANSHAN,))


@pytest.fixture
def library(database: Database, system: Scope) -> Database:
    """A county of two villages, committed."""
    with database.transaction(system) as connection:
        for code, level, name in [
            ("330521", "county", "德清县"),
            ("330521001", "town", "武康街道"),
            ("330521103", "town", "莫干山镇"),
            (WUKANG, "village", "千秋社区居民委员会"),
            (MOGANSHAN, "village", "燎原村村民委员会"),
        ]:
            connection.execute(
                text("INSERT INTO division (code, level, name) VALUES (:code, :level, :name)"),
                {"code": code, "level": level, "name": name},
            )
    add(database, system, "武康街道千秋社区永安街12号", WUKANG)
    add(database, system, "莫干山镇燎原村庙前组8号", MOGANSHAN)
    return database


def add(database: Database, scope: Scope, local: str, village: str, cell: str = "001") -> int:
    with database.transaction(scope) as connection:
        return insert(connection, local, village, cell)


def insert(connection, local: str, village: str, cell: str = "001") -> int:
    keys = address_keys(parse(HEAD + local, division_index(connection)))
    return connection.execute(
        text(
            "INSERT INTO standard_address (code, full_text, depth, match_key, local_key, road_key, number_key, division_code, "
            "source, source_key, grid_code, geom) SELECT :village || lpad((count(*) + 1)::text, 8, '0'), :full, :depth, "
            ":match_key, :local_key, :road_key, :number_key, :village, 't', :full, :grid, "
            "st_setsrid(st_point(120 + random() / 100, 30.5), 4490) FROM standard_address RETURNING id"
        ),
        {
            "full": HEAD + local,
            "village": village,
            "grid": village + cell,
            "depth": keys.depth,
            "match_key": keys.match_key,
            "local_key": keys.local_key,
            "road_key": keys.road_key,
            "number_key": keys.number_key,
        },
    ).scalar_one()


def found(database: Database, scope: Scope, address: str) -> str | None:
    with database.transaction(scope) as connection:
        candidate = match_many(connection, [address])[0].candidate
    return None if candidate is None else candidate.full_text.removeprefix(HEAD)


def eventually(check: Callable[[], bool], seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while not check():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def test_a_stranger_gets_nothing_from_the_shared_index(library: Database, system: Scope) -> None:
    assert found(library, system, "千秋社区永安街12号") is not None
    assert found(library, WORKER, "千秋社区永安街12号") is not None
    for written in (HEAD + "武康街道千秋社区永安街12号", "永安街12号", "千秋社区永按街12号", "千秋社区永安街12号501室"):
        assert found(library, ELSEWHERE, written) is None
    with library.transaction(ELSEWHERE) as connection:
        assert suggest(connection, "永安") == []
        assert match_many(connection, ["永安街99号"])[0].matched_level is None
    with library.transaction(Scope.of_system("330522")) as connection:
        assert match_many(connection, ["永安街12号"])[0].candidates == ()


def test_what_is_hidden_does_not_make_the_visible_ambiguous(library: Database, system: Scope) -> None:
    add(library, system, "莫干山镇燎原村永安街12号", MOGANSHAN)
    with library.transaction(system) as connection:
        assert match_many(connection, ["永安街12号"])[0].ambiguous
    assert found(library, ELSEWHERE, "永安街12号") == "莫干山镇燎原村永安街12号"
    assert found(library, WORKER, "永安街12号") == "武康街道千秋社区永安街12号"


def test_a_transaction_matches_what_it_has_just_written_and_nobody_else_does(library: Database, system: Scope) -> None:
    assert found(library, system, "永安街14号") is None
    with library.transaction(WORKER) as connection:
        new = insert(connection, "武康街道千秋社区永安街14号", WUKANG)
        candidate = match_many(connection, ["永安街14号"])[0].candidate
        assert candidate is not None and candidate.address_id == new
        assert found(library, system, "永安街14号") is None
        connection.rollback()
    assert found(library, system, "永安街14号") is None


def test_a_committed_change_is_seen_at_once(library: Database, system: Scope) -> None:
    assert found(library, system, "永安街12号") is not None
    new = add(library, system, "武康街道千秋社区永安街16号", WUKANG)
    assert found(library, system, "永安街16号") == "武康街道千秋社区永安街16号"
    with library.transaction(system) as connection:
        add_alias(connection, new, "老供销社", kind="nickname", actor="t")
    assert found(library, WORKER, "老供销社") == "武康街道千秋社区永安街16号"
    with library.transaction(system) as connection:
        connection.execute(text("UPDATE standard_address SET status = 'retired' WHERE id = :id"), {"id": new})
    assert found(library, system, "永安街16号") is None
    with library.transaction(system) as connection:
        connection.execute(text("DELETE FROM address_alias"))
        connection.execute(text("UPDATE standard_address SET status = 'published' WHERE id = :id"), {"id": new})
    assert found(library, system, "老供销社") is None
    assert found(library, system, "永安街16号") is not None


def kept(database: Database) -> Library:
    snapshot = registry_of(database.engine).lend("330521")
    assert snapshot is not None
    return snapshot[0]


def test_a_notify_brings_the_index_up_to_date_before_anybody_asks(library: Database, system: Scope) -> None:
    assert found(library, system, "永安街12号") is not None
    assert registry_of(library.engine).listener.connected.wait(5)
    before = kept(library)
    start = time.monotonic()
    add(library, system, "武康街道千秋社区永安街18号", WUKANG)
    assert eventually(lambda: kept(library) is not before)
    assert time.monotonic() - start < 1.0
    assert kept(library).local("永安街18号", "")


def test_a_listener_that_lost_its_connection_catches_up(library: Database, system: Scope, cluster) -> None:
    import psycopg

    assert found(library, system, "永安街12号") is not None
    listener = registry_of(library.engine).listener
    assert listener.connected.wait(5)
    lost = listener.backend_pid
    with psycopg.connect(cluster.dsn("app"), autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s)", [lost])
    add(library, system, "武康街道千秋社区永安街20号", WUKANG)  # its NOTIFY may be lost
    assert eventually(lambda: bool(kept(library).local("永安街20号", "")))
    assert eventually(lambda: listener.backend_pid != lost)


def test_a_county_that_is_gone_does_not_keep_the_others_waiting(library: Database, system: Scope) -> None:
    assert found(library, system, "永安街12号") is not None
    libraries = registry_of(library.engine)
    libraries.adopt("110199", libraries.lend("330521") or pytest.fail("no library"))
    libraries._entries = dict(reversed(libraries._entries.items()))  # the one that is gone comes first
    add(library, system, "武康街道千秋社区永安街21号", WUKANG)
    libraries.refresh()
    assert kept(library).local("永安街21号", "")
    assert libraries.lend("110199") is None


def test_many_changes_build_the_index_again(library: Database, system: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(library, system, "永安街12号") is not None
    monkeypatch.setattr(registry, "MANY_CHANGES", 2)
    with library.transaction(system) as connection:
        for number in range(30, 36):
            insert(connection, f"武康街道千秋社区永安街{number}号", WUKANG)
        assert match_many(connection, ["永安街33号"])[0].candidate is not None
    assert found(library, system, "永安街35号") is not None
    assert len(kept(library).changed) == 0


def test_a_grid_worker_cannot_write_or_read_touches_of_others(library: Database, system: Scope) -> None:
    with library.transaction(ELSEWHERE) as connection:
        codes = set(connection.scalars(text("SELECT grid_code FROM address_touch")))
    assert codes == {MOGANSHAN + "001"}


def test_a_library_of_segments_answers_like_one_built_anew() -> None:
    def record(n: int, village: str, road: str) -> Record:
        return Record(n, village, f"{road}{n}号", road, "3组", "", 8, f"德清县{road}{n}号")

    first = [record(n, f"33052100100{n % 3}", "永安街") for n in range(60)]
    changed = [record(n, "330521001002", "新安路") for n in range(10)]
    merged = Library.of(first, [(5, "老店")]).with_changes([*range(10), 59], [(r, ("新店",)) for r in changed])
    anew = Library.of([*first[10:59], *changed], [(r.address_id, "新店") for r in changed])
    assert len(merged) == len(anew) == 59
    for key in ("永安街5号", "永安街59号", "永安街30号", "新安路5号"):
        assert merged.local(key, "") == anew.local(key, "")
        assert merged.whole("德清县" + key) == anew.whole("德清县" + key)
    assert merged.alias("老店", "") == []
    assert {h.address_id for h in merged.alias("新店", "330521001002")} == set(range(10))
    assert set(merged.roads_in("330521001002")) >= set(anew.roads_in("330521001002"))
    assert {h.address_id for h in merged.numbered("30号", "330521")} == {30}


def test_the_owner_may_truncate_and_the_index_notices(library: Database, system: Scope, owner: Engine) -> None:
    assert found(library, system, "永安街12号") is not None
    with owner.begin() as connection:
        connection.execute(text("TRUNCATE c330521.standard_address CASCADE"))
    assert found(library, system, "永安街12号") is None
    assert len(kept(library)) == 0
