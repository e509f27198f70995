"""The two networks in torch: a large one that teaches (several of them), and the small one that the product runs."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.tagger_training import lac
from gazetteer.reading.tagging import LABELS
from gazetteer.reading.tagging.tokens import FIRST_ROW, UNKNOWN

N_LABELS = len(LABELS)
_NEVER = -1e4


class Chain(nn.Module):
    """A linear-chain CRF over tags 2k (begins label k) and 2k + 1 (goes on, after the same label only)."""

    def __init__(self) -> None:
        super().__init__()
        self.between, self.within = (
            nn.Parameter(torch.zeros(N_LABELS, N_LABELS)),
            nn.Parameter(torch.zeros(N_LABELS, 2)),
        )
        self.starts, self.ends = nn.Parameter(torch.zeros(N_LABELS)), nn.Parameter(torch.zeros(N_LABELS))

    def log_partition(self, scores: Tensor, mask: Tensor) -> Tensor:
        """The logarithm of the sum over all paths."""
        total = torch.full_like(scores[:, 0], _NEVER)
        total[:, 0::2] = scores[:, 0, 0::2] + self.starts
        for step in range(1, scores.shape[1]):
            label = torch.logaddexp(total[:, 0::2], total[:, 1::2])
            begin = torch.logsumexp(label.unsqueeze(2) + self.between, 1)
            go_on = torch.logaddexp(total[:, 0::2] + self.within[:, 0], total[:, 1::2] + self.within[:, 1])
            new = torch.stack([begin, go_on], 2).flatten(1) + scores[:, step]
            total = torch.where(mask[:, step : step + 1], new, total)
        return torch.logsumexp(total + self.ends.repeat_interleave(2), 1)

    def log_score(self, scores: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        """The score of given paths."""
        label = tags // 2
        total = self.starts[label[:, 0]] + (scores.gather(2, tags.unsqueeze(2)).squeeze(2) * mask).sum(1)
        begun, gone_on = self.between[label[:, :-1], label[:, 1:]], self.within[label[:, :-1], tags[:, :-1] % 2]
        total = total + (torch.where(tags[:, 1:] % 2 == 0, begun, gone_on) * mask[:, 1:]).sum(1)
        return total + self.ends[label[torch.arange(len(tags)), mask.sum(1) - 1]]

    def marginals(self, scores: Tensor, mask: Tensor) -> Tensor:
        """The probability of every tag of every token."""
        with torch.enable_grad():
            scores = scores.detach().requires_grad_(True)
            return torch.autograd.grad(self.log_partition(scores, mask).sum(), scores)[0]


def _run(layer: nn.RNNBase, inputs: Tensor, lengths: Tensor) -> Tensor:
    packed = nn.utils.rnn.pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)
    return nn.utils.rnn.pad_packed_sequence(layer(packed)[0], batch_first=True)[0]


def _forget(rows: Tensor, share: float, instead: int, training: bool) -> Tensor:
    """While training, take a share of the rows for unknown ones."""
    if not training:
        return rows
    return torch.where((torch.rand(rows.shape) < share) & (rows > 0), torch.full_like(rows, instead), rows)


def repeats(rows: Tensor) -> Tensor:
    """Four marks a token: whether its pair with the token before, and with the one after, stands earlier and later too."""
    edge = torch.zeros_like(rows[:, :1])
    left, right = torch.cat([edge, rows], 1), torch.cat([rows, edge], 1)
    keys, real = left * 100_000 + right, (left > 0) & (right > 0)
    same = (keys.unsqueeze(2) == keys.unsqueeze(1)) & real.unsqueeze(1) & real.unsqueeze(2)
    earlier = torch.ones(same.shape[1:], dtype=torch.bool).tril(-1)
    before, after = (same & earlier).any(2).float(), (same & earlier.T).any(2).float()
    return torch.stack([before[:, :-1], after[:, :-1], before[:, 1:], after[:, 1:]], 2)


class Teacher(nn.Module):
    """Both layers of LAC, our own tables beside them, and an LSTM on top."""

    def __init__(self, shapes: list[str], n_pairs: int, dropout: float) -> None:
        super().__init__()
        self.tokens, self.first, self.second = lac.embedding(shapes), lac.first_layer(), lac.second_layer()
        self.own = nn.Embedding(len(shapes) + FIRST_ROW, 64, padding_idx=0)
        self.pairs = nn.Embedding(n_pairs + 1, 128, padding_idx=0)
        for table in (self.own, self.pairs):
            nn.init.normal_(table.weight, 0, 0.1)
        self.top = nn.LSTM(4 * lac.SIZE + 64 + 128 + 4, 128, bidirectional=True, batch_first=True)
        self.output, self.chain, self.dropout = nn.Linear(256, 2 * N_LABELS), Chain(), nn.Dropout(dropout)

    def forward(self, rows: Tensor, before: Tensor, after: Tensor, lengths: Tensor) -> Tensor:
        seen, rows = rows, _forget(rows, 0.08, UNKNOWN, self.training)
        pairs = [self.pairs(_forget(places, 0.25, 0, self.training)) for places in (before, after)]
        first = _run(self.first, self.tokens(rows), lengths)
        second = _run(self.second, first, lengths)
        below = torch.cat([first, second, self.own(rows), pairs[0][..., :64], pairs[1][..., 64:], repeats(seen)], 2)
        return self.output(self.dropout(_run(self.top, self.dropout(below), lengths)))

    def pretrained(self) -> list[nn.Parameter]:
        """What already knows Chinese and learns slower."""
        return [*self.tokens.parameters(), *self.first.parameters(), *self.second.parameters()]


class Student(nn.Module):
    """What gazetteer.reading.tagging.network computes."""

    def __init__(self, shapes: list[str], n_pairs: int, size: int, pair_size: int) -> None:
        super().__init__()
        self.tokens, self.first, self.half = lac.embedding(shapes), lac.first_layer(), pair_size
        self.pairs = nn.Embedding(n_pairs + 1, 2 * pair_size, padding_idx=0)
        nn.init.normal_(self.pairs.weight, 0, 0.1)
        self.second = nn.GRU(2 * lac.SIZE + 2 * pair_size + 4, size, bidirectional=True, batch_first=True)
        self.output, self.chain, self.dropout = nn.Linear(2 * size, 2 * N_LABELS), Chain(), nn.Dropout(0.2)

    def forward(self, rows: Tensor, before: Tensor, after: Tensor, lengths: Tensor) -> Tensor:
        seen, rows = rows, _forget(rows, 0.03, UNKNOWN, self.training)
        pairs = [self.pairs(_forget(places, 0.1, 0, self.training)) for places in (before, after)]
        first = _run(self.first, self.tokens(rows), lengths)
        below = torch.cat([first, pairs[0][..., : self.half], pairs[1][..., self.half :], repeats(seen)], 2)
        return self.output(self.dropout(_run(self.second, self.dropout(below), lengths)))

    def pretrained(self) -> list[nn.Parameter]:
        """What already knows Chinese and learns slower."""
        return [*self.tokens.parameters(), *self.first.parameters()]


def export(student: Student, shapes: list[str], pair_keys: list[int]) -> dict[str, np.ndarray]:
    """The arrays of the model's file, see gazetteer.reading.tagging.network."""
    half = np.float16
    arrays = {
        "shapes": np.frombuffer("\x00".join(shapes).encode(), np.uint8),
        "tokens": student.tokens.weight.detach().numpy().astype(half),
        "pair_keys": np.array(pair_keys, np.int64),
        "pairs": student.pairs.weight.detach().numpy().astype(half),
        "output": student.output.weight.detach().numpy().T.astype(half),
        "output_bias": student.output.bias.detach().numpy().astype(half),
    }
    for name in ("starts", "ends", "between", "within"):
        arrays[name] = getattr(student.chain, name).detach().numpy().astype(half)
    for name, layer in (("first", student.first), ("second", student.second)):
        for way, ending in (("forwards", ""), ("backwards", "_reverse")):
            parts = [
                getattr(layer, f"{part}_l0{ending}").detach().numpy()
                for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            ]
            arrays |= {f"{name}_{way}_{key}": value.astype(half) for key, value in _gates(*parts).items()}
    return arrays


def _gates(kernel: np.ndarray, recurrent: np.ndarray, bias: np.ndarray, own_bias: np.ndarray) -> dict[str, np.ndarray]:
    """The gates apart, halved as gazetteer.reading.tagging.network.Recurrent wants them."""
    size = recurrent.shape[1]
    kernels, recurrents = (part.reshape(3, size, -1).transpose(0, 2, 1).copy() for part in (kernel, recurrent))
    biases, own = bias.reshape(3, 1, size).copy(), own_bias.reshape(3, 1, size)
    biases[:2] += own[:2]
    for part in (kernels, biases):
        part[:2] *= 0.5
    return {"kernel": kernels, "bias": biases, "recurrent": recurrents * 0.5, "new_bias": own[2, 0] * 0.5}
