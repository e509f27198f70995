"""What administrators do to accounts: make, disable, grant, unlock, reset, end sessions and tokens. Every act is in the trail.

Three persons, three roles: the system administrator makes accounts, the security administrator grants them role and scope, the
auditor reads the trail. Nobody acts on their own account, and the accounts of the three are touched on the server only:
otherwise whoever resets the others' passwords would be all three.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, text

from access.accounts.accounts import AccountInvalid, end_access
from access.accounts.passwords import NO_PASSWORD, hash_password, new_password, store_password
from access.accounts.permissions import ADMINISTRATORS, SEPARATED
from access.audit.record import record_platform
from access.sessions.sessions import end_sessions
from access.sessions.tokens import revoke_tokens
from access.sign_in.failures import forgive
from access.sign_in.second_factor import remove_second_factor
from database.connection.engine import Database
from database.errors import Missing, NotAllowed, Taken
from database.installation.settings import Settings
from database.rights.scope import Role, Scope

T = TypeVar("T")
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}", re.ASCII)


class AccountNotFound(Missing):
    """没有这个账号 | There is no such account"""


class AccountExists(Taken):
    """用户名已被使用 | The user name is taken"""


class AccountChanged(Taken):
    """账号的角色或数据范围刚被他人更改 | Role or scope of the account were changed by somebody else"""


class OwnAccount(NotAllowed):
    """不能管理自己的账号 | Nobody administers their own account"""


class OnServerOnly(NotAllowed):
    """三员账号只能在服务器上由命令管理 | Accounts of the three administrators are managed on the server only"""


@dataclass(frozen=True, slots=True)
class SeenGrant:
    """Role and scope as who changes them saw them; the order of the prefixes says nothing."""

    role: str | None
    prefixes: tuple[str, ...]

    def is_now(self, role: str | None, prefixes: Sequence[str]) -> bool:
        """Whether they still are so."""
        return role == self.role and set(prefixes) == set(self.prefixes)


@dataclass(frozen=True, slots=True)
class Administrator:
    """Who acts. county: where they may act; None means everywhere, for the shell operator on the server."""

    name: str
    county: str | None

    @property
    def on_server(self) -> bool:
        """True for the shell operator, who may touch the three administrators too."""
        return self.county is None


@dataclass(frozen=True, slots=True)
class Administration:
    """Acts of one administrator on accounts. Each is one transaction with its row in the trail; refusals are recorded by the map server."""

    database: Database
    settings: Settings
    by: Administrator

    def create(self, username: str, display_name: str, county: str) -> None:
        """Make an account that can do nothing yet: its role, scope and first password come from the security administrator.

        Raises AccountInvalid, AccountExists.
        """
        if not _USERNAME.fullmatch(username):
            raise AccountInvalid(
                "用户名为 2 至 32 位小写字母、数字、点、横线或下划线 / "
                "a user name has 2 to 32 lower-case letters, digits, dots, hyphens or underscores"
            )
        with self.database.platform() as connection:
            made = connection.execute(
                text(
                    "INSERT INTO platform.account (username, display_name, password_hash, county, prefixes, "
                    "must_change_password) VALUES (:u, :name, :none, :county, '{}', true) ON CONFLICT DO NOTHING"
                ),
                {"u": username, "name": display_name, "none": NO_PASSWORD, "county": county},
            )
            record_platform(
                connection,
                "account_create",
                actor=self.by.name,
                target=f"account:{username}",
                allowed=made.rowcount == 1,
                county=county,
            )
        if made.rowcount != 1:
            raise AccountExists(username)

    def grant(self, username: str, role: Role, prefixes: Sequence[str], *, seen: SeenGrant | None = None) -> str | None:
        """Give an account its role and scope; its sessions and tokens end. Returns its first password, when it had none yet.

        seen: what it had when the administrator looked; of two who change it at once the second is told. Raises AccountInvalid
        for a role that cannot be granted, InvalidScope, OnServerOnly for one of the three administrators, AccountChanged.
        """
        if role is Role.SYSTEM:
            raise AccountInvalid("system 不是账号角色 / system is not a role of accounts")

        first = self._draw(username)

        def act(connection: Connection, row: Row[Any]) -> str | None:
            if role in SEPARATED and not self.by.on_server:
                raise OnServerOnly
            if seen is not None and not seen.is_now(row.role, row.prefixes):
                raise AccountChanged(username)
            reach = () if role in ADMINISTRATORS else tuple(dict.fromkeys(prefixes))
            if role not in ADMINISTRATORS:
                Scope(row.county, username, role, reach)
            connection.execute(
                text("UPDATE platform.account SET prefixes = :prefixes, role = :role WHERE username = :u"),
                {"role": role.value, "prefixes": list(reach), "u": username},
            )
            end_access(connection, username)
            return self._give(connection, username, first) if row.password_hash == NO_PASSWORD else None

        return self._on(username, "account_grant", act, f" role={role.value} scope={','.join(prefixes)[:400]}")

    def set_disabled(self, username: str, *, disabled: bool) -> None:
        """Shut an account out, at once, or let it in again."""

        def act(connection: Connection, _row: Row[Any]) -> None:
            connection.execute(
                text("UPDATE platform.account SET disabled = :d WHERE username = :u"), {"d": disabled, "u": username}
            )
            if disabled:
                end_access(connection, username)

        self._on(username, "account_disable" if disabled else "account_enable", act)

    def unlock(self, username: str) -> int:
        """Forget the failed sign-ins of an account, so that nobody has to wait; returns on how many lanes there were some."""
        return self._on(username, "account_unlock", lambda connection, _row: forgive(connection, username))

    def reset_password(self, username: str) -> str:
        """A new password, returned once, to be changed at the first sign-in. Sessions and tokens end."""

        first = self._draw(username)

        def act(connection: Connection, row: Row[Any]) -> str:
            if row.role is None:
                raise AccountInvalid("账号尚未授权 / the account has no role yet")
            return self._give(connection, username, first)

        return self._on(username, "password_reset", act)

    def reset_second_factor(self, username: str) -> bool:
        """Take away the second factor, for a lost phone; sessions end. False when there was none."""

        def act(connection: Connection, _row: Row[Any]) -> bool:
            end_sessions(connection, username)
            return remove_second_factor(connection, username)

        return self._on(username, "second_factor_reset", act)

    def end_sessions(self, username: str) -> int:
        """Sign an account out everywhere; returns of how many sessions."""
        return self._on(username, "sessions_end", lambda connection, _row: end_sessions(connection, username))

    def revoke_tokens(self, username: str) -> int:
        """End every token of an account; returns how many."""
        return self._on(username, "tokens_revoke", lambda connection, _row: revoke_tokens(connection, username))

    def _draw(self, username: str) -> tuple[str, str]:
        """A new password and its hash, made before any transaction."""
        password = new_password(username, self.settings)
        return password, hash_password(password)

    def _give(self, connection: Connection, username: str, first: tuple[str, str]) -> str:
        password, password_hash = first
        store_password(connection, username, password_hash, self.settings, must_change=True)
        end_access(connection, username)
        forgive(connection, username)
        return password

    def _on(self, username: str, action: str, act: Callable[[Connection, Row[Any]], T], about: str = "") -> T:
        """Do one act on one account, locked meanwhile, with its row in the trail."""
        target = f"account:{username}{about}"
        with self.database.platform() as connection:
            row = self._target(connection, username)
            done = act(connection, row)
            record_platform(connection, action, actor=self.by.name, target=target, county=row.county)
            return done

    def _target(self, connection: Connection, username: str) -> Row[Any]:
        row = connection.execute(
            text(
                "SELECT username, county, role, prefixes, password_hash FROM platform.account "
                "WHERE username = :u AND (CAST(:county AS text) IS NULL OR county = :county) FOR UPDATE"
            ),
            {"u": username, "county": self.by.county},
        ).one_or_none()
        if row is None:
            raise AccountNotFound(username)
        if username == self.by.name:
            raise OwnAccount
        if row.role in SEPARATED and not self.by.on_server:
            raise OnServerOnly
        return row
