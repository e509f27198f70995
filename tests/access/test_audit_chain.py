"""The audit trail cannot be altered, thinned out, reordered or cut off without being found out, not even by the owner of the tables."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from access.audit import chain as audit_chain
from access.audit.chain import FORMAT, NOTHING_BEFORE, Verdict, check_heads, packed, row_hash, verify, verify_file
from access.audit.heads import current_heads, heads_file, write_heads
from access.audit.record import record, record_platform
from access.audit.trail import chain_rest, export_header, read_chain, read_head
from database.connection.engine import Database
from database.functions.texts import function_texts
from database.installation.settings import Settings
from database.rights.scope import Role, Scope

Rows = list[dict[str, Any]]


@pytest.fixture
def trail(database: Database, system: Scope) -> Database:
    """Ten rows of several kinds, each of a transaction of its own."""
    for n in range(1, 11):
        with database.transaction(Scope("330521", f"审计{n % 3}", Role.GRID_WORKER, ("330521",))) as connection:
            record(
                connection,
                "reveal" if n % 2 else "view_household",
                target=None if n == 4 else f"person:{n} phone",
                purpose="" if n == 5 else f"核实，第{n}次",
                allowed=n != 6,
                rows_n=n if n % 3 else None,
            )
    return database


def rows(database: Database, system: Scope) -> Rows:
    with database.transaction(system) as connection:
        return list(read_chain(connection, "county"))


def verdict(database: Database, system: Scope, heads: Rows | None = None) -> Verdict:
    return verify("330521", rows(database, system), heads or [])


def kinds(found: Verdict) -> set[str]:
    return {fault.kind for fault in found.faults}


@pytest.fixture
def as_administrator(owner: Engine) -> Iterator[Callable[[str], None]]:
    """What a hostile administrator of the database does: row security and the trigger off, then anything."""

    def act(statement: str) -> None:
        with owner.begin() as connection:
            for verb in ("NO FORCE", "DISABLE"):
                connection.execute(text(f"ALTER TABLE c330521.audit_event {verb} ROW LEVEL SECURITY"))
                connection.execute(text(f"ALTER TABLE c330521.audit_head {verb} ROW LEVEL SECURITY"))
            connection.execute(text("ALTER TABLE c330521.audit_event DISABLE TRIGGER USER"))
            connection.execute(text("SET LOCAL search_path = c330521, public"))
            for one in statement.split(";"):
                connection.execute(text(one))
            for table in ("audit_event", "audit_head"):
                connection.execute(text(f"ALTER TABLE c330521.{table} ENABLE ROW LEVEL SECURITY"))
                connection.execute(text(f"ALTER TABLE c330521.{table} FORCE ROW LEVEL SECURITY"))
            connection.execute(text("ALTER TABLE c330521.audit_event ENABLE TRIGGER USER"))

    yield act


def test_every_row_is_chained_when_its_transaction_commits(trail: Database, system: Scope) -> None:
    found = verdict(trail, system)
    assert (found.rows_n, found.number, found.faults) == (10, 10, [])
    with trail.transaction(system) as connection:
        head = read_head(connection, "county")
    assert (head.number, head.hash) == (10, found.hash)


def test_what_a_transaction_took_back_is_not_in_the_chain(trail: Database, system: Scope) -> None:
    with pytest.raises(RuntimeError), trail.transaction(system) as connection:
        record(connection, "reveal", target="person:99 phone")
        raise RuntimeError
    with trail.transaction(system) as connection:
        record(connection, "reveal", target="person:100 phone")
    found = verdict(trail, system)
    assert (found.number, found.faults) == (11, [])


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE audit_event SET actor = 'somebody' WHERE number = 3", {"altered"}),
        ("UPDATE audit_event SET purpose = NULL WHERE number = 5", {"altered"}),
        ("UPDATE audit_event SET target = '' WHERE number = 4", {"altered"}),
        ("UPDATE audit_event SET allowed = true WHERE number = 6", {"altered"}),
        ("UPDATE audit_event SET at = at + interval '1 microsecond' WHERE number = 2", {"altered"}),
        ("UPDATE audit_event SET rows_n = rows_n + 1 WHERE number = 7", {"altered"}),
        ("UPDATE audit_event SET times = 2 WHERE number = 7", {"altered"}),
        ("UPDATE audit_event SET address = '10.0.0.1' WHERE number = 1", {"altered"}),
        ("UPDATE audit_event SET grid_code = '330521001' WHERE number = 8", {"altered"}),
        ("UPDATE audit_event SET target = 'person:2 phone核', purpose = substr(purpose, 2) WHERE number = 2", {"altered"}),
        ("UPDATE audit_event SET hash = repeat('0', 64) WHERE number = 9", {"altered", "replaced"}),
        ("DELETE FROM audit_event WHERE number = 5", {"deleted"}),
        ("DELETE FROM audit_event WHERE number BETWEEN 3 AND 6", {"deleted"}),
        ("DELETE FROM audit_event WHERE number = 1", {"deleted"}),
        (
            "UPDATE audit_event SET number = -number WHERE number IN (3, 7); "
            "UPDATE audit_event SET number = CASE number WHEN -3 THEN 7 ELSE 3 END WHERE number < 0",
            {"altered", "replaced"},
        ),
        (
            "UPDATE audit_event e SET actor = o.actor, action = o.action, target = o.target, purpose = o.purpose, at = o.at, "
            "id = -o.id, rows_n = o.rows_n FROM audit_event o WHERE (e.number, o.number) IN ((3, 7), (7, 3)); "
            "UPDATE audit_event SET id = -id WHERE id < 0",
            {"reordered"},
        ),
        (
            "DELETE FROM audit_event WHERE number = 5; UPDATE audit_event SET number = number - 1 WHERE number > 5",
            {"altered", "replaced"},
        ),
        (
            "INSERT INTO audit_event (id, actor, action, grid_code, number, previous, hash) "
            "VALUES (99, 'x', 'reveal', '330521', 11, (SELECT hash FROM audit_event WHERE number = 10), repeat('a', 64))",
            {"altered"},
        ),
        ("INSERT INTO audit_event (id, actor, action, grid_code) VALUES (99, 'x', 'reveal', '330521')", {"unchained"}),
    ],
)  # fmt: skip
def test_what_an_administrator_does_to_the_rows_is_found_and_named(
    trail: Database, system: Scope, as_administrator: Callable[[str], None], statement: str, expected: set[str]
) -> None:
    as_administrator(statement)
    found = verdict(trail, system)
    assert kinds(found) == expected
    assert all(str(fault) for fault in found.faults)


def test_the_rows_are_named(trail: Database, system: Scope, as_administrator: Callable[[str], None]) -> None:
    as_administrator(
        "UPDATE audit_event SET actor = 'x' WHERE number = 3; DELETE FROM audit_event WHERE number IN (6, 7)"
    )
    found = sorted((fault.kind, fault.first, fault.last) for fault in verdict(trail, system).faults)
    assert found == [("altered", 3, 3), ("deleted", 6, 7)]


CUT = "DELETE FROM audit_event WHERE number > 7; UPDATE audit_head SET (number, hash) = (SELECT number, hash FROM audit_event WHERE number = 7)"  # fmt: skip


def test_a_tail_that_was_cut_off_is_found_by_a_head_kept_elsewhere(
    trail: Database, system: Scope, as_administrator: Callable[[str], None]
) -> None:
    heads = current_heads(trail, ["330521"])
    as_administrator(CUT)
    assert verdict(trail, system).faults == [], "the chain alone does not show it"
    (fault,) = verdict(trail, system, heads).faults
    assert (fault.kind, fault.first, fault.last) == ("cut off", 8, 10)
    with trail.transaction(system) as connection:  # life goes on: the numbers are given again
        for _ in range(5):
            record(connection, "reveal")
    assert kinds(verdict(trail, system, heads)) == {"rebuilt"}


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit_event; DELETE FROM audit_head",
        "UPDATE audit_event SET actor = 'x' WHERE number = 2; DELETE FROM audit_head; "
        "UPDATE audit_event SET number = NULL, previous = NULL, hash = NULL",
        "UPDATE audit_event SET number = NULL, previous = NULL, hash = NULL WHERE number > 4; DELETE FROM audit_head; "
        "DELETE FROM audit_event WHERE id = 9",
    ],
    ids=["emptied", "made anew with an altered row", "made anew from the middle with a row less"],
)
def test_a_chain_that_was_made_anew_is_found_by_a_head_kept_elsewhere(
    trail: Database, system: Scope, as_administrator: Callable[[str], None], statement: str
) -> None:
    heads = current_heads(trail, ["330521"])
    as_administrator(statement)
    with trail.transaction(system) as connection:
        record(connection, "reveal")
    assert verdict(trail, system).faults == [], "the chain alone does not show it"
    assert kinds(verdict(trail, system, heads)) & {"rebuilt", "cut off"}


def test_the_application_cannot_write_the_chain_nor_touch_a_row(trail: Database, system: Scope, owner: Engine) -> None:
    for statement in (
        "UPDATE audit_event SET hash = 'x'",
        "UPDATE audit_event SET number = 1",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event",
        "UPDATE audit_head SET number = 0",
        "DELETE FROM audit_head",
        "INSERT INTO audit_head (id, number, hash, at, grid_code) VALUES (2, 1, '', now(), '330521')",
        "INSERT INTO audit_event (actor, action, grid_code, number) VALUES ('x', 'y', '330521', 1)",
        "INSERT INTO audit_event (actor, action, grid_code, hash) VALUES ('x', 'y', '330521', '')",
        "INSERT INTO audit_event (actor, action, grid_code, at) VALUES ('x', 'y', '330521', '2020-01-01')",
        "INSERT INTO audit_event (id, actor, action, grid_code) VALUES (1, 'x', 'y', '330521')",
        "ALTER TABLE audit_event DISABLE TRIGGER ALL",
        "DROP TRIGGER chain_audit ON audit_event",
        "SET ROLE onemap_guard",
        "SET session_replication_role = replica",
        "UPDATE platform.audit_event SET number = 1",
        "UPDATE platform.audit_head SET number = 0",
        "INSERT INTO platform.audit_event (actor, action, number) VALUES ('x', 'y', 1)",
    ):
        with (
            pytest.raises(Exception, match=r"permission denied|must be owner"),
            trail.transaction(system) as connection,
        ):
            connection.execute(text(statement))
    assert verdict(trail, system).faults == []


def test_rows_of_a_transaction_of_one_moment_are_chained_by_the_next_commit(trail: Database, system: Scope) -> None:
    with trail.transaction(system, one_moment=True) as early:
        record(early, "export_tiles")
        with trail.transaction(system) as connection:  # the head moves meanwhile
            record(connection, "reveal")
    assert kinds(verdict(trail, system)) == {"unchained"}
    with trail.transaction(system) as connection:
        assert chain_rest(connection, "county") == 1
    found = verdict(trail, system)
    assert (found.number, found.faults) == (12, [])


def test_slow_requests_do_not_wait_for_each_other(trail: Database, system: Scope) -> None:
    """The head is locked at the commit only: while one transaction with an audit row stays open, others commit."""
    with trail.transaction(system) as slow:
        record(slow, "export_tiles")
        for _ in range(20):
            with trail.transaction(system) as connection:
                connection.execute(text("SET LOCAL lock_timeout = '500ms'"))
                record(connection, "reveal")
    found = verdict(trail, system)
    assert (found.number, found.faults) == (31, [])


def test_many_at_once_make_one_chain(trail: Database, system: Scope) -> None:
    def go(n: int) -> None:
        for k in range(10):
            with trail.transaction(Scope("330521", f"t{n}", Role.GRID_WORKER, ("330521",))) as connection:
                record(connection, "reveal", target=f"person:{k}")
                record(connection, "view_household", target=f"household:{k}")

    threads = [threading.Thread(target=go, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = verdict(trail, system)
    assert (found.rows_n, found.number, found.faults) == (130, 130, [])


def test_the_platform_has_a_chain_of_its_own(database: Database, system: Scope) -> None:
    with database.platform() as connection:
        record_platform(connection, "sign_in", actor="陌生人", allowed=False, target="account:陌生人")
        record_platform(connection, "account_create", actor="admin", county="330521", purpose="新人")
    with database.platform() as connection:
        found = list(read_chain(connection, "platform"))
    assert verify("platform", found).faults == []
    assert verify("330521", found).faults, "the name of the chain is in every hash"
    assert found[-1]["number"] >= 2


def test_the_two_descriptions_of_the_hash_agree(database: Database) -> None:
    for branch, chain, columns in (
        ("platform", "'platform'", audit_chain.PLATFORM_COLUMNS),
        ("county", "'{county}'", audit_chain.COUNTY_COLUMNS),
    ):
        (function,) = (f.text for f in function_texts(branch) if f.name == "chain_audit")  # type: ignore[arg-type]
        hashed = re.search(r"platform\.audit_hash\((.*?)\n *\);", function, re.DOTALL)
        assert hashed is not None
        assert " ".join(hashed[1].split()).startswith(
            f"'{FORMAT}', {chain}, CAST(head.number + 1 AS text), head.hash, "
        )
        assert tuple(re.findall(r"\be\.(\w+)", hashed[1])) == columns
        assert "repeat('0', 64)" in function
    assert NOTHING_BEFORE == "0" * 64
    hashed = text("SELECT platform.audit_hash(VARIADIC CAST(:fields AS text[]))")
    with database.platform() as connection:
        for fields in (["a"], [None, ""], ["", None], ["1:a,", "网格"], ["𠮷", "\u200b", "a,b"], ["-", None]):
            assert connection.scalar(hashed, {"fields": fields}) == audit_chain.digest("sha256", packed(fields))


def test_no_two_rows_look_alike_when_packed() -> None:
    alike = [
        ("a", "bc"),
        ("ab", "c"),
        ("abc", ""),
        ("abc", None),
        (None, "abc"),
        ("1:a,", "bc"),
        ("", "abc"),
        ("-,", ""),
    ]
    assert len({packed(fields) for fields in alike}) == len(alike)


# --- exports and the file of heads -------------------------------------------------------------------------------


@pytest.fixture
def export(trail: Database, system: Scope, tmp_path: Path) -> Path:
    path = tmp_path / "trail.jsonl"
    write(path, [export_header("county", "330521"), *rows(trail, system)])
    return path


def write(path: Path, lines: Rows) -> None:
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")


def lines_of(path: Path) -> Rows:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def alone(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the verifier as an auditor does elsewhere: the file alone, isolated from this project and its packages."""
    return subprocess.run(
        [sys.executable, "-I", "-S", audit_chain.__file__, *map(str, arguments)], capture_output=True, text=True
    )


