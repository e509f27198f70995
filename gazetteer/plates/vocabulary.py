"""Codes of plates and place codes (门牌与场所码)."""

from __future__ import annotations

from database.vocabulary import Vocabulary


class TokenStatus(Vocabulary):
    """Whether a printed code still holds (二维码状态)."""

    VALID = "valid", "有效", "valid"
    REVOKED = "revoked", "已作废", "revoked"
