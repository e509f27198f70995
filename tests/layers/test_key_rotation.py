"""Keys are rotated while people search and import: nobody is lost, nobody is doubled, nothing is left under the old key."""

import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import LargeBinary, text

from database.connection.engine import Database
from database.installation.keys import KeyRing, Suite
from database.installation.settings import Settings, change_keys, load_secrets
from database.rights.scope import Scope
from database.secrets.reseal import SEALED_NAMES, SealedColumnUnknown
from database.secrets.seal import Sealer, UnsealFailed, row_binding
from importing.mappings.mapping import parse_mapping
from importing.pipeline import import_file
from layers.keys import rotation as key_rotation
from layers.keys.rotation import KeyInUse, KeyKeeper, KeysBusy, KeyUnknown
from layers.keys.sealed_tables import COUNTY_TABLES, PLATFORM_TABLES
from layers.people.households import find_persons, reveal
from layers.people.looks import LookLimits
from mapserver.server.metadata import COUNTY_METADATA
from tests.importing.conftest import id_number, write_csv
from tests.world import CELLS, add_household, add_person, build_county

CELL = "330521001001001"
#: the system looks as often as these tests do
_USUAL = LookLimits.of(Settings())
MANY = replace(_USUAL, misses=10**6, most=dict.fromkeys(_USUAL.most, 10**6), per_minute=10**6)
MAPPING = """
name = "{name}"
title = "人口"
target = "person"
key = ["编号"]
[columns]
name = "姓名"
id_number = "身份证号"
phone = "电话"
"""


@pytest.fixture
def settings_here(tmp_path: Path) -> Settings:
    """An installation of its own: the keys of the other tests are not rotated."""
    return Settings(home=tmp_path / "home")


@pytest.fixture
def keeper(database: Database, settings_here: Settings, monkeypatch: pytest.MonkeyPatch) -> KeyKeeper:
    monkeypatch.setattr(key_rotation, "NOTICE_S", 0.06)  # longer than a process goes without looking
    return KeyKeeper(database, settings_here, load_secrets(settings_here).keys)


@pytest.fixture
def server(settings_here: Settings) -> Sealer:
    """The sealer of a server that runs since before the rotation."""
    return Sealer.from_secrets(load_secrets(settings_here))


@pytest.fixture
def people(database: Database, system: Scope, server: Sealer) -> list[int]:
    """Five people with both numbers, one with a phone, one with neither."""
    with database.transaction(system) as connection:
        build_county(connection)
        home = add_household(connection, "H1", CELL)
        ids = [
            add_person(connection, f"p{i}", CELL, home, sealer=server, id_number=id_number(i), phone=f"1380000000{i}")
            for i in range(1, 6)
        ]
        add_person(connection, "phone only", CELL, home, sealer=server, phone="13900000000")
        add_person(connection, "nothing", CELL, home)
    return ids


Rows = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def rows(database: Database, system: Scope) -> Rows:
    def run(sql: str, **values: Any) -> list[tuple[Any, ...]]:
        with database.transaction(system) as connection:
            return [tuple(row) for row in connection.execute(text(sql), values)]

    return run


def uses(keeper: KeyKeeper) -> dict[int, int]:
    return {use.key.version: use.values for use in keeper.list_keys()}


@pytest.mark.usefixtures("people")
def test_rotation_seals_and_hashes_every_number_anew(
    keeper: KeyKeeper, server: Sealer, people: list[int], database: Database, system: Scope
) -> None:
    assert uses(keeper) == {1: 11}
    done = keeper.rotate()
    assert (done.version, done.added, done.finished, done.rows["person"]) == (2, True, True, 6)
    assert uses(keeper) == {1: 0, 2: 11}
    with database.transaction(system) as connection:
        for i, person in enumerate(people, 1):
            assert reveal(connection, person, "id_number", purpose="核对身份", sealer=server, limits=MANY) == id_number(
                i
            )
            found, _more = find_persons(connection, server, id_number=id_number(i), limits=MANY)
            assert [one.person_id for one in found] == [person]
            assert [
                one.person_id for one in find_persons(connection, server, phone=f"1380000000{i}", limits=MANY)[0]
            ] == [person]


