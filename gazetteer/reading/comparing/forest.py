"""Boosted decision trees, evaluated in numpy: every tree for every row at once, one level of the trees at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Forest:
    """Trees of several classes, tree n of class n modulo their number.

    Node n asks feature[n] <= threshold[n]; left and right are node numbers, and a leaf points at itself. missing_left
    says where a missing value goes. value: what a leaf adds. preference: what is added to the logarithm of each class's
    probability when one must be chosen, so that the rare class is not overlooked. weights: how rare a
    character or a pair of them is.
    """

    roots: NDArray[np.int64]
    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    missing_left: NDArray[np.bool_]
    value: NDArray[np.float64]
    preference: NDArray[np.float64]
    depth: int
    weights: dict[str, float]

    @classmethod
    def load(cls, path: Path) -> Forest:
        """Read the trees and the weights of characters and pairs of them."""
        with np.load(path) as file:
            part = {name: file[name] for name in file.files}
        pairs = part["pairs"].tobytes().decode("utf-8").split("\x00")
        return cls(
            roots=part["roots"].astype(np.int64),
            feature=part["feature"].astype(np.int64),
            threshold=part["threshold"].astype(np.float64),
            left=part["left"].astype(np.int64),
            right=part["right"].astype(np.int64),
            missing_left=part["missing_left"].astype(np.bool_),
            value=part["value"].astype(np.float64),
            preference=part["preference"].astype(np.float64),
            depth=int(part["depth"]),
            weights=dict(zip(pairs, part["pair_weights"].astype(np.float64).tolist(), strict=True)),
        )

    def probabilities(self, measures: Sequence[Sequence[float]]) -> NDArray[np.float64]:
        """The probability of each class for each row of measures."""
        table = np.asarray(measures, np.float64)
        node = np.broadcast_to(self.roots, (len(table), len(self.roots))).copy()
        row = np.arange(len(table))[:, None]
        for _ in range(self.depth):
            values = table[row, self.feature[node]]
            to_left = np.where(np.isnan(values), self.missing_left[node], values <= self.threshold[node])
            node = np.where(to_left, self.left[node], self.right[node])
        classes = len(self.preference)
        scores = self.value[node].reshape(len(table), -1, classes).sum(axis=1)
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        found: NDArray[np.float64] = scores / scores.sum(axis=1, keepdims=True)
        return found
