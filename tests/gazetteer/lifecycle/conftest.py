"""A county with addresses on two roads, and days in the past to do things on."""

import uuid
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from database.clock import day_in_china
from database.connection.engine import Database
from database.rights.scope import Scope
from gazetteer.lifecycle.operation import Operation
from tests import world
from tests.world import CELLS

TODAY = day_in_china()
HEAD = "德清县武康街道千秋社区"
Do = Callable[..., Any]


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def operation(kind: str = "renamed", days: int = 0, **values: Any) -> Operation:
    return Operation(kind, "测试", ago(days), **values)


@pytest.fixture
def uids(database: Database, system: Scope) -> dict[str, uuid.UUID]:
    """永安街1号 to 6号 and 舞阳街1号 to 3号, a year old."""
    with database.transaction(system) as connection:
        world.build_county(connection)
        plates = [*(f"永安街{n}号" for n in range(1, 7)), *(f"舞阳街{n}号" for n in range(1, 4))]
        for n, plate in enumerate(plates):
            world.add_address(connection, HEAD + plate, CELLS[0], n, valid_from=ago(365))
        return {
            row.full_text: row.uid for row in connection.execute(text("SELECT full_text, uid FROM standard_address"))
        }


@pytest.fixture
def connection(database: Database, system: Scope, uids: dict[str, uuid.UUID]) -> Iterator[Connection]:
    with database.transaction(system) as opened:
        yield opened


def texts(connection: Connection, where: str = "status = 'published'") -> list[str]:
    rows = connection.execute(text(f"SELECT full_text FROM standard_address WHERE {where} ORDER BY full_text"))
    return [row.full_text.removeprefix(HEAD) for row in rows]
