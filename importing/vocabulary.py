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
