"""Checks of the address texts of a file: what is not read in most of them, and the replacement that would mend it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from gazetteer.reading.divisions import DivisionIndex
from gazetteer.reading.parse import ParsedAddress, parse
from importing.mappings.mapping import Column
from importing.mappings.rewriting import Replace
from importing.whole_file.question import Question, percent

#: Texts of a file whose number is not read: this share, and so much more than in the library.
UNREAD_SHARE, UNREAD_GAIN = 0.3, 0.2
#: Without the leftover that most of them have in common, the share must be larger.
UNREAD_ALONE, LEFTOVER_SHARE = 0.6, 0.5
#: Shares of other oddities.
MOST = 0.5
IDENTICAL = 0.9
FLOAT_SHARE = 0.3
#: A replacement is proposed when it leaves at most this part of the fault.
MENDED = 0.5

_DIGITS = re.compile(r"\d+")
_HAN = r"\u3400-\u9fff"
_AFTER = re.compile(rf"\d([^\d\s{_HAN}]{{1,5}}|[{_HAN}]|\s*$)")
_BEFORE = re.compile(rf"(?:^|[{_HAN}\s])([^\d\s{_HAN}]{{1,5}})\d")
_COUNTERS = frozenset("号號组社队村路街巷弄幢栋座单层楼室户邻鄰里米年月日")
_FLOAT = re.compile(r"\d\.0+(?!\d)")
_COUNTY = re.compile(
    r"^(?:[^\d]{2,6}?(?:省|自治区))?(?:[^\d]{1,6}?市)?([^\d市]{1,5}?(?:县|旗|(?<![小社园新校景库片发厂])区))"
)


@dataclass(frozen=True, slots=True)
class Library:
    """Shares of the present library: addresses without any number, and with a room but no number. n: how many there are."""

    n: int
    unnumbered: float
    unread: float


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of one field. column: as the file names it; field: as the mapping does. own: they are addresses of this
    county (a registered address may be anywhere). formal: official addresses, or where people live. spec: how the mapping reads it."""

    field: str
    column: str
    texts: Sequence[str]
    own: bool
    formal: bool
    spec: Column | None = None


def check_texts(one: Texts, index: DivisionIndex, library: Library) -> Iterator[Question]:
    """Every oddity of these texts."""
    parsed = [parse(text, index) for text in one.texts]
    yield from _floats(one)
    unread = list(_unread(one, parsed, index, library))
    yield from unread
    if one.formal:
        yield from _nothing_read(one, parsed)
        if not unread:
            yield from _unnumbered(one, parsed, library)
    if one.own:
        yield from _foreign(one, parsed, index)
        yield from _reversed(one, parsed, index)
    yield from _identical(one)


def replace_line(field: str, spec: Column | None, replace: Sequence[Replace]) -> str:
    """The line of a mapping with these replacements; for a field that says more than its column only what is added to it."""
    parts = []
    for each in replace:
        what = f"text = {_quoted(each.text)}" if each.text is not None else f"pattern = '{each.pattern}'"
        parts.append(f"{{ {what}, with = {_quoted(each.by)} }}")
    added = f"replace = [{', '.join(parts)}]"
    if spec is not None and spec.model_fields_set == {"column"}:
        return f"{field} = {{ column = {_quoted(spec.column)}, {added} }}"
    return added


def _quoted(text: str | None) -> str:
    return json.dumps(text, ensure_ascii=False)


def _is_unread(one: ParsedAddress) -> bool:
    """The text has digits below the village, and no number or building was read from them."""
    if one.number_plate or one.building:
        return False
    return bool(one.room or one.floor or one.entrance or _DIGITS.search(one.rest))


def _unread(one: Texts, parsed: Sequence[ParsedAddress], index: DivisionIndex, library: Library) -> Iterator[Question]:
    texts = [text for text, each in zip(one.texts, parsed, strict=True) if _is_unread(each)]
    share = len(texts) / len(parsed)
    usual = library.unread if library.n else 0.0
    if share < UNREAD_SHARE or share < usual + UNREAD_GAIN:
        return
    leftovers = _leftovers(texts)
    likely = next(((kind, token) for (kind, token), n in leftovers if n >= LEFTOVER_SHARE * len(texts)), None)
    if likely is None and share < UNREAD_ALONE:
        return
    if not one.formal and (likely is None or likely[0] == "end"):
        return
    zh, en = _LEFTOVER_WORDS[likely[0]](likely[1]) if likely else ("", "")
    proposal = _proposal(one, texts, likely, index) if likely else None
    yield Question(
        "numbers_unread",
        share,
        f"{percent(share)} 的地址没有读出门牌号{zh}",
        f"in {percent(share)} of the addresses no house number could be read{en}",
        one.column,
        proposal,
    )


_LEFTOVER_WORDS: dict[str, Callable[[str], tuple[str, str]]] = {
    "after": lambda t: (f"；多见“{t}”紧跟数字", f"; “{t}” often follows the digits"),
    "before": lambda t: (f"；多见“{t}”在数字前", f"; “{t}” often stands before the digits"),
    "end": lambda _t: ("；多见数字后没有“号”", "; often nothing follows the digits (号 is missing)"),
}


