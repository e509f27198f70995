"""Codes of the lifecycle of addresses (地址变更)."""

from __future__ import annotations

from database.vocabulary import Vocabulary


class AddressEventKind(Vocabulary):
    """What can happen to an address."""

    CREATED = "created", "新建", "created"
    IMPORTED = "imported", "导入", "imported"
    EDITED = "edited", "修改", "edited"
    REVIEWED = "reviewed", "审核", "reviewed"
    PUBLISHED = "published", "发布", "published"
    RENAMED = "renamed", "更名", "renamed"
    RENUMBERED = "renumbered", "门牌重编", "renumbered"
    SPLIT = "split", "拆分", "split"
    MERGED = "merged", "合并", "merged"
    VILLAGES_MERGED = "villages_merged", "并村", "villages merged"
    MOVED = "moved", "移动", "moved"
    DEMOLISHED = "demolished", "拆除", "demolished"
    RESTORED = "restored", "撤回", "taken back"
    REGRIDDED = "regridded", "归格", "assigned to another cell"
    LEFT = "left", "移出本网格", "left this cell"
    DELETED = "deleted", "删除", "deleted"


class ChangeSetState(Vocabulary):
    """How far a set of changes is (变更集状态)."""

    DRAFT = "draft", "草稿", "draft"
    SUBMITTED = "submitted", "已提交", "submitted"
    APPROVED = "approved", "已批准", "approved"
    PUBLISHED = "published", "已发布", "published"
    REJECTED = "rejected", "已退回", "rejected"
    WITHDRAWN = "withdrawn", "已撤回", "withdrawn"
