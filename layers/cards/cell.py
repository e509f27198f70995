"""What the map tells of the cell under the pointer: its name, who is responsible today, how many households."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from database.clock import day_in_china
from grid.cells import CellNotFound


@dataclass(frozen=True, slots=True)
class Responsible:
    """Who is responsible for a cell. duty: lead or member."""

    name: str
    duty: str


@dataclass(frozen=True, slots=True)
class CellCard:
    """A cell in a few words. village: its name, None when it is out of sight. workers: the lead first."""

    code: str
    name: str
    level: str
    village: str | None
    workers: list[Responsible]


def get_cell_card(connection: Connection, code: str) -> CellCard:
    """The card of a present cell, as far as the scope reaches; a micro cell's own workers come before its cell's.

    Served by the primary keys and ``ix_posting_grid_code``. Raises CellNotFound.
    """
    cell = connection.execute(
        text(
            "SELECT c.code, c.name, c.level, v.name AS village FROM grid_cell c "
            "LEFT JOIN division v ON v.code = left(c.code, 12) WHERE c.code = :code AND c.valid_to IS NULL"
        ),
        {"code": code},
    ).one_or_none()
    if cell is None:
        raise CellNotFound(code)
    workers = connection.execute(
        text(
            "SELECT w.name, p.duty FROM posting p JOIN grid_worker w ON w.id = p.worker_id "
            "WHERE p.grid_code IN (:code, left(:code, 15)) AND p.cell_code IN (:code, left(:code, 15)) "
            "AND is_current(p.valid_from, p.valid_to, :day) ORDER BY length(p.cell_code) DESC, p.duty, w.name"
        ),
        {"code": code, "day": day_in_china()},
    )
    return CellCard(
        cell.code, cell.name, cell.level, cell.village, [Responsible(row.name, row.duty) for row in workers]
    )


def count_households(connection: Connection, code: str) -> int:
    """Households in a cell, those of its micro cells too. Served by ``ix_household_grid_code``."""
    return int(
        connection.execute(
            text("SELECT count(*) FROM household WHERE grid_code >= :code AND grid_code < :code || '~'"), {"code": code}
        ).scalar_one()
    )
