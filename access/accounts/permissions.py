"""What each role may do: the one table. How far they see is another question, answered by their scope."""

from __future__ import annotations

from database.rights.scope import Role

MAP_VIEW = "map.view"
HOUSEHOLD_VIEW = "household.view"
PERSONAL_REVEAL = "personal.reveal"
VISITS_WRITE = "visits.write"
ALERTS_VIEW = "alerts.view"
ALERTS_ACKNOWLEDGE = "alerts.acknowledge"
ALERTS_ASSIGN = "alerts.assign"
ALERTS_VERIFY = "alerts.verify"
ALERTS_CLOSE = "alerts.close"
IMPORTS_VIEW = "imports.view"
IMPORTS_WRITE = "imports.write"
REVIEWS_DECIDE = "reviews.decide"
CODES_ISSUE = "codes.issue"
ADDRESSES_EDIT = "addresses.edit"
ADDRESSES_APPROVE = "addresses.approve"
CELLS_EDIT = "cells.edit"
QUALITY_VIEW = "quality.view"
QUALITY_FIX = "quality.fix"
CHANGES_VIEW = "changes.view"
AUDIT_VIEW = "audit.view"
ACCOUNTS_VIEW = "accounts.view"
ACCOUNTS_CREATE = "accounts.create"
ACCOUNTS_DISABLE = "accounts.disable"
SESSIONS_END = "sessions.end"
ACCOUNTS_GRANT = "accounts.grant"
ACCOUNTS_UNLOCK = "accounts.unlock"
ACCOUNTS_RESET = "accounts.reset"
TOKENS_REVOKE = "tokens.revoke"

_FIELD_WORK = {
    MAP_VIEW,
    HOUSEHOLD_VIEW,
    PERSONAL_REVEAL,
    VISITS_WRITE,
    ALERTS_VIEW,
    ALERTS_ACKNOWLEDGE,
    ALERTS_VERIFY,
}

_LIBRARY_WORK = {REVIEWS_DECIDE, CODES_ISSUE, ADDRESSES_EDIT, ADDRESSES_APPROVE, CELLS_EDIT, QUALITY_VIEW}

PERMISSIONS: dict[Role, frozenset[str]] = {
    Role.GRID_WORKER: frozenset(_FIELD_WORK),
    Role.VILLAGE_OFFICER: frozenset(_FIELD_WORK | {ALERTS_ASSIGN, CHANGES_VIEW}),
    Role.TOWN_OFFICIAL: frozenset(_FIELD_WORK | {ALERTS_ASSIGN, ALERTS_CLOSE, CHANGES_VIEW}),
    Role.GIS_STAFF: frozenset(
        {MAP_VIEW, ALERTS_VIEW, IMPORTS_VIEW, IMPORTS_WRITE, CHANGES_VIEW} | _LIBRARY_WORK | {QUALITY_FIX}
    ),
    Role.COUNTY_ADMIN: frozenset(
        _FIELD_WORK | {ALERTS_ASSIGN, ALERTS_CLOSE, CHANGES_VIEW, IMPORTS_VIEW, IMPORTS_WRITE} | _LIBRARY_WORK
    ),
    Role.AUDITOR: frozenset({MAP_VIEW, ALERTS_VIEW, CHANGES_VIEW, IMPORTS_VIEW, AUDIT_VIEW}),
    # the administrators of accounts: nobody holds two of these roles, and none of them sees a record
    Role.SYSTEM_ADMIN: frozenset({ACCOUNTS_VIEW, ACCOUNTS_CREATE, ACCOUNTS_DISABLE, SESSIONS_END}),
    Role.SECURITY_ADMIN: frozenset({ACCOUNTS_VIEW, ACCOUNTS_GRANT, ACCOUNTS_UNLOCK, ACCOUNTS_RESET, TOKENS_REVOKE}),
    Role.SYSTEM: frozenset(),
}

#: Roles that administer accounts and enter no county.
ADMINISTRATORS = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN})
#: The three separated administrators (三员), appointed, reset and dismissed on the server only.
SEPARATED = ADMINISTRATORS | {Role.AUDITOR}


def permissions_of(role: Role) -> frozenset[str]:
    """The permissions of a role; none for the system, which never signs in."""
    return PERMISSIONS[role]
