"""The reading network in numpy: two recurrent layers (GRU) in both directions, from token numbers to tag scores.

Sequences stand sorted by length, longest first, and time is the first axis: at each step the sequences that have a
token there are the first rows, so that nothing is computed for padding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gazetteer.reading.tagging.tokens import FIRST_ROW

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
WriteInputs = Callable[[int, int, Floats], None]


@dataclass(frozen=True, slots=True)
class Recurrent:
    """One direction of a GRU layer. The first axis of all parts is the gate: reset, update, new.

    kernel: 3, inputs, size; bias and recurrent likewise. new_bias: what is added to the new gate's recurrent part before
    it is reset. Since sigmoid(x) = (tanh(x / 2) + 1) / 2, the file holds the first two gates halved, and the recurrent
    part of the third, which is multiplied by tanh(x / 2) + 1, too.
    """

    kernel: Floats
    bias: Floats
    recurrent: Floats
    new_bias: Floats

    def run(self, write_inputs: WriteInputs, active: Integers, states: Floats, *, backwards: bool) -> None:
        """Write the states of every step into states (steps, rows, size).

        write_inputs: writes the inputs of a step for its first rows, multiplied by the kernel; active: rows of each step.
        """
        width, size = states.shape[1:]
        state = np.zeros((width, size), np.float32)
        own, given = np.empty((3, width, size), np.float32), np.empty((3, width, size), np.float32)
        steps = range(len(active))
        for step in reversed(steps) if backwards else steps:
            rows = int(active[step])
            old, inputs, gates = state[:rows], given[:, :rows], own[:, :rows]
            write_inputs(step, rows, inputs)
            np.matmul(old, self.recurrent, out=gates)
            reset, update, new = gates
            for gate, of_inputs in ((reset, inputs[0]), (update, inputs[1])):
                gate += of_inputs
                np.tanh(gate, out=gate)
                gate += 1
            new += self.new_bias
            new *= reset
            new += inputs[2]
            np.tanh(new, out=new)
            old -= new
            old *= update
            old *= 0.5
            old += new
            states[step, :rows] = old


@dataclass(frozen=True, slots=True)
class Network:
    """The weights, as the file of the model has them."""

    shapes: tuple[str, ...]
    tokens: tuple[Floats, Floats]
    pair_keys: Integers
    pairs: Floats
    first: tuple[Recurrent, Recurrent]
    second: tuple[Recurrent, Recurrent]
    output: Floats
    output_bias: Floats
    starts: Floats
    ends: Floats
    between: Floats
    within: Floats

    @classmethod
    def load(cls, path: Path) -> Network:
        """Read a model; the first layer's product with the table of tokens is made here, once."""
        with np.load(path) as file:
            part = {name: file[name] for name in file.files}
        table = part["tokens"].astype(np.float32)
        floats = {name: part[name].astype(np.float32) for name in _PLAIN}
        first = _direction(part, "first_forwards"), _direction(part, "first_backwards")
        return cls(
            shapes=tuple(part["shapes"].tobytes().decode("utf-8").split("\x00")),
            tokens=(table @ first[0].kernel + first[0].bias, table @ first[1].kernel + first[1].bias),
            pair_keys=part["pair_keys"].astype(np.int64),
            first=first,
            second=(_direction(part, "second_forwards"), _direction(part, "second_backwards")),
            **floats,
        )

    def scores(self, rows: Integers, active: Integers) -> Floats:
        """Scores of every tag: steps, rows, tags. rows: table rows, 0 for padding; active: rows at each step."""
        size, half = self.first[0].recurrent.shape[2], self.pairs.shape[1] // 2
        keys = self._pair_keys(rows)
        places, repeats = self._places(keys), _repeats(keys)
        below = np.zeros((*rows.shape, 2 * (size + half) + 4), np.float32)
        below[:, :, 2 * size : 2 * size + half] = self.pairs[places[:-1], :half]
        below[:, :, 2 * size + half : 2 * (size + half)] = self.pairs[places[1:], half:]
        below[:, :, -4:-2], below[:, :, -2:] = repeats[:-1], repeats[1:]
        for way, layer in enumerate(self.first):
            looked_up = self._look_up(rows, self.tokens[way])
            layer.run(looked_up, active, below[:, :, way * size : (way + 1) * size], backwards=way == 1)
        size = self.second[0].recurrent.shape[2]
        above = np.zeros((*rows.shape, 2 * size), np.float32)
        for way, layer in enumerate(self.second):
            multiplied = self._multiply(below, layer)
            layer.run(multiplied, active, above[:, :, way * size : (way + 1) * size], backwards=way == 1)
        return above @ self.output + self.output_bias

    @staticmethod
    def _look_up(rows: Integers, table: Floats) -> WriteInputs:
        def write(step: int, n: int, target: Floats) -> None:
            for gate in range(3):
                table[gate].take(rows[step, :n], axis=0, out=target[gate], mode="clip")

        return write

    @staticmethod
    def _multiply(below: Floats, layer: Recurrent) -> WriteInputs:
        def write(step: int, n: int, target: Floats) -> None:
            np.matmul(below[step, :n], layer.kernel, out=target)
            target += layer.bias

        return write

    def _pair_keys(self, rows: Integers) -> Integers:
        """One number for each token and the one before it, negative at the edges and beyond: steps + 1, rows."""
        edge = np.zeros((1, rows.shape[1]), np.int64)
        left, right = np.concatenate([edge, rows]), np.concatenate([rows, edge])
        keys = left * (len(self.shapes) + FIRST_ROW) + right
        marked: Integers = np.where((left > 0) & (right > 0), keys, -1 - keys)
        return marked

    def _places(self, keys: Integers) -> Integers:
        """The places of the pairs in their table; 0 for one that is not there."""
        sought = np.where(keys < 0, -1 - keys, keys)
        place = np.minimum(np.searchsorted(self.pair_keys, sought), len(self.pair_keys) - 1)
        found: Integers = np.where(self.pair_keys[place] == sought, place + 1, 0)
        return found


def _repeats(keys: Integers) -> NDArray[np.bool_]:
    """Whether the same pair stands earlier in the text, and whether later: a level that is written twice."""
    found = np.zeros((*keys.shape, 2), np.bool_)
    for step in range(1, len(keys)):
        same = (keys[:step] == keys[step]) & (keys[step] >= 0)
        found[step, :, 0] = same.any(axis=0)
        found[:step, :, 1] |= same
    return found


_PLAIN = ("pairs", "output", "output_bias", "starts", "ends", "between", "within")


def _direction(part: dict[str, NDArray[np.generic]], name: str) -> Recurrent:
    names = ("kernel", "bias", "recurrent", "new_bias")
    return Recurrent(*(part[f"{name}_{item}"].astype(np.float32) for item in names))
