"""Persons with Han names, in households: pairs are judged by patterns of agreement, and the file's own ID numbers say how far each can be trusted.

In a county the usual scores mislead: a household shares surname, address and phone, twins share the date of birth, lineages a character,
villages their names. So no weights are added up. A pattern is how name, date of birth, sex, phone, address and source of two records agree.
Among pairs where both have a sound resident number the truth is known: equal is one person, different is two. These pairs tell for each
pattern how often it lies; where numbers are missing, pairs are joined by the patterns that (nearly) never do, the safest first, until the
joins expected to be wrong reach :data:`EXPECTED_WRONG`. What is missing counts as anything: a pattern without a phone is as safe as that
pattern over all phones. Without enough numbers a fixed table of safe patterns stands in.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt
from pypinyin import lazy_pinyin
from rapidfuzz import distance, process

from layers.people.identity.births import Dates, compare_births
from layers.people.identity.blocks import han_names, pairs_of
from layers.people.identity.clusters import Union
from layers.people.identity.lunar import lunar_dates
from layers.people.identity.records import Records, without_placeholders
from layers.people.identity.tokens import Flags, Ints
from layers.people.identity.values import Number

#: wrong joins that a whole file may be expected to have
EXPECTED_WRONG = 0.5
#: what a pattern is thought to have that was not seen yet, of each kind, in pairs
_UNSEEN = 0.02
#: known pairs of one person from which the file is trusted to speak for itself
_ENOUGH = 1_000
#: a pattern that was seen to join rightly this often is worth a look where it may not join
_DOUBTFUL_SHARE = 0.2
#: a number of another kind (passport, permit) is at least so long, and not held by so many rows
_SHORTEST_NUMBER, _MOST_WITH_ONE_NUMBER = 7, 20
#: a source lists a person once if of the pairs that are surely one person no more than this share stand in one source
_LISTED_TWICE = 0.01


class Names(IntEnum):
    """How two Han names stand to each other, the nearest that holds."""

    MISSING = 0
    SAME = 1
    SOUND = 2  # another character of the same sound
    ORDER = 3  # the given name's characters exchanged
    ONE_CHARACTER = 4
    HALF = 5  # surname or given name only
    DIFFERENT = 6


class Alike(IntEnum):
    """How two phones or addresses stand to each other."""

    MISSING = 0
    SAME = 1
    PART = 2  # of an address: one says less than the other
    DIFFERENT = 3


class Identity(IntEnum):
    """How two resident numbers stand to each other."""

    MISSING = 0
    SAME = 1
    SLIP = 2  # one or two slips apart, one of them with a wrong check character
    OTHER = 3  # two sound numbers
    OTHER_NEAR = 4  # two sound numbers, one or two slips apart
    UNCLEAR = 5


@dataclass(frozen=True, slots=True)
class Patterns:
    """Of every pair, how its fields agree. ``birth`` knows what resident numbers say, ``stated_birth`` only what was written."""

    name: Ints
    birth: Ints
    stated_birth: Ints
    sex: Ints  # 0 the same or missing, 1 different
    phone: Ints
    address: Ints
    source: Ints  # 1: both from one source
    rarity: Ints  # of an equal name: 0 common to 3 rare
    alone: Ints  # 1: neither record could as well be somebody else of that name and date of birth
    alone_by_name: Ints  # 1: nor of that name alone
    identity: Ints


#: the fields of a pattern with how many values each has; where 0 is "missing" it stands for all values
_WIDTHS = {"name": 7, "birth": 12, "sex": 2, "phone": 4, "address": 4, "source": 2, "rarity": 4, "alone": 2}
_WILD = ("birth", "phone", "address")


@dataclass(frozen=True, slots=True)
class Judged:
    """Pairs with the risk of being two persons; ``joins`` where it is small enough, ``doubtful`` where a person should look."""

    a: Ints
    b: Ints
    patterns: Patterns
    risk: npt.NDArray[np.float64]
    joins: Flags
    doubtful: Flags


def judge(records: Records) -> Judged:
    """Every pair of records that shares a key, judged by its pattern."""
    without_placeholders(records)
    given = records.given.values
    reading = {name: number for number, name in enumerate(dict.fromkeys("".join(lazy_pinyin(name)) for name in given))}
    sounds = np.array([reading["".join(lazy_pinyin(name))] for name in given], dtype=np.int64)[records.given.number]
    letters = {name: number for number, name in enumerate(dict.fromkeys("".join(sorted(name)) for name in given))}
    orders = np.array([letters["".join(sorted(name))] for name in given], dtype=np.int64)[records.given.number]
    lunar = lunar_dates(records.birth)
    a, b = pairs_of(records.size, han_names(records, sounds, orders, lunar))
    patterns = _patterns(records, a, b, sounds, orders, lunar)
    known = (
        np.isin(patterns.identity, [Identity.SAME, Identity.OTHER])
        & (records.trust[a] == Number.SOUND)
        & (records.trust[b] == Number.SOUND)
    )
    one = known & (patterns.identity == Identity.SAME)
    open_pairs = np.isin(patterns.identity, [Identity.MISSING, Identity.SLIP, Identity.UNCLEAR])
    risk = _learnt_risk(patterns, known, one) if one.sum() >= _ENOUGH else _fixed_risk(patterns)
    # a number one slip away is the strongest support there is; two numbers far apart, of which one is damaged, are none
    risk = np.where((patterns.identity == Identity.SLIP) & _plausible(patterns), np.minimum(risk, 1e-6), risk)
    risk = np.where(patterns.identity == Identity.UNCLEAR, np.maximum(risk, 0.5), risk)
    risk = np.where(np.isin(patterns.identity, [Identity.OTHER, Identity.OTHER_NEAR]), 1.0, risk)
    same_number = patterns.identity == Identity.SAME
    risk = np.where(same_number, np.where(_contradictory(patterns), 0.5, 0.0), risk)
    joins = _within_budget(risk, open_pairs) | (same_number & ~_contradictory(patterns))
    near = (
        (patterns.identity == Identity.OTHER_NEAR) & (patterns.name == Names.SAME) & (patterns.birth != Dates.DIFFERENT)
    )
    doubtful = ~joins & ((risk < 1 - _DOUBTFUL_SHARE) | near)
    return Judged(a, b, patterns, risk, joins, doubtful)


def clusters(records: Records, judged: Judged) -> tuple[Ints, Flags]:
    """Join what may be joined, the safest pair first, unless a set would hold two sound numbers.

    A set without a number that could as well belong to several persons belongs to none. Returns the cluster of each row and which pairs were
    refused.
    """
    numbers: list[set[int]] = [
        {number} if trust == Number.SOUND else set()
        for number, trust in zip(records.identity.number.tolist(), records.trust.tolist(), strict=True)
    ]

    def may_join(x: int, y: int) -> bool:
        both = numbers[x] | numbers[y]
        if len(both) > 1:
            return False
        numbers[x] = numbers[y] = both
        return True

    union = Union(records.size, may_join)
    pairs = np.flatnonzero(judged.joins)
    order = pairs[np.lexsort((judged.b[pairs], judged.a[pairs], judged.risk[pairs]))]
    same = judged.patterns.identity[order] == Identity.SAME
    refused = np.zeros(len(judged.a), dtype=bool)
    for at in order[same].tolist():
        refused[at] = not union.join(int(judged.a[at]), int(judged.b[at]))
    rest = order[~same]
    ambiguous = _ambiguous(records, judged, rest)
    for at in rest.tolist():
        x, y = int(judged.a[at]), int(judged.b[at])
        refused[at] = x in ambiguous or y in ambiguous or not union.join(x, y)
    return union.clusters(), refused


def _ambiguous(records: Records, judged: Judged, pairs: Ints) -> set[int]:
    """Rows without a sound number that would be joined to persons of different numbers, none of them far safer than the others."""
    best: dict[int, dict[int, float]] = {}
    for at in pairs.tolist():
        for x, y in ((int(judged.a[at]), int(judged.b[at])), (int(judged.b[at]), int(judged.a[at]))):
            if records.trust[x] != Number.SOUND and records.trust[y] == Number.SOUND:
                number = int(records.identity.number[y])
                found = best.setdefault(x, {})
                found[number] = min(found.get(number, 1.0), float(judged.risk[at]))
    ambiguous: set[int] = set()
    for row, risks in best.items():
        if len(risks) > 1:
            first, second = sorted(risks.values())[:2]
            if first * 100 >= second:
                ambiguous.add(row)
    return ambiguous


def _plausible(patterns: Patterns) -> Flags:
    plausible: Flags = (patterns.name > 0) & (patterns.name <= Names.ORDER) & (patterns.birth != Dates.DIFFERENT)
    return plausible


def _contradictory(patterns: Patterns) -> Flags:
    """One number, and yet neither name nor date of birth alike: somebody wrote another person's number."""
    other_name = patterns.name >= Names.HALF
    contradictory: Flags = other_name & (
        (patterns.stated_birth >= Dates.ONE_PART) | (patterns.sex == 1) | (patterns.stated_birth == Dates.MISSING)
    )
    return contradictory


