"""Codes of imports and bulk matching (导入与批量匹配)."""

from __future__ import annotations

from database.vocabulary import Vocabulary


class ImportState(Vocabulary):
    """How far an import is (导入状态)."""

    WAITING = "waiting", "等待", "waiting"
    STAGED = "staged", "处理中", "under way"
    CHECKED = "checked", "已检查", "checked"
    PUBLISHED = "published", "已发布", "published"
    FAILED = "failed", "失败", "failed"
    CANCELLED = "cancelled", "已取消", "cancelled"


class ImportStage(Vocabulary):
    """What an import is doing (导入步骤). Reading, standardising and staging are one pass over the rows."""

    READ = "read", "读取并标准化", "reading and standardising"
    COMPARE = "compare", "比对", "comparing"
    MATCH = "match", "匹配", "matching"
    ASSIGN = "assign", "归格", "assigning cells"
    CHECK = "check", "核对整表", "checking the whole file"
    PUBLISH = "publish", "发布", "publishing"
    DONE = "done", "完成", "done"


class MatchJobState(Vocabulary):
    """How far a bulk match is (匹配任务状态)."""

    WAITING = "waiting", "等待", "waiting"
    RUNNING = "running", "运行中", "running"
    DONE = "done", "完成", "done"
    FAILED = "failed", "失败", "failed"


class ImportCount(Vocabulary):
    """What the report of an import counts, in the order people read it (导入计数): rows, then address texts."""

    READ = "read", "读取", "read"
    SKIPPED = "skipped", "不属本表", "not selected"
    ADDED = "added", "新增", "added"
    CHANGED = "changed", "变更", "changed"
    UNCHANGED = "unchanged", "未变", "unchanged"
    REMOVED = "removed", "移除", "removed"
    REJECTED = "rejected", "退回", "rejected"
    WARNED = "warned", "提醒", "with warnings"
    REVIEW = "review", "待复核", "to review"
    TEXTS = "texts", "地址文本", "address texts"
    MATCHED = "matched", "匹配地址", "matched addresses"


class EmptyCells(Vocabulary):
    """What became of a record's value where its cell is empty (空单元格)."""

    KEPT = "kept", "保留原值", "kept"
    CLEARED = "cleared", "清空", "cleared"
    REJECTED = "rejected", "退回", "rejected"
