"""Tables of the gazetteer: divisions, place names, standard addresses, their aliases and the review queue."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from database.tables.base import (
    CountyBase,
    code_column,
    geometry_column,
    grid_code_check,
    grid_code_column,
    identity_column,
    now_column,
    tile_geometry_column,
)
from gazetteer.library.vocabulary import AddressStatus, PlaceNameKind, ReviewStatus


class Division(CountyBase):
    """Administrative division (行政区划) of the county: county, towns, villages; statistical codes."""

    __tablename__ = "division"
    __table_args__ = (
        CheckConstraint("code ~ '^[0-9]{6}([0-9]{3}([0-9]{3})?)?$'", name="code_grammar"),
        CheckConstraint(
            "level = CASE length(code) WHEN 6 THEN 'county' WHEN 9 THEN 'town' ELSE 'village' END",
            name="level",
        ),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="validity"),
        CheckConstraint("geom IS NULL OR st_isvalid(geom)", name="geom_valid"),
        grid_code_check(),
        Index("ix_division_tile", "geom_3857", postgresql_using="gist"),
        Index("ix_division_geom", "geom", postgresql_using="gist"),
        {"comment": "administrative divisions (行政区划)"},
    )

    code: Mapped[str] = code_column("county 6, town 9, village 12 digits", primary_key=True)
    level: Mapped[str] = mapped_column(Text, nullable=False, comment="county, town or village")
    parent_code: Mapped[str | None] = code_column("code of the division above", index=True)
    name: Mapped[str] = mapped_column(Text, nullable=False, comment="official name")
    kind: Mapped[str | None] = mapped_column(
        Text, comment="街道, 镇, 乡, 社区 (居委会) or 村 (村委会), from the code's digits"
    )
    class_code: Mapped[str | None] = mapped_column(Text, comment="urban-rural class (城乡分类代码)")
    former_names: Mapped[list[str]] = mapped_column(
        JSONB, server_default=text("'[]'"), nullable=False, comment="names it had before"
    )
    valid_from: Mapped[date] = mapped_column(
        Date, server_default=text("'1949-10-01'"), nullable=False, comment="first day"
    )
    valid_to: Mapped[date | None] = mapped_column(Date, comment="first day no longer valid")
    grid_code: Mapped[str] = mapped_column(
        Text(collation="C"),
        Computed("code", persisted=True),
        nullable=False,
        index=True,
        comment="its own code",
    )
    geom: Mapped[Any | None] = geometry_column("MULTIPOLYGON", "boundary")
    geom_3857: Mapped[Any | None] = tile_geometry_column("MULTIPOLYGON")


class PlaceName(CountyBase):
    """A name on the map (地名): natural village, mountain, water, road, landmark."""

    __tablename__ = "place_name"
    __table_args__ = (
        grid_code_check(),
        CheckConstraint("name = btrim(name) AND name <> ''", name="name"),
        CheckConstraint(PlaceNameKind.check("kind"), name="kind"),
        UniqueConstraint("source", "source_key"),
        Index("ix_place_name_tile", "geom_3857", postgresql_using="gist"),
        {"comment": "place names (地名)"},
    )

    id: Mapped[int] = identity_column()
    name: Mapped[str] = mapped_column(Text, nullable=False, index=True, comment="standard name")
    kind: Mapped[str] = mapped_column(Text, nullable=False, comment=PlaceNameKind.comment())
    aliases: Mapped[list[str]] = mapped_column(
        JSONB, server_default=text("'[]'"), nullable=False, comment="other names"
    )
    source: Mapped[str] = mapped_column(Text, nullable=False, comment="department table it came from")
    source_key: Mapped[str] = mapped_column(Text, nullable=False, comment="key in that table")
    row_hash: Mapped[bytes | None] = mapped_column(comment="hash of the imported row; equal means unchanged")
    updated_at: Mapped[datetime] = now_column("last change")
    grid_code: Mapped[str] = grid_code_column()
    geom: Mapped[Any | None] = geometry_column("POINT", "representative point")
    geom_3857: Mapped[Any | None] = tile_geometry_column("POINT")


class StandardAddress(CountyBase):
    """A standard address (标准地址), province to room. Never deleted: retired, with successors.

    ``grid_code`` is only the projection of the dated link that ``grid/`` owns (``address_cell``);
    redrawing the grid moves it and touches nothing else here.
    """

    __tablename__ = "standard_address"
    __table_args__ = (
        CheckConstraint("code ~ '^[0-9]{12}[0-9A-Z]{6,20}$'", name="code_grammar"),
        CheckConstraint(AddressStatus.check("status"), name="status"),
        CheckConstraint("depth BETWEEN 5 AND 12", name="depth"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="validity"),
        CheckConstraint("full_text = btrim(full_text) AND full_text <> ''", name="full_text"),
        CheckConstraint("st_x(geom) BETWEEN 73 AND 136 AND st_y(geom) BETWEEN 3 AND 54", name="lon_lat"),
        grid_code_check(),
        UniqueConstraint("source", "source_key"),
        Index("ix_standard_address_tile", "geom_3857", postgresql_using="gist"),
        Index("ix_standard_address_match_key", "match_key"),
        Index("ix_standard_address_local_key", "local_key"),
        Index("ix_standard_address_road_key", "road_key", "number_key"),
        Index("ix_standard_address_division", "division_code"),
        Index("ix_standard_address_published", "grid_code", postgresql_where=text("status = 'published'")),
        {"comment": "standard addresses (标准地址)"},
    )

    id: Mapped[int] = identity_column()
    uid: Mapped[uuid.UUID] = mapped_column(
        Uuid,
        server_default=text("gen_random_uuid()"),
        nullable=False,
        unique=True,
        comment="lifelong identity; survives renaming",
    )
    code: Mapped[str] = code_column("standard address code: village code + sequence", nullable=False, unique=True)
    full_text: Mapped[str] = mapped_column(Text, nullable=False, comment="the whole address as written officially")
    province: Mapped[str | None] = mapped_column(Text, comment="省")
    city: Mapped[str | None] = mapped_column(Text, comment="市")
    county: Mapped[str | None] = mapped_column(Text, comment="县")
    town: Mapped[str | None] = mapped_column(Text, comment="乡镇街道")
    village: Mapped[str | None] = mapped_column(Text, comment="村、社区")
    village_group: Mapped[str | None] = mapped_column(Text, comment="村民小组、自然村、鄰")
    road: Mapped[str | None] = mapped_column(Text, comment="街路巷、小区, with 段 巷 弄")
    number_plate: Mapped[str | None] = mapped_column(Text, comment="门牌号")
    building: Mapped[str | None] = mapped_column(Text, comment="楼栋 (幢)")
    entrance: Mapped[str | None] = mapped_column(Text, comment="单元")
    floor: Mapped[str | None] = mapped_column(Text, comment="层")
    room: Mapped[str | None] = mapped_column(Text, comment="户室")
    depth: Mapped[int] = mapped_column(
        SmallInteger,
        nullable=False,
        comment="deepest level present: 5 village, 6 group, 7 road, 8 number, 9 building, 10 entrance, 11 floor, 12 room",
    )
    match_key: Mapped[str] = code_column("normalised full text; serves exact matching", nullable=False)
    local_key: Mapped[str] = code_column(
        "normalised text from the group or road down; serves matching without upper levels",
        nullable=False,
    )
    road_key: Mapped[str | None] = code_column("normalised road or group; serves candidates")
    number_key: Mapped[str | None] = code_column("normalised number; serves candidates")
    parent_id: Mapped[int | None] = mapped_column(
        ForeignKey("standard_address.id"),
        index=True,
        comment="address one level up, when it is in the library",
    )
    successors: Mapped[list[uuid.UUID]] = mapped_column(
        ARRAY(Uuid), server_default=text("'{}'"), nullable=False, comment="uid of what replaced it when retired"
    )
    division_code: Mapped[str] = code_column(
        "statistical code of its village (or the lowest division known)", nullable=False
    )
    status: Mapped[str] = mapped_column(
        Text,
        server_default=text("'published'"),
        nullable=False,
        comment="draft, reviewed, published, retired",
    )
    valid_from: Mapped[date] = mapped_column(
        Date, server_default=text("CURRENT_DATE"), nullable=False, comment="first day"
    )
    valid_to: Mapped[date | None] = mapped_column(Date, comment="first day no longer valid")
    source: Mapped[str] = mapped_column(Text, nullable=False, comment="department table it came from")
    source_key: Mapped[str] = mapped_column(Text, nullable=False, comment="key in that table")
    row_hash: Mapped[bytes | None] = mapped_column(comment="hash of the imported row; equal means unchanged")
    updated_at: Mapped[datetime] = now_column("last change")
    grid_code: Mapped[str] = grid_code_column()
    geom: Mapped[Any | None] = geometry_column("POINT", "door point")
    geom_3857: Mapped[Any | None] = tile_geometry_column("POINT")


class AddressAlias(CountyBase):
    """Another name for a standard address (别名): old name, nickname, decision of the review queue."""

    __tablename__ = "address_alias"
    __table_args__ = (
        grid_code_check(),
        UniqueConstraint("address_id", "match_key"),
        {"comment": "aliases of addresses (地址别名)"},
    )

    id: Mapped[int] = identity_column()
    address_id: Mapped[int] = mapped_column(
        ForeignKey("standard_address.id"), nullable=False, index=True, comment="the address meant"
    )
    alias_text: Mapped[str] = mapped_column(Text, nullable=False, comment="as people write it")
    match_key: Mapped[str] = code_column("normalised alias", nullable=False, index=True)
    kind: Mapped[str] = mapped_column(Text, nullable=False, comment="former, nickname or reviewed")
    created_by: Mapped[str] = mapped_column(Text, nullable=False, comment="who said so")
    created_at: Mapped[datetime] = now_column("when")
    grid_code: Mapped[str] = grid_code_column()


class AddressReview(CountyBase):
    """Something about an address that a person must decide (待审核): nothing doubtful is thrown away."""

    __tablename__ = "address_review"
    __table_args__ = (
        CheckConstraint(ReviewStatus.check("status"), name="status"),
        grid_code_check(),
        UniqueConstraint("address_id", "reason_code"),
        {"comment": "review queue of addresses (地址待审核)"},
    )

    id: Mapped[int] = identity_column()
    address_id: Mapped[int | None] = mapped_column(
        ForeignKey("standard_address.id"), index=True, comment="the address in question"
    )
    reason_code: Mapped[str] = mapped_column(Text, nullable=False, comment="why, e.g. village_mismatch")
    reason: Mapped[str] = mapped_column(Text, nullable=False, comment="why, in Chinese, from the facts")
    facts: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), nullable=False, comment="what was found"
    )
    status: Mapped[str] = mapped_column(
        Text,
        server_default=text("'open'"),
        nullable=False,
        index=True,
        comment="open, accepted, rejected; closed: the address was mended",
    )
    decided_by: Mapped[str | None] = mapped_column(Text, comment="who decided")
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), comment="when")
    note: Mapped[str | None] = mapped_column(Text, comment="the decision in words")
    batch_id: Mapped[int | None] = mapped_column(Integer, comment="import that raised it")
    created_at: Mapped[datetime] = now_column("when it was raised")
    grid_code: Mapped[str] = grid_code_column()


class AddressTouch(CountyBase):
    """Which addresses a transaction changed, for the indexes in memory: written by triggers, kept for a day."""

    __tablename__ = "address_touch"
    __table_args__ = (
        grid_code_check(),
        Index("ix_address_touch_xid", "xid"),
        Index("ix_address_touch_touched_at", "touched_at"),
        {"comment": "changed addresses, for the indexes in memory (地址索引更新)"},
    )

    id: Mapped[int] = identity_column()
    xid: Mapped[int] = mapped_column(
        BigInteger,
        server_default=text("(pg_current_xact_id()::text)::bigint"),
        nullable=False,
        comment="transaction that changed them; compared with the snapshot of a reader",
    )
    address_ids: Mapped[list[int]] = mapped_column(
        ARRAY(BigInteger), nullable=False, comment="the addresses, or those whose aliases were changed"
    )
    touched_at: Mapped[datetime] = now_column("when")
    grid_code: Mapped[str] = grid_code_column()
