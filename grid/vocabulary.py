"""Codes of the grid (网格)."""

from __future__ import annotations

from database.vocabulary import Vocabulary


class Duty(Vocabulary):
    """What a worker is in a cell (网格职责)."""

    LEAD = "lead", "负责", "responsible"
    MEMBER = "member", "协助", "assisting"


class AssignmentReason(Vocabulary):
    """Why an address belongs to a cell (归格依据)."""

    INSIDE = "inside", "位于网格内", "inside the cell"
    NEAREST = "nearest", "最近的网格", "the nearest cell"
    TIE = "tie", "位于边界上", "on a border"
    VILLAGE = "village", "仅知村社", "only the village is known"


class CellFault(Vocabulary):
    """What is wrong with an outline that somebody draws (网格边界问题)."""

    OUTSIDE = "outside", "超出所属单位", "outside the unit above"
    OVERLAP = "overlap", "与现有网格重叠", "overlaps another cell"
