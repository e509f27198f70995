"""One side of a comparison: the parsed elements of a text in the form in which they are compared."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from gazetteer.reading.normalise import fold_counters, fold_numerals
from gazetteer.reading.separators import fold_separators
from gazetteer.reading.tagging import Element
from gazetteer.reading.tagging.tokens import fold

# labels that are measured together: a text may call the same thing by either
GROUPS: dict[str, tuple[str, ...]] = {
    "prov": ("prov",),
    "city": ("city",),
    "district": ("district",),
    "town": ("town",),
    "community": ("community",),
    "devzone": ("devzone",),
    "road": ("road", "subroad"),
    "roadno": ("roadno", "subroadno"),
    "poi": ("poi",),
    "subpoi": ("subpoi",),
    "houseno": ("houseno",),
    "cellno": ("cellno",),
    "floorno": ("floorno",),
    "roomno": ("roomno",),
    "person": ("person",),
    "assist": ("assist",),
}
# how far down a label stands; what names no place (beside, written twice) stands last
DEPTHS: dict[str, int] = {
    "country": 0, "prov": 0, "city": 0, "district": 0, "town": 1, "devzone": 1, "community": 2, "road": 3, "subroad": 3,
    "roadno": 4, "subroadno": 4, "poi": 5, "subpoi": 6, "houseno": 7, "cellno": 8, "floorno": 8, "roomno": 8, "person": 9,
    "assist": 10, "redundant": 11, "otherinfo": 11,
}  # fmt: skip
_NAMES = ("poi", "subpoi", "person")
_SUFFIX = {
    "prov": re.compile(r"(?<=..)(?:省|市|(?:维吾尔|壮族|回族)?自治区)$"),
    "city": re.compile(r"(?<=..)(?:市|地区|自治州)$"),
    "district": re.compile(r"(?<=..)(?:区|县|市)$"),
    "town": re.compile(r"(?<=..)(?:街道|镇|乡)$"),
    "community": re.compile(r"(?<=..)(?:社区|居委会|村委会|新村|村)$"),
    "road": re.compile(r"(?<=..)(?:大道|路|街|道)$"),
}
_PLACE = ("road", "roadno", "poi", "subpoi", "houseno")
_BRACKETS = re.compile(r"\([^()]*\)?")
_NUMBER = re.compile(r"\d+")
_LETTER = re.compile(r"[A-Z]+")


@dataclass(slots=True)
class Side:
    """A text ready to be compared.

    parts: the values of each group, folded; cores: the same without their suffix. unbracketed: the text without what
    stands in brackets. place: the road, the names and the building, without what is above and below. elements: label and
    folded value in the order of the text; read: these values as one string, depths: the depth of each of its characters.
    names: of estates, buildings and firms; main_names: those outside brackets, all where none stands outside.
    """

    text: str
    parts: dict[str, list[str]] = field(default_factory=dict)
    cores: dict[str, list[str]] = field(default_factory=dict)
    numbers: frozenset[str] = frozenset()
    letters: frozenset[str] = frozenset()
    pairs: frozenset[str] = frozenset()
    labels: tuple[str, ...] = ()
    unbracketed: str = ""
    place: str = ""
    elements: tuple[tuple[str, str], ...] = ()
    read: str = ""
    depths: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    main_names: tuple[str, ...] = ()

    def joined(self, group: str) -> str:
        """The values of a group as one string."""
        return "".join(self.parts.get(group, ()))

    def digits(self, group: str) -> frozenset[str]:
        """The numbers in a group; its letters where it has no number (A座)."""
        value = self.joined(group)
        return frozenset(_NUMBER.findall(value)) or frozenset(_LETTER.findall(value))


def plain(text: str) -> str:
    """A text with one way of writing for each character, number and counter, and without separators."""
    return fold_counters(fold_numerals(fold_separators(fold(text).upper())))


def make_side(text: str, elements: Sequence[Element]) -> Side:
    """Take a text apart by its elements."""
    key = plain(text)
    side = Side(
        key,
        numbers=frozenset(_NUMBER.findall(key)),
        letters=frozenset(_LETTER.findall(key)),
        pairs=character_pairs(key),
    )
    by_label: dict[str, list[str]] = {}
    outside: list[str] = []
    found: list[tuple[str, str]] = []
    brackets = 0
    for element in elements:
        value = plain(element.text)
        if value:
            by_label.setdefault(element.label, []).append(value)
            found.append((element.label, value))
            if brackets <= 0 and element.label in _NAMES and len(value) > 1:
                outside.append(value)
        brackets += sum(element.text.count(x) for x in "(（") - sum(element.text.count(x) for x in ")）")
    side.elements = tuple(found)
    side.read = "".join(value for _, value in found)
    side.depths = tuple(DEPTHS[label] for label, value in found for _ in value)
    side.names = tuple(value for label, value in found if label in _NAMES and len(value) > 1)
    side.main_names = tuple(outside) or side.names
    for group, labels in GROUPS.items():
        values = [value for label in labels for value in by_label.get(label, ())]
        if values:
            suffix = _SUFFIX.get(group)
            side.parts[group] = values
            side.cores[group] = [suffix.sub("", value) for value in values] if suffix else values
    side.labels = tuple(by_label)
    side.unbracketed = plain(_BRACKETS.sub("", fold(text)))
    side.place = "".join(side.joined(group) for group in _PLACE)
    return side


def character_pairs(text: str) -> frozenset[str]:
    """Every two characters that stand side by side."""
    return frozenset(text[n : n + 2] for n in range(len(text) - 1))