@pytest.mark.usefixtures("people")
def test_a_rotation_to_the_national_suite_and_back(
    keeper: KeyKeeper, database: Database, settings_here: Settings, rows: Rows
) -> None:
    national = settings_here.model_copy(update={"crypto_suite": Suite.V2})
    assert KeyKeeper(database, national, load_secrets(national).keys).rotate().suite is Suite.V2
    assert {bytes(c)[0] for (c,) in rows("SELECT phone_cipher FROM person WHERE phone_cipher IS NOT NULL")} == {0x12}
    assert keeper.rotate().suite is Suite.V1
    assert uses(keeper) == {1: 0, 2: 0, 3: 11}


@pytest.mark.usefixtures("people")
def test_a_rotation_is_no_change_of_any_record_and_of_no_tile(keeper: KeyKeeper, rows: Rows) -> None:
    query = (
        "SELECT (SELECT count(*) FROM change), (SELECT count(*) FROM tile_change), (SELECT count(*) FROM tile_count), "
        "(SELECT array_agg((id, updated_at, grid_code, id_number_masked, row_hash) ORDER BY id)::text FROM person)"
    )
    before = rows(query)
    keeper.rotate()
    assert rows(query) == before


def test_a_value_moved_to_another_row_or_column_does_not_open(
    keeper: KeyKeeper, server: Sealer, people: list[int], database: Database, system: Scope
) -> None:
    moves = (
        "UPDATE person SET phone_cipher = (SELECT phone_cipher FROM person WHERE id = :other) WHERE id = :one",
        "UPDATE person SET phone_cipher = id_number_cipher WHERE id = :one",
    )
    for move in moves:
        with database.transaction(system) as connection:
            connection.execute(text(move), {"one": people[0], "other": people[1]})
            with pytest.raises(UnsealFailed):
                reveal(connection, people[0], "phone", purpose="核对身份", sealer=server, limits=MANY)
    done = keeper.rotate()
    assert done.closed == [f"330521 person {people[0]}"]
    assert not done.finished
    with pytest.raises(KeyInUse):
        keeper.retire(1)


@pytest.mark.usefixtures("people")
def test_two_commands_never_change_the_keys_at_once(keeper: KeyKeeper) -> None:
    refused: list[Exception] = []

    def meanwhile(_table: str, _rows: int) -> None:
        for act in (keeper.rotate, keeper.add, lambda: keeper.retire(1)):
            with pytest.raises(KeysBusy) as caught:
                act()
            refused.append(caught.value)

    keeper.rotate(meanwhile)
    assert len(refused) == 3
    assert uses(keeper) == {1: 0, 2: 11}


@pytest.mark.usefixtures("people")
def test_a_key_is_retired_only_when_no_value_needs_it(keeper: KeyKeeper, server: Sealer, rows: Rows) -> None:
    old = server.seal("x", bound_to="here")
    keeper.add()
    with pytest.raises(KeyInUse):
        keeper.retire(1)
    with pytest.raises(KeyUnknown):
        keeper.retire(9)
    keeper.rotate()
    with pytest.raises(KeyInUse):
        keeper.retire(2)
    keeper.retire(1)
    assert uses(keeper) == {2: 11}
    with pytest.raises(UnsealFailed):
        server.unseal(old, bound_to="here")
    assert rows("SELECT count(*) FROM person WHERE id_number_cipher IS NOT NULL") == [(5,)]


def test_values_of_the_first_format_are_bound_by_a_rotation_and_refused_afterwards(
    database: Database, system: Scope, keeper: KeyKeeper, settings_here: Settings, people: list[int], rows: Rows
) -> None:
    ring = KeyRing.of_first(b"d" * 32, b"i" * 32)
    change_keys(settings_here.home, lambda _ring: ring)
    nonce = os.urandom(12)
    old = b"\x01" + nonce + AESGCM(b"d" * 32).encrypt(nonce, id_number(1).encode(), b"\x01")
    with database.transaction(system) as connection:
        connection.execute(text("DELETE FROM household_member"))
        connection.execute(text("DELETE FROM person WHERE id <> :id"), {"id": people[0]})
        connection.execute(
            text(
                "UPDATE person SET id_number_cipher = :c, phone_cipher = NULL, phone_hash = NULL, phone_masked = NULL"
            ),
            {"c": old},
        )
    assert [(use.values, use.unbound) for use in keeper.list_keys()] == [(1, 1)]
    assert keeper.rotate().finished
    server = Sealer.from_secrets(load_secrets(settings_here))
    with database.transaction(system) as connection:
        assert reveal(connection, people[0], "id_number", purpose="核对身份", sealer=server, limits=MANY) == id_number(
            1
        )
        connection.execute(text("UPDATE person SET id_number_cipher = :c"), {"c": old})
        with pytest.raises(UnsealFailed):
            reveal(connection, people[0], "id_number", purpose="核对身份", sealer=server, limits=MANY)


