"""Row-level security, the same for every table of a county.

A row is visible, and may be written, when its grid code starts with a prefix of the scope that entered the
transaction; without a scope there are no prefixes and nothing is visible. The policy has no OR and asks for the
prefixes once a statement (an InitPlan). ``onemap_tiles`` owns the tile functions, which apply the same scope with
the spatial index (see ``layers/tiles``); ``onemap_guard`` owns what the application must not do by hand: the chain of the
audit trail, and the count of what a village lost. Nobody can sign in as either.
"""

from __future__ import annotations

APP_ROLE = "onemap_app"
TILE_ROLE = "onemap_tiles"
GUARD_ROLE = "onemap_guard"

WITHIN_SCOPE = "grid_code ^@ ANY ((SELECT platform.scope_prefixes())::text[])"


#: A row about two places: only who sees both sees it (columns ``grid_code`` and ``also_grid_code``).
WITHIN_SCOPE_BOTH = f"{WITHIN_SCOPE} AND also_{WITHIN_SCOPE}"


def protect_table(table: str, *, append_only: bool = False, both: bool = False) -> list[str]:
    """The statements that put a table under row-level security; append_only forbids UPDATE and DELETE.

    both: its rows are about two places, see ``WITHIN_SCOPE_BOTH``.
    """
    verbs = "SELECT, INSERT" if append_only else "SELECT, INSERT, UPDATE, DELETE"
    within = WITHIN_SCOPE_BOTH if both else WITHIN_SCOPE
    return [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY scope ON {table} TO {APP_ROLE} USING ({within}) WITH CHECK ({within})",
        f"CREATE POLICY tiles ON {table} FOR SELECT TO {TILE_ROLE} USING (true)",
        f"GRANT {verbs} ON {table} TO {APP_ROLE}",
    ]
