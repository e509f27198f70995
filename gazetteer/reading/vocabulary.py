"""Codes of reading an address text (地址解析)."""

from __future__ import annotations

from database.vocabulary import Vocabulary


class AddressLevel(Vocabulary):
    """The levels of an address, from large to small (地址层级)."""

    PROVINCE = "province", "省", "province"
    CITY = "city", "市", "city"
    COUNTY = "county", "县", "county"
    TOWN = "town", "乡镇街道", "town"
    VILLAGE = "village", "村社区", "village"
    VILLAGE_GROUP = "village_group", "组、自然村", "village group"
    ROAD = "road", "街路巷", "road"
    NUMBER_PLATE = "number_plate", "门牌号", "number plate"
    BUILDING = "building", "楼栋", "building"
    ENTRANCE = "entrance", "单元", "entrance"
    FLOOR = "floor", "楼层", "floor"
    ROOM = "room", "户室", "room"
