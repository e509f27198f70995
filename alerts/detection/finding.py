"""What a rule says when it finds something."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Whole:
    """What a finding says to who sees every place it names. places: grid codes of those outside the finding's own."""

    facts: dict[str, Any]
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """An anomaly: about whom, where, and the facts from which its title and reason are worded.

    grid_code: who sees it reads title, reason and facts, so the facts name no place, household or address that this grid code
    does not hold (:func:`within`). A finding that names two places is told to each side in its own facts, one finding a
    side, and ``whole`` says everything to who sees both. side: tells the findings of one anomaly apart; empty for the
    first, so that its fingerprint is that of an anomaly with one side.

    anchor: what makes it this finding and not another of the same rule about the same subject (the two households,
    the last visit). Equal rule, subject and anchor mean the same alert, however often it is found.
    facts: under the keys that the rule declares; masked personal values only. lon, lat in EPSG:4490.
    records: (table, key) of the records whose latest change (异动) may have brought it about.
    """

    subject_kind: str
    subject_id: str
    anchor: str
    grid_code: str
    facts: dict[str, Any] = field(default_factory=dict)
    household_id: int | None = None
    lon: float | None = None
    lat: float | None = None
    records: tuple[tuple[str, int], ...] = ()
    side: str = ""
    whole: Whole | None = None


def within(place: str, grid_code: str) -> bool:
    """True when who sees the grid code sees the place."""
    return place.startswith(grid_code)
