"""What matching answers: candidates with confidence, class and reasons."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from gazetteer.matching.confidence import CERTAIN, PROBABLE
from gazetteer.matching.index.segment import Hit
from gazetteer.reading.keys import LEVEL_NAMES, AddressKeys
from gazetteer.reading.parse import ParsedAddress

ConfidenceClass = Literal["A", "B", "C"]
ReasonKind = Literal["equal", "alias", "typo", "missing", "conflicting", "fallback"]


@dataclass(frozen=True, slots=True)
class Reason:
    """How one level of the text compares with the candidate. text_zh: for people."""

    level: str
    kind: ReasonKind
    text_zh: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A standard address that may be meant. lon, lat in EPSG:4490; confidence 0–1; class A certain, B probable, C to check."""

    address_id: int
    uid: str
    code: str
    full_text: str
    depth: int
    lon: float | None
    lat: float | None
    grid_code: str
    confidence: float
    reasons: tuple[Reason, ...] = ()

    @property
    def confidence_class(self) -> ConfidenceClass:
        """A from 0.95 when nothing was missing, mended, in conflict or left off; B from 0.75; C below."""
        if self.confidence >= CERTAIN and all(reason.kind in ("equal", "alias") for reason in self.reasons):
            return "A"
        return "B" if self.confidence >= PROBABLE else "C"


@dataclass(frozen=True, slots=True)
class Match:
    """The answer for one text.

    candidate: the one address meant, or None. candidates: all equal ones when ambiguous. matched_level: the deepest
    level known to the library ('room' … 'village', 'town', 'county') or None.
    """

    text: str
    candidate: Candidate | None
    ambiguous: bool
    matched_level: str | None
    candidates: tuple[Candidate, ...] = ()


@dataclass(slots=True)
class Query:
    """A text on its way through the stages. found: visible candidates of the first round that has any; closed: none is sought."""

    text: str
    parsed: ParsedAddress
    keys: AddressKeys
    found: list[Candidate] = field(default_factory=list)
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """An address that a stage proposes, before it is known whether the scope shows it. only: counts only as the one answer."""

    hit: Hit
    confidence: float
    reasons: tuple[Reason, ...]
    only: bool = False


def equal(level: str, parsed: ParsedAddress) -> Reason:
    """The reason that a level of the text is that of the candidate."""
    return Reason(level, "equal", f"{LEVEL_NAMES[level]}一致：{getattr(parsed, level)}")


def candidate_of(row: Any, confidence: float, reasons: tuple[Reason, ...]) -> Candidate:
    """The candidate of a row that has ``index.sight.COLUMNS``."""
    return Candidate(
        address_id=row.id,
        uid=row.uid,
        code=row.code,
        full_text=row.full_text,
        depth=row.depth,
        lon=row.lon,
        lat=row.lat,
        grid_code=row.grid_code,
        confidence=confidence,
        reasons=reasons,
    )
