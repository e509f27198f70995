"""Labelled addresses as texts and spans, and spans as one tag for each token of the product's tokeniser."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from gazetteer.reading.tagging import LABELS
from gazetteer.reading.tagging.tokens import tokenise

Span = tuple[str, int, int]
NAMED = frozenset(
    ["prov", "city", "district", "town", "community", "road", "roadno", "poi", "houseno", "cellno", "floorno", "roomno"]
)


def read_labelled(path: Path) -> list[tuple[str, list[Span]]]:
    """The texts of a file of tokens and tags (one a line, a blank line between addresses) with their spans."""
    found = []
    for block in path.read_text("utf-8").split("\n\n"):
        text, spans = "", list[Span]()
        for line in filter(None, block.splitlines()):
            token, tag = line.rsplit(" ", 1)
            kind, label = tag.lower().split("-", 1)
            start = spans.pop()[1] if kind == "i" else len(text)
            text += token
            spans.append((label, start, len(text)))
        if text:
            found.append((text, spans))
    return found


def tags_of(text: str, spans: Sequence[Span]) -> list[int]:
    """One tag a token: 2k begins label k, 2k + 1 goes on. A token across a border takes the label of its first character."""
    at = {place: span for span in spans for place in range(span[1], span[2])}
    tags, place, before = [], 0, None
    for token in tokenise(text):
        span = at[place]
        tags.append(2 * LABELS.index(span[0]) + (span == before))
        place, before = place + len(token), span
    return tags


def scores(gold: Iterable[Iterable[Span]], found: Iterable[Iterable[Span]]) -> tuple[float, float, float]:
    """F1 in percent over all labels, over the named ones, and the share of addresses that are wholly right."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    whole = n = 0
    for one, other in ((set(g), set(f)) for g, f in zip(gold, found, strict=True)):
        for span in one | other:
            counts[span[0]][0] += 2 * (span in one and span in other)
            counts[span[0]][1] += (span in one) + (span in other)
        whole, n = whole + (one == other), n + 1
    sums = [[sum(c[k] for label, c in counts.items() if label in kept) for k in (0, 1)] for kept in (counts, NAMED)]
    return 100 * sums[0][0] / sums[0][1], 100 * sums[1][0] / sums[1][1], 100 * whole / n
