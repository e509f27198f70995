"""The trail of what concerns no county: sign-ins of unknown names, accounts, sessions, tokens."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, DateTime, ForeignKey, Index, Integer, LargeBinary, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from database.tables.base import PlatformBase, identity_column, now_column
from database.tables.models import Account


class PlatformAuditEvent(PlatformBase):
    """One act on accounts, sessions or tokens, or a sign-in that failed; rows are added, never changed."""

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("ix_platform_audit_event_at", "at"),
        Index("uq_platform_audit_event_number", "number", unique=True),
        Index("ix_platform_audit_event_unchained", "id", postgresql_where=text("number IS NULL")),
        Index("ix_platform_audit_event_county", "county", "id"),
        Index("ix_platform_audit_event_actor", "actor", "id"),
        {"comment": "audit trail of the platform (平台审计日志)"},
    )

    id: Mapped[int] = identity_column()
    at: Mapped[datetime] = now_column("when")
    actor: Mapped[str] = mapped_column(Text, nullable=False, comment="who, or the name that was tried")
    action: Mapped[str] = mapped_column(Text, nullable=False, comment="sign_in, account_create, token_revoke …")
    target: Mapped[str | None] = mapped_column(Text, comment="what, e.g. account:zhangsan")
    purpose: Mapped[str | None] = mapped_column(Text, comment="stated purpose")
    allowed: Mapped[bool] = mapped_column(
        Boolean, server_default=text("true"), nullable=False, comment="false when it was refused"
    )
    county: Mapped[str | None] = mapped_column(Text, comment="county of the account concerned; none for unknown names")
    address: Mapped[str | None] = mapped_column(Text, comment="network address of the asker")
    number: Mapped[int | None] = mapped_column(BigInteger, comment="place in the chain")
    previous: Mapped[str | None] = mapped_column(Text, comment="hash of the row before")
    hash: Mapped[str | None] = mapped_column(Text, comment="SHA-256 over the row and the hash before")


class PlatformAuditHead(PlatformBase):
    """The last link of the chain of the platform's audit trail."""

    __tablename__ = "audit_head"
    __table_args__ = ({"comment": "head of the chain of the platform's audit trail (审计链头)"},)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False, comment="always 1")
    number: Mapped[int] = mapped_column(BigInteger, nullable=False, comment="last number of the chain")
    hash: Mapped[str] = mapped_column(Text, nullable=False, comment="its hash")
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), nullable=False, comment="when it was chained")


class SignInFailure(PlatformBase):
    """Wrong sign-ins for one name over one lane: a network address, or a browser that signed in for this name before."""

    __tablename__ = "sign_in_failure"
    __table_args__ = (
        Index("ix_sign_in_failure_last_at", "last_at"),
        {"comment": "failed sign-ins by name and lane (登录失败)"},
    )

    name_hash: Mapped[bytes] = mapped_column(
        LargeBinary, primary_key=True, comment="SHA-256 of the name tried; people type passwords there"
    )
    lane: Mapped[str] = mapped_column(Text, primary_key=True, comment="address, or device: and its number")
    address: Mapped[str] = mapped_column(Text, nullable=False, comment="network address of the last try")
    known: Mapped[bool] = mapped_column(Boolean, nullable=False, comment="there is an account of this name")
    in_a_row: Mapped[int] = mapped_column(
        Integer, nullable=False, comment="failures since the last success or free day"
    )
    unreported: Mapped[int] = mapped_column(
        Integer, nullable=False, comment="failures the owner has not been told of; told at the next sign-in"
    )
    last_at: Mapped[datetime] = now_column("last failure")


class PasswordHistory(PlatformBase):
    """A password that an account had before; only its hash is kept."""

    __tablename__ = "password_history"
    __table_args__ = ({"comment": "earlier passwords (历史密码)"},)

    id: Mapped[int] = identity_column()
    username: Mapped[str] = mapped_column(
        ForeignKey(Account.username, ondelete="CASCADE"), nullable=False, index=True, comment="whose"
    )
    password_hash: Mapped[str] = mapped_column(Text, nullable=False, comment="argon2id")
    replaced_at: Mapped[datetime] = now_column("when it was replaced")


class SecondFactor(PlatformBase):
    """The secret of an authenticator app (TOTP, RFC 6238), sealed."""

    __tablename__ = "second_factor"
    __table_args__ = ({"comment": "second factors (双因素)"},)

    username: Mapped[str] = mapped_column(
        ForeignKey(Account.username, ondelete="CASCADE"), primary_key=True, comment="whose"
    )
    secret_cipher: Mapped[bytes] = mapped_column(LargeBinary, nullable=False, comment="sealed Base32 secret")
    last_step: Mapped[int] = mapped_column(
        BigInteger, server_default=text("0"), nullable=False, comment="last accepted time step; no code works twice"
    )
    confirmed_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), comment="when a first code was right; none while it is being set up"
    )


class RecoveryCode(PlatformBase):
    """A code that stands in for the second factor once; only its hash is kept."""

    __tablename__ = "recovery_code"
    __table_args__ = ({"comment": "recovery codes (恢复码)"},)

    code_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True, comment="SHA-256 of the code")
    username: Mapped[str] = mapped_column(
        ForeignKey(Account.username, ondelete="CASCADE"), nullable=False, index=True, comment="whose"
    )
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), comment="when it was used")
