"""Scored evidence for files of any kind: after Fellegi and Sunter (1969), with the chance of what agrees taken from the file itself.

For every field of a pair there is a level (equal, like, different …) and, where something agrees, its information: how rare it is. The score
in bits is the prior, plus for each field log2 of how often true pairs stand at that level, plus the information. How often true pairs stand
at a level is learnt by expectation maximisation over all pairs; those that share no key count as different persons. What is missing on
one side says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rapidfuzz import distance, process

from layers.people.identity.births import Dates, compare_births
from layers.people.identity.blocks import any_names, pairs_of
from layers.people.identity.clusters import average_link
from layers.people.identity.records import Codes, Records
from layers.people.identity.tokens import Ints, Shared

Scores = npt.NDArray[np.float64]

#: a posterior of one half: by it precision and recall weigh the same
LEAST = 0.0
#: from here on a person should look
DOUBTFUL = -4.0
_ROUNDS = 2
#: what is known of the records of one person before any file is read, as this many pairs: an equal share of a field's levels, except that
#: of ten pairs nine agree in the name and in the date of birth, and two of three in the address (levels from the number on disagree)
_KNOWN_PAIRS = 25.0
_DISAGREE_FROM = {
    "name": (6, 0.1),
    "birth_date": (int(Dates.SAME_DAY), 0.1),
    "address": (6, 0.33),
    "sex": (2, 0.05),
    "national_id": (4, 0.05),
}
_LEVELS = 13
#: information of a date level by chance alone, in bits, where the level is no equality (dates spread over seventy years)
_DATE_BITS = {Dates.ONE_DIGIT: 13, Dates.EXCHANGED: 13, Dates.LUNAR: 13, Dates.ONE_PART: 9.5, Dates.TWO_DIGITS: 10.5, Dates.SAME_DAY: 11,
              Dates.YEAR_ONLY: 6.3, Dates.SAME_YEAR: 6.3, Dates.NEAR_YEAR: 5.2}  # fmt: skip
_MOST_DATE_BITS = 15.0
_MOST_SLIP_BITS = 20.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """Of every pair: the level of each field (0 where it is missing) and the information of what agrees, in bits."""

    levels: dict[str, Ints]
    bits: dict[str, Scores]


def clusters(records: Records) -> tuple[Ints, tuple[Ints, Ints], Scores, Evidence]:
    """The cluster of each row; the pairs that were compared, their scores in bits, and what the scores rest on."""
    a, b = pairs_of(records.size, any_names(records))
    cluster: Ints | None = None
    belief: Scores | None = None
    for _ in range(_ROUNDS):
        evidence = _evidence(records, a, b, cluster)
        score, belief = _fit(
            evidence, _likely(evidence) if belief is None else belief, records.size * (records.size - 1) / 2
        )
        cluster = average_link(records.size, a, b, score, LEAST)
    assert cluster is not None
    return cluster, (a, b), score, evidence


def _evidence(records: Records, a: Ints, b: Ints, cluster: Ints | None) -> Evidence:
    """Levels and information. With clusters from an earlier round each of them counts once: ten rows of a person do not make a name frequent."""
    records.name.count(cluster)
    records.address.count(cluster)
    levels: dict[str, Ints] = {}
    bits: dict[str, Scores] = {}
    name = records.name.compare(a, b)
    both = (records.name.filled[a] > 0) & (records.name.filled[b] > 0)
    levels["name"] = np.where(both, _name_levels(name, np.minimum(records.name.filled[a], records.name.filled[b])), 0)
    bits["name"] = np.where(both, name.same + name.like, 0.0)
    address = records.address.compare(a, b)
    both = (records.address.filled[a] > 0) & (records.address.filled[b] > 0)
    levels["address"] = np.where(both, _address_levels(address), 0)
    bits["address"] = np.where(both, _address_bits(records, address), 0.0)
    levels["birth_date"] = compare_births(records.birth[a], records.birth[b])
    _, date = np.unique(records.birth, axis=0, return_inverse=True)
    rare = np.minimum(_information(date.ravel(), cluster), _MOST_DATE_BITS)
    chance = np.array([_DATE_BITS.get(Dates(level), 0.0) if level < len(Dates) else 0.0 for level in range(_LEVELS)])
    bits["birth_date"] = np.where(
        levels["birth_date"] == Dates.SAME, rare[date.ravel()[a]], chance[levels["birth_date"]]
    )
    levels["sex"] = np.where((records.sex[a] > 0) & (records.sex[b] > 0), 1 + (records.sex[a] != records.sex[b]), 0)
    bits["sex"] = np.where(levels["sex"] > 0, 1.0, 0.0)
    for field, column in (("national_id", records.identity), ("phone", records.phone)):
        levels[field], bits[field] = _code_evidence(column, a, b, cluster)
    return Evidence(levels, bits)


def _name_levels(name: Shared, fewer: Ints) -> Ints:
    """fewer: words of the shorter name. Where it stands whole in the other: 1 equal, 2 the other has more words, 3 equal but for words that
    are only like, 4 both of these, 5 its one word among others. Else 6 some words are shared, 7 some are like, 8 none.
    """
    whole = name.left_of_poorer <= 0.01
    extra = name.left_of_richer > 0.01
    whole_level = np.where(name.likenesses > 0, np.where(extra, 4, 3), np.where(extra, np.where(fewer == 1, 5, 2), 1))
    part_level = np.where(name.same + name.like > 0.01, np.where(name.likenesses > 0, 7, 6), 8)
    return np.where(whole, whole_level, part_level).astype(np.int64)


def _address_levels(address: Shared) -> Ints:
    """1 equal; 2 to 6 by how much of the poorer address stands in the other, from nearly all to a little; 7 nothing."""
    shared = address.same + address.like
    poorer = shared / np.maximum(shared + address.left_of_poorer, 1e-6)
    richer = shared / np.maximum(shared + address.left_of_richer, 1e-6)
    level = np.select([poorer > 0.97, poorer > 0.75, poorer > 0.5, poorer > 0.25, shared > 0.01], [2, 3, 4, 5, 6], 7)
    level[(poorer > 0.97) & (richer > 0.97)] = 1
    return level.astype(np.int64)


def _address_bits(records: Records, address: Shared) -> Scores:
    """Parts of an address come together (a suburb has one postcode): the sum of their bits is brought to what chance pairs really share."""
    generator = np.random.default_rng(5)
    x, y = generator.integers(0, records.size, (2, 400_000))
    use = (x != y) & (records.address.filled[x] > 0) & (records.address.filled[y] > 0)
    slope, start = 1.0, 0.0
    if use.sum() >= 1_000:
        chance = np.sort(records.address.compare(x[use], y[use], likeness=False).same)
        shares = np.array([0.1, 0.03, 0.01, 0.003, 0.001, 0.0003, 0.0001])
        value = chance[(len(chance) * (1 - shares)).astype(np.int64) - 1]
        if len(np.unique(value[value > 1])) > 2:
            slope, start = np.polyfit(value[value > 1], -np.log2(shares[value > 1]), 1)
    shared = (address.same + address.like).astype(np.float64)
    return np.where(shared > 0, np.maximum(shared * min(max(slope, 0.3), 1.0) + min(start, 2.0), 0), 0)


def _information(number: Ints, cluster: Ints | None) -> Scores:
    """Bits of every value of a column: how few rows, or clusters, have it."""
    owner = np.arange(len(number)) if cluster is None else cluster
    kinds = int(number.max()) + 1 if len(number) else 1
    counts = np.bincount(np.unique(owner * kinds + number) % kinds, minlength=kinds)
    return np.log2(len(np.unique(owner)) / np.maximum(counts, 1))


def _code_evidence(column: Codes, a: Ints, b: Ints, cluster: Ints | None) -> tuple[Ints, Scores]:
    """Numbers as text: equal, one or two slips of the pen apart, different."""
    level, bits = np.zeros(len(a), dtype=np.int64), np.zeros(len(a))
    both = np.flatnonzero(column.filled[a] & column.filled[b])
    if not len(both):
        return level, bits
    first, second = column.number[a[both]], column.number[b[both]]
    slips = process.cpdist(
        [column.values[n] for n in first],
        [column.values[n] for n in second],
        scorer=distance.OSA.distance,
        score_cutoff=2,
    )
    level[both] = 1 + np.minimum(np.asarray(slips), 3)
    length = float(np.mean([len(value) for value in column.values if value][:1_000]))
    one, two = (max(length * np.log2(10) - slips * np.log2(length * 9), 0.0) for slips in (1, 2))
    bits[level == 2], bits[level == 3] = min(one, _MOST_SLIP_BITS), min(two, _MOST_SLIP_BITS)
    bits[level == 1] = _information(column.number, cluster)[column.number[a[level == 1]]]
    return level, bits


def _likely(evidence: Evidence) -> Scores:
    """Where the learning begins: pairs that nobody would doubt."""
    levels, bits = evidence.levels, evidence.bits
    named = np.isin(levels["name"], [1, 2, 3]) & (bits["name"] > 8)
    born = np.isin(levels["birth_date"], [Dates.SAME, Dates.ONE_DIGIT, Dates.EXCHANGED, Dates.ONE_PART])
    at_home = (levels["name"] == 1) & (bits["name"] > 10) & np.isin(levels["address"], [1, 2, 3])
    numbered = (levels["national_id"] == 1) & (levels["name"] > 0) & (levels["name"] < 6)
    return np.where(named & born | at_home | numbered, 0.95, 1e-6)


def _expected(field: str, level: Ints) -> Scores:
    """The pairs of :data:`_KNOWN_PAIRS` by level, over the levels that occur in the file."""
    weight = np.zeros(_LEVELS)
    occurring = np.unique(level[level > 0])
    first, share = _DISAGREE_FROM.get(field, (_LEVELS, 0.0))
    agree, disagree = occurring[occurring < first], occurring[occurring >= first]
    weight[agree] = _KNOWN_PAIRS * (1 - share) / max(len(agree), 1)
    weight[disagree] = _KNOWN_PAIRS * share / max(len(disagree), 1)
    return weight


def _fit(evidence: Evidence, belief: Scores, possible: float) -> tuple[Scores, Scores]:
    """Expectation maximisation; returns the scores in bits and the posteriors."""
    score = np.zeros(len(belief))
    for _ in range(30):
        score = np.full(len(belief), np.log2(max(belief.sum(), 1.0) / max(possible, 1.0)))
        for field, level in evidence.levels.items():
            weight = np.bincount(level, weights=belief, minlength=_LEVELS) + _expected(field, level)
            weight[0] = 0
            share = np.log2((weight + 1 / _LEVELS) / (weight.sum() + 1))
            share[0] = 0
            score += share[level] + evidence.bits[field]
        now = 1 / (1 + np.exp2(-np.clip(score, -60, 60)))
        settled = len(belief) == 0 or np.abs(now - belief).max() < 5e-3
        belief = now
        if settled:
            break
    return score, belief
