"""Connections: one pool of the application role, and transactions that always carry a scope."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, create_engine, text

from database.embedded import sqlalchemy_url
from database.scope import Scope, enter_scope


class Database:
    """The application's door to PostGIS, connected as the role that owns nothing.

    url: ``postgresql://`` of the application role. pool_size: connections kept.
    """

    def __init__(self, url: str, *, pool_size: int = 8) -> None:
        self.url = url
        self.engine: Engine = create_engine(
            sqlalchemy_url(url),
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=True,
            pool_use_lifo=True,  # the connection used last has its plans and caches at hand
            hide_parameters=True,  # parameters may be personal data; errors end in logs
            # a plan made for any prefix cannot use the index on the grid code: plan with the values, always
            connect_args={
                "options": "-c timezone=Asia/Shanghai -c plan_cache_mode=force_custom_plan",
                "application_name": "onemap",
            },
        )

    @contextmanager
    def transaction(self, scope: Scope, *, one_moment: bool = False) -> Iterator[Connection]:
        """A transaction inside one county, seeing only what the scope allows; commits on success.

        one_moment: every statement sees the same data, whatever others commit meanwhile (REPEATABLE READ).
        """
        with self.engine.begin() as connection:
            if one_moment:
                connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
            enter_scope(connection, scope)
            yield connection

    @contextmanager
    def platform(self) -> Iterator[Connection]:
        """A transaction on the platform tables; county tables stay closed, for no scope is entered."""
        with self.engine.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def raw(connection: Connection) -> psycopg.Connection[Any]:
    """The psycopg connection beneath, for COPY; it shares the transaction and its scope."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver
