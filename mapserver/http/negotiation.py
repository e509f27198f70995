"""What a client would rather have, by its ``Accept`` and ``Accept-Encoding`` (RFC 9110, 12.5.1 and 12.5.3).

A range with ``q=0`` is a refusal, the closest range counts, of equals the one that is named wins over the one that is meant by ``*``, then the
server's first choice. What cannot be read is
passed over. Both walks are linear in the length of the header.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from starlette.requests import HTTPConnection

#: Headers are short; of one with more members the rest is passed over.
MOST_MEMBERS = 100


def best_media(accept: str, offered: Sequence[str]) -> str:
    """The media type to answer with. accept: the header, empty when there is none. offered: the server's first choice first.

    The first choice also when nothing that is offered is accepted: an answer is of more use than a refusal.
    """
    ranges = list(_members(accept))
    liked = {media: _quality_of(media, ranges) for media in offered} if ranges else {}
    best = max(offered, key=lambda media: liked.get(media, (0.0, 0)))  # the first of equals
    return best if liked.get(best, (0.0, 0))[0] > 0 else offered[0]


def best_encoding(accepted: str, offered: Sequence[str]) -> str | None:
    """The coding to send in, or None for plain bytes. accepted: the header. offered: the server's first choice first."""
    weights = dict(_members(accepted))
    best, best_quality = None, 0.0
    for coding in offered:
        quality = weights.get(coding, weights.get("*", 0.0))
        if quality > best_quality:
            best, best_quality = coding, quality
    return None if weights.get("identity", 0.0) > best_quality else best


def header(request: HTTPConnection, name: str) -> str:
    """A header that is a list, however many lines it came in."""
    return ",".join(request.headers.getlist(name))


def _members(written: str) -> Iterator[tuple[str, float]]:
    """Name and quality of each member, lower case; other parameters (charset, profile …) are left out."""
    for member in written.split(",", MOST_MEMBERS)[:MOST_MEMBERS]:
        name, *parameters = (part.strip().lower() for part in member.split(";"))
        quality = 1.0
        for parameter in parameters:
            key, _equals, value = parameter.partition("=")
            if key.strip() == "q":
                quality = _number(value.strip())
        if name and not math.isnan(quality):
            yield name, quality


def _number(written: str) -> float:
    """A quality, 0–1; not a number for anything else."""
    whole, _point, rest = written.partition(".")
    if not (whole in ("0", "1") and written.isascii() and (rest.isdecimal() or not rest)):
        return math.nan
    return min(float(written), 1.0)


def _quality_of(media: str, ranges: Sequence[tuple[str, float]]) -> tuple[float, int]:
    """By the closest range: the type itself, then ``type/*``, then ``*/*``; and how close that is."""
    bare = media.partition(";")[0]
    for closeness, wanted in ((2, bare), (1, f"{bare.partition('/')[0]}/*"), (0, "*/*")):
        found = [quality for name, quality in ranges if name == wanted]
        if found:
            return max(found), closeness
    return 0.0, 0


def etag_matches(etag: str, request: HTTPConnection) -> bool:
    """Whether the client has this representation already: ``If-None-Match``, weak comparison (RFC 9110, 13.1.2)."""
    tags = [tag.strip().removeprefix("W/") for tag in header(request, "If-None-Match").split(",")]
    return etag.removeprefix("W/") in tags or "*" in tags
