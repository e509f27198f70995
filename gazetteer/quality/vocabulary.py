"""Codes of address quality (地址质量)."""

from __future__ import annotations

from database.vocabulary import Vocabulary


class FindingState(Vocabulary):
    """What became of a finding."""

    OPEN = "open", "待处理", "open"
    FIXED = "fixed", "已修复", "fixed"
    IGNORED = "ignored", "已忽略", "ignored"


class RuleFamily(Vocabulary):
    """What the rules about addresses look at (问题类别)."""

    TREE = "tree", "层级关系", "levels of the tree"
    DUPLICATES = "duplicates", "重复", "duplicates"
    NUMBERING = "numbering", "编号顺序", "order of numbers"
    POSITION = "position", "坐标位置", "position"
    NAMES = "names", "名称与代码表", "names and code tables"
    TEXT = "text", "文字书写", "writing"
    CODES = "codes", "编码", "codes"
    DATES = "dates", "日期", "dates"
    STATE = "state", "状态", "state"
    GRID = "grid", "网格", "grid"
