"""The best sequence of tags: tag 2k begins label k, tag 2k + 1 goes on with it, and only after the same label."""

from __future__ import annotations

import numpy as np

from gazetteer.reading.tagging.network import Floats, Integers, Network


def best_tags(network: Network, scores: Floats, active: Integers) -> Integers:
    """The tags of the best path (Viterbi): steps, rows. Beyond the end of a row they mean nothing.

    Going forward only the best scores are kept; which tag they came from is asked again on the way back.
    """
    steps, width, tags = scores.shape
    best = np.full((steps, width, tags), -1e9, np.float32)
    best[0, :, 0::2] = scores[0, :, 0::2] + network.starts
    for step in range(1, steps):
        rows = int(active[step])
        before = best[step - 1, :rows]
        label = np.maximum(before[:, 0::2], before[:, 1::2])
        begin = label[:, :1] + network.between[0]
        for other in range(1, tags // 2):
            np.maximum(begin, label[:, other, None] + network.between[other], out=begin)
        go_on = np.maximum(before[:, 0::2] + network.within[:, 0], before[:, 1::2] + network.within[:, 1])
        best[step, :rows, 0::2] = begin + scores[step, :rows, 0::2]
        best[step, :rows, 1::2] = go_on + scores[step, :rows, 1::2]
    return _way_back(network, best, active)


def _way_back(network: Network, best: Floats, active: Integers) -> Integers:
    steps, width, _ = best.shape
    ends = np.repeat(network.ends, 2)
    path = np.zeros((steps, width), np.int64)
    row = np.arange(width)
    for step in reversed(range(steps)):
        rows = int(active[step])
        after = int(active[step + 1]) if step + 1 < steps else 0
        path[step, after:rows] = (best[step, after:rows] + ends).argmax(axis=1)
        if not after:
            continue
        following = path[step + 1, :after]
        label = following // 2
        here = best[step, :after]
        pairs = np.maximum(here[:, 0::2], here[:, 1::2]) + network.between[:, label].T
        source = pairs.argmax(axis=1)
        begun = 2 * source + (here[row[:after], 2 * source + 1] > here[row[:after], 2 * source])
        go_on = 2 * label + (
            here[row[:after], 2 * label + 1] + network.within[label, 1]
            > here[row[:after], 2 * label] + network.within[label, 0]
        )
        path[step, :after] = np.where(following % 2 == 0, begun, go_on)
    return path
