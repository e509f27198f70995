"""The public service points of towns and villages (便民服务点), shown behind every door plate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from database.errors import Missing


class DivisionNotFound(Missing):
    """没有这个乡镇或村社区，或不在您的数据范围内 | No such town or village, or outside your scope"""


@dataclass(frozen=True, slots=True)
class ServicePointText:
    """What the public reads. phone: of the office, never a person's own."""

    name: str
    phone: str | None = None
    address_text: str | None = None
    hours: str | None = None


@dataclass(frozen=True, slots=True)
class ServicePoint:
    """The service point of a town or village as it stands."""

    division_code: str
    name: str
    phone: str | None
    address_text: str | None
    hours: str | None
    updated_by: str
    updated_at: datetime


def find_service_point(connection: Connection, division_code: str) -> ServicePoint | None:
    """The service point of a town or village, or None."""
    row = connection.execute(
        text(
            "SELECT division_code, name, phone, address_text, hours, updated_by, updated_at FROM service_point "
            "WHERE division_code = :code"
        ),
        {"code": division_code},
    ).one_or_none()
    return None if row is None else ServicePoint(**row._mapping)


def put_service_point(
    connection: Connection, division_code: str, point: ServicePointText, *, actor: str
) -> ServicePoint:
    """Write the service point of a town or village; returns it. Raises DivisionNotFound."""
    stored = connection.execute(
        text(
            "INSERT INTO service_point (division_code, name, phone, address_text, hours, updated_by, grid_code) "
            "SELECT d.code, :name, :phone, :address_text, :hours, :actor, d.code FROM division d "
            "WHERE d.code = :code AND d.level <> 'county' ON CONFLICT (division_code) DO UPDATE SET name = excluded.name, "
            "phone = excluded.phone, address_text = excluded.address_text, hours = excluded.hours, "
            "updated_by = excluded.updated_by, updated_at = now()"
        ),
        {
            "code": division_code,
            "name": point.name,
            "phone": point.phone,
            "address_text": point.address_text,
            "hours": point.hours,
            "actor": actor,
        },
    ).rowcount
    found = find_service_point(connection, division_code)
    if not stored or found is None:
        raise DivisionNotFound(division_code)
    return found
