"""One address, many codes (一址多码): the identity, and every code it is known by elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from gazetteer.codes import division_kind
from gazetteer.codes.address_code import parse_address_code
from gazetteer.codes.beidou import BeidouOutOfRange, encode
from gazetteer.codes.beidou_height import encode_height
from gazetteer.codes.grid_code import GridLevel, grid_level
from gazetteer.codes.statistical import UrbanRuralClass, full_statistical_code
from gazetteer.library.addresses import AddressNotFound
from gazetteer.plates.plates import PLATES
from gazetteer.plates.tokens import IssuedToken, latest


@dataclass(frozen=True, slots=True)
class StandardCode:
    """The standard code: the village of birth and a sequence."""

    code: str
    village: str
    sequence: str


@dataclass(frozen=True, slots=True)
class StatisticalCode:
    """The division the address lies in today. class_code: urban-rural class, where the division has one."""

    code: str
    full_code: str
    name: str | None
    kind: str
    class_code: str | None
    class_name: str | None


@dataclass(frozen=True, slots=True)
class ResponsibleCell:
    """The cell responsible today. level_name: in Chinese."""

    code: str
    level: GridLevel
    level_name: str


@dataclass(frozen=True, slots=True)
class BeidouCode:
    """Beidou grid location code of the point, level 10; of the height, when one was given."""

    code: str
    height_code: str | None


@dataclass(frozen=True, slots=True)
class AddressCodes:
    """Every code of an address. beidou: None without a point; plate: the newest, None where there never was one."""

    address_id: int
    full_text: str
    uid: str
    standard: StandardCode
    statistical: StatisticalCode
    grid: ResponsibleCell
    beidou: BeidouCode | None
    plate: IssuedToken | None


def get_address_codes(connection: Connection, address_id: int, *, height_m: float | None = None) -> AddressCodes:
    """Every code of an address: uid, standard, statistical with kind and class, grid, Beidou, and its newest plate.

    height_m: metres above the ellipsoid, when somebody knows it: the library keeps none. Raises AddressNotFound.
    """
    row = connection.execute(
        text(
            "SELECT a.uid::text AS uid, a.code, a.full_text, a.division_code, a.grid_code, d.name AS division_name, "
            "d.class_code, st_x(a.geom) AS lon, st_y(a.geom) AS lat "
            "FROM standard_address a LEFT JOIN division d ON d.code = a.division_code WHERE a.id = :id"
        ),
        {"id": address_id},
    ).one_or_none()
    if row is None:
        raise AddressNotFound(str(address_id))
    level = grid_level(row.grid_code)
    parts = parse_address_code(row.code)
    return AddressCodes(
        address_id=address_id,
        full_text=row.full_text,
        uid=row.uid,
        standard=StandardCode(row.code, parts.village, parts.sequence),
        statistical=StatisticalCode(
            code=row.division_code,
            full_code=full_statistical_code(row.division_code),
            name=row.division_name,
            kind=division_kind(row.division_code),
            class_code=row.class_code,
            class_name=UrbanRuralClass.labels().get(row.class_code or ""),
        ),
        grid=ResponsibleCell(row.grid_code, level, level.zh),
        beidou=_beidou(row.lon, row.lat, height_m),
        plate=latest(connection, PLATES, address_id),
    )


def _beidou(lon: float | None, lat: float | None, height_m: float | None) -> BeidouCode | None:
    """The level-10 code of the point, None without one; the height code only when a height was given."""
    if lon is None or lat is None:
        return None
    try:
        return BeidouCode(encode(lon, lat), None if height_m is None else encode_height(height_m))
    except BeidouOutOfRange:
        return None
