"""What may go wrong with a correction, for people to read."""

from __future__ import annotations

from database.errors import Invalid, Missing, Taken


class CorrectionNotFound(Missing):
    """没有这条待纠正记录，或不在您的数据范围内 | No such correction, or outside your scope"""


class CorrectionDecided(Taken):
    """这条记录已被处理 | This row has been decided already"""


class CorrectionLeased(Taken):
    """他人正在处理这条记录 | Somebody else has this row on the screen"""


class CorrectionIncomplete(Invalid):
    """决定不完整，或不适用于这类记录 | The decision is incomplete, or does not fit this kind of row"""


class CorrectionConflicts(Taken):
    """复核全库时发现冲突，未生效 | Tested against the whole library, the decision conflicts; nothing was applied"""


class CorrectionBatchNotFound(Missing):
    """没有这个纠正批次，或不在您的数据范围内 | No such batch of corrections, or outside your scope"""


class BatchUndone(Taken):
    """这个批次已经撤销 | This batch has been undone already"""


class UndoConflict(Taken):
    """其中的数据后来又被改动，不能撤销 | Rows of the batch were changed since; it cannot be undone"""
