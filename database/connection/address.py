"""The address of a server that counties live on: where it is, never who signs in there.

``platform.county.server`` holds it, for every process and every backup to read; so it carries no user and no password. Whoever
signs in does so as on the home server: with the role and the password of the URL that the software was given for that.
"""

from __future__ import annotations

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import make_url

from database.embedded.bootstrap import DATABASE
from database.errors import Invalid

_SECRET = frozenset({"user", "password", "passfile", "sslpassword", "options"})


class ServerAddressInvalid(Invalid):
    """服务器地址无效 | The address of the server is not valid"""


def checked_address(given: str) -> str:
    """The address as it is kept: ``postgresql://host:port/database?…``; the database is onemap unless another is named.

    Raises ServerAddressInvalid, which quotes nothing: what was given may hold a password.
    """
    example = "postgresql://10.1.2.3:5432/onemap"
    try:
        parts = conninfo_to_dict(given) if given.startswith("postgresql://") else {}
    except psycopg.Error:
        parts = {}
    if "host" not in parts and "hostaddr" not in parts:
        raise ServerAddressInvalid(f"应形如 / it looks like: {example}")
    if _SECRET & parts.keys() or "@" in given:
        raise ServerAddressInvalid(
            f"不写用户和密码，软件用自己的账号登录 / no user and no password: the software signs in with its own: {example}"
        )
    url = make_url(given)
    return url.set(database=url.database or DATABASE).render_as_string(hide_password=False)


def url_at(url: str, address: str) -> str:
    """``postgresql://`` of the server at an address, for the role and with the password of the URL of the home server."""
    own, there = make_url(url), make_url(address)
    return there.set(username=own.username, password=own.password).render_as_string(hide_password=False)
