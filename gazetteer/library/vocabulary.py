"""Codes of the address library (标准地址库)."""

from __future__ import annotations

from database.vocabulary import Vocabulary


class AddressStatus(Vocabulary):
    """The life of a standard address (地址状态)."""

    DRAFT = "draft", "草稿", "draft"
    REVIEWED = "reviewed", "已审核", "reviewed"
    PUBLISHED = "published", "已发布", "published"
    RETIRED = "retired", "已停用", "retired"


class PlaceNameKind(Vocabulary):
    """What a place name names (地名类别)."""

    NATURAL_VILLAGE = "natural_village", "自然村", "natural village"
    ROAD = "road", "道路", "road"
    COMPOUND = "compound", "居民区", "compound"
    WATER = "water", "水系", "water"
    MOUNTAIN = "mountain", "山体", "mountain"
    LANDMARK = "landmark", "地标", "landmark"
    OTHER = "other", "地名", "other"


class ReviewStatus(Vocabulary):
    """What became of a doubtful address of an import (复核状态)."""

    OPEN = "open", "待复核", "waiting"
    ACCEPTED = "accepted", "已采纳", "accepted"
    REJECTED = "rejected", "已驳回", "rejected"
    CLOSED = "closed", "已关闭", "closed"
