"""Whatever is done to an address, each column that follows from its text is what a fresh import of that text gives."""

import csv
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from database.connection.engine import Database
from database.rights.scope import Scope
from database.secrets.seal import Sealer
from gazetteer.library.parents import link_parents
from gazetteer.library.writing import DERIVED, new_columns, read_text
from gazetteer.lifecycle import operations as act
from gazetteer.lifecycle.operation import Operation
from gazetteer.lifecycle.reread import reread
from gazetteer.lifecycle.rollback import OperationNotFound, roll_back
from gazetteer.lifecycle.writing import NewAddress, NoVillage
from gazetteer.reading.divisions import division_index
from importing.mappings.mapping import parse_mapping
from importing.pipeline import import_file
from tests import world
from tests.gazetteer.lifecycle.conftest import TODAY
from tests.world import CHUNHUI, LIAOYUAN, MOGAN, QIANQIU, WUKANG

HEAD = "德清县武康街道千秋社区"
TEXTS = [
    *(f"{HEAD}永安街{n}号" for n in (1, 2, 3)),
    *(f"{HEAD}永安街1号{flat}" for flat in ("1幢", "1幢2单元", "1幢2单元301室", "1幢2单元302室", "2幢")),
    *(f"{HEAD}庙前组{n}号" for n in (7, 8)),
    "德清县武康街道春晖社区永安街5号",
    "德清县莫干山镇燎原村3组12号",
    "德清县莫干山镇燎原村3组13-1号",
]
NEW_TEXTS = [
    f"{HEAD}永宁街一百二十号", f"{HEAD}永安街2号3幢1单元202室", f"{HEAD}庙后组8号", "德清县武康街道春晖社区舞阳街9号2楼",
    "武康街道千秋社区居委会永安街14号之2", "德清县莫干山镇燎原村5组12号", f"{HEAD}永安街1号", f"{HEAD}舞阳街6号A幢",
]  # fmt: skip
Act = Callable[[Connection, list[uuid.UUID], int], Any]


def op(kind: str, **values: Any) -> Operation:
    return Operation(kind, "测试", TODAY, **values)


def _rename(c: Connection, uids: list[uuid.UUID], n: int) -> Any:
    return act.rename(c, op("renamed"), uids[n % len(uids)], NEW_TEXTS[n % len(NEW_TEXTS)])


def _draft(c: Connection, uids: list[uuid.UUID], n: int) -> None:
    (uid,) = act.create(c, op("created"), [NewAddress(NEW_TEXTS[n % len(NEW_TEXTS)])])
    act.edit(c, op("edited"), uid, NEW_TEXTS[(n + 3) % len(NEW_TEXTS)])
    act.publish(c, op("published"), [uid])


def _taken_back(c: Connection, uids: list[uuid.UUID], n: int) -> None:
    done = op("renamed")
    act.rename(c, done, uids[n % len(uids)], NEW_TEXTS[n % len(NEW_TEXTS)])
    roll_back(c, op("restored", reverts=done.id))


ACTS: dict[str, Act] = {
    "rename": _rename,
    "draft": _draft,
    "taken back": _taken_back,
    "rename_road": lambda c, u, n: act.rename_road(c, op("renamed"), WUKANG, *[("永安街", "永宁街"), ("永宁街", "永安街")][n % 2]),
    "rename_group": lambda c, u, n: act.rename_road(c, op("renamed"), QIANQIU, *[("庙前组", "庙东组"), ("庙东组", "庙前组")][n % 2]),
    "renumber": lambda c, u, n: act.renumber(c, op("renumbered"), {u[n % len(u)]: f"{n + 30}号"}),
    "move": lambda c, u, n: act.move(c, op("moved"), u[n % len(u)], 120.003, 30.506),
    "demolish": lambda c, u, n: act.demolish(c, op("demolished"), [u[n % len(u)]]),
    "split": lambda c, u, n: act.split(c, op("split"), u[n % len(u)], [NewAddress(f"{HEAD}永安街{n + 50}号{p}幢") for p in (1, 2)]),
    "merge": lambda c, u, n: act.merge(c, op("merged"), [u[n % len(u)], u[(n + 1) % len(u)]], NewAddress(f"{HEAD}永安街{n + 90}号")),
    "merge_villages": lambda c, u, n: act.merge_villages(c, op("villages_merged"), QIANQIU, [CHUNHUI, LIAOYUAN][n % 2]),
}  # fmt: skip


@pytest.fixture(scope="module")
def library(app_database: Database, owner: Any, system: Scope) -> Database:
    """A county whose addresses were all made by the writer."""
    with owner.begin() as connection:
        connection.execute(text("TRUNCATE c330521.standard_address, c330521.division, c330521.grid_cell CASCADE"))
    with app_database.transaction(system) as connection:
        world.build_county(connection)
        act.create(connection, op("created"), [NewAddress(t, 120.001, 30.505) for t in TEXTS], status="published")
    return app_database


def stored(connection: Connection) -> dict[int, Any]:
    rows = connection.execute(text("SELECT * FROM standard_address ORDER BY id"))
    return {row.id: row._mapping for row in rows}


