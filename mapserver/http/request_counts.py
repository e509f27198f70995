"""How many requests were answered, by route and class of status, how long they took, and how many bytes they were given.

Each process of the server writes rows of its own in memory that all of them share, so nobody waits for a lock; who reads adds them up.
A process that is started again goes on in the rows of the one before it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from database.installation.processes import Shared, place

#: Upper bounds of the times counted together, in seconds; what takes longer is counted beyond the last.
BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
#: Of a status by its first digit; the first: the client went away before there was an answer.
CLASSES = ("none", "1xx", "2xx", "3xx", "4xx", "5xx")
_BUCKETS = len(CLASSES)
_NANOSECONDS = _BUCKETS + len(BOUNDS_S) + 1
_BYTES = _NANOSECONDS + 1
_CELLS = _BYTES + 1
_CELL_SIZE = 8


class Row(NamedTuple):
    """A method of a route, by the template of its address: no value of any request is in it."""

    method: str
    route: str


#: Requests that reach no route: an unknown address or method, or a refusal at the entrance.
NO_ROUTE = Row("other", "none")


class RequestCounts:
    """Counts of one application. rows: every method of every route it has."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = [NO_ROUTE, *sorted({*rows} - {NO_ROUTE})]
        self._at = {row: number * _CELLS for number, row in enumerate(self.rows)}
        self._size = len(self.rows) * _CELLS
        self._shared = Shared("requests", place().count * self._size * _CELL_SIZE)
        self._numbers = memoryview(self._shared.bytes).cast("Q")

    def count(self, row: Row, status: int, nanoseconds: int, size: int) -> None:
        """Count one answer. Only the thread of the event loop may call it. status: 0 for none. size: bytes of the body."""
        numbers, at = self._numbers, place().number * self._size + self._at[row]
        numbers[at + (status // 100 if status < 600 else 5)] += 1
        numbers[at + _BUCKETS + bisect_left(BOUNDS_S, nanoseconds / 1e9)] += 1
        numbers[at + _NANOSECONDS] += nanoseconds
        numbers[at + _BYTES] += size

    def knows(self, row: Row) -> bool:
        """Whether there is such a route."""
        return row in self._at

    def text(self) -> str:
        """The counts of all processes together in Prometheus' text form 0.0.4; rows without a request are left out."""
        return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        every = np.frombuffer(self._shared.bytes, dtype=np.uint64).reshape(-1, len(self.rows), _CELLS).sum(axis=0)
        filled = [
            (f'method="{row.method}",route="{row.route}"', cells)
            for row, cells in zip(self.rows, every.tolist(), strict=True)
            if any(cells)
        ]
        yield "# HELP onemap_http_requests_total Requests by route and class of status."
        yield "# TYPE onemap_http_requests_total counter"
        for labels, cells in filled:
            for name, number in zip(CLASSES, cells, strict=False):
                if number:
                    yield f'onemap_http_requests_total{{{labels},status="{name}"}} {number}'
        yield "# HELP onemap_http_request_seconds Time from the head of a request to the end of its answer."
        yield "# TYPE onemap_http_request_seconds histogram"
        for labels, cells in filled:
            total = 0
            for bound, number in zip((*BOUNDS_S, "+Inf"), cells[_BUCKETS:_NANOSECONDS], strict=True):
                total += number
                yield f'onemap_http_request_seconds_bucket{{{labels},le="{bound}"}} {total}'
            yield f"onemap_http_request_seconds_sum{{{labels}}} {cells[_NANOSECONDS] / 1e9:.6f}"
            yield f"onemap_http_request_seconds_count{{{labels}}} {total}"
        yield "# HELP onemap_http_response_bytes_total Bytes of the bodies of answers."
        yield "# TYPE onemap_http_response_bytes_total counter"
        for labels, cells in filled:
            yield f"onemap_http_response_bytes_total{{{labels}}} {cells[_BYTES]}"
