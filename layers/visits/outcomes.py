"""What a visit came to."""

from __future__ import annotations

OUTCOMES: dict[str, str] = {
    "met": "见到本人",
    "nobody_home": "无人在家",
    "moved_away": "已搬离",
    "refused": "拒访",
    "help_needed": "需要帮助",
}
