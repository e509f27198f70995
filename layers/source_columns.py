"""What every imported record carries: the department table it came from, its key there, the hash of its row."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    LargeBinary,
    Text,
)
from sqlalchemy.orm import mapped_column


def source_column() -> Any:
    """The department table a record came from."""
    return mapped_column(Text, nullable=False, comment="department table it came from (mapping name)")


def source_key_column() -> Any:
    """The record's key in that table: importing it again updates, never doubles."""
    return mapped_column(Text, nullable=False, comment="key in that table")


def row_hash_column() -> Any:
    """Hash of the standardised row: equal means unchanged."""
    return mapped_column(LargeBinary, comment="hash of the imported row; equal means unchanged")
