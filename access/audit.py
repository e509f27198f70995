"""The audit trail: who looked at what, when, for what purpose. Rows are added, never changed."""

from __future__ import annotations

from sqlalchemy import Connection, text


def record(
    connection: Connection,
    action: str,
    *,
    target: str | None = None,
    purpose: str | None = None,
    allowed: bool = True,
    grid_code: str | None = None,
) -> None:
    """Add a row to the audit trail of the county whose scope is entered, in the same transaction.

    The actor comes from the scope. grid_code: of what was looked at; default the first prefix of the scope.
    Never pass a personal value in ``target``: name the record and the field.
    """
    connection.execute(
        text(
            "INSERT INTO audit_event (actor, action, target, purpose, allowed, grid_code) "
            "VALUES (current_setting('onemap.actor'), :action, :target, :purpose, :allowed, "
            "coalesce(:grid_code, (platform.scope_prefixes())[1]))"
        ),
        {"action": action, "target": target, "purpose": purpose, "allowed": allowed, "grid_code": grid_code},
    )
