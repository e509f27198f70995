"""Tables of the governance grid: cells, workers, postings, the dated address link."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Computed,
    Date,
    Float,
    ForeignKey,
    Index,
    LargeBinary,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from database.tables.base import (
    CountyBase,
    code_column,
    geometry_column,
    grid_code_check,
    grid_code_column,
    identity_column,
    tile_geometry_column,
)
from gazetteer.library.models import StandardAddress
from grid.vocabulary import AssignmentReason, Duty


class GridCell(CountyBase):
    """A grid cell (网格, 15 digits) or micro cell (微网格, 17 digits); it belongs to a village (DB6101/T 3185-2024)."""

    __tablename__ = "grid_cell"
    __table_args__ = (
        CheckConstraint("code ~ '^[0-9]{15}([0-9]{2})?$'", name="code_grammar"),
        CheckConstraint("level = CASE length(code) WHEN 15 THEN 'cell' ELSE 'micro_cell' END", name="level"),
        CheckConstraint("st_isvalid(geom)", name="geom_valid"),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="validity"),
        grid_code_check(),
        Index("ix_grid_cell_tile", "geom_3857", postgresql_using="gist"),
        Index("ix_grid_cell_geom", "geom", postgresql_using="gist"),
        {"comment": "grid cells and micro cells (网格、微网格)"},
    )

    code: Mapped[str] = code_column("cell 15 digits, micro cell 17 digits", primary_key=True)
    level: Mapped[str] = mapped_column(Text, nullable=False, comment="cell or micro_cell")
    parent_code: Mapped[str] = code_column("village of a cell, cell of a micro cell", nullable=False, index=True)
    name: Mapped[str] = mapped_column(Text, nullable=False, comment="name as shown")
    households_n: Mapped[int | None] = mapped_column(comment="households by the source's count")
    population_n: Mapped[int | None] = mapped_column(comment="population by the source's count")
    source_key: Mapped[str | None] = mapped_column(Text, index=True, comment="key in the source table")
    row_hash: Mapped[bytes | None] = mapped_column(
        LargeBinary, comment="hash of the imported row; equal means unchanged"
    )
    valid_from: Mapped[date] = mapped_column(
        Date, server_default=text("CURRENT_DATE"), nullable=False, comment="first day"
    )
    valid_to: Mapped[date | None] = mapped_column(Date, comment="first day no longer valid")
    grid_code: Mapped[str] = mapped_column(
        Text(collation="C"),
        Computed("code", persisted=True),
        nullable=False,
        index=True,
        comment="its own code",
    )
    geom: Mapped[Any] = geometry_column("MULTIPOLYGON", "boundary", nullable=False)
    geom_3857: Mapped[Any] = tile_geometry_column("MULTIPOLYGON")


class GridWorker(CountyBase):
    """A grid worker (网格员)."""

    __tablename__ = "grid_worker"
    __table_args__ = (
        CheckConstraint("phone_masked IS NULL OR phone_masked ~ '^[*]{4,}[0-9]{1,4}$'", name="phone_masked"),
        grid_code_check(),
        {"comment": "grid workers (网格员)"},
    )

    id: Mapped[int] = identity_column()
    name: Mapped[str] = mapped_column(Text, nullable=False, comment="name")
    username: Mapped[str | None] = mapped_column(Text, unique=True, comment="sign-in name, when they have one")
    phone_cipher: Mapped[bytes | None] = mapped_column(LargeBinary, comment="phone, AES-256-GCM")
    phone_masked: Mapped[str | None] = mapped_column(Text, comment="phone as shown")
    grid_code: Mapped[str] = grid_code_column()


class Posting(CountyBase):
    """Who is responsible for a cell, from when to when (网格责任)."""

    __tablename__ = "posting"
    __table_args__ = (
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="validity"),
        CheckConstraint(Duty.check("duty"), name="duty"),
        grid_code_check(),
        Index("uq_posting_lead", "cell_code", "valid_from", unique=True, postgresql_where=text("duty = 'lead'")),
        {"comment": "dated responsibilities (网格责任)"},
    )

    id: Mapped[int] = identity_column()
    worker_id: Mapped[int] = mapped_column(ForeignKey("grid_worker.id"), nullable=False, index=True, comment="who")
    cell_code: Mapped[str] = mapped_column(
        Text(collation="C"), ForeignKey("grid_cell.code"), nullable=False, comment="for which cell"
    )
    duty: Mapped[str] = mapped_column(Text, server_default=text("'lead'"), nullable=False, comment="lead or member")
    valid_from: Mapped[date] = mapped_column(Date, nullable=False, comment="first day")
    valid_to: Mapped[date | None] = mapped_column(Date, comment="first day no longer responsible")
    grid_code: Mapped[str] = grid_code_column()


class AddressCell(CountyBase):
    """Which cell is responsible for an address, from when to when, and why (地址—网格关联)."""

    __tablename__ = "address_cell"
    __table_args__ = (
        CheckConstraint(AssignmentReason.check("reason"), name="reason"),
        CheckConstraint("distance_m >= 0", name="distance"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="validity"),
        grid_code_check(),
        Index("uq_address_cell_current", "address_id", unique=True, postgresql_where=text("valid_to IS NULL")),
        Index("ix_address_cell_cell_code", "cell_code"),
        {"comment": "dated links from address to cell (地址网格关联)"},
    )

    id: Mapped[int] = identity_column()
    address_id: Mapped[int] = mapped_column(
        ForeignKey(StandardAddress.id), nullable=False, index=True, comment="the address"
    )
    cell_code: Mapped[str] = code_column("cell, micro cell, or village when there is no cell near", nullable=False)
    reason: Mapped[str] = mapped_column(
        Text, nullable=False, comment="inside, nearest, tie (lowest code wins) or village (no cell near)"
    )
    distance_m: Mapped[float] = mapped_column(
        Float, server_default=text("0"), nullable=False, comment="metres from point to cell, 0 inside"
    )
    valid_from: Mapped[date] = mapped_column(
        Date, server_default=text("CURRENT_DATE"), nullable=False, comment="first day"
    )
    valid_to: Mapped[date | None] = mapped_column(Date, comment="first day no longer responsible")
    grid_code: Mapped[str] = grid_code_column()
