"""Who is responsible for a cell, and since when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from database.connection.records import records_of
from grid.cells import get_cell


@dataclass(frozen=True, slots=True)
class Responsible:
    """A worker posted to a cell, and since when. id: of the worker; username: None without an account."""

    id: int
    name: str
    username: str | None
    phone_masked: str | None
    duty: str
    cell_code: str
    valid_from: date


def post_worker(connection: Connection, worker_id: int, cell_code: str, *, duty: str = "lead", since: date) -> int:
    """Make a worker responsible for a cell from a day on; a lead's predecessor ends that day. Returns the posting.

    Raises CellNotFound. Posting the present lead again changes nothing.
    """
    get_cell(connection, cell_code)
    if duty == "lead":
        present = connection.execute(
            text("SELECT id, worker_id FROM posting WHERE cell_code = :cell AND duty = 'lead' AND valid_to IS NULL"),
            {"cell": cell_code},
        ).one_or_none()
        if present is not None and present.worker_id == worker_id:
            return int(present.id)
        connection.execute(
            text(
                "UPDATE posting SET valid_to = :since "
                "WHERE cell_code = :cell AND duty = 'lead' AND valid_to IS NULL AND valid_from < :since"
            ),
            {"cell": cell_code, "since": since},
        )
    made = connection.execute(
        text(
            "INSERT INTO posting (worker_id, cell_code, duty, valid_from, grid_code) "
            "VALUES (:worker, :cell, :duty, :since, :cell) RETURNING id"
        ),
        {"worker": worker_id, "cell": cell_code, "duty": duty, "since": since},
    )
    return int(made.scalar_one())


def responsible_on(connection: Connection, cell_code: str, day: date) -> list[Responsible]:
    """Who was responsible for a cell on a day: the lead first. A micro cell's own workers come before its cell's."""
    rows = connection.execute(
        text(
            "SELECT w.id, w.name, w.username, w.phone_masked, p.duty, p.cell_code, p.valid_from "
            "FROM posting p JOIN grid_worker w ON w.id = p.worker_id "
            "WHERE p.cell_code IN (:cell, left(:cell, 15)) "
            "AND is_current(p.valid_from, p.valid_to, :day) ORDER BY length(p.cell_code) DESC, p.duty, w.name"
        ),
        {"cell": cell_code, "day": day},
    )
    return records_of(Responsible, rows)
