"""From pairs to persons. Both ways give the same clusters whatever the order of the rows that were given."""

from __future__ import annotations

import heapq
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from layers.people.identity.tokens import Ints

Scores = npt.NDArray[np.float64]

#: what a pair that was never compared counts for, in bits: it shared no key
_NOT_COMPARED = -4.0
#: below this a pair says no more than that they are two
_LOWEST = -12.0


def average_link(size: int, a: Ints, b: Ints, score: Scores, least: float) -> Ints:
    """Clusters joined best first while the mean score between their members is at least ``least`` bits (average linkage, Sokal and Michener 1958).

    One strong link does not pull two namesakes together: all members speak. Returns the cluster of each row, named by its first row.
    """
    use = score > _LOWEST
    a, b, score = a[use], b[use], np.round(score[use], 6)
    links: list[dict[int, list[float]]] = [{} for _ in range(size)]
    for x, y, value in zip(a.tolist(), b.tolist(), score.tolist(), strict=True):
        links[x][y] = links[y][x] = [value, 1]
    members: list[list[int]] = [[row] for row in range(size)]
    name = list(range(size))

    def mean(x: int, y: int) -> float:
        total, compared = links[x][y]
        possible = len(members[x]) * len(members[y])
        return (total + _NOT_COMPARED * (possible - compared)) / possible

    def entry(x: int, y: int, value: float) -> tuple[float, int, int, int, int]:
        first, second = sorted((name[x], name[y]))
        return -value, first, second, x, y

    strong = score >= least
    queue = [
        entry(x, y, value)
        for x, y, value in zip(a[strong].tolist(), b[strong].tolist(), score[strong].tolist(), strict=True)
    ]
    heapq.heapify(queue)
    while queue:
        value, _, _, x, y = heapq.heappop(queue)
        if y not in links[x]:
            continue
        now = mean(x, y)
        if now < -value - 1e-9:
            if now >= least:
                heapq.heappush(queue, entry(x, y, now))
            continue
        if len(links[x]) < len(links[y]):
            x, y = y, x
        for other, (total, compared) in links[y].items():
            links[other].pop(y, None)
            if other == x:
                continue
            shared = links[x].get(other)
            if shared is None:
                shared = links[x][other] = links[other][x] = [0.0, 0.0]
            shared[0] += total
            shared[1] += compared
        links[y] = {}
        members[x] += members[y]
        members[y] = []
        name[x] = min(name[x], name[y])
        for other in links[x]:
            now = mean(x, other)
            if now >= least:
                heapq.heappush(queue, entry(x, other, now))
    cluster = np.empty(size, dtype=np.int64)
    for at, rows in enumerate(members):
        if rows:
            cluster[rows] = name[at]
    return cluster


class Union:
    """Sets of rows that may be joined while nothing speaks against it."""

    def __init__(self, size: int, may_join: Callable[[int, int], bool]) -> None:
        self._parent = list(range(size))
        self._may_join = may_join

    def root(self, row: int) -> int:
        """The first row of the set that a row is in."""
        while self._parent[row] != row:
            self._parent[row] = row = self._parent[self._parent[row]]
        return row

    def join(self, x: int, y: int) -> bool:
        """Join the sets of two rows; False when they may not be."""
        x, y = sorted((self.root(x), self.root(y)))
        if x == y:
            return True
        if not self._may_join(x, y):
            return False
        self._parent[y] = x
        return True

    def clusters(self) -> Ints:
        """The set of each row, named by its first row."""
        return np.array([self.root(row) for row in range(len(self._parent))], dtype=np.int64)
