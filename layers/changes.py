"""Changes (异动): what differed between two states of a record, by whom, when, through which import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Some changes, newest first. next: pass as ``after`` for older ones; None at the end."""

    changes: list[dict[str, Any]]
    next: int | None


def list_changes(
    connection: Connection,
    *,
    entity: str | None = None,
    entity_id: str | None = None,
    batch: int | None = None,
    after: int | None = None,
    limit: int = 50,
) -> ChangePage:
    """A page of the changes in scope, newest first.

    entity: a table name (person, household_member, standard_address …); entity_id: one record; batch: one import.
    Served by the primary key, ``ix_change_batch`` and ``ix_change_record``. Personal numbers appear masked only.
    """
    conditions = {"entity": entity, "entity_id": entity_id, "batch_id": batch}
    given = {name: value for name, value in conditions.items() if value is not None}
    where = [f"{name} = :{name}" for name in given] + (["id < :after"] if after is not None else [])
    rows = connection.execute(
        text(
            "SELECT id, batch_id, entity, entity_id, operation, fields, before, after, actor, at, grid_code FROM change "  # noqa: S608
            + (f"WHERE {' AND '.join(where)} " if where else "")
            + "ORDER BY id DESC LIMIT :limit"
        ),
        {**given, "after": after, "limit": limit + 1},
    ).all()
    page = [dict(row._mapping) for row in rows[:limit]]
    return ChangePage(page, page[-1]["id"] if len(rows) > limit else None)
