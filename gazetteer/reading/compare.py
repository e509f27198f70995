"""Whether two address texts mean the same place, without asking the library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from gazetteer.reading.comparing.contradiction import DIFFERENT_SHARE, contradiction
from gazetteer.reading.comparing.features import measure
from gazetteer.reading.comparing.forest import Forest
from gazetteer.reading.comparing.sides import make_side
from gazetteer.reading.tagging import tag_many

Relation = Literal["different", "partial", "same"]
RELATIONS: tuple[Relation, ...] = get_args(Relation)
MODEL = Path(__file__).parent / "comparing" / "address_relation.npz"


@dataclass(frozen=True, slots=True)
class Comparison:
    """How two texts relate: the same place, partial (one holds or partly covers the other), or different places.

    score: the probability of this relation.
    """

    relation: Relation
    score: float


@lru_cache(maxsize=1)
def _forest() -> Forest:
    return Forest.load(MODEL)


def compare(a: str, b: str) -> Comparison:
    """How two address texts relate."""
    return compare_many([(a, b)])[0]


def compare_many(pairs: Sequence[tuple[str, str]]) -> list[Comparison]:
    """How the two texts of each pair relate; a great deal faster than one by one."""
    if not pairs:
        return []
    forest = _forest()
    texts = list(dict.fromkeys(text for pair in pairs for text in pair))
    sides = {text: make_side(text, elements) for text, elements in zip(texts, tag_many(texts), strict=True)}
    measures = [measure(sides[a], sides[b], forest.weights) for a, b in pairs]
    judged = forest.probabilities(measures)
    preferred = np.log(judged) + forest.preference
    found = []
    for (a, b), row, order in zip(pairs, judged, preferred, strict=True):
        contradicted = contradiction(sides[a], sides[b])
        if contradicted == "different":
            found.append(Comparison("different", max(float(row[0]), DIFFERENT_SHARE)))
            continue
        best = int((order[:-1] if contradicted else order).argmax())  # the last relation is same
        found.append(Comparison(RELATIONS[best], float(row[best])))
    return found
