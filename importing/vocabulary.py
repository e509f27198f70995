"""Codes of imports and bulk matching (导入与批量匹配)."""

from __future__ import annotations

from database.vocabulary import Vocabulary


class ImportState(Vocabulary):
    """How far an import is (导入状态)."""

    STAGED = "staged", "已读入", "read"
    CHECKED = "checked", "已检查", "checked"
    PUBLISHED = "published", "已发布", "published"
    FAILED = "failed", "失败", "failed"


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
