"""Address libraries built by a parent before it forks: its children share their memory and only read what changed since."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import structlog
from sqlalchemy import Engine, NullPool, create_engine
from sqlalchemy.exc import SQLAlchemyError

from database.connection.address import url_at
from database.connection.server import CONNECT_WAIT_S
from database.connection.servers import addresses_of_counties
from database.embedded import ensure_database, sqlalchemy_url
from database.installation.settings import Settings
from database.rights.scope import Scope, enter_scope
from gazetteer.matching.index.build import Moment, build, read_moment
from gazetteer.matching.index.library import Library

log = structlog.get_logger()

#: A server with many counties begins after so long; each process builds the others when they are asked for.
MOST_S = 10.0


class Inherited(NamedTuple):
    """A library, what it has seen, and when that was (monotonic seconds)."""

    library: Library
    moment: Moment
    last_check: float


_libraries: dict[tuple[str, str], Inherited] = {}


def prebuild_libraries(settings: Settings) -> None:
    """Build the libraries of the counties of these settings, on every server, with no thread and no connection left behind.

    A county that cannot be read, for its schema is of another release or its server is away, is left to whoever asks for it.
    """
    home = ensure_database(settings).app
    began = time.monotonic()
    try:
        with _engine(home) as engine, engine.begin() as connection:
            addresses = addresses_of_counties(connection)
    except SQLAlchemyError as error:
        log.warning("address_index.not_built", error=type(error).__name__)
        return
    for county in sorted(addresses):
        if time.monotonic() - began > MOST_S:
            return
        address = addresses[county]
        _prebuild(home if address is None else url_at(home, address), county)


def _prebuild(url: str, county: str) -> None:
    start = time.monotonic()
    try:
        with _engine(url) as engine, engine.begin() as connection:
            enter_scope(connection, Scope.of_system(county, "address-index"))
            moment = read_moment(connection)
            library = build(connection)
    except SQLAlchemyError as error:
        log.warning("address_index.not_built", county=county, error=type(error).__name__)
        return
    _libraries[url, county] = Inherited(library, moment, start)
    seconds = round(time.monotonic() - start, 2)
    log.info("address_index.built", county=county, addresses=len(library), seconds=seconds)


@contextmanager
def _engine(url: str) -> Iterator[Engine]:
    wait = {"connect_timeout": CONNECT_WAIT_S}
    engine = create_engine(sqlalchemy_url(url), poolclass=NullPool, hide_parameters=True, connect_args=wait)
    try:
        yield engine
    finally:
        engine.dispose()


def inherited_libraries(url: str) -> dict[str, Inherited]:
    """By county: what the parent of this process built of the database at this URL."""
    return {county: found for (of, county), found in _libraries.items() if of == url}