def test_an_export_verifies_elsewhere_with_plain_python(
    export: Path, trail: Database, settings: Settings, tmp_path: Path
) -> None:
    heads = tmp_path / "heads.jsonl"
    write(
        heads,
        write_heads(
            current_heads(trail, ["330521"]), settings.model_copy(update={"audit_anchor_folder": tmp_path / "h"})
        ),
    )
    done = alone(export, "--heads", heads)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "✓" in done.stdout
    write(export, lines_of(export)[:-3])
    done = alone(export, "--heads", heads)
    assert done.returncode == 1
    assert "8–10" in done.stdout
    assert alone(export).returncode == 0
    assert alone(tmp_path / "none").returncode == 2


def exchange(lines: Rows) -> Rows:
    lines[3], lines[4] = lines[4], lines[3]
    return lines


def renumber(lines: Rows) -> Rows:
    return [*lines[:5], lines[4] | {"number": 5}, *lines[5:]]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda lines: [*lines[:3], *lines[4:]], "deleted"),
        (exchange, "reordered"),
        (renumber, "inserted"),
        (lambda lines: [*lines[:5], lines[5] | {"purpose": None}, *lines[6:]], "altered"),
        (lambda lines: [*lines[:4], lines[4] | {"target": ""}, *lines[5:]], "altered"),
        (lambda lines: [lines[0], *lines[4:]], "deleted"),
        (lambda lines: [*lines, {"id": 5, "number": "11"}], "unchained"),
        (lambda lines: [*lines, {"id": 5, "number": True}], "unchained"),
        (lambda lines: [*lines, {}], "unreadable"),
        (lambda lines: [*lines[:2], lines[2] | {"allowed": "true"}, lines[3] | {"allowed": 1}, *lines[4:]], "altered"),
    ],
)
def test_what_is_done_to_an_export_is_found(export: Path, change: Callable[[Rows], Rows], expected: str) -> None:
    write(export, change(lines_of(export)))
    assert expected in kinds(verify_file(str(export)))


