"""The keys by which a standard address is found, from its levels."""

from __future__ import annotations

from dataclasses import dataclass

from gazetteer.reading.parse import ParsedAddress
from gazetteer.reading.vocabulary import AddressLevel

#: level → depth; the order of an address from large to small
DEPTHS: dict[str, int] = {str(level): depth for depth, level in enumerate(AddressLevel, start=1)}
LEVEL_AT: dict[int, str] = {depth: level for level, depth in DEPTHS.items()}
LEVEL_NAMES: dict[str, str] = AddressLevel.labels()
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
