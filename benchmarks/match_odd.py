"""Matching of odd texts, measured: lists, ranges, unusual numerals, left-out and contradicting levels. Prints Markdown.

    onemap demo --no-serve                                          # once: the demo county, into ONEMAP_HOME
    python -m benchmarks.match_odd [--each 200] [--seed 1] [--county 339901] [--kinds range] [--misses 3]

Each text says which addresses it may mean. *right*: that one alone; *several*: all that are named come from those meant; *C*: left to a
person; *none*: no answer; *wrong A*, *wrong B*: another address, with certainty or with a doubt. ``several`` that holds another address is
*wrong several*.
"""

# ruff: noqa: ARG001 - every kind of text is made by the same call

from __future__ import annotations

import argparse
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import text

from database.connection.engine import Database
from database.embedded import ensure_database
from database.installation.settings import get_settings
from database.rights.scope import Scope
from gazetteer.matching.match import Match, match_many


@dataclass(frozen=True, slots=True)
class Address:
    """One address of the library, level by level; '' where it has none."""

    address_id: int
    head: str
    town: str
    village: str
    group: str
    road: str
    number: str
    below: str
    room: str

    @property
    def street(self) -> str:
        return self.group + self.road

    @property
    def text(self) -> str:
        return self.head + self.town + self.village + self.street + self.number + self.below


@dataclass(frozen=True, slots=True)
class Odd:
    """A text and the addresses that it may mean; with none of them no answer but C, several or nothing is right. certain: A is no fault."""

    text: str
    meant: frozenset[int]
    certain: bool = True


