"""What every table of issued tokens has: door plates of addresses here, codes of places a floor above."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, DateTime, Index, LargeBinary, SmallInteger, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from database.tables.base import grid_code_check, grid_code_column, identity_column, now_column
from gazetteer.plates.vocabulary import TokenStatus


class IssuedToken:
    """The columns of a token that is issued, and revoked with a reason, never deleted."""

    id: Mapped[int] = identity_column()
    serial: Mapped[bytes] = mapped_column(LargeBinary, nullable=False, comment="nine random bytes inside the token")
    status: Mapped[str] = mapped_column(
        Text, server_default=text("'valid'"), nullable=False, comment="valid or revoked"
    )
    issued_by: Mapped[str] = mapped_column(Text, nullable=False, comment="who issued it")
    issued_at: Mapped[datetime] = now_column("when")
    revoked_by: Mapped[str | None] = mapped_column(Text, comment="who revoked it")
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), comment="when")
    reason: Mapped[str | None] = mapped_column(Text, comment="why it was revoked")
    grid_code: Mapped[str] = grid_code_column()


def version_column(comment: str) -> Any:
    """The number of a token among those of its owner."""
    return mapped_column(SmallInteger, nullable=False, comment=comment)


def token_constraints(table: str, owner: str) -> tuple[Any, ...]:
    """The checks and keys of a table of tokens. owner: column of what carries them; one at most is valid an owner."""
    return (
        CheckConstraint("octet_length(serial) = 9", name="serial"),
        CheckConstraint("version > 0", name="version"),
        CheckConstraint(TokenStatus.check("status"), name="status"),
        CheckConstraint(
            "(status = 'revoked') = (revoked_at IS NOT NULL) AND (revoked_at IS NULL) = (revoked_by IS NULL) "
            "AND (revoked_at IS NULL) = (reason IS NULL)",
            name="revocation",
        ),
        grid_code_check(),
        UniqueConstraint("serial"),
        UniqueConstraint(owner, "version"),
        Index(f"uq_{table}_valid", owner, unique=True, postgresql_where=text("status = 'valid'")),
    )
