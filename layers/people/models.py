"""Tables of persons and households, their links, and the looks at their numbers (人)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
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
from layers.people.vocabulary import HouseholdKind, LookKind, PersonPlaceRelation, Sex
from layers.places.models import Place
from layers.source_columns import row_hash_column, source_column, source_key_column


class Household(CountyBase):
    """A household (户), the subject of the household file (一户一档)."""

    __tablename__ = "household"
    __table_args__ = (
        CheckConstraint(HouseholdKind.check("kind"), name="kind"),
        grid_code_check(),
        UniqueConstraint("household_no"),
        Index("ix_household_no_beginning", "household_no", postgresql_ops={"household_no": "text_pattern_ops"}),
        Index("ix_household_tile", "geom_3857", postgresql_using="gist"),
        {"comment": "households (户)"},
    )

    id: Mapped[int] = identity_column()
    household_no: Mapped[str] = mapped_column(Text, nullable=False, comment="household number (户号)")
    kind: Mapped[str] = mapped_column(
        Text, server_default=text("'family'"), nullable=False, comment="family, collective or single"
    )
    head_name: Mapped[str | None] = mapped_column(Text, comment="head of the household (户主)")
    address_text: Mapped[str | None] = mapped_column(Text, comment="address as the department wrote it")
    address_id: Mapped[int | None] = mapped_column(
        ForeignKey(StandardAddress.id), index=True, comment="standard address, when matched"
    )
    status_codes: Mapped[list[str]] = mapped_column(
        JSONB,
        server_default=text("'[]'"),
        nullable=False,
        comment="low_income, five_guarantees, disabled, left_behind …",
    )
    last_visit_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), comment="latest visit")
    source: Mapped[str] = source_column()
    grid_code: Mapped[str] = grid_code_column()
    geom: Mapped[Any | None] = geometry_column("POINT", "door point, from the standard address")
    geom_3857: Mapped[Any | None] = tile_geometry_column("POINT")


class Person(CountyBase):
    """A person (人). Identity and phone numbers are encrypted; what is shown is masked."""

    __tablename__ = "person"
    __table_args__ = (
        CheckConstraint(Sex.check("sex"), name="sex"),
        CheckConstraint("birth_date BETWEEN '1900-01-01' AND CURRENT_DATE", name="birth_date"),
        CheckConstraint("death_date IS NULL OR death_date >= birth_date", name="death_date"),
        CheckConstraint(
            "num_nulls(id_number_cipher, id_number_hash, id_number_masked) IN (0, 3)", name="id_number_whole"
        ),
        CheckConstraint(
            "id_number_masked IS NULL OR id_number_masked ~ '^[0-9]{3}[*]{13}[0-9][0-9X]$'",
            name="id_number_masked",
        ),
        CheckConstraint("phone_masked IS NULL OR phone_masked ~ '^[*]{4,}[0-9]{1,4}$'", name="phone_masked"),
        CheckConstraint("octet_length(id_number_hash) = 32 AND octet_length(phone_hash) = 32", name="hash_length"),
        CheckConstraint("num_nulls(phone_cipher, phone_hash, phone_masked) IN (0, 3)", name="phone_whole"),
        grid_code_check(),
        UniqueConstraint("id_number_hash"),
        UniqueConstraint("source", "source_key"),
        Index("ix_person_phone_hash", "phone_hash"),
        Index("ix_person_name", "name"),
        Index("ix_person_living", "grid_code", postgresql_where=text("death_date IS NULL")),
        {"comment": "persons (人)"},
    )

    id: Mapped[int] = identity_column()
    name: Mapped[str] = mapped_column(Text, nullable=False, comment="name")
    sex: Mapped[str | None] = mapped_column(Text, comment="male or female")
    birth_date: Mapped[date | None] = mapped_column(Date, comment="date of birth")
    death_date: Mapped[date | None] = mapped_column(Date, comment="date of death")
    id_number_cipher: Mapped[bytes | None] = mapped_column(
        LargeBinary,
        comment="resident ID number (GB 11643), AES-256-GCM; its MOD 11-2 checksum is verified before sealing",
    )
    id_number_hash: Mapped[bytes | None] = mapped_column(LargeBinary, comment="keyed hash of the ID number, for search")
    id_number_masked: Mapped[str | None] = mapped_column(Text, comment="ID number as shown")
    phone_cipher: Mapped[bytes | None] = mapped_column(LargeBinary, comment="phone, AES-256-GCM")
    phone_hash: Mapped[bytes | None] = mapped_column(LargeBinary, comment="keyed hash of the phone, for search")
    phone_masked: Mapped[str | None] = mapped_column(Text, comment="phone as shown")
    registered_address_text: Mapped[str | None] = mapped_column(
        Text, comment="registered address (户籍地址) as written"
    )
    registered_address_id: Mapped[int | None] = mapped_column(
        ForeignKey(StandardAddress.id), index=True, comment="registered address, when matched"
    )
    actual_address_text: Mapped[str | None] = mapped_column(Text, comment="actual address (现住址) as written")
    actual_address_id: Mapped[int | None] = mapped_column(
        ForeignKey(StandardAddress.id), index=True, comment="actual address, when matched"
    )
    actual_address_match: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB, comment="how the actual address was matched: confidence, reasons"
    )
    status_codes: Mapped[list[str]] = mapped_column(
        JSONB, server_default=text("'[]'"), nullable=False, comment="elderly_alone, disabled, key_care …"
    )
    source: Mapped[str] = source_column()
    source_key: Mapped[str] = source_key_column()
    row_hash: Mapped[bytes | None] = row_hash_column()
    updated_at: Mapped[datetime] = now_column("last change")
    grid_code: Mapped[str] = grid_code_column()


class HouseholdMember(CountyBase):
    """A person's membership of a household (户籍成员), dated. Two current ones are an anomaly, not an error."""

    __tablename__ = "household_member"
    __table_args__ = (
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="validity"),
        grid_code_check(),
        UniqueConstraint("household_id", "person_id", "valid_from"),
        Index("ix_household_member_person", "person_id"),
        {"comment": "members of households (户成员)"},
    )

    id: Mapped[int] = identity_column()
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"), nullable=False, comment="household")
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), nullable=False, comment="member")
    relation: Mapped[str | None] = mapped_column(Text, comment="relation to the head (与户主关系)")
    valid_from: Mapped[date] = mapped_column(
        Date, server_default=text("'1949-10-01'"), nullable=False, comment="first day"
    )
    valid_to: Mapped[date | None] = mapped_column(Date, comment="first day no longer valid")
    grid_code: Mapped[str] = grid_code_column()


