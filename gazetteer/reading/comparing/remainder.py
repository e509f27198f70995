"""What remains of either text when all that the other has too is taken away, and at which level it stands.

Two texts of one road, number and estate are one place only while nothing remains that tells places apart: a firm's name
on one side makes them partial, the name of a town does not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from rapidfuzz import fuzz
from rapidfuzz.distance import Indel, LCSseq, Postfix, Prefix

from gazetteer.reading.comparing.sides import DEPTHS, Side, character_pairs

NAN = math.nan
_LEVELS = range(12)  # the values of DEPTHS
_COMMON = (2, 3, 4, 5, 6, 7, 8, 9)  # village to firm: where it matters how much both have
_NO_PLACE = ("assist", "redundant")


def measure_remainder(a: Side, b: Side, weights: Mapping[str, float]) -> list[float]:
    """All measures of what remains of a pair. weights: as :func:`gazetteer.reading.comparing.features.measure` takes them."""
    return [
        *_common_runs(a.read, b.read),
        *_by_level(a, b, weights),
        *_by_level(b, a, weights),
        *_last_name(a, b, weights),
        *_last_name(b, a, weights),
        *_elements(a, b),
        *_elements(b, a),
    ]


def _common_runs(one: str, two: str) -> Iterator[float]:
    """The runs of characters that both have in the same order: the longest, how many, how much of either text."""
    runs = [op.src_end - op.src_start for op in Indel.opcodes(one, two) if op.tag == "equal"]
    long = [length for length in runs if length > 1]
    yield max(runs, default=0)
    yield len(long)
    yield sum(long) / max(1, len(one))
    yield sum(long) / max(1, len(two))


def _by_level(mine: Side, yours: Side, weights: Mapping[str, float]) -> Iterator[float]:
    """The weight of what only this side has, for each level, and of what both have; then the heaviest and the last remainder."""
    text, depths, rare = mine.read, mine.depths, weights[""]
    pairs = character_pairs(yours.read)
    covered = [False] * len(text)
    for n in range(len(text) - 1):
        if text[n : n + 2] in pairs:
            covered[n] = covered[n + 1] = True
    own = dict.fromkeys(depths, 0.0)
    common = dict.fromkeys(depths, 0.0)
    heaviest, last = (0.0, 0, 0), (0.0, 0, 0)
    count = 0
    for n, character in enumerate(text):
        weight = weights.get(character, rare)
        if covered[n]:
            common[depths[n]] += weight
            continue
        own[depths[n]] += weight
        if n and not covered[n - 1]:
            last = (last[0] + weight, last[1], n + 1)
        else:
            last = (weight, n, n + 1)
            count += 1
        heaviest = max(heaviest, last)
    for level in _LEVELS:
        yield own.get(level, NAN)
    for level in _COMMON:
        yield common.get(level, NAN)
    if count:
        yield from (heaviest[0], depths[heaviest[1]], heaviest[1] / len(text), len(text) - heaviest[2], count)
        yield from (len(text) - last[2], depths[last[2] - 1], last[0])
    else:
        yield from (0, -1, NAN, NAN, 0, NAN, NAN, 0)
    yield depths[-1] if depths else -1


def _last_name(mine: Side, yours: Side, weights: Mapping[str, float]) -> Iterator[float]:
    """The last name outside brackets, most often what the text is about: beside the other text, its names, its last name."""
    if not mine.main_names:
        yield from [NAN] * 9
        return
    name, text = mine.main_names[-1], yours.read
    own, pairs, rare = character_pairs(name), character_pairs(text), weights[""]
    yield len(name)
    yield fuzz.partial_ratio(name, text) if len(name) <= len(text) else 100 * LCSseq.similarity(name, text) / len(name)
    yield sum(weights.get(pair, rare) for pair in own - pairs)
    yield sum(weights.get(pair, rare) for pair in own & pairs)
    yield max((fuzz.ratio(name, other) for other in yours.names), default=NAN)
    if not yours.main_names:
        yield from [NAN] * 4
        return
    other = yours.main_names[-1]
    yield fuzz.ratio(name, other)
    for likeness in (Prefix.similarity, Postfix.similarity, LCSseq.similarity):
        yield likeness(name, other) / len(name)


def _elements(mine: Side, yours: Side) -> Iterator[float]:
    """How many elements stand in the other text as they are, how many do not, and how far down."""
    depths = [(DEPTHS[label], value in yours.read) for label, value in mine.elements if label not in _NO_PLACE]
    yield sum(found for _, found in depths)
    yield sum(not found for _, found in depths)
    yield depths[-1][1] if depths else NAN
    yield depths[-1][0] if depths else -1
    yield max((depth for depth, found in depths if found), default=-1)
    yield max((depth for depth, found in depths if not found), default=-1)
