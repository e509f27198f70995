"""The last look at an answer: the whole text beside the whole address. What the stages compare by keys is not all that a text says."""

from __future__ import annotations

from dataclasses import replace

from gazetteer.matching import confidence as sure
from gazetteer.matching.candidates import Found, Query, Reason
from gazetteer.reading.keys import LEVEL_NAMES
from gazetteer.reading.normalise import normalise
from gazetteer.reading.parse import ParsedAddress, upper_of


def checked(query: Query, found: Found, full_text: str) -> Found:
    """What was found, less sure where the text names another county, city or province, or a number that the address has not."""
    parsed = query.parsed
    if parsed.foreign or parsed.upper_rest or parsed.province or parsed.city:
        reason = _other_upper(parsed, full_text)
        if reason is not None:
            return replace(found, confidence=min(found.confidence, sure.OTHER_UPPER), reasons=(reason, *found.reasons))
    if (
        not sure.CERTAIN <= found.confidence < sure.EXACT
        or found.hit.alias
        or any(division.former for division in parsed.divisions)
    ):
        return found
    if any(reason.kind not in ("equal", "alias") for reason in found.reasons):
        return found
    left = sure.unconsumed(parsed.key, full_text)
    if left is None:
        return found
    reason = Reason("number_plate", "conflicting", f"文本中的“{left}”不在该标准地址中")
    return replace(found, confidence=min(found.confidence, sure.UNCONSUMED), reasons=(*found.reasons, reason))


def _other_upper(parsed: ParsedAddress, full_text: str) -> Reason | None:
    """The level above the town that the text names otherwise than the address; None when there is none."""
    province, city, county = upper_of(normalise(full_text))
    for level, written, right in (
        ("county", parsed.upper_rest or (parsed.county if parsed.foreign else None), county),
        ("city", parsed.city, city),
        ("province", parsed.province, province),
    ):
        if written and (right or level == "county") and written != right:
            there = f"，库中是“{right}”" if right else ""
            return Reason(level, "conflicting", f"{LEVEL_NAMES[level]}不同：文本写的是“{written}”{there}")
    return None
