"""Codes of places (房屋与场所)."""

from __future__ import annotations

from database.vocabulary import Vocabulary


class PlaceKind(Vocabulary):
    """What a place is (类别)."""

    BUILDING = "building", "楼栋", "building"
    DWELLING = "dwelling", "房屋", "dwelling"
    PREMISES = "premises", "场所", "premises"
    UNIT = "unit", "单位", "organisation"
    ZONE = "zone", "分区", "zone"
    PARCEL = "parcel", "地块", "land parcel"


class Occupancy(Vocabulary):
    """How a dwelling is used (使用状况), in the words of the housing tables."""

    OCCUPIED = "occupied", "自住", "lived in by its owner"
    VACANT = "vacant", "空置", "vacant"
    LET = "let", "出租", "let"
    UNKNOWN = "unknown", "不详", "unknown"