def _patterns(records: Records, a: Ints, b: Ints, sounds: Ints, orders: Ints, lunar: Ints) -> Patterns:
    name = _names(records, a, b, sounds, orders)
    counts = np.bincount(records.name_text.number)[records.name_text.number]
    expected = np.digitize(np.log2(records.size / counts), [9, 11, 13])
    rarity = np.where(name == Names.SAME, expected[a], 0)
    phone = np.where(
        records.phone.filled[a] & records.phone.filled[b],
        np.where(records.phone.number[a] == records.phone.number[b], int(Alike.SAME), int(Alike.DIFFERENT)),
        int(Alike.MISSING),
    )
    identity, address = _identities(records, a, b), _addresses(records, a, b)
    source = records.source.filled[a] & (records.source.number[a] == records.source.number[b])
    birth = compare_births(records.birth[a], records.birth[b], lunar[a], lunar[b])
    undoubted = (
        (name == Names.SAME)
        & (birth == Dates.SAME)
        & ((identity == Identity.SAME) | ((phone == Alike.SAME) & (address == Alike.SAME)))
    )
    lists_once = bool((undoubted & source).sum() <= _LISTED_TWICE * undoubted.sum())
    if not lists_once:
        source = np.zeros_like(source)
    return Patterns(
        name=name,
        birth=birth,
        stated_birth=compare_births(records.stated_birth[a], records.stated_birth[b], lunar[a], lunar[b]),
        sex=((records.sex[a] > 0) & (records.sex[b] > 0) & (records.sex[a] != records.sex[b])).astype(np.int64),
        phone=phone,
        address=address,
        source=source.astype(np.int64),
        rarity=rarity,
        alone=_alone(
            records, a, b, (name == Names.SAME) & (birth <= Dates.YEAR_ONLY) & (birth != Dates.SAME_DAY), lists_once
        ),
        alone_by_name=_alone(records, a, b, name == Names.SAME, lists_once),
        identity=identity,
    )


