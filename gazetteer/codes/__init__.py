"""Codes of addresses, divisions, persons and units, and their checks. Nothing here asks the database.

- ``checksums``: resident ID numbers, unified social credit codes;
- ``statistical``: statistical division codes and the urban-rural class;
- ``address_code``: the standard address code; ``grid_code``: the levels of a grid code;
- ``beidou``, ``beidou_height``, ``beidou_bulk``: the Beidou grid location code;
- ``token``: what stands in the QR code of a door plate or a place.
"""

from gazetteer.codes.checksums import (
    credit_code_valid,
    credit_code_warning,
    resident_id_birth_date,
    resident_id_problem,
    resident_id_sex,
)
from gazetteer.codes.statistical import DivisionLevel, division_kind, division_level

__all__ = [
    "DivisionLevel",
    "credit_code_valid",
    "credit_code_warning",
    "division_kind",
    "division_level",
    "resident_id_birth_date",
    "resident_id_problem",
    "resident_id_sex",
]
