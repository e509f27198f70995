"""Tables of place codes: the tokens on shops, halls and units, and how often they are scanned."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Integer
from sqlalchemy.orm import Mapped, mapped_column

from database.tables.base import CountyBase, grid_code_check, grid_code_column
from gazetteer.plates.token_columns import IssuedToken, token_constraints, version_column
from layers.places.models import Place


class PlaceCode(IssuedToken, CountyBase):
    """The token in the QR code of a place (场所码). Revoked, never deleted; one at most is valid a place."""

    __tablename__ = "place_code"
    __table_args__ = (*token_constraints("place_code", "place_id"), {"comment": "place codes (场所码)"})

    place_id: Mapped[int] = mapped_column(ForeignKey(Place.id), nullable=False, comment="whose code")
    version: Mapped[int] = version_column("1 for the first code of the place")


class PlaceScan(CountyBase):
    """How often a place's code was scanned in an hour: a count, nobody's track."""

    __tablename__ = "place_scan"
    __table_args__ = (
        CheckConstraint("scans > 0", name="scans"),
        grid_code_check(),
        {"comment": "scans of place codes by the hour (扫码次数); no person"},
    )

    place_id: Mapped[int] = mapped_column(ForeignKey(Place.id), primary_key=True, comment="the place")
    hour: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True, comment="beginning of the hour")
    scans: Mapped[int] = mapped_column(Integer, nullable=False, comment="scans in that hour")
    grid_code: Mapped[str] = grid_code_column()
