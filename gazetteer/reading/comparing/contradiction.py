"""A level that both texts name, and name differently: what no likeness of the rest makes the same place."""

from __future__ import annotations

import re
from typing import Literal

from rapidfuzz.distance import Postfix, Prefix

from gazetteer.reading.comparing.sides import Side

_NAME = re.compile("[\u3400-\u9fff]{1,6}$")
_DIVISION_AFTER = re.compile("[\u3400-\u9fff]{0,2}?(?:省|市(?!场)|县|区|旗|镇|乡|街道|村|社区)")
_DIVISION = re.compile("[\u3400-\u9fff]{1,6}(?:(省)|([市县旗]|(?<!社)区)|(镇|乡|街道)|(村|社区))$")
_UPPER = ("prov", "city", "district", "town", "community")
_NUMBERS = ("roadno", "houseno", "cellno", "floorno", "roomno")


#: how often such texts mean different places, on the pairs of the model's training data
DIFFERENT_SHARE = 0.8


def contradiction(a: Side, b: Side) -> Literal["different", "not same"] | None:
    """How far two texts contradict one another.

    different: province to village differ; or the road, and no place of one name stands in both; or a number (door, building, entrance,
    floor, room), and neither names an estate or a building by its name. not same: a number differs beside such a name, which may be
    one place all the same (two buildings of one estate). None: nothing that both name differs.
    """
    if _only_one_level_differs(a.text, b.text) or any(_names_differ(a, b, group) for group in _UPPER):
        return "different"
    if _names_differ(a, b, "road") and not _shares_a_place(a, b):
        return "different"
    if not any(_numbers_differ(a, b, group) for group in _NUMBERS):
        return None
    return "not same" if "poi" in a.parts or "poi" in b.parts else "different"


def _only_one_level_differs(one: str, two: str) -> bool:
    """True when the texts are equal but for the name of one division: 云溪县竹山巷8号, 德清县竹山巷8号. Asks no labels."""
    start = Prefix.similarity(one, two)
    end = Postfix.similarity(one[start:], two[start:])
    mine, yours, after = one[start : len(one) - end], two[start : len(two) - end], one[len(one) - end :]
    first, second = _DIVISION.match(mine), _DIVISION.match(yours)
    if first is not None and second is not None and first.lastindex == second.lastindex:
        return True
    return bool(_NAME.match(mine) and _NAME.match(yours) and _DIVISION_AFTER.match(after))


def _names_differ(a: Side, b: Side, group: str) -> bool:
    """True when neither name is a part of the other: 西湖 and 西湖风景 may be one, 西湖 and 余杭 are two."""
    mine, yours = a.cores.get(group), b.cores.get(group)
    if not mine or not yours:
        return False
    if any(value in b.text for value in mine) or any(value in a.text for value in yours):
        return False  # the same word under another label
    return all(x not in y and y not in x for x in mine for y in yours)


def _numbers_differ(a: Side, b: Side, group: str) -> bool:
    mine, yours = a.digits(group), b.digits(group)
    return bool(mine and yours) and not mine & yours


def _shares_a_place(a: Side, b: Side) -> bool:
    mine, yours = a.parts.get("poi", ()), b.parts.get("poi", ())
    return any(x in y or y in x for x in mine for y in yours)
