"""The tree of addresses: rooms hang on entrances, those on buildings, those on door numbers."""

from sqlalchemy import text

from database.connection.engine import Database
from database.rights.scope import Scope
from gazetteer.library.parents import link_parents
from tests import world
from tests.world import CELLS

HEAD = "德清县武康街道千秋社区永安街"


def tree(database: Database, system: Scope, *texts: str) -> dict[str, str | None]:
    """Each text with its parent's, after linking only the last of them."""
    with database.transaction(system) as connection:
        world.build_county(connection)
        ids = [world.add_address(connection, HEAD + t, CELLS[0], n) for n, t in enumerate(texts)]
        link_parents(connection, ids[-1:])
        rows = connection.execute(
            text(
                "SELECT a.full_text, p.full_text AS parent FROM standard_address a LEFT JOIN standard_address p ON p.id = a.parent_id"
            )
        )
        return {r.full_text.removeprefix(HEAD): r.parent.removeprefix(HEAD) if r.parent else None for r in rows}


def test_each_hangs_on_the_nearest_above_that_is_there(database: Database, system: Scope) -> None:
    assert tree(database, system, "8号3幢2单元501室", "8号3幢1单元101室", "9号", "8号3幢2单元", "8号3幢", "8号") == {
        "8号": None,
        "8号3幢": "8号",
        "8号3幢2单元": "8号3幢",
        "8号3幢2单元501室": "8号3幢2单元",
        "8号3幢1单元101室": "8号3幢",
        "9号": None,
    }


def test_of_two_equal_ones_none_is_chosen(database: Database, system: Scope) -> None:
    with database.transaction(system) as connection:
        world.build_county(connection)
        ids = [world.add_address(connection, HEAD + t, CELLS[0], n) for n, t in enumerate(("8号", "8号", "8号3幢"))]
        assert link_parents(connection, ids) == 0


def test_another_number_another_road_or_a_retired_one_is_no_parent(database: Database, system: Scope) -> None:
    with database.transaction(system) as connection:
        world.build_county(connection)
        world.add_address(
            connection, HEAD + "8号", CELLS[0], 1, status="retired", valid_to="2026-01-01", valid_from="2020-01-01"
        )
        world.add_address(connection, HEAD + "18号", CELLS[0], 2)
        room = world.add_address(connection, HEAD + "8号501室", CELLS[0], 3)
        assert link_parents(connection, [room]) == 0
        assert link_parents(connection, []) == 0
