"""Counties: make one, list them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, text

from database.connection.address import checked_address
from database.connection.servers import addresses_of_counties
from database.errors import Missing, Taken
from database.rights.scope import county_schema
from database.upgrade.migrate import migrate_county, migrate_platform
from database.upgrade.server import list_counties, migrate_server, owner_elsewhere


class CountyNotFound(Missing):
    """No county with this code on this server."""

    title_zh = "没有这个县"
    title_en = "No such county"


class CountyElsewhere(Taken):
    """该县已在另一台服务器上 | The county lives on another server already"""


def create_county(owner: Engine, code: str, name: str, *, synthetic: bool = False, server: str | None = None) -> None:
    """Create a county's schema with all its tables, and register it. Repeating it changes only the name.

    owner: of the home server. code: six digits. synthetic: True for generated demo data. server: the address of the server it shall
    live on, which ``onemap database init`` has prepared; None for the home server. Raises InvalidScope for a malformed code,
    ServerAddressInvalid, ServerUnfit, CountyElsewhere.
    """
    county_schema(code)
    migrate_platform(owner)
    address = None if server is None else checked_address(server)
    with owner.connect() as connection:
        known = addresses_of_counties(connection)
    if code in known and known[code] != address:
        raise CountyElsewhere(known[code] or "本机 / the home server")
    if address is None:
        migrate_county(owner, code)
    else:
        with owner_elsewhere(owner, address) as there:
            migrate_server(there, owner)
            migrate_county(there, code)
    with owner.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO platform.county (code, name, synthetic, server) VALUES (:code, :name, :synthetic, :server) "
                "ON CONFLICT (code) DO UPDATE SET name = excluded.name"
            ),
            {"code": code, "name": name, "synthetic": synthetic, "server": address},
        )
    if address is not None:
        with owner_elsewhere(owner, address) as there:
            list_counties(there, owner, [code])


@dataclass(frozen=True, slots=True)
class KnownCounty:
    """A county. synthetic: generated demo data."""

    code: str
    name: str
    synthetic: bool


def get_county(connection: Connection, code: str) -> KnownCounty:
    """A county by its code. Raises CountyNotFound."""
    row = connection.execute(
        text("SELECT code, name, synthetic FROM platform.county WHERE code = :code"), {"code": code}
    ).one_or_none()
    if row is None:
        raise CountyNotFound(code)
    return KnownCounty(row.code, row.name, row.synthetic)


def county_codes(connection: Connection) -> list[str]:
    """The codes of all counties, in order, wherever they live. connection: to the home server."""
    return list(connection.scalars(text("SELECT code FROM platform.county ORDER BY code")))


def counties_here(connection: Connection) -> list[str]:
    """The codes of the counties that live on the server of this connection, in order."""
    return sorted(code for code, address in addresses_of_counties(connection).items() if address is None)


def has_county(connection: Connection, code: str) -> bool:
    """Whether there is the county. connection: to the home server."""
    return connection.scalar(text("SELECT 1 FROM platform.county WHERE code = :code"), {"code": code}) is not None
