"""What is measured of two addresses. The order of the measures is the order of the model's features."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from rapidfuzz import fuzz
from rapidfuzz.distance import LCSseq

from gazetteer.reading.comparing.remainder import measure_remainder
from gazetteer.reading.comparing.sides import GROUPS, Side, character_pairs

NAN = math.nan
_NUMBERED = ("roadno", "houseno", "cellno", "floorno", "roomno")
_PLACES = ("poi", "subpoi", "person", "road")
_DEPTHS = ("town", "community", "road", "roadno", "poi", "subpoi", "houseno")
_NAMED = tuple(group for group in GROUPS if group not in (*_NUMBERED, "assist"))


def measure(a: Side, b: Side, weights: Mapping[str, float]) -> list[float]:
    """All measures of a pair. weights: how rare a character or a pair of them is (idf); '' stands for one never seen."""
    return [
        *_of_texts(a, b, weights),
        *_of_names(a, b, weights),
        *_of_numbers(a, b),
        *_across(a, b, weights),
        *_of_words(a),
        *_of_words(b),
        *_left_over(a, b, weights),
        *_left_over(b, a, weights),
        *_deepest(a, b),
        *_deepest(b, a),
        *_of_places(a, b, weights),
        *measure_remainder(a, b, weights),
    ]


def _of_texts(a: Side, b: Side, weights: Mapping[str, float]) -> Iterator[float]:
    one, two = a.text, b.text
    yield len(one)
    yield len(two)
    yield fuzz.ratio(one, two)
    yield fuzz.partial_ratio(one, two)
    common = LCSseq.similarity(one, two)
    yield common / max(1, len(one))
    yield common / max(1, len(two))
    yield from _covered(a.pairs, b.pairs, weights)
    yield len(a.numbers & b.numbers) / max(1, len(a.numbers))
    yield len(a.numbers & b.numbers) / max(1, len(b.numbers))
    yield len(a.numbers)
    yield len(b.numbers)
    yield "交叉口" in two
    yield "交叉口" in one
    yield _tail(one, two)
    yield len(a.labels)
    yield len(b.labels)


def _of_names(a: Side, b: Side, weights: Mapping[str, float]) -> Iterator[float]:
    for group in _NAMED:
        yield (group in a.parts) + 2 * (group in b.parts)
        if group not in a.parts or group not in b.parts:
            yield NAN
            yield NAN
            yield NAN
            continue
        mine, yours = a.cores[group], b.cores[group]
        yield max(fuzz.ratio(x, y) for x in mine for y in yours)
        yield from _covered(character_pairs(a.joined(group)), character_pairs(b.joined(group)), weights)


def _of_numbers(a: Side, b: Side) -> Iterator[float]:
    for group in _NUMBERED:
        yield (group in a.parts) + 2 * (group in b.parts)
        mine, yours = a.digits(group), b.digits(group)
        if not mine or not yours:
            yield NAN
            yield NAN
            continue
        yield len(mine & yours) / len(mine | yours)
        yield _distance(mine, yours)
    deepest = [[n for n, group in enumerate(_NUMBERED) if group in side.parts] or [-1] for side in (a, b)]
    yield deepest[0][-1]
    yield deepest[1][-1]
    both = [group for group in _NUMBERED if a.digits(group) and b.digits(group)]
    yield sum(bool(a.digits(group) & b.digits(group)) for group in both)
    yield sum(not a.digits(group) & b.digits(group) for group in both)


def _across(a: Side, b: Side, weights: Mapping[str, float]) -> Iterator[float]:
    """Whether the elements of one side stand anywhere in the other text, under whatever label."""
    for mine, yours in ((a, b), (b, a)):
        for group in ("road", "poi", "subpoi", "person", "community", "town", "district"):
            values = mine.cores.get(group)
            if not values:
                yield NAN
                yield NAN
                continue
            yield max(fuzz.partial_ratio(value, yours.text) if len(value) <= len(yours.text) else 0 for value in values)
            yield _share(character_pairs("".join(values)), yours.pairs, weights)
        for group in ("roadno", "houseno", "roomno"):
            digits = mine.digits(group)
            yield len(digits & yours.numbers) / len(digits) if digits else NAN
    names = [
        [*side.parts.get("poi", ()), *side.parts.get("subpoi", ()), *side.parts.get("person", ())] for side in (a, b)
    ]
    if names[0] and names[1]:
        yield max(fuzz.ratio(x, y) for x in names[0] for y in names[1])
        yield max(fuzz.partial_ratio(x, y) for x in names[0] for y in names[1])
        yield fuzz.ratio("".join(names[0]), "".join(names[1]))
    else:
        yield from (NAN, NAN, NAN)


def _covered(a: frozenset[str], b: frozenset[str], weights: Mapping[str, float]) -> Iterator[float]:
    yield _share(a, b, weights)
    yield _share(b, a, weights)


def _share(part: frozenset[str], whole: frozenset[str], weights: Mapping[str, float]) -> float:
    """How much of the weight of part is also in whole."""
    rare = weights[""]
    total = sum(weights.get(pair, rare) for pair in part)
    return sum(weights.get(pair, rare) for pair in part & whole) / total if total else NAN


def _distance(a: frozenset[str], b: frozenset[str]) -> float:
    """The smallest difference between a number of one side and one of the other, as a logarithm."""
    numbers = [[int(value[:9]) for value in side if value.isdigit()] for side in (a, b)]
    if not numbers[0] or not numbers[1]:
        return NAN
    return math.log1p(min(abs(x - y) for x in numbers[0] for y in numbers[1]))


def _tail(one: str, two: str) -> int:
    """How many characters at the end are the same."""
    length = 0
    while length < min(len(one), len(two)) and one[-1 - length] == two[-1 - length]:
        length += 1
    return length


def _of_words(side: Side) -> Iterator[float]:
    """Words that tell of a part of a place or of a place beside it."""
    for words in (
        ("附近", "旁", "对面"),
        ("米",),
        ("门",),
        ("出口", "站"),
        ("店",),
        ("期", "区", "组团"),
        ("路口", "交汇", "交界"),
    ):
        yield any(word in side.text for word in words)
    yield side.text.endswith("门")


def _left_over(mine: Side, yours: Side, weights: Mapping[str, float]) -> Iterator[float]:
    """How much of one side the other does not have: absolute, where the shares of :func:`_across` are relative."""
    rare = weights[""]
    for group in (None, *_PLACES):
        own = character_pairs(mine.joined(group)) if group else mine.pairs
        yield sum(weights.get(pair, rare) for pair in own - yours.pairs) if own else NAN
    yield len(mine.numbers - yours.numbers)
    yield len(set(mine.text) - set(yours.text)) / max(1, len(set(mine.text)))
    yield len(mine.letters - yours.letters) - 2 * (not yours.letters)
    yield max((weights.get(pair, rare) for pair in mine.pairs & yours.pairs), default=NAN)


def _deepest(mine: Side, yours: Side) -> Iterator[float]:
    """The most detailed element above the entrance, and whether the other side has it too."""
    present = [n for n, group in enumerate(_DEPTHS) if group in mine.parts]
    for n in (present[-1], present[-2]) if len(present) > 1 else (*present[-1:], -1)[:2]:
        yield n
        if n < 0:
            yield NAN
        elif _DEPTHS[n] in _NUMBERED:
            digits = mine.digits(_DEPTHS[n])
            yield 100 * (len(digits & yours.digits(_DEPTHS[n])) + len(digits & yours.numbers)) / max(1, 2 * len(digits))
        else:
            yield max(fuzz.partial_ratio(value, yours.text) for value in mine.cores[_DEPTHS[n]])
    if not present:
        yield from (NAN, NAN)


def _of_places(a: Side, b: Side, weights: Mapping[str, float]) -> Iterator[float]:
    """The texts again, without the levels above the road and below the building, and without brackets."""
    for one, two in ((a.place, b.place), (_names(a), _names(b)), (a.unbracketed, b.unbracketed)):
        if not one or not two:
            yield from (NAN, NAN, NAN, NAN)
            continue
        yield fuzz.ratio(one, two)
        yield fuzz.partial_ratio(one, two)
        yield from _covered(character_pairs(one), character_pairs(two), weights)
    yield _share(character_pairs(_names(a)), character_pairs(b.unbracketed), weights)
    yield _share(character_pairs(_names(b)), character_pairs(a.unbracketed), weights)
    yield a.digits("houseno") == b.digits("houseno")
    yield a.digits("roadno") == b.digits("roadno")


def _names(side: Side) -> str:
    return side.joined("poi") + side.joined("subpoi") + side.joined("houseno")
