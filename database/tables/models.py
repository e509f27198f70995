"""The shared tables, in schema ``platform``: counties, accounts, sessions, tokens."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    LargeBinary,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from database.rights.scope import Role
from database.tables.base import PlatformBase, identity_column, now_column


class County(PlatformBase):
    """A county; its data live in schema ``c`` + code, here or on another server. Another server lists those that live on it."""

    __tablename__ = "county"
    __table_args__ = (
        CheckConstraint("code ~ '^[0-9]{6}$'", name="code_grammar"),
        CheckConstraint("server ~ '^postgresql://[^@]+$' AND server !~* 'password='", name="server_says_no_secret"),
        {"comment": "counties (县)"},
    )

    code: Mapped[str] = mapped_column(Text, primary_key=True, comment="six-digit division code")
    name: Mapped[str] = mapped_column(Text, nullable=False, comment="name as shown")
    synthetic: Mapped[bool] = mapped_column(
        Boolean,
        server_default=text("false"),
        nullable=False,
        comment="generated demo data, labelled so everywhere",
    )
    created_at: Mapped[datetime] = now_column("when the county was created")
    server: Mapped[str | None] = mapped_column(
        Text, comment="address of the server its data live on, without user and password; null: this one"
    )


class Account(PlatformBase):
    """Someone who signs in: one role, one county, a set of grid prefixes."""

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint(Role.check("role", without=(Role.SYSTEM,)), name="role"),
        CheckConstraint(
            "(role IS NULL OR role IN ('system_admin','security_admin')) = (cardinality(prefixes) = 0)",
            name="has_prefix",
        ),
        {"comment": "accounts (账号)"},
    )

    username: Mapped[str] = mapped_column(Text, primary_key=True, comment="sign-in name, unique on this server")
    display_name: Mapped[str] = mapped_column(Text, nullable=False, comment="name as shown")
    password_hash: Mapped[str] = mapped_column(Text, nullable=False, comment="argon2id")
    role: Mapped[str | None] = mapped_column(Text, comment="what the account may do; none until it is granted")
    county: Mapped[str] = mapped_column(ForeignKey("platform.county.code"), nullable=False, comment="its county")
    prefixes: Mapped[list[str]] = mapped_column(ARRAY(Text), nullable=False, comment="grid-code prefixes it may see")
    disabled: Mapped[bool] = mapped_column(
        Boolean, server_default=text("false"), nullable=False, comment="may not sign in"
    )
    password_changed_at: Mapped[datetime] = now_column("when the password was set")
    must_change_password: Mapped[bool] = mapped_column(
        Boolean,
        server_default=text("false"),
        nullable=False,
        comment="nothing else works before the password is changed",
    )
    signed_in_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), comment="last sign-in")
    created_at: Mapped[datetime] = now_column("when the account was made")


class Session(PlatformBase):
    """A browser session; only the hash of the cookie is kept."""

    __tablename__ = "session"
    __table_args__ = ({"comment": "browser sessions (会话)"},)

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True, comment="SHA-256 of the cookie")
    username: Mapped[str] = mapped_column(
        ForeignKey("platform.account.username", ondelete="CASCADE"),
        nullable=False,
        index=True,
        comment="whose",
    )
    created_at: Mapped[datetime] = now_column("sign-in")
    last_seen_at: Mapped[datetime] = now_column("last request, for the idle timeout")
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), nullable=False, comment="absolute end")
    id: Mapped[int] = mapped_column(
        BigInteger, Identity(always=False), nullable=False, unique=True, comment="its name in lists; opens nothing"
    )
    address: Mapped[str | None] = mapped_column(Text, comment="network address of the sign-in")
    agent: Mapped[str | None] = mapped_column(Text, comment="browser and system, short")


class AccessToken(PlatformBase):
    """A personal access token for programs (QGIS, scripts); only its hash is kept."""

    __tablename__ = "access_token"
    __table_args__ = ({"comment": "personal access tokens (访问令牌)"},)

    id: Mapped[int] = identity_column()
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, nullable=False, unique=True, comment="SHA-256 of the token")
    username: Mapped[str] = mapped_column(
        ForeignKey("platform.account.username", ondelete="CASCADE"),
        nullable=False,
        index=True,
        comment="whose",
    )
    name: Mapped[str] = mapped_column(Text, nullable=False, comment="what it is for")
    created_at: Mapped[datetime] = now_column("when it was made")
    last_used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), comment="last use")
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), nullable=False, comment="end of validity")
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), comment="withdrawn")
