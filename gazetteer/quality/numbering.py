"""Rules about the order of number plates along a road.

All roads at once: the plates are sorted by road, parity and number, and each is compared with the ones a few places
before and after it, as far as they belong to the same road and side.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from gazetteer.quality.points import Floats, Ints, Library
from gazetteer.quality.positions import COUNTY_TOLERANCE_M
from gazetteer.quality.rule import Found

Flags = npt.NDArray[np.bool_]

#: Neighbours stand together within NEAR_M, and the number between them is far from FAR_M on.
NEAR_M, FAR_M, FAR_TIMES = 80.0, 200.0, 5.0
#: Out of order: metres off its place, times the noise of its neighbours.
OFF_M, OFF_TIMES, SWAP_M = 30.0, 5.0, 12.0
#: Sides of a road: metres between the rows of odd and even, metres beyond the middle.
SIDES_M, BEYOND_M, CLEAR_M = 8.0, 3.0, 2.0
LARGEST_STEP = 6


class Plates:
    """Plain number plates (12号, not 12-1号 nor rooms), one a number and road, sorted. segment: road, or road and side."""

    def __init__(self, library: Library, *, sides: bool) -> None:
        points = library.points
        rows = np.flatnonzero(
            (points.road != 0)
            & (points.number > 0)
            & (points.sub == 0)
            & (points.depth == 8)
            & (library.outside_county_m <= COUNTY_TOLERANCE_M)
        )
        side = points.number[rows] % 2 if sides else np.zeros(len(rows), dtype=np.int64)
        rows = rows[np.lexsort((points.id[rows], points.number[rows], side, points.road[rows]))]
        road, number = points.road[rows], points.number[rows]
        # a number that stands twice says nothing about order
        same = (road[1:] == road[:-1]) & (number[1:] == number[:-1])
        rows = rows[~(np.r_[False, same] | np.r_[same, False])] if len(rows) else rows
        self.id, self.number = points.id[rows], points.number[rows]
        self.x, self.y = points.x[rows], points.y[rows]
        new = points.road[rows][1:] != points.road[rows][:-1]
        if sides:
            new |= self.number[1:] % 2 != self.number[:-1] % 2
        self.segment = np.r_[0, np.cumsum(new)] if len(rows) else rows

    def window(self, offsets: list[int]) -> tuple[Ints, Ints]:
        """(rows, their neighbours at the offsets) for all rows that have every neighbour on the same segment."""
        rows = np.arange(len(self.id))
        near = rows[:, None] + np.array(offsets)
        fits = (near >= 0).all(axis=1) & (near < len(rows)).all(axis=1)
        rows, near = rows[fits], near[fits]
        fits = (self.segment[near] == self.segment[rows][:, None]).all(axis=1)
        return rows[fits], near[fits]

    def metres(self, a: Ints, b: Ints) -> Floats:
        """Metres between plates."""
        return np.hypot(self.x[a] - self.x[b], self.y[a] - self.y[b])

    def fit(self, near: Ints) -> tuple[Floats, Floats, Floats, Floats]:
        """Straight lines position = middle + slope · (number - mean number) through neighbours.

        Returns middle (n, 2), slope (n, 2), mean number, and the root mean square residual in metres.
        """
        number = self.number[near].astype(np.float64)
        mean = number.mean(axis=1)
        centred = number - mean[:, None]
        at = np.stack([self.x[near], self.y[near]], axis=-1)
        middle = at.mean(axis=1)
        slope = (centred[..., None] * at).sum(axis=1) / (centred**2).sum(axis=1)[:, None]
        residual = at - middle[:, None] - centred[..., None] * slope[:, None]
        rms = np.sqrt((residual**2).sum(axis=-1).mean(axis=1))
        return middle, slope, mean, rms


def find_number_far_from_neighbours(library: Library) -> Iterable[Found]:
    """A number whose two neighbours stand together while it stands far away."""
    plates = Plates(library, sides=True)
    rows, near = plates.window([-1, 1])
    before, after = near.T
    together = plates.metres(before, after)
    apart = np.minimum(plates.metres(rows, before), plates.metres(rows, after))
    hit = (together < NEAR_M) & (apart > FAR_M) & (apart > FAR_TIMES * together)
    hit &= (plates.number[after] - plates.number[before]) <= 2 * LARGEST_STEP
    for i in np.flatnonzero(hit).tolist():
        yield (
            int(plates.id[rows[i]]),
            {
                "number": int(plates.number[rows[i]]),
                "before": f"{plates.number[before[i]]}号",
                "after": f"{plates.number[after[i]]}号",
                "metres": round(float(apart[i])),
            },
        )


def find_number_out_of_order(library: Library) -> Iterable[Found]:
    """A number off its place between neighbours that run straight along the road; or two that have changed places."""
    plates = Plates(library, sides=True)
    off = np.zeros(len(plates.id))
    for row, metres in (*_single(plates), *_swapped(plates)):
        off[row] = np.maximum(off[row], metres)
    for i in np.flatnonzero(off).tolist():
        yield int(plates.id[i]), {"number": int(plates.number[i]), "metres": round(float(off[i]))}


def _single(plates: Plates) -> Iterable[tuple[Ints, Floats]]:
    rows, near = plates.window([-3, -2, -1, 1, 2, 3])
    middle, slope, mean, rms = plates.fit(near)
    off = _off(plates, rows, middle, slope, mean)
    run = np.hypot(*slope.T) * (plates.number[near[:, -1]] - plates.number[near[:, 0]])
    hit = (off > OFF_M) & (off > OFF_TIMES * rms) & (off < FAR_M) & (run > 4 * rms) & _even_steps(plates, near)
    yield rows[hit], off[hit]


def _swapped(plates: Plates) -> Iterable[tuple[Ints, Floats]]:
    rows, near = plates.window([-2, -1, 1, 2, 3])
    one, two = rows, near[:, 2]
    frame = near[:, [0, 1, 3, 4]]
    middle, slope, mean, rms = plates.fit(frame)
    off_one, off_two = (_off(plates, row, middle, slope, mean) for row in (one, two))
    crossed_one = _off(plates, one, middle, slope, mean, number_of=two)
    crossed_two = _off(plates, two, middle, slope, mean, number_of=one)
    worst, crossed = np.minimum(off_one, off_two), np.maximum(crossed_one, crossed_two)
    hit = (
        (worst > SWAP_M)
        & (worst > OFF_TIMES * rms)
        & (crossed < worst / 4)
        & (worst < FAR_M)
        & _even_steps(plates, frame)
    )
    yield one[hit], off_one[hit]
    yield two[hit], off_two[hit]


def find_number_parity(library: Library) -> Iterable[Found]:
    """A number on the side of the other parity, where odd and even are cleanly apart around it."""
    plates = Plates(library, sides=False)
    rows, near = plates.window([-4, -3, -2, -1, 1, 2, 3, 4])
    middle, slope, _mean, _rms = plates.fit(near)
    length = np.maximum(np.hypot(*slope.T), 1e-9)
    across = np.stack([-slope[:, 1], slope[:, 0]], axis=-1) / length[:, None]
    at = np.stack([plates.x, plates.y], axis=-1)
    side = ((at[near] - middle[:, None]) * across[:, None]).sum(axis=-1)
    own = ((at[rows] - middle) * across).sum(axis=-1)
    odd = plates.number[near] % 2 == 1
    n_odd = odd.sum(axis=1)
    mean_odd = (side * odd).sum(axis=1) / np.maximum(n_odd, 1)
    mean_even = (side * ~odd).sum(axis=1) / np.maximum(8 - n_odd, 1)
    half = (mean_odd + mean_even) / 2
    towards_odd = np.sign(mean_odd - mean_even)
    clear = np.where(odd, 1, -1) * towards_odd[:, None] * (side - half[:, None])
    is_odd = plates.number[rows] % 2 == 1
    beyond = -np.where(is_odd, 1, -1) * towards_odd * (own - half)
    hit = (np.minimum(n_odd, 8 - n_odd) >= 3) & (np.abs(mean_odd - mean_even) > SIDES_M)
    hit &= (clear > CLEAR_M).all(axis=1) & (beyond > BEYOND_M) & (beyond < 3 * np.abs(mean_odd - mean_even))
    for i in np.flatnonzero(hit).tolist():
        yield int(plates.id[rows[i]]), {"number": int(plates.number[rows[i]]), "side": "双" if is_odd[i] else "单"}


def _off(
    plates: Plates, rows: Ints, middle: Floats, slope: Floats, mean: Floats, number_of: Ints | None = None
) -> Floats:
    """Metres from plates to where their number (or that of others) should stand."""
    number = plates.number[rows if number_of is None else number_of]
    expected = middle + slope * (number - mean)[:, None]
    return np.hypot(plates.x[rows] - expected[:, 0], plates.y[rows] - expected[:, 1])


def _even_steps(plates: Plates, near: Ints) -> Flags:
    """No large jump of numbers among the neighbours."""
    return np.asarray((np.diff(plates.number[near], axis=1) <= 2 * LARGEST_STEP).all(axis=1))
