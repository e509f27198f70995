"""The second factor: six digits of an authenticator app (TOTP, RFC 6238), each good once, and recovery codes."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from dataclasses import dataclass

import pyotp
import segno
from sqlalchemy import Connection, text

from database.errors import Taken, Unidentified
from database.secrets.seal import Sealer, row_binding

STEP_S = 30
RECOVERY_CODES = 10
_ISSUER = "数字乡村一张图"


class SecondFactorNeeded(Unidentified):
    """请输入动态验证码 | A code of the second factor is needed"""


class SecondFactorWrong(Unidentified):
    """动态验证码不正确 | The code of the second factor is wrong"""


class SecondFactorState(Taken):
    """双因素验证的状态不允许这一步 | The second factor is not in a state for this"""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app needs: the secret as text, and the same as a QR code (inline SVG)."""

    secret: str
    uri: str
    qr_svg: str


def begin_enrolment(connection: Connection, username: str, sealer: Sealer) -> Enrolment:
    """A new secret, which counts once a first code was right. Raises SecondFactorState when one is in force."""
    secret = pyotp.random_base32()
    result = connection.execute(
        text(
            "INSERT INTO platform.second_factor (username, secret_cipher) VALUES (:u, :secret) "
            "ON CONFLICT (username) DO UPDATE SET secret_cipher = excluded.secret_cipher, last_step = 0 "
            "WHERE second_factor.confirmed_at IS NULL"
        ),
        {"u": username, "secret": sealer.seal(secret, bound_to=_binding(username))},
    )
    if result.rowcount != 1:
        raise SecondFactorState("已经启用；请先停用再重新设置 / it is in force: remove it before setting up another")
    uri = pyotp.TOTP(secret, interval=STEP_S).provisioning_uri(name=username, issuer_name=_ISSUER)
    picture = segno.make(uri, error="m").svg_inline(scale=4, border=2, dark="#16222f", light="#ffffff")
    return Enrolment(secret, uri, picture)


def confirm_enrolment(connection: Connection, username: str, code: str, sealer: Sealer) -> list[str]:
    """Put the secret in force with its first code; returns the recovery codes, shown once.

    Raises SecondFactorState when no enrolment is under way, SecondFactorWrong.
    """
    pending = connection.scalar(
        text("SELECT confirmed_at IS NULL FROM platform.second_factor WHERE username = :u FOR UPDATE"), {"u": username}
    )
    if not pending:
        raise SecondFactorState("没有正在进行的设置 / no set-up is under way")
    if not _take_step(connection, username, code, sealer):
        raise SecondFactorWrong
    connection.execute(
        text("UPDATE platform.second_factor SET confirmed_at = now() WHERE username = :u"), {"u": username}
    )
    return renew_recovery_codes(connection, username)


def renew_recovery_codes(connection: Connection, username: str) -> list[str]:
    """Ten new recovery codes, shown once; the old ones end."""
    codes = ["-".join(secrets.token_hex(10)[i : i + 5] for i in range(0, 20, 5)) for _ in range(RECOVERY_CODES)]
    connection.execute(text("DELETE FROM platform.recovery_code WHERE username = :u"), {"u": username})
    connection.execute(
        text("INSERT INTO platform.recovery_code (code_hash, username) VALUES (:hash, :u)"),
        [{"hash": _hash(username, code), "u": username} for code in codes],
    )
    return codes


def take_code(connection: Connection, username: str, code: str, sealer: Sealer) -> bool:
    """True when the code is right, and then it is used up: a code of the app, or a recovery code."""
    if re.fullmatch(r"\s*\d{3}\s?\d{3}\s*", code, re.ASCII):
        return _take_step(connection, username, code, sealer)
    taken = connection.execute(
        text(
            "UPDATE platform.recovery_code SET used_at = now() "
            "WHERE code_hash = :hash AND username = :u AND used_at IS NULL"
        ),
        {"hash": _hash(username, code), "u": username},
    )
    return taken.rowcount == 1


def remove_second_factor(connection: Connection, username: str) -> bool:
    """Take the second factor away, with its recovery codes; False when there was none."""
    connection.execute(text("DELETE FROM platform.recovery_code WHERE username = :u"), {"u": username})
    removed = connection.execute(text("DELETE FROM platform.second_factor WHERE username = :u"), {"u": username})
    return removed.rowcount == 1


def recovery_codes_left(connection: Connection, username: str) -> int | None:
    """How many recovery codes are left; None when no second factor is in force."""
    left: int | None = connection.scalar(
        text(
            "SELECT (SELECT count(*) FROM platform.recovery_code r WHERE r.username = f.username AND r.used_at IS NULL) "
            "FROM platform.second_factor f WHERE f.username = :u AND f.confirmed_at IS NOT NULL"
        ),
        {"u": username},
    )
    return left


def _take_step(connection: Connection, username: str, code: str, sealer: Sealer) -> bool:
    """Accept the code of this time step or its neighbours, if later than the last one accepted."""
    row = connection.execute(
        text("SELECT secret_cipher, last_step FROM platform.second_factor WHERE username = :u FOR UPDATE"),
        {"u": username},
    ).one_or_none()
    if row is None:
        return False
    totp = pyotp.TOTP(sealer.unseal(bytes(row.secret_cipher), bound_to=_binding(username)), interval=STEP_S)
    digits = "".join(code.split())
    now = int(time.time()) // STEP_S
    for step in (now - 1, now, now + 1):
        if step > row.last_step and pyotp.utils.strings_equal(digits, totp.generate_otp(step)):
            connection.execute(
                text("UPDATE platform.second_factor SET last_step = :step WHERE username = :u"),
                {"step": step, "u": username},
            )
            return True
    return False


def _binding(username: str) -> str:
    return row_binding("second_factor", "secret_cipher", username)


def _hash(username: str, code: str) -> bytes:
    plain = "".join(c for c in code.casefold() if c.isalnum())
    return hashlib.sha256(f"{username}\0{plain}".encode()).digest()
