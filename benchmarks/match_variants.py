"""Texts as people would write a register's addresses, each with what it means. Fixed by the seed.

A variant is *determined* when no other address of the register fits what is left of the text as well: nothing dropped
leaves two, and no other name is as close to a misspelt one.
"""

# ruff: noqa: ARG001 - every kind of variant is made by the same call

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from opencc import OpenCC
from pypinyin import Style, pinyin
from rapidfuzz.distance import OSA

from gazetteer.reading.normalise import chinese_number, normalise

_T2S, _S2T = OpenCC("t2s"), OpenCC("s2t")
_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
_CHINESE = "零一二三四五六七八九"
LEVELS = ("county", "town", "village", "group", "road", "number")
_NUMBER_WORDS = set("零一二三四五六七八九十百東南西北中上下前後左右內外大小新老东后内甲乙丙丁")


@dataclass(frozen=True, slots=True)
class Plate:
    """One address of the register, level by level, as written; '' where it has none."""

    address_id: int
    county: str
    town: str
    village: str
    group: str
    road: str
    number: str

    def text(self, *, without: Iterable[str] = ()) -> str:
        """The address without some levels."""
        return "".join(getattr(self, level) for level in LEVELS if level not in set(without))


@dataclass(frozen=True, slots=True)
class Variant:
    """A text, its kind, the address it means (None: none of the library), and whether it determines it."""

    kind: str
    text: str
    meant: int | None
    determined: bool


class Register:
    """The register, and what is needed to tell whether a text determines an address."""

    def __init__(self, plates: list[Plate]) -> None:
        self.plates = plates
        self._fits: dict[tuple[str, ...], Counter[tuple[str, ...]]] = {}
        self.roads: dict[tuple[str, str], set[str]] = defaultdict(set)
        self.villages = {p.village for p in plates}
        for p in plates:
            self.roads[p.village, normalise(p.number)].add(p.road)
        # characters by sound, most frequent in the register's own names first
        used = Counter(c for p in plates for c in {*p.road, *p.village} if "\u4e00" <= c <= "\u9fff")
        self._by_sound: dict[str, list[str]] = defaultdict(list)
        self.characters = [c for c, _ in used.most_common(400)]
        for code in range(0x4E00, 0x9FA0):
            c = chr(code)
            try:
                c.encode("gb2312")
            except UnicodeEncodeError:
                continue
            self._by_sound[_sound(c)].append(c)

    def unique(self, plate: Plate, without: tuple[str, ...]) -> bool:
        """True when the levels that are left fit one address only."""
        kept = tuple(level for level in LEVELS if level not in without)
        if kept not in self._fits:
            self._fits[kept] = Counter(_values(p, kept) for p in self.plates)
        return self._fits[kept][_values(plate, kept)] == 1

    def homophones(self, character: str) -> list[str]:
        """Other characters read alike (tones apart)."""
        simple = _T2S.convert(character)
        return [c for c in self._by_sound[_sound(simple)] if c != simple]

    def road_determined(self, plate: Plate, written: str) -> bool:
        """True when no other road of the village with that number is as close to the written one."""
        written, right = normalise(written), normalise(plate.road)
        others = {normalise(r) for r in self.roads[plate.village, normalise(plate.number)]} - {right}
        distance = OSA.distance(written, right)
        return self.unique(plate, ()) and all(OSA.distance(written, other) > distance for other in others)

    def village_determined(self, plate: Plate, written: str) -> bool:
        """True when no other village is as close to the written one."""
        written, right = normalise(written), normalise(plate.village)
        others = {normalise(v) for v in self.villages} - {right}
        return self.unique(plate, ()) and all(OSA.distance(written, o) > OSA.distance(written, right) for o in others)


