"""How sure an answer is, by what was found: the share of such answers that are right.

Measured with ``benchmarks/match.py`` on variants of a real county's register (see docs/addresses/matching.md); an answer
that is one of n equal ones is worth the n-th part. The score alone makes nothing certain: class A also needs that the text says
the same as the address in every level it names and leaves out none that had to be guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from gazetteer.reading.normalise import normalise
from gazetteer.reading.numerals import CHARACTERS

CERTAIN, PROBABLE = 0.95, 0.75

EXACT = 1.0
ALIAS = 0.99
IN_VILLAGE = 0.99
LOCAL_ALIAS = 0.98
IN_TOWN = 0.97
ANYWHERE = 0.96
NO_GROUP = 0.97
REORDERED = 0.97
DEEPER = 0.96
HOMOPHONE = 0.97
TYPO = 0.96
MISSPELT_DIVISION = 0.97
UNCHECKED_CITY = 0.3
TO_ROAD = 0.70
DISPUTED = 0.65
NO_ROAD = 0.65
OTHER_VILLAGE = 0.5
OTHER_TOWN = 0.3
BESIDE = 0.62
#: taken times: the group beside the road is another one
OTHER_GROUP = 0.6
#: a list, a range, a text that may be read in several ways: what one way finds
ONE_READING = 0.9
#: a number without its counter (1组57)
NO_COUNTER = 0.9
#: the levels between are not written (7号102室, and only one entrance has a 102室)
WITHIN_NUMBER = 0.96
#: another number than the one found (7号甲)
OTHER_NUMBER = 0.6
#: the text names another county, city or province above
OTHER_UPPER = 0.6
#: a mended road, while the road as written stands elsewhere
WRITTEN_ELSEWHERE = 0.7
#: a number, a letter or a numeral of the text is not the address's
UNCONSUMED = 0.7

_FIGURES = re.compile(r"\d+|[A-Z]+")
_NUMERALS = re.compile(f"[{CHARACTERS}]")


def unconsumed(key: str, full_text: str) -> str | None:
    """The first number, letter or numeral of a text (its match key) that the address found does not have; None when it has all.

    The invariant of class A: numbers and letters in the same order, numerals anywhere. Nothing of a number may be left over.
    """
    plain = full_text.upper()
    if _first_left(_FIGURES.findall(key), _FIGURES.findall(plain)) is None and set(_NUMERALS.findall(key)) <= set(
        plain
    ):
        return None
    address = normalise(full_text)
    left = _first_left(_FIGURES.findall(key), _FIGURES.findall(address))
    if left is not None:
        return left
    return next((c for c in _NUMERALS.findall(key) if c not in address), None)


def _first_left(wanted: Iterable[str], there: Iterable[str]) -> str | None:
    """The first of the wanted that is not there after those before it."""
    rest: Iterator[str] = iter(there)
    return next((one for one in wanted if one not in rest), None)
