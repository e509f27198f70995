"""Tables of the layers: persons and households, events, places, objects, their links; imports, changes, alerts, audit."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from database.base import (
    CountyBase,
    geometry_column,
    grid_code_check,
    grid_code_column,
    identity_column,
    now_column,
    tile_geometry_column,
)

# --- what every imported record carries -------------------------------------------------------------


def source_column() -> Any:
    """The department table a record came from."""
    return mapped_column(Text, nullable=False, comment="department table it came from (mapping name)")


def source_key_column() -> Any:
    """The record's key in that table: importing it again updates, never doubles."""
    return mapped_column(Text, nullable=False, comment="key in that table")


def row_hash_column() -> Any:
    """Hash of the standardised row: equal means unchanged."""
    return mapped_column(LargeBinary, comment="hash of the imported row; equal means unchanged")


class Household(CountyBase):
    """A household (户), the subject of the household file (一户一档)."""

    __tablename__ = "household"
    __table_args__ = (
        CheckConstraint("kind IN ('family','collective','single')", name="kind"),
        grid_code_check(),
        UniqueConstraint("household_no"),
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
        ForeignKey("standard_address.id"), index=True, comment="standard address, when matched"
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
        CheckConstraint("sex IN ('male','female')", name="sex"),
        CheckConstraint("birth_date BETWEEN '1900-01-01' AND CURRENT_DATE", name="birth_date"),
        CheckConstraint("death_date IS NULL OR death_date >= birth_date", name="death_date"),
        CheckConstraint(
            "num_nulls(id_number_cipher, id_number_hash, id_number_masked) IN (0, 3)", name="id_number_whole"
        ),
        CheckConstraint(
            "id_number_masked IS NULL OR id_number_masked ~ '^[0-9]{6}[*]{8}[0-9]{3}[0-9X]$'",
            name="id_number_masked",
        ),
        CheckConstraint("octet_length(id_number_hash) = 32 AND octet_length(phone_hash) = 32", name="hash_length"),
        CheckConstraint("num_nulls(phone_cipher, phone_hash, phone_masked) IN (0, 3)", name="phone_whole"),
        grid_code_check(),
        UniqueConstraint("id_number_hash"),
        UniqueConstraint("source", "source_key"),
        Index("ix_person_phone_hash", "phone_hash"),
        Index("ix_person_name", "name"),
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
        ForeignKey("standard_address.id"), index=True, comment="registered address, when matched"
    )
    actual_address_text: Mapped[str | None] = mapped_column(Text, comment="actual address (现住址) as written")
    actual_address_id: Mapped[int | None] = mapped_column(
        ForeignKey("standard_address.id"), index=True, comment="actual address, when matched"
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
    valid_to: Mapped[date | None] = mapped_column(Date, comment="last day")
    grid_code: Mapped[str] = grid_code_column()


class Event(CountyBase):
    """Something that happened at a time and a place (事): hotline case, accident, inspection."""

    __tablename__ = "event"
    __table_args__ = (
        CheckConstraint("state IN ('open','in_progress','closed','cancelled','recorded')", name="state"),
        grid_code_check(),
        UniqueConstraint("source", "source_key"),
        Index("ix_event_tile", "geom_3857", postgresql_using="gist"),
        Index("ix_event_grid_time", "grid_code", "kind", "occurred_at"),
        Index("ix_event_address", "address_id"),
        {"comment": "events (事)"},
    )

    id: Mapped[int] = identity_column()
    kind: Mapped[str] = mapped_column(Text, nullable=False, comment="what happened: dispute, accident, complaint …")
    title: Mapped[str] = mapped_column(Text, nullable=False, comment="in a line")
    detail: Mapped[str | None] = mapped_column(Text, comment="in full")
    occurred_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), nullable=False, comment="when it happened")
    state: Mapped[str] = mapped_column(
        Text,
        server_default=text("'recorded'"),
        nullable=False,
        comment="open, in_progress, closed, cancelled, recorded",
    )
    address_text: Mapped[str | None] = mapped_column(Text, comment="place as written")
    address_id: Mapped[int | None] = mapped_column(
        ForeignKey("standard_address.id"), comment="standard address, when matched"
    )
    address_match: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB, comment="how the address was matched: confidence, reasons"
    )
    attributes: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), nullable=False, comment="other columns of the source"
    )
    source: Mapped[str] = source_column()
    source_key: Mapped[str] = source_key_column()
    row_hash: Mapped[bytes | None] = row_hash_column()
    updated_at: Mapped[datetime] = now_column("last change")
    grid_code: Mapped[str] = grid_code_column()
    geom: Mapped[Any | None] = geometry_column("POINT", "where")
    geom_3857: Mapped[Any | None] = tile_geometry_column("POINT")


