"""Tables of places: buildings, dwellings, premises, units, parcels (地)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from database.tables.base import (
    CountyBase,
    geometry_column,
    grid_code_check,
    grid_code_column,
    identity_column,
    now_column,
    tile_geometry_column,
)
from gazetteer.library.models import StandardAddress
from layers.places.vocabulary import Occupancy, PlaceKind
from layers.source_columns import row_hash_column, source_column, source_key_column


class Place(CountyBase):
    """A place (地): building, dwelling, premises, unit (单位), zone, parcel."""

    __tablename__ = "place"
    __table_args__ = (
        CheckConstraint(PlaceKind.check("kind"), name="kind"),
        CheckConstraint("occupancy IS NULL OR " + Occupancy.check("occupancy"), name="occupancy"),
        CheckConstraint("geom IS NULL OR st_isvalid(geom)", name="geom_valid"),
        grid_code_check(),
        UniqueConstraint("source", "source_key"),
        Index("ix_place_tile", "geom_3857", postgresql_using="gist"),
        Index("ix_place_address", "address_id"),
        {"comment": "places (地): buildings, dwellings, premises, units, zones"},
    )

    id: Mapped[int] = identity_column()
    kind: Mapped[str] = mapped_column(Text, nullable=False, comment="building, dwelling, premises, unit, zone, parcel")
    name: Mapped[str] = mapped_column(Text, nullable=False, comment="name as shown")
    code: Mapped[str | None] = mapped_column(
        Text, comment="code of the register: unified social credit code, place code, zone code"
    )
    occupancy: Mapped[str | None] = mapped_column(
        Text, comment="of a dwelling: occupied, vacant, let, unknown, as recorded"
    )
    address_text: Mapped[str | None] = mapped_column(Text, comment="address as written")
    address_id: Mapped[int | None] = mapped_column(
        ForeignKey(StandardAddress.id), comment="standard address, when matched"
    )
    parent_id: Mapped[int | None] = mapped_column(
        ForeignKey("place.id"), index=True, comment="building of a dwelling …"
    )
    attributes: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), nullable=False, comment="other columns of the source"
    )
    source: Mapped[str] = source_column()
    source_key: Mapped[str] = source_key_column()
    row_hash: Mapped[bytes | None] = row_hash_column()
    updated_at: Mapped[datetime] = now_column("last change")
    grid_code: Mapped[str] = grid_code_column()
    geom: Mapped[Any | None] = geometry_column("GEOMETRY", "point or outline")
    geom_3857: Mapped[Any | None] = tile_geometry_column("GEOMETRY")
