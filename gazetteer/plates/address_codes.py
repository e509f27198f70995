"""One address, many codes (一址多码): the identity, and every code it is known by elsewhere."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from gazetteer.codes import division_kind
from gazetteer.codes.address_code import parse_address_code
from gazetteer.codes.beidou import BeidouOutOfRange, encode
from gazetteer.codes.beidou_height import encode_height
from gazetteer.codes.grid_code import grid_level
from gazetteer.codes.statistical import CLASS_NAMES, full_statistical_code
from gazetteer.library.addresses import AddressNotFound
from gazetteer.plates.plates import PLATES
from gazetteer.plates.tokens import latest


def get_address_codes(connection: Connection, address_id: int, *, height_m: float | None = None) -> dict[str, Any]:
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
    return {
        "address_id": address_id,
        "full_text": row.full_text,
        "uid": row.uid,
        "standard": {"code": row.code, "village": parts.village, "sequence": parts.sequence},
        "statistical": {
            "code": row.division_code,
            "full_code": full_statistical_code(row.division_code),
            "name": row.division_name,
            "kind": division_kind(row.division_code),
            "class_code": row.class_code,
            "class_name": CLASS_NAMES.get(row.class_code or ""),
        },
        "grid": {"code": row.grid_code, "level": level, "level_name": level.zh},
        "beidou": _beidou(row.lon, row.lat, height_m),
        "plate": latest(connection, PLATES, address_id),
    }


def _beidou(lon: float | None, lat: float | None, height_m: float | None) -> dict[str, Any] | None:
    """The level-10 code of the point, None without one; the height code only when a height was given."""
    if lon is None or lat is None:
        return None
    try:
        return {"code": encode(lon, lat), "height_code": None if height_m is None else encode_height(height_m)}
    except BeidouOutOfRange:
        return None
