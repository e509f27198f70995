"""How an error of each rule is planted. Each function returns the rules that may speak on the same road besides."""

# ruff: noqa: ARG001, ARG005 - every plant is called alike

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from benchmarks.quality_errors import PLANTS, ROADWISE, Planter, east, north, plant
from benchmarks.quality_library import COUNTY, village_code

TODAY = date.today()
NOW = datetime.now(UTC)
GAP = {"number_gap"}


def _columns(rule: str, row: str = "plate", also: set[str] | None = None, **values: Any) -> None:
    """An error made by setting columns of one address."""

    def set_columns(p: Planter, name: str, v: int, road: str, k: int) -> set[str]:
        address = p.room(road) if row == "room" else p.one(road, 17)
        p.expect(name, p.set(address, **values))
        return also or set()

    PLANTS[rule] = set_columns


def _text(rule: str, change: Any, also: set[str] | None = None, row: str = "plate") -> None:
    """An error of writing: change(row) gives the new text and levels."""

    def rewrite(p: Planter, name: str, v: int, road: str, k: int) -> set[str]:
        address = p.room(road) if row == "room" else p.one(road, 17)
        p.expect(name, p.rewrite(address, **change(address)))
        return also or set()

    PLANTS[rule] = rewrite


def _ago(days: int) -> datetime:
    return NOW - timedelta(days=days)


RETIRED = {"status": "retired", "valid_to": TODAY}
_columns("depth_differs", depth=9)
_columns("published_without_point", geom=None)
_columns("valid_from_too_early", valid_from=date(1900, 1, 1))
_columns("valid_from_future", valid_from=TODAY + timedelta(days=60))
_columns("valid_to_without_retired", valid_to=TODAY - timedelta(days=60))
_columns("valid_to_future", status="retired", valid_to=TODAY + timedelta(days=60))
_columns("retired_without_valid_to", status="retired")
_columns("updated_in_future", updated_at=NOW + timedelta(days=9))
_columns(
    "updated_before_valid_from",
    status="retired",
    valid_from=date(2023, 5, 1),
    valid_to=date(2024, 5, 1),
    updated_at=_ago(2000),
)
_columns("draft_stale", status="draft", updated_at=_ago(120))
_columns("reviewed_stale", status="reviewed", updated_at=_ago(60))
_columns("town_name_differs", town="错写镇")
_columns("village_name_differs", village="错写村")
_columns("county_name_differs", county="错写县")
_columns(
    "division_unknown", division_code=f"{COUNTY}998999",
    also=ROADWISE | {"grid_other_village", "town_name_differs", "village_name_differs"},
)  # fmt: skip
_columns("parent_unlinked", row="room", parent_id=None)

_text("separators", lambda r: {"full_text": r["full_text"].replace(r["road"], "," + r["road"])})
_text("whitespace", lambda r: {"full_text": r["full_text"].replace(r["road"], r["road"] + "\u3000")})
_text(
    "invisible_characters",
    lambda r: {"full_text": r["full_text"].replace(r["road"], r["road"] + "\u200b")},
    also=ROADWISE,
)
_text("full_width", lambda r: {"number_plate": "１７号"})
_text("lower_case_letter", lambda r: {"number_plate": "17a号"}, also=GAP)
_text("leading_zero", lambda r: {"number_plate": "017号"})
_text("chinese_numeral_plate", lambda r: {"number_plate": "十七号"})
_text("traditional_mixed", lambda r: {"number_plate": "17號"})
_text("rare_character", lambda r: {"full_text": r["full_text"].replace(r["road"], "𠮷" + r["road"])}, also=ROADWISE)
_text("lost_character", lambda r: {"full_text": r["full_text"].replace(r["road"], "?" + r["road"])}, also=ROADWISE)
_text("too_long", lambda r: {"full_text": r["full_text"] + "内附属用房及配套设施管理用房" * 7})
_text("remark_in_brackets", lambda r: {"full_text": r["full_text"] + "（后门）"})
_text("relative_wording", lambda r: {"full_text": r["full_text"] + "对面"})
_text("placeholder", lambda r: {"full_text": r["full_text"] + "待定"})
_text("phone_in_text", lambda r: {"full_text": r["full_text"] + "张13912345678"})
_text("number_counter_missing", lambda r: {"number_plate": "17"}, also=GAP)
_text("number_implausible", lambda r: {"number_plate": "0号"}, also=GAP)
_text("building_counter_missing", lambda r: {"building": "7"}, row="room", also={"parent_text_differs"})
_text("entrance_counter_missing", lambda r: {"entrance": "7"}, row="room", also={"parent_text_differs"})
_text("room_counter_missing", lambda r: {"room": "709"}, row="room")
_text(
    "level_order_wrong", row="room", also={"parent_text_differs"},
    change=lambda r: {"full_text": r["full_text"].replace(r["building"] + r["entrance"] + r["room"], r["room"] + r["entrance"] + r["building"])},
)  # fmt: skip
_text("text_not_levels", lambda r: {"full_text": r["full_text"], "road": "另外一条大街"})
_text("level_repeated", lambda r: {"full_text": r["full_text"].replace(r["town"], r["town"] * 2)})
_text("level_skipped", lambda r: {"number_plate": None, "entrance": "2单元"}, also=GAP | {"depth_differs"})