def _leftovers(texts: Sequence[str]) -> list[tuple[tuple[str, str], int]]:
    """What stands beside digits, the most frequent first: kind (after, before, end) and token, each text once."""
    counts: Counter[tuple[str, str]] = Counter()
    for text in texts:
        found = {("before", token) for token in _BEFORE.findall(text)}
        for token in _AFTER.findall(text):
            if not token.strip():
                found.add(("end", ""))
            elif token not in _COUNTERS:
                found.add(("after", token))
        counts.update(found)
    # a marker says more than that nothing follows
    return sorted(counts.items(), key=lambda item: (item[0][0] == "end", -item[1], item[0]))


def _proposal(one: Texts, texts: Sequence[str], likely: tuple[str, str], index: DivisionIndex) -> str | None:
    """The replacement that would mend it, tried on the texts; None when it does not."""
    kind, token = likely
    written = re.escape(token).replace("\\-", "-").replace("'", ".")
    if kind == "after":
        # 12-3 is a number with a part; I-3幢 is what follows the number 12
        tried = [(rf"(?<=\d){written}(?!\d)", "号"), (rf"(?<=\d){written}", "号")]
    elif kind == "before":
        tried = [(rf"{written}(\d{{1,6}})(?!\d|号)", r"\1号")]
    else:
        tried = [(r"(?<=\d)\s{0,3}$", "号")]
    best, fewest = None, MENDED * len(texts)
    for pattern, by in tried:
        replace = Replace.model_validate({"pattern": pattern, "with": by})
        rewrite = replace.rewriter()
        left = sum(_is_unread(parse(rewrite(text), index)) for text in texts)
        if left < fewest:
            best, fewest = replace, left
    return None if best is None else replace_line(one.field, one.spec, [best])


def _floats(one: Texts) -> Iterator[Question]:
    n = sum(_FLOAT.search(text) is not None for text in one.texts)
    share = n / len(one.texts)
    if share >= FLOAT_SHARE:
        yield Question(
            "numbers_are_floats",
            share,
            f"{percent(share)} 的地址里数字带小数（如 12.0 号），会读成 120 号",
            f"in {percent(share)} of the addresses numbers have decimals (12.0), they would be read as 120",
            one.column,
            replace_line(
                one.field, one.spec, [Replace.model_validate({"pattern": r"(?<=\d)\.0{1,6}(?!\d)", "with": ""})]
            ),
        )


def _nothing_read(one: Texts, parsed: Sequence[ParsedAddress]) -> Iterator[Question]:
    n = sum(
        not (each.county or each.town or each.village or each.road or each.village_group or each.number_plate)
        for each in parsed
    )
    share = n / len(parsed)
    if share >= MOST:
        yield Question(
            "no_addresses",
            share,
            f"“{one.column}”有 {percent(share)} 读不出任何一级地址，可能列错位",
            f"{percent(share)} of column {one.column} has no level of an address: are the columns shifted?",
            one.column,
        )


def _unnumbered(one: Texts, parsed: Sequence[ParsedAddress], library: Library) -> Iterator[Question]:
    share = sum(not (each.number_plate or each.building or _is_unread(each)) for each in parsed) / len(parsed)
    if library.n and share >= library.unnumbered + MOST:
        yield Question(
            "numbers_missing",
            share,
            f"{percent(share)} 的地址没有门牌号，库中只有 {percent(library.unnumbered)} 没有",
            f"{percent(share)} of the addresses have no house number, in the library {percent(library.unnumbered)}",
            one.column,
        )


def _foreign(one: Texts, parsed: Sequence[ParsedAddress], index: DivisionIndex) -> Iterator[Question]:
    known = index.by_level.get("county", {})
    if not known:
        return
    names: Counter[str] = Counter()
    for each in parsed:
        head = _COUNTY.match(each.key)
        if each.foreign and each.county:
            names[each.county] += 1
        elif head is not None and head[1] not in known and not any(name in head[1] for name in known):
            names[head[1]] += 1
    if not names:
        return
    name, n = names.most_common(1)[0]
    if n >= MOST * len(parsed):
        share = n / len(parsed)
        yield Question(
            "other_county",
            share,
            f"{percent(share)} 的地址写的是“{name}”，不是本县",
            f"{percent(share)} of the addresses name {name}, which is another county",
            one.column,
        )


def _reversed(one: Texts, parsed: Sequence[ParsedAddress], index: DivisionIndex) -> Iterator[Question]:
    """A town or the county stands after the number: 12号前街莫干镇."""
    names = [name for level in ("county", "town") for name in index.by_level.get(level, {})]
    n = 0
    for each in parsed:
        first = _DIGITS.search(each.key)
        if first is not None and any(each.key.find(name, first.end()) > 0 for name in names):
            n += 1
    share = n / len(parsed)
    if share >= MOST:
        yield Question(
            "reversed_order",
            share,
            f"{percent(share)} 的地址从小到大写（号在前，县镇在后）",
            f"{percent(share)} of the addresses are written from small to large",
            one.column,
        )


def _identical(one: Texts) -> Iterator[Question]:
    _text, n = Counter(one.texts).most_common(1)[0]
    share = n / len(one.texts)
    if share >= IDENTICAL:
        yield Question(
            "identical_texts",
            share,
            f"“{one.column}”有 {percent(share)} 完全相同",
            f"{percent(share)} of column {one.column} is one and the same text",
            one.column,
        )
