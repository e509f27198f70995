"""Codes of visits (走访)."""

from __future__ import annotations

from database.vocabulary import Vocabulary


class VisitOutcome(Vocabulary):
    """What a visit came to (走访结果)."""

    MET = "met", "见到本人", "met the person"
    NOBODY_HOME = "nobody_home", "无人在家", "nobody home"
    MOVED_AWAY = "moved_away", "已搬离", "moved away"
    REFUSED = "refused", "拒访", "refused"
    HELP_NEEDED = "help_needed", "需要帮助", "help needed"