@plant("committee_in_community")
def _committee(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    row = p.one(road, 17)
    wrong = "村民委员会" if row["village"].endswith("社区") else "居民委员会"
    p.expect(rule, p.rewrite(row, full_text=row["full_text"].replace(row["village"], row["village"] + wrong)))
    return ROADWISE


@plant("parent_not_above")
def _parent_not_above(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    p.expect(rule, p.set(p.room(road, 1), parent_id=p.room(road, 2)["id"]))
    return set()


@plant("parent_other_village")
def _parent_other_village(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    _, other = p.next_street()
    p.expect(rule, p.set(p.room(road), parent_id=p.one(other, 20, building="1幢")["id"]))
    return {"child_far_from_parent"}


@plant("parent_retired")
def _parent_retired(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    building = p.one(road, 20, building="1幢")
    p.expect(rule, p.set(p.room(road), parent_id=p.copy(building, **RETIRED)))
    return {"successor_unset"}


@plant("parent_unpublished")
def _parent_unpublished(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    entrance = p.one(road, 20, building="1幢", entrance="1单元")
    p.set(entrance, status="draft", updated_at=NOW)
    p.expect(rule, *p.run("SELECT id FROM standard_address WHERE parent_id = :id", id=entrance["id"]))
    return set()


@plant("parent_cycle")
def _parent_cycle(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    room, entrance = p.room(road), p.one(road, 20, building="1幢", entrance="1单元")
    p.expect(rule, room["id"], p.set(entrance, parent_id=room["id"]))
    return {"parent_not_above"}


@plant("parent_text_differs")
def _parent_text_differs(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    p.expect(rule, p.set(p.room(road), parent_id=p.one(road, 20, building="1幢", entrance="2单元")["id"]))
    return set()


@plant("successor_unset")
def _successor_unset(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    p.expect(rule, p.copy(p.one(road, 17), **RETIRED))
    return set()


@plant("successor_circular")
def _successor_circular(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    one, two = p.one(road, 17), p.one(road, 25)
    p.expect(rule, p.set(one, successors=[two["uid"]], **RETIRED), p.set(two, successors=[one["uid"]], **RETIRED))
    return set()


@plant("successor_not_published")
def _successor_not_published(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    draft = p.one(road, 25)
    p.set(draft, status="draft", updated_at=NOW)
    p.expect(rule, p.set(p.one(road, 17), successors=[draft["uid"]], **RETIRED))
    return set()


@plant("successor_of_live")
def _successor_of_live(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    p.expect(rule, p.set(p.one(road, 17), successors=[p.one(road, 25)["uid"]]))
    return set()


@plant("duplicate_text")
def _duplicate_text(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    row = p.one(road, 17)
    p.expect(rule, row["id"], p.copy(row))
    return set()


@plant("duplicate_across_sources")
def _duplicate_across_sources(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    row = p.one(road, 17)
    p.expect(rule, row["id"], p.copy(row, source=f"second{k}"))
    return set()


@plant("duplicate_over_border")
def _duplicate_over_border(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    row = p.one(road, 17)
    other = v + 1 if (v + 1) // 20 == v // 20 else v - 1
    name = p.run("SELECT name FROM division WHERE code = :code", code=village_code(other))[0]
    whole = row["full_text"].replace(row["village"], str(name))
    copy = p.copy(row, full_text=whole, village=name, division_code=village_code(other), lon=east(row, 5))
    p.expect(rule, row["id"], copy)
    return {"outside_village", "grid_other_village", "code_other_village"}


@plant("duplicate_point")
def _duplicate_point(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    row = p.one(road, 17)
    levels = {
        "road": f"临时{road}",
        "number_plate": "1号",
        "full_text": row["full_text"].replace(f"{road}17", f"临时{road}1"),
    }
    p.expect(rule, row["id"], p.copy(row, **levels))
    return set()


@plant("duplicate_number")
def _duplicate_number(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    row = p.one(road, 17)
    levels = {"village_group": "3组", "full_text": row["full_text"].replace(road, f"3组{road}")}
    p.expect(rule, row["id"], p.copy(row, **levels, lat=north(row, 100)))
    return set()


def _alias(p: Planter, address: dict[str, Any], alias: str) -> None:
    p.run(
        "INSERT INTO address_alias (address_id, alias_text, match_key, kind, created_by, grid_code) "
        "VALUES (:id, :alias, :alias, 'nickname', 'planted', :grid)",
        id=address["id"], alias=alias, grid=address["grid_code"],
    )  # fmt: skip


@plant("alias_is_other_address")
def _alias_is_other(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    row = p.one(road, 17)
    _alias(p, row, p.one(road, 25)["match_key"])
    p.expect(rule, row["id"])
    return set()


@plant("alias_of_two")
def _alias_of_two(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    rows = [p.one(road, 17), p.one(road, 25)]
    for row in rows:
        _alias(p, row, f"{road}大院")
    p.expect(rule, *(row["id"] for row in rows))
    return set()


@plant("alias_of_retired")
def _alias_of_retired(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    row = p.one(road, 17)
    _alias(p, row, f"{road}老屋")
    p.expect(rule, p.set(row, **RETIRED))
    return set()


@plant("alias_says_nothing")
def _alias_says_nothing(p: Planter, rule: str, v: int, road: str, k: int) -> set[str]:
    row = p.one(road, 17)
    _alias(p, row, row["match_key"])
    p.expect(rule, row["id"])
    return set()