class Library:
    """The addresses, by what they are asked for."""

    def __init__(self, addresses: list[Address]) -> None:
        self.addresses = addresses
        self.plates = [a for a in addresses if a.number and not a.below]
        self.rooms = [a for a in addresses if a.room]
        self.by_plate: dict[tuple[str, str, str], dict[str, int]] = defaultdict(dict)
        self.by_local: dict[tuple[str, str], dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
        for a in addresses:
            if a.number and not a.below:
                self.by_plate[a.town, a.village, a.street][a.number.replace("號", "号")] = a.address_id
            self.by_local[a.town, a.village][a.street + a.number + a.below].add(a.address_id)
        self.at_plate: dict[tuple[str, str, str, str], list[Address]] = defaultdict(list)
        for a in addresses:
            self.at_plate[a.town, a.village, a.street, a.number].append(a)
        self.streets: dict[tuple[str, str], set[str]] = defaultdict(set)
        for a in self.plates:
            self.streets[a.town, a.village].add(a.street)

    def number(self, a: Address, number: int | str) -> frozenset[int]:
        """The address of another number on the same street, if it is there."""
        found = self.by_plate[a.town, a.village, a.street].get(f"{number}号")
        return frozenset() if found is None else frozenset([found])

    def numbers(self, a: Address, numbers: list[int]) -> frozenset[int]:
        return frozenset(i for n in numbers for i in self.number(a, n))


Maker = Callable[[Library, Address, random.Random], "Odd | None"]
CHINESE = "零一二三四五六七八九"
FORMAL = "零壹贰叁肆伍陆柒捌玖"
SEPARATORS = ["、", "，", ",", "/", ".", "．", "和", "及", "与", "&", ";", "；", " 、 ", "和 "]
RANGES = ["～", "~", "—", "至", "到", "-", " - ", "－", "——"]


def plain(a: Address) -> int | None:
    digits = a.number.replace("號", "号").removesuffix("号")
    return int(digits) if digits.isdigit() else None


def before(a: Address) -> str:
    return a.town + a.village + a.street


def numeral(n: int, digits: str = CHINESE, ten: str = "十", hundred: str = "百") -> str:
    """一百零一 for 101; up to 999."""
    text_zh, rest = "", n
    if n >= 100:
        text_zh, rest = digits[n // 100] + hundred, n % 100
        if rest and rest < 10:
            return text_zh + "零" + digits[rest]
    if rest >= 10:
        text_zh += ("" if rest < 20 and n < 100 and digits is CHINESE else digits[rest // 10]) + ten
        rest %= 10
    return text_zh + (digits[rest] if rest else "")


def written(number: Callable[[int, random.Random], str | None], low: int = 1, certain: bool = True) -> Maker:
    """The number in another way of writing."""

    def make(library: Library, a: Address, rng: random.Random) -> Odd | None:
        n = plain(a)
        if n is None or n < low or a.below:
            return None
        other = number(n, rng)
        return None if other is None else Odd(before(a) + other + "号", frozenset([a.address_id]), certain)

    return make


def _twenty(n: int, _: random.Random) -> str | None:
    head = {2: "廿", 3: "卅", 4: "卌"}.get(n // 10)
    return None if head is None or n >= 50 else head + (CHINESE[n % 10] if n % 10 else "")


def _mixed(n: int, rng: random.Random) -> str | None:
    if n < 20 or n >= 100:
        return None
    return rng.choice(
        [f"{n // 10}十{CHINESE[n % 10] if n % 10 else ''}", f"{FORMAL[n // 10]}十{CHINESE[n % 10] if n % 10 else ''}"]
    )


def _zero(n: int, rng: random.Random) -> str | None:
    return str(n).replace("0", rng.choice("〇○零")) if "0" in str(n)[1:] else None


def _letters(n: int, rng: random.Random) -> str | None:
    written_ = str(n).replace("1", rng.choice("Il"), 1) if rng.random() < 0.6 else str(n).replace("0", rng.choice("Oo"))
    return written_ if written_ != str(n) and any(c.isdigit() for c in written_) else None


def _circled(n: int, _: random.Random) -> str | None:
    return chr(0x2460 + n - 1) if n <= 20 else None


def _ill_formed(n: int, rng: random.Random) -> str | None:
    n = max(n % 10, 1)
    return rng.choice(["十百", "廿十", "百", "二十十", "三百廿廿", "零十"]) + rng.choice([CHINESE[n], str(n)])


def _invisible(n: int, rng: random.Random) -> str | None:
    marks = "\u200b\u200e\u200f\u00ad\u202a\u202c\u2060\ufeff"
    return rng.choice(marks) + str(n)[:1] + rng.choice(marks) + str(n)[1:]


def listed(library: Library, a: Address, rng: random.Random) -> Odd | None:
    n = plain(a)
    if n is None or a.below:
        return None
    others = [n, *sorted(rng.sample(range(1, n + 12), rng.choice([1, 1, 2])))]
    others = list(dict.fromkeys(others))
    if len(others) < 2:
        return None
    rng.shuffle(others)
    separator = rng.choice(SEPARATORS)
    counter = rng.random() < 0.4
    numbers = separator.join(f"{m}号" if counter else str(m) for m in others)
    if not counter:
        numbers += "号"
    if rng.random() < 0.15 and not counter and all(m < 100 for m in others) and separator in "、，和及与":
        numbers = separator.join(numeral(m) for m in others) + "号"
    return Odd(before(a) + numbers, library.numbers(a, others), certain=False)


def ranged(library: Library, a: Address, rng: random.Random) -> Odd | None:
    n = plain(a)
    if n is None or a.below:
        return None
    last = n + rng.randrange(1, 9)
    counter = "号" if rng.random() < 0.4 else ""
    return Odd(
        before(a) + f"{n}{counter}{rng.choice(RANGES)}{last}号",
        library.numbers(a, list(range(n, last + 1))),
        certain=False,
    )


def floors(library: Library, a: Address, rng: random.Random) -> Odd | None:
    """29号一、二楼, 1楼至3楼: the demo county has no floors, so the number is all that can be meant."""
    if a.below:
        return None
    low = rng.randrange(1, 4)
    form = rng.choice(
        [
            "{a}、{b}楼",
            "{a}楼至{b}楼",
            "{a}-{b}层",
            "{a}楼、{b}楼",
            "{c}、{d}楼",
            "{c}{d}楼",
            "{c}至{d}层",
            "{a}楼~{b}楼",
        ]
    )
    below = form.format(a=low, b=low + 1, c=CHINESE[low], d=CHINESE[low + 1])
    return Odd(before(a) + a.number + below, frozenset([a.address_id]), certain=False)


def rooms_listed(library: Library, a: Address, rng: random.Random) -> Odd | None:
    """101、102室 at one entrance."""
    if not a.room or not a.room.removesuffix("室").isdigit():
        return None
    n = int(a.room.removesuffix("室"))
    other = n + 1 if n % 2 else n - 1
    same = {
        b.room: b.address_id
        for b in library.at_plate[a.town, a.village, a.street, a.number]
        if b.below.removesuffix(b.room) == a.below.removesuffix(a.room)
    }
    separator = rng.choice(["、", "，", "/", "和", "及", "&"])
    meant = frozenset(i for room, i in same.items() if room in (a.room, f"{other}室"))
    upper = a.below.removesuffix(a.room)
    return Odd(before(a) + a.number + upper + f"{n}{separator}{other}室", meant, certain=False)


def eaten(library: Library, a: Address, rng: random.Random) -> Odd | None:
    """7号之1二楼 is no number 7-12, 3幢-5层 no cellar."""
    if a.below:
        return None
    n = plain(a)
    if n is None:
        return None
    sub, floor = rng.randrange(1, 4), CHINESE[rng.randrange(1, 5)]
    form = rng.choice(["{n}号之{s}{f}楼", "{n}之{s}号{f}楼", "{n}{f}楼", "{n}号-{k}层", "{n}号{s} {k}层"])
    return Odd(
        before(a) + form.format(n=n, s=sub, f=floor, k=sub + 1),
        frozenset() if "之" in form or "号{s}" in form else frozenset([a.address_id]),
        certain=False,
    )


def without_counter(library: Library, a: Address, rng: random.Random) -> Odd | None:
    n = plain(a)
    return None if n is None or a.below else Odd(before(a) + str(n), frozenset([a.address_id]), certain=False)


def sub_number(library: Library, a: Address, rng: random.Random) -> Odd | None:
    """7号甲 is another number than 7号: nothing but C is right where the library has none."""
    return (
        None
        if a.below
        else Odd(
            before(a) + a.number + rng.choice(["甲", "乙", "临", "臨", "丙", "附1号", "之附2"]),
            frozenset(),
            certain=False,
        )
    )


def beside(library: Library, a: Address, rng: random.Random) -> Odd | None:
    if a.below:
        return None
    word = rng.choice(
        ["前", "旁", "对面", "后", "隔壁", "附近", "旁边", "斜对面", "后面", "东侧", "左侧", "前50米", "門前", "對面"]
    )
    return Odd(before(a) + a.number + word, frozenset(), certain=False)


def mended_road(library: Library, a: Address, rng: random.Random) -> Odd | None:
    """A road of another village of the town, under this village: which of the two is the slip, nobody knows."""
    if not a.road or a.below:
        return None
    others = [
        b
        for b in rng.sample(library.plates, 400)
        if b.road and b.town == a.town and b.village != a.village and b.number == a.number
    ]
    for other in others:
        if (
            other.road not in library.streets[a.town, a.village]
            and set(other.road) & set(a.road)
            and len(other.road) == len(a.road)
        ):
            return Odd(a.town + a.village + other.road + a.number, frozenset(), certain=False)
    return None


def other_upper(library: Library, a: Address, rng: random.Random) -> Odd | None:
    """Another county, city or province above a town of this county."""
    head = rng.choice(
        [
            "宜兰县",
            "杭州市",
            "东阳市",
            "江苏省南京市",
            "浙江省长兴县",
            "台东县",
            "上海市",
            "江苏省演示市云溪县",
            "杭州市云溪县",
            "长兴县云溪县",
        ]
    )
    return Odd(head + before(a) + a.number + a.below, frozenset(), certain=False)


def two_entrances(library: Library, a: Address, rng: random.Random) -> Odd | None:
    """7号102室 without building and entrance."""
    if not a.room:
        return None
    meant = frozenset(b.address_id for b in library.at_plate[a.town, a.village, a.street, a.number] if b.room == a.room)
    return Odd(before(a) + a.number + a.room, meant, certain=False)


def floor_and_room(library: Library, a: Address, rng: random.Random) -> Odd | None:
    """1单元1层102室, where the library has no floor."""
    if len(a.room) not in (4, 5):
        return None
    floor = a.room[:-3]
    return Odd(
        before(a) + a.number + a.below.removesuffix(a.room) + rng.choice([f"{floor}层", f"{floor}楼"]) + a.room,
        frozenset([a.address_id]),
    )


def wrong_floor(library: Library, a: Address, rng: random.Random) -> Odd | None:
    if len(a.room) != 4:
        return None
    floor = int(a.room[0]) + 1
    upper = a.below.removesuffix(a.room)
    # the building or the number is still right, with a doubt
    above = {b.address_id for b in library.at_plate[a.town, a.village, a.street, a.number] if upper.startswith(b.below)}
    return Odd(before(a) + a.number + upper + f"{floor}层{a.room}", frozenset(above), certain=False)


def repeated(library: Library, a: Address, rng: random.Random) -> Odd | None:
    head, road = a.head + a.town + a.village, a.street
    again = rng.choice(
        [
            head + head + road,
            head + road + road,
            a.town + a.village + a.town + a.village + road,
            head + a.village + road,
            head + a.town + a.village + road,
        ]
    )
    return Odd(again + a.number + a.below, frozenset([a.address_id])) if a.road else None


def radicals(library: Library, a: Address, rng: random.Random) -> Odd | None:
    table = str.maketrans(
        {
            "青": "⻘",
            "石": "⽯",
            "竹": "⽵",
            "山": "⼭",
            "里": "⾥",
            "大": "⼤",
            "长": "⻓",
            "门": "⻔",
            "高": "⾼",
            "小": "⼩",
            "上": "上",
            "白": "⽩",
            "玉": "⽟",
            "西": "⻄",
            "一": "⼀",
        }
    )
    changed = a.text.translate(table)
    return Odd(changed, frozenset([a.address_id])) if changed != a.text else None


def parted_levels(library: Library, a: Address, rng: random.Random) -> Odd | None:
    """Separators between the levels only: nothing odd, and certain."""
    separator = rng.choice([" ", "，", "、", "-", "/", "·", "；", " - "])
    parts = [a.town, a.village, a.group, a.road, a.number]
    below = a.below.replace("幢", "幢|").replace("单元", "单元|").split("|")
    return Odd(separator.join(p for p in [*parts, *below] if p), frozenset([a.address_id]))


KINDS: dict[str, Maker] = {
    "numeral 廿 卅": written(_twenty),
    "numeral 壹佰零一": written(lambda n, _: numeral(n, FORMAL, "拾", "佰") if n < 1000 else None),
    "numeral mixed 2十3, 贰十三": written(_mixed),
    "numeral 〇 ○ 零": written(_zero),
    "numeral full-width": written(lambda n, _: str(n).translate(str.maketrans("0123456789", "０１２３４５６７８９"))),
    "numeral circled": written(_circled),
    "numeral ordinary": written(lambda n, _: numeral(n) if n < 1000 else None),
    "numeral ill-formed": lambda lib, a, rng: (
        None if (o := written(_ill_formed)(lib, a, rng)) is None else Odd(o.text, frozenset(), False)
    ),
    "letters I l O": written(_letters, certain=False),
    "invisible marks": written(_invisible),
    "radicals": radicals,
    "list": listed,
    "range": ranged,
    "floors listed": floors,
    "rooms listed": rooms_listed,
    "numeral eaten": eaten,
    "号 left out": without_counter,
    "sub-number 7号甲": sub_number,
    "beside": beside,
    "road of another village": mended_road,
    "other county, city above": other_upper,
    "entrance left out": two_entrances,
    "floor beside room": floor_and_room,
    "floor against room": wrong_floor,
    "levels written twice": repeated,
    "separated levels": parted_levels,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--county", default="339901")
    parser.add_argument("--kinds", default="", help="only kinds whose name contains this")
    parser.add_argument("--misses", type=int, default=0, help="answers shown of each kind that are not right")
    arguments = parser.parse_args()
    database = Database(ensure_database(get_settings()).app, pool_size=2)
    try:
        with database.transaction(Scope.of_system(arguments.county, "benchmark")) as connection:
            library = read(connection)
            made = {
                kind: cases(library, kind, arguments.each, arguments.seed) for kind in KINDS if arguments.kinds in kind
            }
            texts = {a.address_id: a.text for a in library.addresses}
            print(
                "| kind | texts | right A | right B | several | C | none | wrong several | wrong B | wrong A |\n|---|"
                + "--:|" * 9
            )
            total: Counter[str] = Counter()
            shown: list[str] = []
            for kind, odd in made.items():
                answers = [
                    (one, match, judged(one, match))
                    for one, match in zip(odd, match_many(connection, [o.text for o in odd]), strict=True)
                ]
                counts = Counter(verdict for _, _, verdict in answers)
                total += counts
                print(f"| {kind} | {len(odd)} | " + " | ".join(str(counts[v]) for v in VERDICTS) + " |")
                wrong = sorted(
                    (a for a in answers if a[2].startswith("wrong") or a[2] == "none"), key=lambda a: a[2] == "none"
                )
                shown += [
                    f"- {kind}: {verdict}: {one.text} → {_outcome(match)} (meant {[texts[i] for i in sorted(one.meant)][:3]})"
                    for one, match, verdict in wrong[: arguments.misses]
                ]
            print(f"| **all** | {sum(total.values())} | " + " | ".join(str(total[v]) for v in VERDICTS) + " |\n")
            print("\n".join(shown))
    finally:
        database.close()


VERDICTS = ("right A", "right B", "several", "C", "none", "wrong several", "wrong B", "wrong A")


def judged(odd: Odd, match: Match) -> str:
    """What an answer is worth; see the top of the file."""
    if match.ambiguous:
        return "several" if not odd.meant or odd.meant <= {c.address_id for c in match.candidates} else "wrong several"
    if match.candidate is None:
        return "none"
    class_ = match.candidate.confidence_class
    if class_ == "C":
        return "C"
    good = match.candidate.address_id in odd.meant and (class_ == "B" or odd.certain)
    return f"{'right' if good else 'wrong'} {class_}"


def _outcome(match: Match) -> str:
    return "; ".join(
        f"{c.full_text} {c.confidence_class} {c.confidence:.2f} {[r.text_zh for r in c.reasons]}"
        for c in match.candidates[:2]
    ) or str(match.matched_level)


def cases(library: Library, kind: str, each: int, seed: int) -> list[Odd]:
    """``each`` texts of a kind (fewer where the library has no address fit for it)."""
    rng, made = random.Random(f"{seed} {kind}"), []
    for _ in range(each * 60):
        if len(made) == each:
            break
        odd = KINDS[kind](library, rng.choice(library.addresses), rng)
        if odd is not None:
            made.append(odd)
    return made


def read(connection) -> Library:  # type: ignore[no-untyped-def]
    """The published addresses that their levels make up."""
    rows = connection.execute(
        text(
            "SELECT id, coalesce(province, '') || coalesce(city, '') || coalesce(county, '') AS head, coalesce(town, '') AS town, "
            "coalesce(village, '') AS village, coalesce(village_group, '') AS village_group, coalesce(road, '') AS road, "
            "coalesce(number_plate, '') AS number, coalesce(building, '') || coalesce(entrance, '') || coalesce(floor, '') || "
            "coalesce(room, '') AS below, coalesce(room, '') AS room, full_text "
            "FROM standard_address WHERE status = 'published' ORDER BY id"
        )
    )
    found = [(Address(*row[:9]), row.full_text) for row in rows]
    return Library([a for a, full_text in found if a.text == full_text])


if __name__ == "__main__":
    main()