class PersonPlace(CountyBase):
    """Who lives, works or owns where (人地关联), dated."""

    __tablename__ = "person_place"
    __table_args__ = (
        CheckConstraint(PersonPlaceRelation.check("relation"), name="relation"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="validity"),
        grid_code_check(),
        UniqueConstraint("person_id", "place_id", "relation", "valid_from"),
        Index("ix_person_place_place", "place_id"),
        {"comment": "links between persons and places (人地关联)"},
    )

    id: Mapped[int] = identity_column()
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), nullable=False, comment="who")
    place_id: Mapped[int] = mapped_column(ForeignKey(Place.id), nullable=False, comment="where")
    relation: Mapped[str] = mapped_column(Text, nullable=False, comment="lives, works or owns")
    valid_from: Mapped[date] = mapped_column(
        Date, server_default=text("'1949-10-01'"), nullable=False, comment="first day"
    )
    valid_to: Mapped[date | None] = mapped_column(Date, comment="first day no longer valid")
    grid_code: Mapped[str] = grid_code_column()


class PersonLook(CountyBase):
    """A look at personal numbers, counted for the limits: kept in the database, so that it counts for every process."""

    __tablename__ = "person_look"
    __table_args__ = (
        CheckConstraint(LookKind.check("kind"), name="kind"),
        grid_code_check(),
        Index("ix_person_look_actor", "actor", "kind", "at"),
        {"comment": "looks at personal numbers, for the limits (查号计数)"},
    )

    id: Mapped[int] = identity_column()
    at: Mapped[datetime] = now_column("when")
    actor: Mapped[str] = mapped_column(Text, nullable=False, comment="who")
    kind: Mapped[str] = mapped_column(
        Text, nullable=False, comment="search by number, by name, reveal, check of a file of numbers"
    )
    found: Mapped[bool] = mapped_column(Boolean, nullable=False, comment="whether anybody was found")
    grid_code: Mapped[str] = grid_code_column()
