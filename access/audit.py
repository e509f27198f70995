"""The audit trail: who looked at what, when, for what purpose. Rows are added, never changed."""

from __future__ import annotations

from sqlalchemy import Connection, text

from access.asker import asker_address


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

    actor: the account that acts, or the name that was tried. county: of the account concerned.
    """
    connection.execute(
        text(
            "INSERT INTO platform.audit_event (actor, action, target, purpose, allowed, county, address) "
            "VALUES (:actor, :action, :target, :purpose, :allowed, :county, :address)"
        ),
        {
            "actor": actor[:200],
            "action": action,
            "target": target,
            "purpose": purpose,
            "allowed": allowed,
            "county": county,
            "address": asker_address(),
        },
    )
