"""Tables of place codes: the tokens on shops, halls and units, and how often they are scanned."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from database.base import CountyBase, grid_code_check, grid_code_column, identity_column, now_column


class PlaceCode(CountyBase):
    """The token in the QR code of a place (场所码). Revoked, never deleted; one at most is valid a place."""

    __tablename__ = "place_code"
    __table_args__ = (
        CheckConstraint("octet_length(serial) = 9", name="serial"),
        CheckConstraint("version > 0", name="version"),
        CheckConstraint("status IN ('valid','revoked')", name="status"),
        CheckConstraint(
            "(status = 'revoked') = (revoked_at IS NOT NULL) AND (revoked_at IS NULL) = (revoked_by IS NULL) "
            "AND (revoked_at IS NULL) = (reason IS NULL)",
            name="revocation",
        ),
        grid_code_check(),
        UniqueConstraint("serial"),
        UniqueConstraint("place_id", "version"),
        Index("uq_place_code_valid", "place_id", unique=True, postgresql_where=text("status = 'valid'")),
        {"comment": "place codes (场所码)"},
    )

    id: Mapped[int] = identity_column()
    place_id: Mapped[int] = mapped_column(ForeignKey("place.id"), nullable=False, comment="whose code")
    serial: Mapped[bytes] = mapped_column(LargeBinary, nullable=False, comment="nine random bytes inside the token")
    version: Mapped[int] = mapped_column(SmallInteger, nullable=False, comment="1 for the first code of the place")
    status: Mapped[str] = mapped_column(
        Text, server_default=text("'valid'"), nullable=False, comment="valid or revoked"
    )
    issued_by: Mapped[str] = mapped_column(Text, nullable=False, comment="who issued it")
    issued_at: Mapped[datetime] = now_column("when")
    revoked_by: Mapped[str | None] = mapped_column(Text, comment="who revoked it")
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), comment="when")
    reason: Mapped[str | None] = mapped_column(Text, comment="why it was revoked")
    grid_code: Mapped[str] = grid_code_column()


class PlaceScan(CountyBase):
    """How often a place's code was scanned in an hour: a count, nobody's track."""

    __tablename__ = "place_scan"
    __table_args__ = (
        CheckConstraint("scans > 0", name="scans"),
        grid_code_check(),
        {"comment": "scans of place codes by the hour (扫码次数); no person"},
    )

    place_id: Mapped[int] = mapped_column(ForeignKey("place.id"), primary_key=True, comment="the place")
    hour: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True, comment="beginning of the hour")
    scans: Mapped[int] = mapped_column(Integer, nullable=False, comment="scans in that hour")
    grid_code: Mapped[str] = grid_code_column()
