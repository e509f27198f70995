"""Bring every schema of every server to the newest revision."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from sqlalchemy import Engine

from database.connection.servers import addresses_of_counties
from database.tables.base import CountyBase
from database.upgrade.migrate import migrate_county, migrate_platform, refuse_empty
from database.upgrade.server import ServerUnfit, list_counties, migrate_server, owner_elsewhere


def migrate_all(owner: Engine) -> list[str]:
    """Upgrade the platform and every county, on every server; returns the county codes. Each county is a transaction of its own.

    owner: of the home server. A server that is away does not keep the others from being upgraded; ServerUnfit is raised after them.
    """
    refuse_empty(CountyBase.metadata)
    migrate_platform(owner)
    codes: list[str] = []
    away: list[str] = []
    for address, counties in counties_by_server(owner).items():
        try:
            with owner_of(owner, address) as engine:
                if address is not None:
                    migrate_server(engine, owner)
                    list_counties(engine, owner, counties)
                for code in counties:
                    migrate_county(engine, code)
        except ServerUnfit as error:
            away.append(f"{' '.join(counties)}: {error.detail}")
        else:
            codes += counties
    if away:
        raise ServerUnfit("\n".join([*away, f"已升级 / migrated: platform {' '.join(codes)}"]))
    return sorted(codes)


def counties_by_server(owner: Engine) -> dict[str | None, list[str]]:
    """The address of each server, the home server (None) first, with the codes of the counties that live on it."""
    found: dict[str | None, list[str]] = {None: []}
    with owner.connect() as connection:
        addresses = addresses_of_counties(connection)
    for code in sorted(addresses):
        found.setdefault(addresses[code], []).append(code)
    return found


@contextmanager
def owner_of(owner: Engine, address: str | None) -> Iterator[Engine]:
    """The owning role on one of the servers. Raises ServerUnfit when it is away."""
    with nullcontext(owner) if address is None else owner_elsewhere(owner, address) as engine:
        yield engine
