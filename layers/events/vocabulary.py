"""Codes of events (事件)."""

from __future__ import annotations

from database.vocabulary import Vocabulary


class EventState(Vocabulary):
    """How far an event is dealt with (办理状态), in the words of the hotline: 受理, 办理, 办结."""

    OPEN = "open", "待受理", "waiting to be taken up"
    IN_PROGRESS = "in_progress", "办理中", "in progress"
    CLOSED = "closed", "已办结", "closed"
    CANCELLED = "cancelled", "已撤销", "cancelled"
    RECORDED = "recorded", "已登记", "recorded, nothing to do"
