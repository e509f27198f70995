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
