"""The audit trail: who looked at what, when, from where, for what purpose. Rows are added, never changed.

The database chains them when the transaction commits (see ``database/functions/access``).
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from access.audit.asker import asker_address

#: What a person writes is kept to so many characters.
LONGEST = 500


def record(
    connection: Connection,
    action: str,
    *,
    target: str | None = None,
    purpose: str | None = None,
    allowed: bool = True,
    grid_code: str | None = None,
    rows_n: int | None = None,
    times: int = 1,
) -> None:
    """Add a row to the audit trail of the county whose scope is entered, in the same transaction.

    The actor comes from the scope, the address from the request. grid_code: of what was looked at; default the first prefix
    of the scope. rows_n: records shown or written. times: how many identical refusals the row stands for.
    Never pass a personal value in ``target``: name the record and the field.
    """
    connection.execute(
        text(
            "INSERT INTO audit_event (actor, action, target, purpose, allowed, rows_n, times, grid_code, address) "
            "VALUES (current_setting('onemap.actor'), :action, :target, :purpose, :allowed, :rows_n, :times, "
            "coalesce(:grid_code, (platform.scope_prefixes())[1]), :address)"
        ),
        {
            "action": action,
            "target": _short(target),
            "purpose": _short(purpose),
            "allowed": allowed,
            "grid_code": grid_code,
            "rows_n": rows_n,
            "times": times,
            "address": asker_address(),
        },
    )


def record_platform(
    connection: Connection,
    action: str,
    *,
    actor: str,
    target: str | None = None,
    purpose: str | None = None,
    allowed: bool = True,
    county: str | None = None,
) -> None:
    """Add a row to the audit trail of the platform: for sign-ins, accounts, sessions and tokens, where no scope is entered.

    actor: the account that acts, or the name that was tried. county: of the account concerned. Not in a transaction that
    also writes to a county's trail: each commit locks one head only.
    """
    connection.execute(
        text(
            "INSERT INTO platform.audit_event (actor, action, target, purpose, allowed, county, address) "
            "VALUES (:actor, :action, :target, :purpose, :allowed, :county, :address)"
        ),
        {
            "actor": actor[:200].replace("\0", "�"),
            "action": action,
            "target": _short(target),
            "purpose": _short(purpose),
            "allowed": allowed,
            "county": county,
            "address": asker_address(),
        },
    )


def _short(value: str | None) -> str | None:
    """A text as the trail keeps it: no longer than LONGEST, and nothing the database cannot store."""
    return None if value is None else value[:LONGEST].replace("\0", "�")