def _values(plate: Plate, levels: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(normalise(getattr(plate, level)) for level in levels)


def _sound(character: str) -> str:
    return pinyin(character, style=Style.NORMAL)[0][0]


def variants(register: Register, count: int, seed: int) -> list[Variant]:
    """``count`` variants of each kind (fewer where the register has no address fit for it)."""
    rng = random.Random(seed)
    made: list[Variant] = []
    for kind, make in KINDS.items():
        tries = done = 0
        while done < count and tries < count * 30:
            tries += 1
            variant = make(register, rng.choice(register.plates), rng)
            if variant is not None:
                made.append(replace(variant, kind=kind))
                done += 1
    return made


def _whole(register: Register, plate: Plate, text: str) -> Variant:
    return Variant("", text, plate.address_id, register.unique(plate, ()))


def _without(*levels: str):  # type: ignore[no-untyped-def]
    def make(register: Register, plate: Plate, rng: random.Random) -> Variant | None:
        if not all(getattr(plate, level) for level in levels):
            return None
        if "group" in levels and not plate.road and not register.unique(plate, (*levels, "road")):
            # a number alone in a village, on several roads and groups: nobody could know
            return Variant("", plate.text(without=levels), plate.address_id, False)
        return Variant("", plate.text(without=levels), plate.address_id, register.unique(plate, levels))

    return make


def _replace_one(name: str, rng: random.Random, choose) -> str | None:  # type: ignore[no-untyped-def]
    """The name with one character changed: never a counter at the end, a number or a direction."""
    places = [
        i for i, c in enumerate(name[:-1]) if "\u4e00" <= c <= "\u9fff" and c not in _NUMBER_WORDS | set("路街段巷弄道")
    ]
    if not places:
        return None
    at = rng.choice(places)
    other = choose(name[at])
    return None if other is None else name[:at] + other + name[at + 1 :]


def _slip(level: str, how: str):  # type: ignore[no-untyped-def]
    def make(register: Register, plate: Plate, rng: random.Random) -> Variant | None:
        name = getattr(plate, level)

        def choose(character: str) -> str | None:
            if how == "missing":
                return ""
            pool = register.homophones(character) if how == "homophone" else register.characters
            pool = [c for c in pool if c != character and c not in _NUMBER_WORDS]
            return rng.choice(pool) if pool else None

        wrong = _replace_one(name, rng, choose) if len(name) > 2 else None
        if wrong is None or normalise(wrong) == normalise(name):
            return None
        test = {"road": register.road_determined, "village": register.village_determined}.get(level)
        determined = test(plate, wrong) if test is not None else register.unique(plate, ())
        return Variant("", replace(plate, **{level: wrong}).text(), plate.address_id, determined)

    return make


def _small_first(register: Register, plate: Plate, rng: random.Random) -> Variant:
    return _whole(register, plate, plate.group + plate.road + plate.number + plate.village + plate.town + plate.county)


def _shuffled_head(register: Register, plate: Plate, rng: random.Random) -> Variant:
    head = [plate.county, plate.town, plate.village]
    rng.shuffle(head)
    return _whole(register, plate, "".join(head) + plate.group + plate.road + plate.number)


def _group_last(register: Register, plate: Plate, rng: random.Random) -> Variant | None:
    if plate.number[-1].isdigit():
        return None
    return _whole(register, plate, plate.text(without=("group",)) + plate.group)


def _repeated(register: Register, plate: Plate, rng: random.Random) -> Variant:
    return _whole(register, plate, plate.county + plate.town + plate.county + plate.text(without=("county",)))


def _chinese_digits(register: Register, plate: Plate, rng: random.Random) -> Variant:
    return _whole(register, plate, re.sub(r"\d+", lambda m: _numeral(int(m[0])), plate.text()))


def _numeral(number: int) -> str:
    if number >= 1000:
        return "".join(_CHINESE[int(d)] for d in str(number))
    text, units = "", ((100, "百"), (10, "十"))
    rest, zero = number, False
    for size, unit in units:
        digit, rest = divmod(rest, size)
        if digit:
            text += ("零" if zero else "") + ("" if digit == 1 and size == 10 and not text else _CHINESE[digit]) + unit
            zero = False
        elif text:
            zero = True
    text += ("零" if zero and rest else "") + (_CHINESE[rest] if rest or not text else "")
    assert chinese_number(text) == number
    return text


def _arabic(register: Register, plate: Plate, rng: random.Random) -> Variant | None:
    text = re.sub("[一二三四五六七八九十]+(?=段|樓|鄰)", lambda m: str(chinese_number(m[0])), plate.text())
    return None if text == plate.text() else _whole(register, plate, text)


def _full_width(register: Register, plate: Plate, rng: random.Random) -> Variant:
    return _whole(register, plate, plate.text().translate(_FULL_WIDTH))


def _simplified(register: Register, plate: Plate, rng: random.Random) -> Variant:
    return _whole(register, plate, _T2S.convert(plate.text()))


def _traditional(register: Register, plate: Plate, rng: random.Random) -> Variant:
    return _whole(register, plate, _S2T.convert(_T2S.convert(plate.text())))


def _separated(register: Register, plate: Plate, rng: random.Random) -> Variant:
    separator = rng.choice([" ", "，", "-", "/", "　", "、"])
    parts = [getattr(plate, level) for level in LEVELS]
    return _whole(register, plate, separator.join(p for p in parts if p))


def _sub_number(register: Register, plate: Plate, rng: random.Random) -> Variant | None:
    """3之2號 as 3-2號, 3號之2 or 3号-2."""
    found = re.fullmatch(r"(\d+)之(\d+)號(.*)", plate.number)
    if found is None:
        return None
    written = rng.choice([f"{found[1]}-{found[2]}號", f"{found[1]}號之{found[2]}", f"{found[1]}号-{found[2]}"])
    if found[3]:
        written = f"{found[1]}-{found[2]}號"
    return _whole(register, plate, replace(plate, number=written + found[3]).text())


def _floor_word(register: Register, plate: Plate, rng: random.Random) -> Variant | None:
    if "樓" not in plate.number:
        return None
    number = plate.number.replace("樓", "层")
    if rng.random() < 0.5:
        number = re.sub("[一二三四五六七八九十]+层", lambda m: f"{chinese_number(m[0][:-1])}F", number)
    return _whole(register, plate, replace(plate, number=number).text())


def _building_word(register: Register, plate: Plate, rng: random.Random) -> Variant | None:
    """A building the register does not know, written 幢, 栋 or 号楼: the number is meant."""
    if not plate.number.endswith("號"):
        return None
    return _whole(register, plate, plate.text() + rng.choice(["2幢", "2栋", "3号楼", "B座"]))


def _room_added(register: Register, plate: Plate, rng: random.Random) -> Variant | None:
    if not plate.number.endswith("號"):
        return None
    return _whole(register, plate, plate.text() + rng.choice(["302室", "9楼905室", "2单元501室"]))


def _shop_added(register: Register, plate: Plate, rng: random.Random) -> Variant | None:
    if not plate.number.endswith("號"):
        return None
    return _whole(
        register, plate, plate.text() + rng.choice(["便民超市", "（老王理发店）", "幸福药房一楼", "凯悦大厦"])
    )


def _two_slips(register: Register, plate: Plate, rng: random.Random) -> Variant | None:
    """A homophone in the road, and no county."""
    slipped = _slip("road", "homophone")(register, plate, rng)
    if slipped is None:
        return None
    return replace(slipped, text=slipped.text.removeprefix(plate.county))


def _wrong_number(register: Register, plate: Plate, rng: random.Random) -> Variant | None:
    number = re.sub(r"^\d+", lambda m: str(int(m[0]) + 1 + rng.randrange(40)), plate.number)
    if plate.road in register.roads[plate.village, normalise(number)]:
        return None
    return Variant("", replace(plate, number=number).text(), None, False)


def _no_number(register: Register, plate: Plate, rng: random.Random) -> Variant | None:
    return Variant("", plate.text(without=("number",)), None, False) if plate.road else None


def _no_such_road(register: Register, plate: Plate, rng: random.Random) -> Variant:
    return Variant("", replace(plate, road=rng.choice(["云岭山路", "青石桥街", "枫林晚路"])).text(), None, False)


def _elsewhere(register: Register, plate: Plate, rng: random.Random) -> Variant:
    other = rng.choice(["臺東縣臺東市", "浙江省湖州市德清縣武康街道", "宜蘭縣宜蘭市"])
    return Variant("", other + plate.group + plate.road + plate.number, None, False)


KINDS = {
    "as registered": lambda r, p, _: _whole(r, p, p.text()),
    "no county": _without("county"),
    "no town": _without("town"),
    "no county, town": _without("county", "town"),
    "no village": _without("village"),
    "no village, group": _without("village", "group"),
    "no group": _without("group"),
    "road and number only": _without("county", "town", "village", "group"),
    "typo in road": _slip("road", "typo"),
    "homophone in road": _slip("road", "homophone"),
    "character of road missing": _slip("road", "missing"),
    "typo in village": _slip("village", "typo"),
    "homophone in village": _slip("village", "homophone"),
    "homophone in town": _slip("town", "homophone"),
    "homophone in road, no county": _two_slips,
    "small before large": _small_first,
    "divisions shuffled": _shuffled_head,
    "group last": _group_last,
    "levels repeated": _repeated,
    "Chinese numerals": _chinese_digits,
    "Arabic for 一段, 八樓": _arabic,
    "full-width digits": _full_width,
    "simplified": _simplified,
    "traditional again": _traditional,
    "separators": _separated,
    "之N as -N": _sub_number,
    "層, F for 樓": _floor_word,
    "building added (幢 栋 号楼 座)": _building_word,
    "room added": _room_added,
    "shop name added": _shop_added,
    "wrong number": _wrong_number,
    "no number": _no_number,
    "no such road": _no_such_road,
    "another county": _elsewhere,
}