class Place(CountyBase):
    """A place (地): building, dwelling, premises, unit (单位), zone, parcel."""

    __tablename__ = "place"
    __table_args__ = (
        CheckConstraint("kind IN ('building','dwelling','premises','unit','zone','parcel')", name="kind"),
        CheckConstraint("occupancy IS NULL OR occupancy IN ('occupied','vacant','let','unknown')", name="occupancy"),
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
        ForeignKey("standard_address.id"), comment="standard address, when matched"
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


class Facility(CountyBase):
    """An object (物), a part of the public space (部件): lamp, hydrant, camera, manhole, boundary stone."""

    __tablename__ = "facility"
    __table_args__ = (
        CheckConstraint("state IN ('normal','damaged','missing','retired')", name="state"),
        grid_code_check(),
        UniqueConstraint("source", "source_key"),
        Index("ix_facility_tile", "geom_3857", postgresql_using="gist"),
        {"comment": "objects (物、部件)"},
    )

    id: Mapped[int] = identity_column()
    kind: Mapped[str] = mapped_column(Text, nullable=False, comment="lamp, hydrant, camera …")
    name: Mapped[str] = mapped_column(Text, nullable=False, comment="name as shown")
    state: Mapped[str] = mapped_column(
        Text,
        server_default=text("'normal'"),
        nullable=False,
        comment="normal, damaged, missing, retired",
    )
    attributes: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), nullable=False, comment="other columns of the source"
    )
    source: Mapped[str] = source_column()
    source_key: Mapped[str] = source_key_column()
    row_hash: Mapped[bytes | None] = row_hash_column()
    updated_at: Mapped[datetime] = now_column("last change")
    grid_code: Mapped[str] = grid_code_column()
    geom: Mapped[Any] = geometry_column("POINT", "where", nullable=False)
    geom_3857: Mapped[Any] = tile_geometry_column("POINT")


class PersonPlace(CountyBase):
    """Who lives, works or owns where (人地关联), dated."""

    __tablename__ = "person_place"
    __table_args__ = (
        CheckConstraint("relation IN ('lives','works','owns')", name="relation"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="validity"),
        grid_code_check(),
        UniqueConstraint("person_id", "place_id", "relation", "valid_from"),
        Index("ix_person_place_place", "place_id"),
        {"comment": "links between persons and places (人地关联)"},
    )

    id: Mapped[int] = identity_column()
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), nullable=False, comment="who")
    place_id: Mapped[int] = mapped_column(ForeignKey("place.id"), nullable=False, comment="where")
    relation: Mapped[str] = mapped_column(Text, nullable=False, comment="lives, works or owns")
    valid_from: Mapped[date] = mapped_column(
        Date, server_default=text("'1949-10-01'"), nullable=False, comment="first day"
    )
    valid_to: Mapped[date | None] = mapped_column(Date, comment="last day")
    grid_code: Mapped[str] = grid_code_column()


# --- imports and changes ------------------------------------------------------------------------------


