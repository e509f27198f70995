"""Browsers that have signed in before: a long-lived signed cookie, so that strangers' failures never slow down the owner.

The cookie holds a random number and one signature for each name that signed in there (device cookies, after OWASP).
It opens nothing; it only gives this browser a lane of its own among the tries for these names.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

from database.secrets.seal import Sealer

DEVICE_DAYS = 180
#: a desk that several people share
_MOST_NAMES = 8
_COOKIE = re.compile(r"[0-9a-f]{32}(\.[0-9a-f]{32}){1,8}", re.ASCII)


def device_of(cookie: str | None, username: str, sealer: Sealer) -> str | None:
    """The number of this browser, when this name has signed in there before."""
    if cookie is None or not _COOKIE.fullmatch(cookie):
        return None
    device, *signatures = cookie.split(".")
    right = _signature(device, username, sealer)
    return device if any(hmac.compare_digest(right, one) for one in signatures) else None


def device_cookie(cookie: str | None, username: str, sealer: Sealer) -> str:
    """The cookie after this name has signed in: what it held, and the signature for this name first."""
    device, *signatures = cookie.split(".") if cookie and _COOKIE.fullmatch(cookie) else [secrets.token_hex(16)]
    mine = _signature(device, username, sealer)
    return ".".join([device, *([mine] + [one for one in signatures if one != mine])[:_MOST_NAMES]])


def _signature(device: str, username: str, sealer: Sealer) -> str:
    name = hashlib.sha256(username.encode()).hexdigest()
    return sealer.identity(f"sign-in device {device} {name}").hex()[:32]
