"""Signing in: who may try, how often, and whether password and second factor are right.

Known, unknown, disabled and paused names get the same answer after the same work: one count, one argon2 check, one
row in the trail. The order is: the window of the address and a place at the gate (in memory), the count of name and lane (one
short transaction), the password (no transaction, two at once), the outcome (one short transaction).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, text

from access.accounts.accounts import ACCOUNT_COLUMNS, ACCOUNT_FROM, Account, account_of
from access.accounts.passwords import Gate, is_right
from access.audit.record import record_platform
from access.sign_in.failures import FailureReport, Lane, SignInPaused, Try, count_try, succeed, sweep, take_back
from access.sign_in.limits import Limit
from access.sign_in.second_factor import SecondFactorNeeded, SecondFactorWrong, take_code
from database.connection.engine import Database
from database.errors import NotAllowed, OnemapError, Unidentified
from database.installation.settings import Settings
from database.secrets.seal import Sealer


class SignInFailed(Unidentified):
    """用户名或密码不正确 | Wrong user name or password"""


class NotGrantedYet(NotAllowed):
    """账号尚未授权，请联系安全管理员 | The account has no role yet; ask the security administrator"""


GATE = Gate()
#: Wrong codes after a right password, from addresses where this name never signed in: six digits must not be guessed.
_CODES = Limit("second factor", "10 per 10 minutes")
_NOTED = Limit("refusal noted", "1/minute")


@lru_cache(maxsize=8)
def _of_address(per_minute: int) -> Limit:
    return Limit("failed sign-ins of an address", f"{per_minute}/minute")


@dataclass(frozen=True, slots=True)
class Welcome:
    """A sign-in that succeeded. failures: what happened at the door since the last one."""

    account: Account
    failures: FailureReport | None


@dataclass(frozen=True, slots=True)
class SignInDoor:
    """Where names and passwords are checked: database, sealer and settings of this process."""

    database: Database
    sealer: Sealer
    settings: Settings

    def sign_in(
        self,
        username: str,
        password: str,
        code: str | None,
        lane: Lane,
        enter: Callable[[Connection, Account], None],
    ) -> Welcome:
        """Let an account in. enter: what else belongs to the same transaction, such as opening the session.

        Raises SignInFailed, SignInPaused, SignInBusy, SecondFactorNeeded, SecondFactorWrong, NotGrantedYet.
        """
        attempt, row = self._password(username, password, lane, "sign_in")
        with self.database.platform() as connection:
            refused = self._second_factor(connection, row, code, attempt, "sign_in")
            if refused is None and row.role is None:
                take_back(connection, attempt)
                refused = NotGrantedYet()
            if refused is None:
                failures = succeed(connection, attempt)
                account = account_of(row, self.settings)
                connection.execute(
                    text("UPDATE platform.account SET signed_in_at = now() WHERE username = :u"), {"u": row.username}
                )
                enter(connection, account)
                return Welcome(account, failures)
        raise refused

    def prove(self, account: Account, password: str, lane: Lane, *, code: str | None = None, act: str) -> None:
        """Ask a signed-in account for its password again, and for its second factor when it has one, before a grave act.

        act: the name of the act in the trail. Raises what :meth:`sign_in` raises.
        """
        attempt, row = self._password(account.username, password, lane, act)
        with self.database.platform() as connection:
            refused = self._second_factor(connection, row, code, attempt, act)
            if refused is None:
                take_back(connection, attempt)
        if refused is not None:
            raise refused

    def prove_password(self, account: Account, password: str, lane: Lane, *, act: str) -> None:
        """The same without the second factor: for changing the password within a session that has shown it already."""
        attempt, _row = self._password(account.username, password, lane, act)
        with self.database.platform() as connection:
            take_back(connection, attempt)

    def _password(self, username: str, password: str, lane: Lane, act: str) -> tuple[Try, Row[Any]]:
        """The try and the account when the password is right; any role, or none."""
        window = _of_address(self.settings.sign_in_failures_per_minute)
        if not window.is_open(lane.key):
            self._note(username, act, lane)
            raise SignInPaused.after(_wait_of(window, lane.key))
        with GATE.enter(lane.key):
            row, attempt = self._begin(username, lane, act)
            right = is_right(password, row.password_hash if row is not None else None)
        if row is None or row.disabled or not right:
            if window.is_open(lane.key):
                window.hit(lane.key)
            with self.database.platform() as connection:
                sweep(connection)
                _record(connection, act, username, row, allowed=False)
            raise SignInFailed
        return attempt, row

    def _begin(self, username: str, lane: Lane, act: str) -> tuple[Row[Any] | None, Try]:
        paused: SignInPaused | None = None
        with self.database.platform() as connection:
            row = connection.execute(
                text(f"SELECT {ACCOUNT_COLUMNS} FROM {ACCOUNT_FROM} WHERE a.username = :u"),  # noqa: S608
                {"u": username},
            ).one_or_none()
            try:
                return row, count_try(connection, username, lane, self.settings, known=row is not None)
            except SignInPaused as error:
                paused = error
        self._note(username, act, lane)
        raise paused

    def _second_factor(
        self, connection: Connection, row: Row[Any], code: str | None, attempt: Try, act: str
    ) -> OnemapError | None:
        """What is wrong with the second factor; None when it is right or not in force."""
        if not row.has_second_factor:
            return None
        if not code:
            take_back(connection, attempt)
            return SecondFactorNeeded()
        if attempt.lane.device is None and not _CODES.is_open(row.username):
            return SignInPaused.after(_wait_of(_CODES, row.username))
        if take_code(connection, row.username, code, self.sealer):
            return None
        if attempt.lane.device is None and _CODES.is_open(row.username):
            _CODES.hit(row.username)
        _record(connection, f"{act}_second_factor", row.username, row, allowed=False)
        return SecondFactorWrong()

    def _note(self, username: str, act: str, lane: Lane) -> None:
        """Write refused tries into the trail, one a minute and lane: a flood must not become a flood of rows."""
        if not _NOTED.is_open(lane.key):
            return
        _NOTED.hit(lane.key)
        with self.database.platform() as connection:
            county = connection.scalar(text("SELECT county FROM platform.account WHERE username = :u"), {"u": username})
            record_platform(connection, f"{act}_paused", actor=username, allowed=False, county=county)


def _record(connection: Connection, act: str, username: str, row: Row[Any] | None, *, allowed: bool) -> None:
    record_platform(connection, act, actor=username, allowed=allowed, county=None if row is None else row.county)


def _wait_of(limit: Limit, key: str) -> float:
    seconds = limit.refusal(key).facts["retry_after_s"]
    assert isinstance(seconds, int)
    return seconds
