"""Rows of many sources → who is one person, why, and what a person should look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from layers.people.identity import evidence, register
from layers.people.identity.births import Dates
from layers.people.identity.records import COLUMNS, Records, records
from layers.people.identity.tokens import Flags, Ints

AUTO, REVIEW = "auto", "review"
#: from this share of Han names on the rows are persons in households
_HAN = 0.5

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Resolved:
    """A record, the person it belongs to, whether that is sure, and why. Under review the record stands alone; the cluster is a proposal."""

    id: str
    cluster: str
    decision: str
    reasons: str


@dataclass(frozen=True, slots=True)
class Links:
    """Pairs that were compared: how strong each is, whatever the unit, and whether a person should look where it did not join."""

    a: Ints
    b: Ints
    strength: npt.NDArray[np.float64]
    doubtful: Flags


def resolve(rows: Sequence[Row]) -> list[Resolved]:
    """Who is who. Rows have ``id`` and any of :data:`~layers.people.identity.records.COLUMNS`; the answer has their order.

    The order of the rows changes nothing: they are sorted by what they say first. A cluster is named by the smallest of its ids.
    """
    if not rows:
        return []
    order = sorted(
        range(len(rows)), key=lambda at: ([rows[at].get(column) or "" for column in COLUMNS], rows[at]["id"])
    )
    columns = records([rows[at] for at in order])
    ids = [rows[at]["id"] for at in order]
    found = _by_patterns(columns, ids) if columns.of_han_names >= _HAN else _by_evidence(columns, ids)
    answer: list[Resolved | None] = [None] * len(rows)
    for at, resolved in zip(order, found, strict=True):
        answer[at] = resolved
    return [resolved for resolved in answer if resolved is not None]


def _by_patterns(columns: Records, ids: list[str]) -> list[Resolved]:
    judged = register.judge(columns)
    cluster, refused = register.clusters(columns, judged)
    pattern = judged.patterns

    def reason(at: int) -> str:
        fields = [
            f"national_id {_IDENTITY[int(pattern.identity[at])]}",
            f"name {_NAMES[int(pattern.name[at])]}",
            f"birth_date {_DATES[int(pattern.birth[at])]}",
            f"phone {_ALIKE[int(pattern.phone[at])]}",
            f"address {_ALIKE[int(pattern.address[at])]}",
        ]
        return ", ".join([*(field for field in fields if not field.endswith(" ")), f"risk {judged.risk[at]:.1g}"])

    return _answers(ids, cluster, Links(judged.a, judged.b, -judged.risk, judged.doubtful | refused), reason)


def _by_evidence(columns: Records, ids: list[str]) -> list[Resolved]:
    cluster, (a, b), score, found = evidence.clusters(columns)

    def reason(at: int) -> str:
        fields = [
            f"{field} {'same' if level[at] == 1 else 'alike' if found.bits[field][at] > 0 else 'different'}"
            for field, level in found.levels.items()
            if level[at]
        ]
        return ", ".join([*fields, f"score {score[at]:.1f} bit"])

    return _answers(ids, cluster, Links(a, b, score, score >= evidence.DOUBTFUL), reason)


def _answers(ids: list[str], cluster: Ints, links: Links, reason: Callable[[int], str]) -> list[Resolved]:
    """Every record with its strongest link inside the cluster, and the strongest doubtful one out of it."""
    size, a, b = len(ids), links.a, links.b
    together = cluster[a] == cluster[b]
    best, proposal = np.full(size, -1), np.full(size, -1)
    # pairs in order of strength, the weakest first, so that the strongest is written last
    for wanted, target in ((together, best), (~together & links.doubtful, proposal)):
        pairs = np.flatnonzero(wanted)
        pairs = pairs[np.lexsort((-b[pairs], -a[pairs], links.strength[pairs]))]
        for side in (a, b):
            newer = np.full(size, -1)
            newer[side[pairs]] = np.arange(len(pairs))
            target[:] = np.maximum(target, newer)
        target[:] = np.where(target >= 0, pairs[target] if len(pairs) else -1, -1)
    members = np.bincount(cluster, minlength=size)[cluster]
    name: dict[int, str] = {}
    for row, of in enumerate(cluster.tolist()):
        name[of] = min(name.get(of, ids[row]), ids[row])
    answers = []
    for row in range(size):
        own = name[int(cluster[row])]
        at, doubt = int(best[row]), int(proposal[row])
        reasons = []
        decision = AUTO
        if at >= 0:
            reasons.append(f"{ids[int(b[at] if a[at] == row else a[at])]}: {reason(at)}")
        if doubt >= 0:
            other = int(b[doubt] if a[doubt] == row else a[doubt])
            if members[row] == 1 and (members[other] > 1 or other < row):
                decision, own = REVIEW, name[int(cluster[other])]
            reasons.append(f"? {ids[other]}: {reason(doubt)}")
        answers.append(Resolved(ids[row], own, decision, "; ".join(reasons)))
    return answers


_NAMES = ("", "same", "same sound", "other order", "one character differs", "half", "different")
_ALIKE = ("", "same", "part", "different")
_IDENTITY = ("", "same", "one slip", "different", "nearly the same, both sound", "different, one damaged")
_DATES = tuple("" if level is Dates.MISSING else level.name.lower().replace("_", " ") for level in Dates)