def links(connection: Connection) -> dict[int, int | None]:
    return {i: row["parent_id"] for i, row in stored(connection).items() if row["status"] != "retired"}


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example([("draft", 6)])  # a draft that bore the text of another address for a while: its neighbours hung on nothing
@example([("rename", 6), ("rename", 1)])
@given(st.lists(st.tuples(st.sampled_from(sorted(ACTS)), st.integers(0, 15)), min_size=1, max_size=5))
def test_after_any_operations_every_derived_column_is_that_of_its_text(
    library: Database, system: Scope, done: list[tuple[str, int]]
) -> None:
    with library.transaction(system) as connection:
        whole = connection.begin_nested()
        for name, n in done:
            live = connection.scalars(
                text("SELECT uid FROM standard_address WHERE status = 'published' ORDER BY id")
            ).all()
            savepoint = connection.begin_nested()
            try:
                ACTS[name](connection, list(live), n)
            except (act.NotApplicable, NoVillage, OperationNotFound):  # a text that was its own already is no operation
                savepoint.rollback()
            else:
                savepoint.commit()
        index = division_index(connection)
        for row in stored(connection).values():
            if row["status"] == "retired":
                continue
            fresh = new_columns(read_text(row["full_text"], index), row["division_code"], index)
            assert {name: row[name] for name in fresh} == fresh, done
            named = read_text(row["full_text"], index).village
            assert named in (None, row["division_code"]), done
        kept = links(connection)
        connection.execute(text("UPDATE standard_address SET parent_id = NULL"))
        link_parents(connection, list(kept))
        fresh_links = links(connection)
        assert {i: p for i, p in kept.items() if fresh_links[i] is not None} == {
            i: p for i, p in fresh_links.items() if p is not None
        }, done
        whole.rollback()


def test_a_fresh_import_of_the_texts_gives_the_same_columns(
    library: Database, system: Scope, sealer: Sealer, tmp_path: Path
) -> None:
    with library.transaction(system) as connection:
        for name, n in (("rename_road", 0), ("rename_group", 0), ("renumber", 1), ("rename", 2), ("taken back", 3), ("split", 4),
                        ("merge", 5), ("draft", 5), ("move", 2), ("demolish", 6), ("merge_villages", 0)):  # fmt: skip
            uids = connection.scalars(
                text("SELECT uid FROM standard_address WHERE status = 'published' ORDER BY id")
            ).all()
            ACTS[name](connection, list(uids), n)
        before = {r["full_text"]: r for r in stored(connection).values() if r["status"] != "retired"}
    path = tmp_path / "addresses.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("编号", "地址"), *((n, t) for n, t in enumerate(before, 1))])
    mapping = parse_mapping(
        'name = "again"\ntitle = "门牌"\ntarget = "address"\nkey = ["编号"]\n[columns]\nfull_text = "地址"\n'
    )
    import_file(library, system, path, mapping, sealer=sealer, publish=True)
    with library.transaction(system) as connection:
        again = {r["full_text"]: r for r in stored(connection).values() if r["source"] == "again"}
    assert set(again) == set(before)
    assert len(before) >= len(TEXTS)
    columns = (*DERIVED, "division_code")
    assert {t: {c: again[t][c] for c in columns} for t in again} == {
        t: {c: before[t][c] for c in columns} for t in before
    }


def test_what_a_department_wrote_stays_unless_the_new_text_says_otherwise(library: Database, system: Scope) -> None:
    with library.transaction(system) as connection:
        whole = connection.begin_nested()
        (uid,) = act.create(
            connection, op("created"), [NewAddress("德清县莫干山镇燎原村3组40号甲幢")], status="published"
        )
        connection.execute(
            text("UPDATE standard_address SET building = '甲幢', city = '湖州市' WHERE uid = :u"), {"u": uid}
        )
        act.renumber(connection, op("renumbered"), {uid: "41号"})
        row = connection.execute(text("SELECT * FROM standard_address WHERE uid = :u"), {"u": uid}).one()
        assert (row.number_plate, row.building, row.village_group) == ("41号", "甲幢", "3组")
        act.rename(connection, op("renamed"), uid, "德清县莫干山镇燎原村3组41号")
        row = connection.execute(text("SELECT * FROM standard_address WHERE uid = :u"), {"u": uid}).one()
        assert (row.building, row.depth, row.division_code) == (None, 8, LIAOYUAN)
        assert row.division_code.startswith(MOGAN)
        whole.rollback()


def test_rows_that_an_older_release_left_half_rewritten_are_put_right(library: Database, system: Scope) -> None:
    with library.transaction(system) as connection:
        whole = connection.begin_nested()
        made = ["德清县莫干山镇燎原村前山组60号", "德清县莫干山镇燎原村前山组61号"]
        road, plate = act.create(connection, op("created"), [NewAddress(one) for one in made], status="published")
        kept = {uid: row for row in stored(connection).values() if (uid := row["uid"]) in (road, plate)}
        act.rename_road(connection, op("renamed"), LIAOYUAN, "前山组", "后山组")
        act.rename(connection, op("renamed"), plate, "德清县莫干山镇燎原村后山组61号2幢301室")
        right = stored(connection)
        connection.execute(
            text(
                "UPDATE standard_address SET village_group = '前山组', number_plate = '60号', building = NULL, room = NULL, depth = 8, "
                "match_key = 'x', local_key = 'y' WHERE uid = ANY(:uids)"
            ),
            {"uids": list(kept)},
        )
        connection.execute(text("UPDATE address_alias SET match_key = 'z' || id"))
        done = reread(connection)
        assert done.changed_n == 2
        assert done.aliases_changed_n >= 2
        changing = {"updated_at"}
        for address_id, row in stored(connection).items():
            assert {k: v for k, v in row.items() if k not in changing} == {
                k: v for k, v in right[address_id].items() if k not in changing
            }
        again = reread(connection)
        assert (again.changed_n, again.aliases_changed_n) == (0, 0)
        whole.rollback()
