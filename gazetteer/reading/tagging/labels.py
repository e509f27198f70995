"""The 21 labels of an element, and the level of the address library that each one is."""

from __future__ import annotations

from typing import NamedTuple

LABELS = (
    "country",
    "prov",
    "city",
    "district",
    "devzone",
    "town",
    "community",
    "road",
    "subroad",
    "roadno",
    "subroadno",
    "poi",
    "subpoi",
    "houseno",
    "cellno",
    "floorno",
    "roomno",
    "person",
    "assist",
    "redundant",
    "otherinfo",
)

# the levels of gazetteer.reading.parse.ParsedAddress; a label without one names no level of a standard address
LEVELS = {
    "prov": "province",
    "city": "city",
    "district": "county",
    "town": "town",
    "community": "village",
    "road": "road",
    "roadno": "number_plate",
    "houseno": "building",
    "cellno": "entrance",
    "floorno": "floor",
    "roomno": "room",
}


class Element(NamedTuple):
    """One labelled piece of an address text: ``text == original[start:end]``."""

    label: str
    text: str
    start: int
    end: int

    @property
    def level(self) -> str | None:
        """The level of the address library, or None for a label that is none (a shop, a person, 对面)."""
        return LEVELS.get(self.label)
