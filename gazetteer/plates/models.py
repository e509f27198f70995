"""Tables of what an address shows to the public: the tokens on door plates, and the service points of divisions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from database.tables.base import CountyBase, code_column, grid_code_check, grid_code_column, now_column
from gazetteer.library.models import StandardAddress
from gazetteer.plates.token_columns import IssuedToken, token_constraints, version_column


class PlateToken(IssuedToken, CountyBase):
    """The token in the QR code of a door plate (门牌二维码). Revoked, never deleted; one at most is valid an address."""

    __tablename__ = "plate_token"
    __table_args__ = (
        *token_constraints("plate_token", "address_id"),
        {"comment": "tokens on door plates (门牌二维码)"},
    )

    address_id: Mapped[int] = mapped_column(ForeignKey(StandardAddress.id), nullable=False, comment="whose plate")
    version: Mapped[int] = version_column("1 for the first plate of the address")


class ServicePoint(CountyBase):
    """Where the people of a town or village get things done (便民服务点): public, shown behind every door plate."""

    __tablename__ = "service_point"
    __table_args__ = (
        CheckConstraint("division_code ~ '^[0-9]{9}([0-9]{3})?$'", name="division_code_grammar"),
        CheckConstraint("grid_code = division_code", name="grid_code_is_division"),
        grid_code_check(),
        {"comment": "public service points of towns and villages (便民服务点)"},
    )

    division_code: Mapped[str] = code_column("town or village it serves", primary_key=True)
    name: Mapped[str] = mapped_column(Text, nullable=False, comment="name, e.g. 千秋社区便民服务站")
    phone: Mapped[str | None] = mapped_column(Text, comment="office telephone, public")
    address_text: Mapped[str | None] = mapped_column(Text, comment="where it is")
    hours: Mapped[str | None] = mapped_column(Text, comment="opening hours, in words")
    updated_by: Mapped[str] = mapped_column(Text, nullable=False, comment="who wrote it")
    updated_at: Mapped[datetime] = now_column("when")
    grid_code: Mapped[str] = grid_code_column()
