"""From texts to elements: many texts at a time, those of like length together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from threadpoolctl import ThreadpoolController

from gazetteer.reading.tagging.decoding import best_tags
from gazetteer.reading.tagging.labels import LABELS, Element
from gazetteer.reading.tagging.mending import mended
from gazetteer.reading.tagging.network import Network
from gazetteer.reading.tagging.tokens import Vocabulary, tokenise

MODEL = Path(__file__).with_name("address_tagger.npz")
_BATCH = 384
_BATCH_TOKENS = 16_384
_LONGEST = 2048  # no address is; what is longer is read in pieces, so that any text fits into memory


@lru_cache(maxsize=1)
def _model() -> tuple[Network, Vocabulary]:
    network = Network.load(MODEL)
    return network, Vocabulary(network.shapes)


@lru_cache(maxsize=1)
def _threads() -> ThreadpoolController:
    """The steps are too small to be worth sharing out: several threads would mostly wait for one another."""
    return ThreadpoolController()


def tag(text: str) -> tuple[Element, ...]:
    """The elements of one address text, in order and covering it whole; none for an empty text."""
    return tag_many([text])[0]


def tag_many(texts: Sequence[str]) -> list[tuple[Element, ...]]:
    """The elements of many texts, in the order of the texts; a great deal faster than one by one."""
    tokens = [tokenise(text) for text in texts]
    tags: list[list[int]] = [[0] * len(cut) for cut in tokens]
    pieces = [
        (n, tokens[n][first : first + _LONGEST], first)
        for n, cut in enumerate(tokens)
        for first in range(0, len(cut), _LONGEST)
    ]
    pieces.sort(key=lambda piece: -len(piece[1]))
    start = 0
    while start < len(pieces):
        size = min(_BATCH, _BATCH_TOKENS // len(pieces[start][1]))
        batch = pieces[start : start + size]
        for (n, cut, first), found in zip(batch, _read([piece[1] for piece in batch]), strict=True):
            tags[n][first : first + len(cut)] = found[: len(cut)]
        start += size
    return [_elements(*item) if item[1] else () for item in zip(texts, tokens, tags, strict=True)]


def _read(batch: list[list[str]]) -> list[list[int]]:
    """The tags of texts cut into tokens, the longest first."""
    network, vocabulary = _model()
    lengths = np.fromiter(map(len, batch), np.int64, len(batch))
    rows = np.zeros((len(batch), int(lengths[0])), np.int64)
    rows[np.arange(rows.shape[1]) < lengths[:, None]] = [row for tokens in batch for row in vocabulary.rows(tokens)]
    active = (lengths[:, None] > np.arange(rows.shape[1])).sum(axis=0)
    rows = np.ascontiguousarray(rows.T)
    with _threads().limit(limits=1, user_api="blas"):
        paths: list[list[int]] = best_tags(network, network.scores(rows, active), active).T.tolist()
    return paths


def _elements(text: str, tokens: list[str], tags: list[int]) -> tuple[Element, ...]:
    """Tokens of one span put together."""
    found: list[Element] = []
    label, start, end = tags[0] // 2, 0, 0
    for token, tag_ in zip(tokens, tags, strict=True):
        if tag_ % 2 == 0 and end:
            found.append(Element(LABELS[label], text[start:end], start, end))
            label, start = tag_ // 2, end
        end += len(token)
    found.append(Element(LABELS[label], text[start:end], start, end))
    return mended(found)
