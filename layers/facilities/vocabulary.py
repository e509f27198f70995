"""Codes of facilities (部件)."""

from __future__ import annotations

from database.vocabulary import Vocabulary


class FacilityState(Vocabulary):
    """The state of a facility (部件状态)."""

    NORMAL = "normal", "完好", "in order"
    DAMAGED = "damaged", "破损", "damaged"
    MISSING = "missing", "缺失", "missing"
    RETIRED = "retired", "停用", "retired"