def _alone(records: Records, a: Ints, b: Ints, namesakes: Flags, lists_once: bool) -> Ints:
    """1 where neither record has namesakes, of a date of birth that fits, with two different numbers or twice in one source.

    0 for all when the file has neither numbers nor sources to tell by. A record's own number does not count. Where both of a pair have one,
    the question is what it would be without the number of one of them: what is learnt from such pairs is for records without a number.
    """
    row, other = np.concatenate([a[namesakes], b[namesakes]]), np.concatenate([b[namesakes], a[namesakes]])
    sound = records.trust[other] == Number.SOUND
    kinds = len(records.identity.values)
    number = records.identity.number
    seen, times = np.unique(row[sound] * kinds + number[other[sound]], return_counts=True)
    numbers = np.bincount(seen // kinds, minlength=records.size)
    by_one = seen[times == 1]

    def without(partner: Ints, of: Ints) -> Ints:
        """How many numbers the namesakes of a record have when its partner's is hidden."""
        only = np.isin(of * kinds + number[partner], by_one) & namesakes & (records.trust[partner] == Number.SOUND)
        left: Ints = numbers[of] - only
        return left

    both = (records.trust[a] == Number.SOUND) & (records.trust[b] == Number.SOUND)
    hiding = ((numbers[a] <= 1) & (without(a, b) <= 1)) | ((numbers[b] <= 1) & (without(b, a) <= 1))
    single = np.where(both, hiding, (numbers[a] <= 1) & (numbers[b] <= 1))
    stated = records.source.filled[other] & ~sound & lists_once
    kinds = len(records.source.values)
    sources, times = np.unique(row[stated] * kinds + records.source.number[other[stated]], return_counts=True)
    twice = np.zeros(records.size, dtype=bool)
    twice[sources[times > 1] // kinds] = True
    can_tell = bool(sound.any()) or bool(stated.any())
    return (single & ~twice[a] & ~twice[b] & can_tell).astype(np.int64)


def _names(records: Records, a: Ints, b: Ints, sounds: Ints, orders: Ints) -> Ints:
    surname, given = records.surname.number, records.given.number
    length = np.array([len(name) for name in records.given.values], dtype=np.int64)[given]
    level = np.full(len(a), int(Names.DIFFERENT), dtype=np.int64)
    same_surname = surname[a] == surname[b]
    level[same_surname | ((given[a] == given[b]) & (length[a] > 0))] = Names.HALF
    at = np.flatnonzero(same_surname & (given[a] != given[b]))
    texts, others = ([records.given.values[n] for n in given[rows[at]]] for rows in (a, b))
    slips = np.asarray(process.cpdist(texts, others, scorer=distance.OSA.distance, score_cutoff=1))
    level[at[(slips == 1) & (np.maximum(length[a[at]], length[b[at]]) > 1)]] = Names.ONE_CHARACTER
    level[at[orders[a[at]] == orders[b[at]]]] = Names.ORDER
    level[at[sounds[a[at]] == sounds[b[at]]]] = Names.SOUND
    level[records.name_text.number[a] == records.name_text.number[b]] = Names.SAME
    level[~(records.name_text.filled[a] & records.name_text.filled[b])] = Names.MISSING
    return level


def _addresses(records: Records, a: Ints, b: Ints) -> Ints:
    """The same door: all its numbers and nearly all the rest; a part: one of them says less, and nothing else."""
    shared = records.address.compare(a, b, likeness=False)
    door = records.door.filled[a] & (records.door.number[a] == records.door.number[b])
    whole = shared.same / np.maximum(shared.same + shared.left_of_poorer, 1e-6) > 0.9
    level = np.where(
        door & whole,
        int(Alike.SAME),
        np.where(shared.left_of_poorer < 0.01, int(Alike.PART), int(Alike.DIFFERENT)),
    )
    both = (records.address.filled[a] > 0) & (records.address.filled[b] > 0)
    return np.where(both, level, int(Alike.MISSING)).astype(np.int64)


def _identities(records: Records, a: Ints, b: Ints) -> Ints:
    level = np.zeros(len(a), dtype=np.int64)
    identity, trust = records.identity, records.trust
    at = np.flatnonzero(identity.filled[a] & identity.filled[b])
    first, second = identity.number[a[at]], identity.number[b[at]]
    slips = np.asarray(
        process.cpdist(
            [identity.values[n] for n in first],
            [identity.values[n] for n in second],
            scorer=distance.OSA.distance,
            score_cutoff=2,
        )
    )
    sound = (trust[a[at]] == Number.SOUND) & (trust[b[at]] == Number.SOUND)
    length = np.array([len(value) for value in identity.values])[first]
    # text that is no resident number supports a person when few have it, and says nothing when it differs
    telling = (length >= _SHORTEST_NUMBER) & (np.bincount(identity.number)[first] <= _MOST_WITH_ONE_NUMBER)
    opaque = (trust[a[at]] == Number.OPAQUE) | (trust[b[at]] == Number.OPAQUE)
    level[at] = np.select(
        [sound & (slips == 0), sound & (slips <= 2), sound, opaque & ((slips > 0) | ~telling), slips <= 2],
        [int(Identity.SAME), int(Identity.OTHER_NEAR), int(Identity.OTHER), int(Identity.MISSING), int(Identity.SLIP)],
        int(Identity.UNCLEAR),
    )
    return level


def _code(fields: dict[str, Ints]) -> Ints:
    code = np.zeros(len(fields["name"]), dtype=np.int64)
    for field, width in _WIDTHS.items():
        code = code * width + fields[field]
    return code


def _fields(patterns: Patterns, birth: Ints) -> dict[str, Ints]:
    return {"name": patterns.name, "birth": birth, "sex": patterns.sex, "phone": patterns.phone, "address": patterns.address,
            "source": patterns.source, "rarity": patterns.rarity, "alone": np.where(birth > 0, patterns.alone, patterns.alone_by_name)}  # fmt: skip


def _learnt_risk(patterns: Patterns, known: Flags, one: Flags) -> npt.NDArray[np.float64]:
    """The risk of every pattern from the pairs whose numbers are known, missing fields standing for all values of theirs."""
    learn = _fields(patterns, patterns.stated_birth)
    table: dict[int, list[float]] = {}
    taught = {field: values[known] for field, values in learn.items()}
    two = ~one[known]
    for mask in range(2 ** len(_WILD)):
        masked = {
            field: np.zeros_like(values) if field in _WILD and mask >> _WILD.index(field) & 1 else values
            for field, values in taught.items()
        }
        if mask >> _WILD.index("birth") & 1:
            masked["alone"] = patterns.alone_by_name[known]
        # a field that is masked stands for all its values; one that is not must have been there to be seen
        seen = np.ones(len(two), dtype=bool)
        for at, field in enumerate(_WILD):
            if not mask >> at & 1:
                seen &= taught[field] > 0
        code, number = np.unique(_code(masked)[seen], return_inverse=True)
        persons_two = np.bincount(number, weights=two[seen], minlength=len(code))
        persons_one = np.bincount(number, weights=~two[seen], minlength=len(code))
        for key, wrong, right in zip(code.tolist(), persons_two.tolist(), persons_one.tolist(), strict=True):
            table[key] = [wrong, right]
    code, number = np.unique(_code(_fields(patterns, patterns.birth)), return_inverse=True)
    risks = np.array([_risk(table, key) for key in code.tolist()])
    risk: npt.NDArray[np.float64] = risks[number.ravel()]
    return np.where(patterns.name == Names.MISSING, 1.0, risk)


def _risk(table: dict[int, list[float]], code: int) -> float:
    """Share of wrong joins, with a little of what has not been seen yet; never less than with a rarer name. A pattern never seen is no evidence."""
    wrong, right = table.get(code, (0.0, 0.0))
    risk = (wrong + _UNSEEN) / (wrong + right + 2 * _UNSEEN) if wrong + right else 1.0
    rarer = code + _WIDTHS["alone"]
    is_rarest = code // _WIDTHS["alone"] % _WIDTHS["rarity"] == _WIDTHS["rarity"] - 1
    return risk if is_rarest or rarer not in table else max(risk, _risk(table, rarer))


def _within_budget(risk: npt.NDArray[np.float64], open_pairs: Flags) -> Flags:
    """The open pairs with the smallest risks whose sum stays within :data:`EXPECTED_WRONG`; pairs of one risk come in together or not at all."""
    levels, number = np.unique(risk[open_pairs], return_inverse=True)
    total = np.cumsum(levels * np.bincount(number, minlength=len(levels)))
    fits = levels[(total <= EXPECTED_WRONG) & (levels < 0.02)]
    joins: Flags = open_pairs & (risk <= (fits[-1] if len(fits) else -1.0))
    return joins


def _fixed_risk(patterns: Patterns) -> npt.NDArray[np.float64]:
    """Patterns that are safe in every county, for files without enough resident numbers."""
    name, birth = patterns.name, patterns.birth
    clean = (patterns.sex == 0) & (patterns.source == 0)
    same_name = name == Names.SAME
    phone, door = patterns.phone == Alike.SAME, patterns.address == Alike.SAME
    other_phone, other_door = patterns.phone == Alike.DIFFERENT, patterns.address == Alike.DIFFERENT
    slip = np.isin(birth, [Dates.ONE_DIGIT, Dates.EXCHANGED, Dates.LUNAR])
    vague = np.isin(birth, [Dates.YEAR_ONLY, Dates.MISSING])
    safe = clean & (
        (same_name & (birth == Dates.SAME) & (phone | door))
        | (
            same_name
            & (birth == Dates.SAME)
            & (patterns.rarity >= 2)
            & (patterns.alone == 1)
            & ~(other_phone & other_door)
        )
        | (same_name & slip & (phone | door))
        | (
            same_name
            & vague
            & (patterns.rarity == 3)
            & (patterns.alone_by_name == 1)
            & (phone | door)
            & ~other_phone
            & ~other_door
        )
    )
    doubtful = (
        (name > 0) & (name <= Names.ONE_CHARACTER) & (birth != Dates.DIFFERENT) & (phone | door | (birth == Dates.SAME))
    )
    return np.where(safe, 1e-9, np.where(doubtful, 0.5, 1.0))