class _Killed(BaseException):
    pass


def test_a_rotation_that_was_killed_goes_on_where_it_was(
    keeper: KeyKeeper,
    server: Sealer,
    people: list[int],
    database: Database,
    system: Scope,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small = tuple(
        type(table)(**{**{f: getattr(table, f) for f in table.__dataclass_fields__}, "batch": 2})
        for table in COUNTY_TABLES
    )
    monkeypatch.setattr(key_rotation, "COUNTY_TABLES", small)

    def kill(table: str, _rows: int) -> None:
        if table == "person":
            raise _Killed

    with pytest.raises(_Killed):
        keeper.rotate(kill)
    assert uses(keeper) == {1: 7, 2: 4}
    with database.transaction(system) as connection:  # half way: everybody is found
        for i, person in enumerate(people, 1):
            assert [p.person_id for p in find_persons(connection, server, id_number=id_number(i), limits=MANY)[0]] == [
                person
            ]
            assert (
                reveal(connection, person, "phone", purpose="核对身份", sealer=server, limits=MANY) == f"1380000000{i}"
            )
    done = keeper.rotate()
    assert (done.version, done.added, done.rows["person"]) == (2, False, 4)
    assert uses(keeper) == {1: 0, 2: 11}


def _people_file(folder: Path, name: str, serials: range, called: str = "测试甲") -> Path:
    path = folder / f"{name}.csv"
    return write_csv(
        path,
        [{"编号": f"{name}{i}", "姓名": called, "身份证号": id_number(i), "电话": f"1370000{i:04d}"} for i in serials],
    )


def test_an_import_half_way_through_a_rotation_doubles_nobody(
    keeper: KeyKeeper, server: Sealer, database: Database, system: Scope, tmp_path: Path, rows: Rows,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def load(name: str, path: Path) -> dict[str, Any]:
        mapping = parse_mapping(MAPPING.format(name=name))
        return import_file(database, system, path, mapping, sealer=server, publish=True).counts

    assert load("police", _people_file(tmp_path, "a", range(1, 41)))["added"] == 40
    small = tuple(
        type(table)(**{**{f: getattr(table, f) for f in table.__dataclass_fields__}, "batch": 20})
        for table in COUNTY_TABLES
    )
    monkeypatch.setattr(key_rotation, "COUNTY_TABLES", small)

    def kill(_table: str, _rows: int) -> None:
        raise _Killed

    with pytest.raises(_Killed):
        keeper.rotate(kill)
    # the same people, from the same source and from another, half of them under either key
    assert load("police", _people_file(tmp_path, "a", range(1, 41)))["unchanged"] == 40
    assert load("police", _people_file(tmp_path, "a", range(1, 41), "测试乙"))["changed"] == 40
    assert {tuple(fields) for (fields,) in rows("SELECT fields FROM change WHERE operation = 'changed'")} == {("name",)}
    counts = load("health", _people_file(tmp_path, "b", range(1, 46)))
    assert counts["added"] == 5
    assert rows("SELECT count(*) FROM person") == [(45,)]
    keeper.rotate()
    keeper.retire(1)
    assert load("police", _people_file(tmp_path, "a", range(1, 41)))["added"] == 0
    with database.transaction(system) as connection:
        for person, key in rows("SELECT id, source_key FROM person"):
            serial = int(key[1:])
            assert reveal(connection, person, "id_number", purpose="核对身份", sealer=server, limits=MANY) == id_number(
                serial
            )
            assert (
                reveal(connection, person, "phone", purpose="核对身份", sealer=server, limits=MANY)
                == f"1370000{serial:04d}"
            )


def test_numbers_that_another_source_brings_are_bound_to_the_person_who_is_there(
    server: Sealer, database: Database, system: Scope, tmp_path: Path, rows: Rows
) -> None:
    def load(name: str, path: Path) -> None:
        import_file(database, system, path, parse_mapping(MAPPING.format(name=name)), sealer=server, publish=True)

    load("police", _people_file(tmp_path, "a", range(1, 4)))
    path = tmp_path / "b.csv"
    write_csv(path, [{"编号": "x", "姓名": "测试乙", "身份证号": id_number(2), "电话": "13612345678"}])
    load("health", path)
    ((person, source, key, cipher),) = rows(
        "SELECT id, source, source_key, phone_cipher FROM person WHERE name = '测试乙'"
    )
    assert (source, key) == ("police", "a2")
    assert server.unseal(cipher, bound_to=row_binding("person", "phone_cipher", source, key)) == "13612345678"
    with database.transaction(system) as connection:
        assert reveal(connection, person, "phone", purpose="核对身份", sealer=server, limits=MANY) == "13612345678"


WORKERS = """
name = "workers"
title = "网格员"
target = "worker"
key = ["姓名"]
[columns]
name = "姓名"
phone = "电话"
cell_code = "网格"
"""


def test_phones_of_workers_and_rows_sent_back_are_bound_and_rotated(
    keeper: KeyKeeper, server: Sealer, database: Database, system: Scope, tmp_path: Path, rows: Rows
) -> None:
    with database.transaction(system) as connection:
        build_county(connection)
    path = write_csv(
        tmp_path / "w.csv",
        [
            {"姓名": "网格甲", "电话": "13812345678", "网格": CELLS[0]},
            {"姓名": "网格乙", "电话": "1", "网格": CELLS[1]},
        ],
    )
    report = import_file(database, system, path, parse_mapping(WORKERS), sealer=server, publish=True)
    assert (report.counts["added"], report.counts["rejected"]) == (1, 1)

    def opened() -> tuple[str, bool]:
        ((worker, phone),) = rows("SELECT id, phone_cipher FROM grid_worker")
        ((row_no, row),) = rows("SELECT row_no, row_cipher FROM import_reject")
        record = server.unseal(row, bound_to=row_binding("import_reject", "row_cipher", report.batch_id, row_no))
        with pytest.raises(UnsealFailed):
            server.unseal(row, bound_to=row_binding("import_reject", "row_cipher", report.batch_id + 1, row_no))
        with pytest.raises(UnsealFailed):
            server.unseal(phone, bound_to=row_binding("grid_worker", "phone_cipher", worker + 1))
        return server.unseal(phone, bound_to=row_binding("grid_worker", "phone_cipher", worker)), "网格乙" in record

    assert opened() == ("13812345678", True)
    done = keeper.rotate()
    assert (done.rows["grid_worker"], done.rows["import_reject"], done.finished) == (1, 1, True)
    assert opened() == ("13812345678", True)


def test_rotation_waits_for_an_import_that_began_before_it(
    keeper: KeyKeeper, people: list[int], database: Database, system: Scope
) -> None:
    from importing.pipeline import wait_for_turn

    ended = threading.Event()
    with database.transaction(system) as connection:
        wait_for_turn(connection, system.county)  # as an import does first
        thread = threading.Thread(target=lambda: (keeper.rotate(), ended.set()))
        thread.start()
        assert not ended.wait(1.0)
        assert uses(keeper)[1] == 11, "no row has a hash that the import does not know"
    thread.join(60)
    assert ended.is_set() and uses(keeper) == {1: 0, 2: 11}


def test_every_column_of_sealed_values_is_in_the_list_of_those_that_are_rotated(owner: Any, database: Database) -> None:
    known = {(table.name, column.cipher) for table in COUNTY_TABLES for column in table.columns}
    there = {
        (table.name, column.name)
        for table in COUNTY_METADATA.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary) and re.search(SEALED_NAMES, column.name)
    }
    assert known == there
    with owner.connect() as connection:
        platform = connection.execute(
            text(
                "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'platform' "
                "AND data_type = 'bytea' AND column_name ~ :names"
            ),
            {"names": SEALED_NAMES},
        ).all()
    assert {tuple(row) for row in platform} == {(t.name, c.cipher) for t in PLATFORM_TABLES for c in t.columns}


@contextmanager
def _column(owner: Any, table: str) -> Iterator[None]:
    with owner.begin() as connection:
        connection.execute(text(f"ALTER TABLE {table} ADD COLUMN secret_sealed bytea"))
    try:
        yield
    finally:
        with owner.begin() as connection:
            connection.execute(text(f"ALTER TABLE {table} DROP COLUMN secret_sealed"))


@pytest.mark.parametrize("table", ["c330521.visit", "platform.account"])
def test_a_column_nobody_listed_stops_rotation_and_retirement(keeper: KeyKeeper, owner: Any, table: str) -> None:
    keeper.add()
    with _column(owner, table):
        with pytest.raises(SealedColumnUnknown):
            keeper.rotate()
        with pytest.raises(SealedColumnUnknown):
            keeper.retire(1)
