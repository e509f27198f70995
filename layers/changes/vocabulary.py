"""Codes of changes (异动)."""

from __future__ import annotations

from database.vocabulary import Vocabulary


class ChangeOperation(Vocabulary):
    """What happened to a record between two states of it."""

    ADDED = "added", "新增", "added"
    CHANGED = "changed", "变更", "changed"
    REMOVED = "removed", "移除", "removed"
