"""In which language an answer is worded: ``lang`` in the query, else ``Accept-Language``; Chinese when neither says."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, Query, Response

from alerts.detection.words import Language

LONGEST_HEADER = 500


def answer_language(
    response: Response,
    lang: Annotated[Language | None, Query(description="language of the answer; goes before Accept-Language")] = None,
    accept_language: Annotated[str | None, Header(examples=["en"])] = None,
) -> Language:
    """The language of this answer, which says that it varies with the header."""
    response.headers.append("Vary", "Accept-Language")
    return lang or preferred((accept_language or "")[:LONGEST_HEADER])


def preferred(header: str) -> Language:
    """The first of Chinese and English by the weights of an ``Accept-Language`` header (RFC 9110, 12.5.4); else Chinese."""
    best: Language = "zh"
    weight = 0.0
    for part in header.split(","):
        tag, _, rest = part.strip().partition(";")
        name, _, number = rest.strip().partition("=")
        try:
            own = float(number) if name.strip() == "q" else 1.0
        except ValueError:
            continue
        language = tag.strip().partition("-")[0].lower()
        if own > weight and language in ("zh", "en"):
            best, weight = "en" if language == "en" else "zh", own
    return best


AnswerLanguage = Annotated[Language, Depends(answer_language)]
