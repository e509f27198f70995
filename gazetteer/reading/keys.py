"""The keys by which a standard address is found, from its levels."""

from __future__ import annotations

from dataclasses import dataclass

from gazetteer.reading.parse import ParsedAddress

# level → depth; the order of an address from large to small
DEPTHS: dict[str, int] = {
    "province": 1, "city": 2, "county": 3, "town": 4, "village": 5, "village_group": 6,
    "road": 7, "number_plate": 8, "building": 9, "entrance": 10, "floor": 11, "room": 12,
}  # fmt: skip
LEVEL_AT: dict[int, str] = {depth: level for level, depth in DEPTHS.items()}
LEVEL_NAMES: dict[str, str] = {
    "province": "省", "city": "市", "county": "县", "town": "乡镇街道", "village": "村社区", "village_group": "组、自然村",
    "road": "街路巷", "number_plate": "门牌号", "building": "楼栋", "entrance": "单元", "floor": "楼层", "room": "户室",
}  # fmt: skip
LOCAL_LEVELS = ("number_plate", "building", "entrance", "floor", "room")


@dataclass(frozen=True, slots=True)
class AddressKeys:
    """match_key: whole text; local_key: road (or group) down; road_key, number_key: for candidates; depth: deepest level."""

    match_key: str
    local_key: str
    road_key: str | None
    number_key: str | None
    depth: int


def address_keys(parsed: ParsedAddress) -> AddressKeys:
    """The keys of a parsed address. A group counts as the road where there is no road (庙前组8号)."""
    road = clean(parsed.road) or clean(parsed.village_group)
    parts = [clean(getattr(parsed, level)) for level in LOCAL_LEVELS]
    local = (road or "") + "".join(part for part in parts if part) + parsed.rest
    deepest = max((DEPTHS[level] for level in DEPTHS if getattr(parsed, level)), default=DEPTHS["village"])
    return AddressKeys(
        match_key=parsed.key[:400],
        local_key=local[:400],
        road_key=road[:200] if road else None,
        number_key=parsed.number_plate[:100] if parsed.number_plate else None,
        depth=max(deepest, DEPTHS["village"]),
    )


def clean(value: str | None) -> str | None:
    """A level's key: rooms are compared without 室, 户 and a leading dash or 之, so that 501 equals 501室.

    value: a level of a parsed address, normalised already.
    """
    if not value:
        return None
    return value.removesuffix("室").removesuffix("户").removeprefix("之").removeprefix("-") or None
