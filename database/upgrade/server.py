"""Servers that counties live on beside the home server: prepared for them, and kept from being a second home.

Each has a schema ``platform`` of the same revision, for its functions are the way into a county; of its tables the application reads
the list of counties that live there, and nothing else: accounts, sessions and jobs are the home server's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from database.connection.address import url_at
from database.errors import Unavailable
from database.rights.row_security import APP_ROLE
from database.upgrade.migrate import migrate_platform, owner_engine

_WHICH = text("SELECT pg_postmaster_start_time(), current_database()")
#: Of ``platform`` on a server that is not the home server.
_CLOSE = f"""
REVOKE ALL ON ALL TABLES IN SCHEMA platform FROM {APP_ROLE};
REVOKE ALL ON ALL SEQUENCES IN SCHEMA platform FROM {APP_ROLE};
GRANT SELECT ON platform.county, platform.alembic_version TO {APP_ROLE};
"""


class ServerUnfit(Unavailable):
    """这台服务器不能存放县的数据 | The server cannot hold a county's data"""


@contextmanager
def owner_elsewhere(owner: Engine, address: str) -> Iterator[Engine]:
    """An engine of the owning role on the server at an address. Raises ServerUnfit when nobody answers or lets the role in."""
    engine = owner_engine(url_at(owner.url.render_as_string(hide_password=False), address))
    try:
        try:
            engine.connect().close()
        except OperationalError as error:
            raise ServerUnfit(
                f"{address}：连不上，或 onemap_owner 不能登录；先在那里运行 onemap database init --superuser-url … / cannot be reached, or "
                f"onemap_owner cannot sign in; first run onemap database init --superuser-url … for it ({type(error.orig).__name__})"
            ) from None
        yield engine
    finally:
        engine.dispose()


def migrate_server(there: Engine, owner: Engine) -> None:
    """Create or upgrade ``platform`` on a server that counties live on. owner: of the home server.

    Raises ServerUnfit when it is the home server, or that of another installation; nothing is changed then.
    """
    with there.connect() as connection, owner.connect() as own:
        if connection.execute(_WHICH).one() == own.execute(_WHICH).one():
            raise ServerUnfit("它就是本机数据库，不必写 --server / it is the home server: leave --server out")
        if connection.scalar(text("SELECT to_regclass('platform.account') IS NOT NULL")) and connection.scalar(
            text("SELECT EXISTS (SELECT FROM platform.account)")
        ):
            raise ServerUnfit(
                "它有自己的账号，是另一套 onemap / it has accounts: it is the home server of another onemap"
            )
    migrate_platform(there)
    with there.begin() as connection:
        close_platform(connection)


def list_counties(there: Engine, owner: Engine, codes: list[str]) -> None:
    """Let a server know the counties that live on it, as the home server names them."""
    with owner.connect() as connection:
        rows = connection.execute(
            text("SELECT code, name, synthetic FROM platform.county WHERE code = ANY(:codes)"), {"codes": codes}
        )
        counties = [row._asdict() for row in rows]
    with there.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO platform.county (code, name, synthetic) VALUES (:code, :name, :synthetic) "
                "ON CONFLICT (code) DO UPDATE SET name = excluded.name, server = NULL"
            ),
            counties,
        )


def close_platform(connection: Connection) -> None:
    """Take from the application what ``platform`` holds here but the list of counties. Safe to repeat."""
    connection.execute(text(_CLOSE))
