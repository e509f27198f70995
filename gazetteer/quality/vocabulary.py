"""Codes of address quality (地址质量)."""

from __future__ import annotations

from database.vocabulary import Vocabulary


class FindingState(Vocabulary):
    """What became of a finding."""

    OPEN = "open", "待处理", "open"
    FIXED = "fixed", "已修复", "fixed"
    IGNORED = "ignored", "已忽略", "ignored"
