"""Texts as sets of tokens, compared by how much chance there is in what two of them share. Information in bits: log2(1 / share of rows)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rapidfuzz import distance, process

from layers.people.identity.values import SURNAME, is_han

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

_AT_ONCE = 100_000
#: bits that a token loses when it is matched by likeness: about eight words are as like it as that
_LIKENESS_BITS = 3.0
_LIKE = 0.82


@dataclass(frozen=True, slots=True)
class Shared:
    """What the token sets of pairs share, one value a pair, in bits."""

    same: Floats
    like: Floats
    left_of_poorer: Floats
    left_of_richer: Floats
    likenesses: Floats


class TokenColumn:
    """The token sets of a column as a matrix of word numbers, at most ``width`` of a row: the rarest."""

    def __init__(self, rows: Sequence[tuple[str, ...]], width: int) -> None:
        number: dict[str, int] = {}
        for row in rows:
            for word in row:
                number.setdefault(word, len(number))
        self.words = list(number)
        self.none = len(self.words)
        self.width = width
        self.filled = np.array([len(row) for row in rows], dtype=np.int64)
        counts = np.bincount(
            np.array([number[word] for row in rows for word in row], dtype=np.int64), minlength=self.none + 1
        )
        self.matrix = np.full((len(rows), width), self.none, dtype=np.int64)
        for at, row in enumerate(rows):
            rarest = sorted((number[word] for word in row), key=lambda word: (counts[word], self.words[word]))[:width]
            self.matrix[at, : len(rarest)] = rarest
        padded = [*self.words, ""]
        self._texts = np.array(padded, dtype=object)
        self._length = np.array([len(word) for word in padded])
        self._is_number = np.array([word.isdigit() for word in padded])
        self._is_surname = np.array([word.startswith(SURNAME) for word in padded])
        self._is_han = np.array([is_han(word) for word in padded])
        self.information: npt.NDArray[np.float64] = np.zeros(self.none + 1)
        self.count()

    def count(self, cluster: Ints | None = None) -> None:
        """Take the information of the words from the rows, or from clusters of rows: a person with ten rows counts once."""
        row = np.repeat(np.arange(len(self.matrix)), self.width)
        word = self.matrix.ravel()
        filled = word < self.none
        row, word = row[filled], word[filled]
        owner = row if cluster is None else cluster[row]
        pairs = np.unique(owner * (self.none + 1) + word)
        counts = np.bincount(pairs % (self.none + 1), minlength=self.none + 1)
        owners = max(len(np.unique(owner)), 1)
        self.information = np.log2(owners / np.maximum(counts, 1))
        self.information[self.none] = 0

    def compare(self, a: Ints, b: Ints, likeness: bool = True) -> Shared:
        """What rows ``a`` and ``b`` share, pair by pair."""
        parts = [
            self._compare(a[at : at + _AT_ONCE], b[at : at + _AT_ONCE], likeness) for at in range(0, len(a), _AT_ONCE)
        ]
        table = np.concatenate(parts) if parts else np.zeros((0, 5), dtype=np.float32)
        return Shared(*table.T)

    def _compare(self, a: Ints, b: Ints, likeness: bool) -> Floats:
        left, right, width = self.matrix[a], self.matrix[b], self.width
        left_free, right_free = left < self.none, right < self.none
        same, like, likenesses = (np.zeros(len(a), dtype=np.float32) for _ in range(3))
        for at in range(width):
            equal = (left[:, at : at + 1] == right) & right_free & left_free[:, at : at + 1]
            hit = equal.any(axis=1)
            same += (self.information[left[:, at]] * hit).astype(np.float32)
            left_free[:, at] &= ~hit
            right_free &= ~equal
        if likeness:
            pair, x, y = np.nonzero(left_free[:, :, None] & right_free[:, None, :])
            likely = self._likeness(left[pair, x], right[pair, y])
            pair, x, y, likely = pair[likely > 0], x[likely > 0], y[likely > 0], likely[likely > 0]
            rows = np.unique(pair)
            board = np.zeros((len(rows), width, width), dtype=np.float32)
            board[np.searchsorted(rows, pair), x, y] = likely
            for _ in range(min(3, width)):
                flat = board.reshape(len(rows), width * width)
                best = flat.argmax(axis=1)
                value = flat[np.arange(len(rows)), best]
                hits = np.flatnonzero(value > 0)
                if not len(hits):
                    break
                row, bx, by = rows[hits], best[hits] // width, best[hits] % width
                bits = np.minimum(self.information[left[row, bx]], self.information[right[row, by]])
                like[row] += np.maximum(bits - _LIKENESS_BITS, 0.3) * np.where(value[hits] > 0.9, 1.0, 0.7)
                likenesses[row] += 1
                left_free[row, bx], right_free[row, by] = False, False
                board[hits, bx, :], board[hits, :, by] = 0, 0
        left_rest = (self.information[left] * left_free).sum(axis=1)
        right_rest = (self.information[right] * right_free).sum(axis=1)
        less, more = np.minimum(left_rest, right_rest), np.maximum(left_rest, right_rest)
        return np.stack([same, like, less, more, likenesses], axis=1).astype(np.float32)

    def _likeness(self, a: Ints, b: Ints) -> Floats:
        """How alike two words are, 0 to 1: Jaro-Winkler (1990); one digit of a number; an initial; never a surname for another."""
        key = np.minimum(a, b) * (self.none + 1) + np.maximum(a, b)
        pairs, back = np.unique(key, return_inverse=True)
        first, second = pairs // (self.none + 1), pairs % (self.none + 1)
        texts, others = self._texts[first].tolist(), self._texts[second].tolist()
        value = np.asarray(
            process.cpdist(texts, others, scorer=distance.JaroWinkler.similarity, dtype=np.float32), dtype=np.float32
        )
        value[value < _LIKE] = 0
        short = ((self._length[first] == 1) | (self._length[second] == 1)) & ~self._is_han[first]
        initial = np.fromiter(
            (x[:1] == y[:1] for x, y in zip(texts, others, strict=True)), dtype=bool, count=len(texts)
        )
        numeric = self._is_number[first] | self._is_number[second]
        value[short] = np.where(initial[short] & ~numeric[short], 0.83, 0)
        at = np.flatnonzero(numeric)
        slips = np.asarray(
            process.cpdist([texts[n] for n in at], [others[n] for n in at], scorer=distance.OSA.distance)
        )
        value[at] = np.where((slips == 1) & (np.maximum(self._length[first[at]], self._length[second[at]]) > 1), 0.9, 0)
        value[self._is_surname[first] | self._is_surname[second]] = 0
        found: Floats = value[back]
        return found
