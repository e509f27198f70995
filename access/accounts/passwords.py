"""Passwords: kept as argon2id, checked a few at a time, and never weak, old or the name.

One check takes a tenth of a second and 64 MB, so at most two run at once (of several processes one in each) and a few wait; whoever
comes then is told to come again. No transaction is open meanwhile.
"""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, lru_cache

from pwdlib import PasswordHash
from sqlalchemy import Connection, text

from access.accounts.weak_passwords import is_common
from database.errors import Invalid, Unavailable
from database.installation.processes import share_of
from database.installation.settings import Settings

#: What an account has before its first password is given out: no hash of anything.
NO_PASSWORD = "-"  # noqa: S105


class PasswordWeak(Invalid):
    """密码不符合要求 | The password does not meet the rules"""


class SignInBusy(Unavailable):
    """登录繁忙，请稍后再试 | Too many sign-ins at once; try again later

    ``facts["retry_after_s"]``: whole seconds to wait.
    """


class Gate:
    """Lets a few in at once and a few wait; each process has its part of both places. per_key: places one key may take of both, so
    that nobody fills the queue alone."""

    def __init__(
        self, *, at_once: int = 2, waiting: int = 2, per_key: int = 1, patience_s: float = 3.0, retry_after_s: int = 1
    ) -> None:
        self._at_once, self._waiting, self._per_key = at_once, waiting, per_key
        self._patience_s, self._retry_after_s = patience_s, retry_after_s
        self._lock = threading.Lock()
        self._inside: Counter[str] = Counter()

    @cached_property
    def _free(self) -> threading.Semaphore:
        return threading.Semaphore(share_of(self._at_once))

    @contextmanager
    def enter(self, key: str) -> Iterator[None]:
        """A place inside. Raises SignInBusy when there is none, or none becomes free in time."""
        with self._lock:
            places = share_of(self._at_once) + share_of(self._waiting)
            if self._inside.total() >= places or self._inside[key] >= self._per_key:
                raise self._busy()
            self._inside[key] += 1
            free = self._free
        try:
            if not free.acquire(timeout=self._patience_s):
                raise self._busy()
            try:
                yield
            finally:
                free.release()
        finally:
            with self._lock:
                self._inside[key] -= 1
                if not self._inside[key]:
                    del self._inside[key]

    def _busy(self) -> SignInBusy:
        return SignInBusy(retry_after_s=self._retry_after_s)


@lru_cache(maxsize=1)
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@lru_cache(maxsize=1)
def _decoy_hash() -> str:
    return _hasher().hash(secrets.token_urlsafe(16))


def hash_password(password: str) -> str:
    """The argon2id hash to keep."""
    return _hasher().hash(password)


def is_right(password: str, password_hash: str | None) -> bool:
    """True when the password is the one. Without a hash the same work is done for nothing, so that the time tells nothing."""
    real = password_hash is not None and password_hash != NO_PASSWORD
    right = _hasher().verify(password, password_hash if real and password_hash else _decoy_hash())
    return right and real


def check_rules(password: str, username: str, settings: Settings) -> None:
    """Raise PasswordWeak, saying why, for a short password, one made of the name, or a common one."""
    if len(password) < settings.password_min_length:
        raise PasswordWeak(
            f"密码至少 {settings.password_min_length} 位 / "
            f"a password has at least {settings.password_min_length} characters"
        )
    if len(password) > 256 or any(ord(c) < 32 or ord(c) == 127 for c in password):
        raise PasswordWeak("密码最多 256 位，不含控制字符 / at most 256 characters and no control characters")
    name, plain = _letters(username), _letters(password)
    if len(name) >= 3 and (name in plain or name[::-1] in plain):
        raise PasswordWeak("密码不能包含用户名 / a password must not contain the user name")
    if is_common(password):
        raise PasswordWeak(
            "这个密码太常见或太有规律，请换一个更难猜的，例如四个互不相干的词 / "
            "this password is too common or too regular: take one harder to guess, such as four unrelated words"
        )


def _letters(value: str) -> str:
    return "".join(c for c in value.casefold() if c.isalnum())


def new_password(username: str, settings: Settings) -> str:
    """A random password that meets the rules, to be given out once."""
    while True:
        password = secrets.token_urlsafe(max(12, settings.password_min_length))
        try:
            check_rules(password, username, settings)
        except PasswordWeak:
            continue
        return password


def earlier_hashes(connection: Connection, username: str, settings: Settings) -> list[str]:
    """The hashes of the present password and of those before it that may not be used again."""
    present = connection.scalars(
        text("SELECT password_hash FROM platform.account WHERE username = :u"), {"u": username}
    ).all()
    earlier = connection.scalars(
        text("SELECT password_hash FROM platform.password_history WHERE username = :u ORDER BY id DESC LIMIT :n"),
        {"u": username, "n": settings.password_history},
    ).all()
    return [stored_hash for stored_hash in (*present, *earlier) if stored_hash != NO_PASSWORD]


def check_unused(password: str, hashes: list[str]) -> None:
    """Raise PasswordWeak when the password is one of these. A tenth of a second each: outside every transaction."""
    if any(_hasher().verify(password, stored_hash) for stored_hash in hashes):
        raise PasswordWeak("这个密码最近用过，请换一个 / this password was used before: take another")


def remember_password(connection: Connection, username: str, settings: Settings) -> None:
    """Put the present password among the earlier ones, of which the last few are kept."""
    connection.execute(
        text(
            "INSERT INTO platform.password_history (username, password_hash) "
            "SELECT username, password_hash FROM platform.account WHERE username = :u AND password_hash <> :none"
        ),
        {"u": username, "none": NO_PASSWORD},
    )
    connection.execute(
        text(
            "DELETE FROM platform.password_history WHERE username = :u AND id NOT IN "
            "(SELECT id FROM platform.password_history WHERE username = :u ORDER BY id DESC LIMIT :keep)"
        ),
        {"u": username, "keep": settings.password_history},
    )


def store_password(
    connection: Connection, username: str, password_hash: str, settings: Settings, *, must_change: bool
) -> None:
    """Give an account another password."""
    remember_password(connection, username, settings)
    connection.execute(
        text(
            "UPDATE platform.account SET password_hash = :hash, password_changed_at = now(), "
            "must_change_password = :must_change WHERE username = :u"
        ),
        {"hash": password_hash, "must_change": must_change, "u": username},
    )
