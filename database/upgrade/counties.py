"""Counties of this server: make one, list them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, text

from database.errors import Missing
from database.rights.scope import county_schema
from database.upgrade.migrate import migrate_county, migrate_platform


class CountyNotFound(Missing):
    """No county with this code on this server."""

    title_zh = "没有这个县"
    title_en = "No such county"


def create_county(owner: Engine, code: str, name: str, *, synthetic: bool = False) -> None:
    """Create a county's schema with all its tables, and register it. Repeating it changes only the name.

    code: six digits. synthetic: True for generated demo data. Raises InvalidScope for a malformed code.
    """
    county_schema(code)
    migrate_platform(owner)
    migrate_county(owner, code)
    with owner.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO platform.county (code, name, synthetic) VALUES (:code, :name, :synthetic) "
                "ON CONFLICT (code) DO UPDATE SET name = excluded.name"
            ),
            {"code": code, "name": name, "synthetic": synthetic},
        )


@dataclass(frozen=True, slots=True)
class KnownCounty:
    """A county of this server. synthetic: generated demo data."""

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
    """The codes of the counties of this server, in order."""
    return list(connection.scalars(text("SELECT code FROM platform.county ORDER BY code")))


def has_county(connection: Connection, code: str) -> bool:
    """Whether this server has the county."""
    return connection.scalar(text("SELECT 1 FROM platform.county WHERE code = :code"), {"code": code}) is not None
