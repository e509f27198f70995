"""Changes with a memory: every row a batch makes or changes is logged before and after, in the same statement."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

#: Tables a batch may change, with the columns it may set; an undo restores these and no others.
CHANGEABLE: dict[str, tuple[str, ...]] = {
    "correction": (
        "status", "outcome", "address_id", "batch_id", "decided_by", "decided_at", "leased_by", "leased_until",
    ),
    "address_review": ("status", "note", "decided_by", "decided_at"),
}  # fmt: skip
#: Tables a batch may add rows to; an undo takes them out again.
ADDABLE = ("address_alias", "address_rule")


def open_batch(connection: Connection, *, kind: str, action: str, summary: str, note: str | None, seed_id: int) -> int:
    """A new batch; it lies where the row lies that it began with."""
    return int(
        connection.execute(
            text(
                "INSERT INTO correction_batch (kind, action, summary, note, actor, grid_code) "
                "SELECT :kind, :action, :summary, :note, current_setting('onemap.actor'), grid_code "
                "FROM correction WHERE id = :seed RETURNING id"
            ),
            {"kind": kind, "action": action, "summary": summary, "note": note, "seed": seed_id},
        ).scalar_one()
    )


def change_rows(connection: Connection, batch_id: int, table: str, ids: list[int], values: dict[str, Any]) -> int:
    """Set columns of these rows, logged; returns how many. values: SQL expressions are not possible, plain values only."""
    unknown = set(values) - set(CHANGEABLE[table])
    assert not unknown, unknown
    assignments = ", ".join(f"{column} = :{column}" for column in values)
    changed = connection.execute(
        text(
            f"WITH old AS (SELECT t.id, to_jsonb(t) AS was FROM {table} t WHERE t.id = ANY(:ids) ORDER BY t.id FOR UPDATE), "  # noqa: S608
            f"new AS (UPDATE {table} t SET {assignments} FROM old WHERE t.id = old.id "
            "RETURNING t.id, old.was, to_jsonb(t) AS now, t.grid_code) "
            "INSERT INTO correction_log (batch_id, table_name, row_id, before, after, grid_code) "
            f"SELECT :batch, '{table}', id, was, now, grid_code FROM new RETURNING id"
        ),
        {"batch": batch_id, "ids": ids, **values},
    )
    return len(changed.all())


def add_row(connection: Connection, batch_id: int, table: str, values: dict[str, Any], *, unique: str) -> bool:
    """Add a row, logged; False when the same row is there already. unique: its conflict columns."""
    assert table in ADDABLE
    columns, slots = ", ".join(values), ", ".join(f":{column}" for column in values)
    added = connection.execute(
        text(
            f"WITH new AS (INSERT INTO {table} ({columns}) VALUES ({slots}) ON CONFLICT ({unique}) DO NOTHING RETURNING *) "  # noqa: S608
            "INSERT INTO correction_log (batch_id, table_name, row_id, before, after, grid_code) "
            f"SELECT :batch, '{table}', id, NULL, to_jsonb(new), grid_code FROM new RETURNING id"
        ),
        {"batch": batch_id, **values},
    ).all()
    return bool(added)


def close_batch(connection: Connection, batch_id: int, decided_n: int) -> None:
    """Note how many rows the batch decided, and how many its log has."""
    connection.execute(
        text(
            "UPDATE correction_batch SET decided_n = :n, "
            "logged_n = (SELECT count(*) FROM correction_log WHERE batch_id = :id) WHERE id = :id"
        ),
        {"n": decided_n, "id": batch_id},
    )
