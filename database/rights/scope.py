"""Who acts, as what, and how far they see: the one blessed way into a county's data.

A scope is a set of grid-code prefixes. It enters the database once per transaction through
:func:`enter_scope`; row-level security does the rest. ``scripts/lint_scope.py`` fails the build when a
scope filter is written by hand anywhere else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, or_, text

from database.errors import NotAllowed
from database.rights.statement import Statement
from database.vocabulary import Vocabulary

#: For `database/connection/engine.py` and `enter_scope` only.
ENTER_SCOPE = Statement("SELECT platform.enter_scope(%(county)s, %(actor)s, %(role)s, %(prefixes)s)")
GRID_CODE = re.compile(r"\d{6}(\d{3}(\d{3}(\d{3}(\d{2})?)?)?)?")


class InvalidScope(NotAllowed):
    """A scope names another county, a malformed grid code, or nothing at all."""

    title_zh = "数据范围无效"
    title_en = "Invalid scope"


class Role(Vocabulary):
    """What an account is; what each may do is listed in ``access/accounts/permissions.py``."""

    GRID_WORKER = "grid_worker", "网格员", "grid worker"
    VILLAGE_OFFICER = "village_officer", "村社干部", "village officer"
    TOWN_OFFICIAL = "town_official", "乡镇干部", "town official"
    GIS_STAFF = "gis_staff", "数据专员", "GIS staff"
    #: the business of the county, not its accounts
    COUNTY_ADMIN = "county_admin", "县级管理员", "county administrator"
    #: makes and disables accounts
    SYSTEM_ADMIN = "system_admin", "系统管理员", "system administrator"
    #: grants role and scope, resets, unlocks
    SECURITY_ADMIN = "security_admin", "安全管理员", "security administrator"
    #: reads the trail
    AUDITOR = "auditor", "审计员", "auditor"
    #: imports, scans and jobs; never an account
    SYSTEM = "system", "系统", "the system"


@dataclass(frozen=True, slots=True)
class Scope:
    """An actor's reach inside one county.

    county: six digits. actor: user name, as recorded in history and audit. prefixes: grid codes, each
    inside the county; a row is visible when its grid code starts with one of them.
    Raises InvalidScope when a prefix is malformed or of another county, or when there is none.
    """

    county: str
    actor: str
    role: Role
    prefixes: tuple[str, ...]

    def __post_init__(self) -> None:
        if not re.fullmatch(r"\d{6}", self.county):
            raise InvalidScope(f"县代码应为 6 位数字 / a county code has six digits: {self.county!r}")
        if not self.prefixes:
            raise InvalidScope(f"账号 {self.actor} 没有任何网格范围 / the account has no grid prefix")
        for prefix in self.prefixes:
            if not GRID_CODE.fullmatch(prefix) or not prefix.startswith(self.county):
                raise InvalidScope(f"网格范围 {prefix!r} 不属于县 {self.county} / the prefix is not of this county")

    @classmethod
    def of_system(cls, county: str, actor: str = "system") -> Scope:
        """The whole county, for imports, scans and jobs."""
        return cls(county, actor, Role.SYSTEM, (county,))

    @property
    def whole_county(self) -> bool:
        """True when every row of the county is visible."""
        return self.county in self.prefixes

    def covers(self, grid_code: str) -> bool:
        """True when a row with this grid code is visible. For checks before work; the guard is the database."""
        return any(grid_code.startswith(prefix) for prefix in self.prefixes)


def county_schema(county: str) -> str:
    """The schema of a county: ``c330521``. Raises InvalidScope unless the code has six digits."""
    if not re.fullmatch(r"\d{6}", county):
        raise InvalidScope(f"县代码应为 6 位数字 / a county code has six digits: {county!r}")
    return f"c{county}"


def enter_scope(connection: Connection, scope: Scope) -> None:
    """Enter a scope for the rest of the current transaction (it ends with it: all settings are LOCAL).

    Sets ``search_path`` to the county's schema and the settings that every policy reads. Raises
    InvalidScope (from the database function's own check) when the county does not exist.
    """
    connection.execute(ENTER_SCOPE.text, parameters_of(scope))


def parameters_of(scope: Scope) -> dict[str, str | list[str]]:
    """What ENTER_SCOPE is told."""
    return {
        "county": scope.county,
        "actor": scope.actor,
        "role": scope.role.value,
        "prefixes": list(scope.prefixes),
    }


def within_prefix(column: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    """The condition that a grid code lies under a prefix the *user* chose, to narrow a list. No guard: that is the policy.

    ``^@`` is leakproof, so it may run before the policy and use the index. Raises InvalidScope for a malformed prefix.
    """
    if not GRID_CODE.fullmatch(prefix):
        raise InvalidScope(
            f"网格编码应为 6、9、12、15 或 17 位数字 / a grid code has 6, 9, 12, 15 or 17 digits: {prefix!r}"
        )
    return column.bool_op("^@")(prefix)


def home_prefix(connection: Connection) -> str:
    """The smallest prefix of the entered scope: the grid code for what belongs to nothing smaller than the scope itself."""
    return str(connection.scalar(text("SELECT min(p) FROM unnest(platform.scope_prefixes()) AS p")))


def scope_divisions(connection: Connection) -> list[str]:
    """The divisions of the entered scope: its prefixes, cells as the village they lie in. In the order of the codes."""
    prefixes = connection.scalar(text("SELECT platform.scope_prefixes()")) or ()
    return sorted({prefix[:12] for prefix in prefixes})


#: More prefixes than this are left to the policy alone: an OR of many index ranges costs more than one scan.
NARROW_LIMIT = 20


def ranges_of_scope(connection: Connection, column: ColumnElement[str]) -> list[ColumnElement[bool]]:
    """The entered scope as constants, one condition a prefix, in the order of the codes; each is one range of an index.

    No guard: the policy is, but it reads the prefixes from a setting and so cannot use an index. None for a whole county
    (there is nothing to narrow) and for more than ``NARROW_LIMIT`` prefixes; prefixes inside another are left out.
    """
    prefixes: list[str] = sorted(connection.scalar(text("SELECT platform.scope_prefixes()")) or ())
    if not prefixes or len(prefixes) > NARROW_LIMIT or any(len(prefix) == 6 for prefix in prefixes):
        return []
    outer = [prefix for prefix in prefixes if not any(prefix != p and prefix.startswith(p) for p in prefixes)]
    return [within_prefix(column, prefix) for prefix in dict.fromkeys(outer)]


def narrowed_to_scope(connection: Connection, column: ColumnElement[str]) -> list[ColumnElement[bool]]:
    """The same as one condition, so that lists and counts can use the index on the grid code: none or one, to be added."""
    ranges = ranges_of_scope(connection, column)
    return [or_(*ranges)] if ranges else []