class ImportBatch(CountyBase):
    """One file through the pipeline (导入批次)."""

    __tablename__ = "import_batch"
    __table_args__ = (
        CheckConstraint("state IN ('staged','checked','published','failed')", name="state"),
        grid_code_check(),
        Index("ix_import_batch_sha256", "sha256", "mapping"),
        {"comment": "imports (导入批次)"},
    )

    id: Mapped[int] = identity_column()
    mapping: Mapped[str] = mapped_column(Text, nullable=False, comment="mapping name = department table")
    target: Mapped[str] = mapped_column(Text, nullable=False, comment="what the rows become: address, person …")
    file_name: Mapped[str] = mapped_column(Text, nullable=False, comment="name of the file")
    sha256: Mapped[str] = mapped_column(Text, nullable=False, comment="of the file")
    state: Mapped[str] = mapped_column(Text, nullable=False, comment="staged, checked, published, failed")
    counts: Mapped[dict[str, Any]] = mapped_column(
        JSONB,
        server_default=text("'{}'"),
        nullable=False,
        comment="read, added, changed, unchanged, rejected, review; by reason",
    )
    stages: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), nullable=False, comment="seconds and rows of each stage"
    )
    error: Mapped[str | None] = mapped_column(Text, comment="why it failed")
    created_by: Mapped[str] = mapped_column(Text, nullable=False, comment="who")
    created_at: Mapped[datetime] = now_column("when it began")
    published_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), comment="when it was published")
    grid_code: Mapped[str] = grid_code_column()


class ImportReject(CountyBase):
    """A row that was not published, with the reason; the row itself is encrypted, for it may hold ID numbers."""

    __tablename__ = "import_reject"
    __table_args__ = (
        grid_code_check(),
        UniqueConstraint("batch_id", "row_no", "reason_code"),
        {"comment": "rejected rows (退回行)"},
    )

    id: Mapped[int] = identity_column()
    batch_id: Mapped[int] = mapped_column(
        ForeignKey("import_batch.id", ondelete="CASCADE"), nullable=False, comment="import"
    )
    row_no: Mapped[int] = mapped_column(Integer, nullable=False, comment="row in the file, the first data row is 1")
    column_name: Mapped[str | None] = mapped_column(Text, comment="column at fault, as the file names it")
    reason_code: Mapped[str] = mapped_column(Text, nullable=False, comment="why, for programs")
    reason: Mapped[str] = mapped_column(Text, nullable=False, comment="why and how to mend it, Chinese and English")
    row_cipher: Mapped[bytes] = mapped_column(
        LargeBinary, nullable=False, comment="the row as it came (JSON), AES-256-GCM"
    )
    grid_code: Mapped[str] = grid_code_column()


class Change(CountyBase):
    """A change (异动): the difference between two states of a record. Personal numbers appear masked only."""

    __tablename__ = "change"
    __table_args__ = (
        CheckConstraint("operation IN ('added','changed','removed')", name="operation"),
        grid_code_check(),
        Index("ix_change_record", "entity", "entity_id"),
        Index("ix_change_batch", "batch_id"),
        {"comment": "changes (异动)"},
    )

    id: Mapped[int] = identity_column()
    batch_id: Mapped[int | None] = mapped_column(
        ForeignKey("import_batch.id"), comment="import that made it; empty when made in the app"
    )
    entity: Mapped[str] = mapped_column(Text, nullable=False, comment="table of the record")
    entity_id: Mapped[str] = mapped_column(Text, nullable=False, comment="key of the record")
    operation: Mapped[str] = mapped_column(Text, nullable=False, comment="added, changed, removed")
    fields: Mapped[list[str]] = mapped_column(
        JSONB, server_default=text("'[]'"), nullable=False, comment="names of what differs"
    )
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB, comment="state before")
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB, comment="state after")
    actor: Mapped[str] = mapped_column(Text, nullable=False, comment="who")
    at: Mapped[datetime] = now_column("when")
    grid_code: Mapped[str] = grid_code_column()


# --- alerts ---------------------------------------------------------------------------------------------