def test_a_part_of_an_export_is_sound_when_it_is_said_to_be_a_part(export: Path) -> None:
    lines = lines_of(export)
    write(export, [lines[0], *lines[4:8]])
    assert verify_file(str(export), part=True).faults == []
    assert kinds(verify_file(str(export))) == {"deleted"}
    head = {"chain": "330521", "number": 3, "hash": "0" * 64}
    assert kinds(verify_file(str(export), [head], part=True)) == {"rebuilt"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"format": "x"}\n',
        b'{"format": "onemap-audit-1", "chain": 1}\n',
        b"null\n",
    ],
)
def test_a_hostile_export_is_refused_not_fallen_over(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(content)
    done = alone(path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_hostile_rows_are_named_not_fallen_over(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    hostile = [
        '{"number": 1e999}',
        '{"number": [1]}',
        '{"number": 1, "actor": "\\ud800"}',
        "[" * 50_000,
        '"x"',
        '{"number": 2, "id": {}}',
    ]
    path.write_text('{"format": "onemap-audit-1", "chain": "330521"}\n' + "\n".join(hostile), encoding="utf-8")
    (tmp_path / "heads").write_text('{"chain": "330521", "number": "x"}\nnull\n{"chain": []}\n', encoding="utf-8")
    done = alone(path, "--heads", tmp_path / "heads")
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize("algorithm", ["sha256", "sm3"])
def test_the_file_of_heads_is_private_grows_and_shows_what_was_done_to_it(
    trail: Database, settings: Settings, tmp_path: Path, algorithm: str
) -> None:
    chosen = settings.model_copy(update={"audit_anchor_folder": tmp_path / "heads", "audit_anchor_hash": algorithm})
    for _ in range(3):
        write_heads(current_heads(trail, ["330521"]), chosen)
    path = heads_file(chosen)
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    lines = lines_of(path)
    assert [line["chain"] for line in lines] == ["platform", "330521"] * 3
    assert check_heads(lines) == []
    for damaged in (
        [*lines[:2], *lines[3:]],
        [lines[1], lines[0], *lines[2:]],
        [*lines[:3], lines[3] | {"number": 9}, *lines[4:]],
        [*lines[:5], lines[5] | {"written_at": "2020-01-01T00:00:00.000000Z"}],
    ):
        assert {fault.kind for fault in check_heads(damaged)} == {"head altered"}


def test_sm3_is_the_standards_own() -> None:
    """GB/T 32905-2016, annex A, example 1."""
    assert audit_chain.digest("sm3", b"abc") == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


def test_a_row_is_hashed_as_documented() -> None:
    row = dict.fromkeys(audit_chain.COUNTY_COLUMNS) | {"number": 1, "previous": NOTHING_BEFORE, "actor": "a"}
    content = "14:onemap-audit-1,6:330521,1:1,64:" + NOTHING_BEFORE + ",-,-,1:a,-,-,-,-,-,-,-,-,"
    assert row_hash("330521", row) == audit_chain.digest("sha256", content.encode())


def test_connection_is_needed_for_nothing_else(trail: Database, system: Scope) -> None:
    """Reading in batches reads every row once."""

    def read(connection: Connection) -> list[int]:
        return [row["number"] for row in read_chain(connection, "county")]

    with trail.transaction(system) as connection:
        for _ in range(4100):
            connection.execute(
                text("INSERT INTO audit_event (actor, action, grid_code) VALUES ('bulk', 'reveal', '330521')")
            )
    with trail.transaction(system) as connection:
        assert read(connection) == list(range(1, 4111))