class Alert(CountyBase):
    """An alert (预警): work for a person, raised by an anomaly, with a lifecycle."""

    __tablename__ = "alert"
    __table_args__ = (
        CheckConstraint("status IN ('open','acknowledged','assigned','confirmed','refuted','closed')", name="status"),
        CheckConstraint("severity IN ('high','medium','low')", name="severity"),
        grid_code_check(),
        UniqueConstraint("fingerprint"),
        # tiles show what is not closed; years of closed alerts stay out of their way
        Index("ix_alert_tile", "geom_3857", postgresql_using="gist", postgresql_where=text("status <> 'closed'")),
        # how many wait in a cell, read from the index alone
        Index(
            "ix_alert_not_closed",
            "grid_code",
            postgresql_include=["status"],
            postgresql_where=text("status <> 'closed'"),
        ),
        Index("ix_alert_list", "last_raised_at", "id"),
        Index("ix_alert_subject", "subject_kind", "subject_id"),
        Index("ix_alert_status", "status"),
        {"comment": "alerts (预警)"},
    )

    id: Mapped[int] = identity_column()
    fingerprint: Mapped[str] = mapped_column(
        Text,
        nullable=False,
        comment="rule + subject + what makes it the same finding; scanning twice makes one alert",
    )
    rule: Mapped[str] = mapped_column(Text, nullable=False, comment="rule that found it")
    severity: Mapped[str] = mapped_column(Text, nullable=False, comment="high, medium, low")
    status: Mapped[str] = mapped_column(
        Text,
        server_default=text("'open'"),
        nullable=False,
        comment="where it stands in the closed loop (闭环)",
    )
    version: Mapped[int] = mapped_column(
        Integer,
        server_default=text("1"),
        nullable=False,
        comment="counts the steps; a writer states the one they saw",
    )
    subject_kind: Mapped[str] = mapped_column(Text, nullable=False, comment="person, household, place, address, cell")
    subject_id: Mapped[str] = mapped_column(Text, nullable=False, comment="key of the subject")
    household_id: Mapped[int | None] = mapped_column(
        BigInteger, index=True, comment="household concerned, for the card"
    )
    title: Mapped[str] = mapped_column(Text, nullable=False, comment="in a line, Chinese")
    reason: Mapped[str] = mapped_column(Text, nullable=False, comment="why, in Chinese, from the facts")
    facts: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), nullable=False, comment="what the rule saw, before and after"
    )
    assignee: Mapped[str | None] = mapped_column(Text, comment="who deals with it")
    first_raised_at: Mapped[datetime] = now_column("first found")
    last_raised_at: Mapped[datetime] = now_column("last found")
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), comment="when it was closed")
    grid_code: Mapped[str] = grid_code_column()
    geom: Mapped[Any | None] = geometry_column("POINT", "where")
    geom_3857: Mapped[Any | None] = tile_geometry_column("POINT")


class AlertStep(CountyBase):
    """One step of an alert's life: who, when, from, to, why. Never changed, never removed."""

    __tablename__ = "alert_step"
    __table_args__ = (
        grid_code_check(),
        Index("ix_alert_step_alert", "alert_id", "id"),
        {"comment": "history of alerts (处置记录)"},
    )

    id: Mapped[int] = identity_column()
    alert_id: Mapped[int] = mapped_column(ForeignKey("alert.id"), nullable=False, comment="the alert")
    action: Mapped[str] = mapped_column(
        Text, nullable=False, comment="raise, acknowledge, assign, verify, close, reopen"
    )
    from_status: Mapped[str | None] = mapped_column(Text, comment="status before")
    to_status: Mapped[str] = mapped_column(Text, nullable=False, comment="status after")
    actor: Mapped[str] = mapped_column(Text, nullable=False, comment="who")
    reason: Mapped[str | None] = mapped_column(Text, comment="why")
    evidence: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), nullable=False, comment="what was seen on the spot"
    )
    at: Mapped[datetime] = now_column("when")
    grid_code: Mapped[str] = grid_code_column()


class AuditEvent(CountyBase):
    """A look at personal data, an export, a sign-in: who, when, what, for what purpose. Append only."""

    __tablename__ = "audit_event"
    __table_args__ = (
        grid_code_check(),
        Index("ix_audit_event_at", "at"),
        {"comment": "audit trail (审计日志)"},
    )

    id: Mapped[int] = identity_column()
    at: Mapped[datetime] = now_column("when")
    actor: Mapped[str] = mapped_column(Text, nullable=False, comment="who")
    action: Mapped[str] = mapped_column(
        Text, nullable=False, comment="reveal, search_id, view_household, export, sign_in …"
    )
    target: Mapped[str | None] = mapped_column(Text, comment="what, e.g. person:12 id_number")
    purpose: Mapped[str | None] = mapped_column(Text, comment="stated purpose")
    allowed: Mapped[bool] = mapped_column(
        Boolean, server_default=text("true"), nullable=False, comment="false when it was refused"
    )
    grid_code: Mapped[str] = grid_code_column()
