"""Batches, the training loop, and what a trained network believes."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.tagger_training.networks import Student, Teacher
from benchmarks.tagger_training.variants import Tagged
from gazetteer.reading.tagging.tokens import FIRST_ROW, UNKNOWN, shape

_AVERAGE = 0.99


class Encoder:
    """Numbers for tokens and for pairs of neighbours, 0 for the edge of a text."""

    def __init__(self, shapes: list[str], texts: list[list[str]], seen: int) -> None:
        self.shapes = shapes
        self._rows = {item: row for row, item in enumerate(shapes, FIRST_ROW)}
        counts = Counter(key for tokens in texts for key in self._keys(self._numbers(tokens)))
        self.pair_keys = sorted(key for key, n in counts.items() if n >= seen)
        self._places = {key: place for place, key in enumerate(self.pair_keys, 1)}

    def encode(self, tokens: list[str]) -> tuple[list[int], list[int], list[int]]:
        """Rows of the tokens, and places of the pair with the one before and with the one after."""
        rows = self._numbers(tokens)
        places = [self._places.get(key, 0) for key in self._keys(rows)]
        return rows, places[:-1], places[1:]

    def _numbers(self, tokens: list[str]) -> list[int]:
        return [self._rows.get(token) or self._rows.get(shape(token), UNKNOWN) for token in tokens]

    def _keys(self, rows: list[int]) -> list[int]:
        size = len(self.shapes) + FIRST_ROW
        return [a * size + b for a, b in zip([0, *rows], [*rows, 0], strict=True)]


@dataclass
class Plan:
    """How to train. soft: weight of the teachers' beliefs, hard: of the tags."""

    epochs: int
    batch: int
    rate: float
    pretrained_share: float
    hard: float = 1.0
    soft: float = 0.0


def fit(network: Teacher | Student, examples: list[Tagged], encoder: Encoder, plan: Plan, seed: int) -> None:
    """Train with Adam, a rate that falls to nothing, and the running average of the weights as the result."""
    rng = random.Random(seed)
    slow = network.pretrained()
    quick = [p for p in network.parameters() if all(p is not other for other in slow)]
    optimiser = torch.optim.AdamW([{"params": slow}, {"params": quick}], weight_decay=1e-4, betas=(0.9, 0.98))
    encoded = [encoder.encode(example.tokens) for example in examples]
    steps, step, average = plan.epochs * -(-len(examples) // plan.batch), 0, {}
    for epoch in range(plan.epochs):
        network.train()
        total, started = 0.0, time.monotonic()
        for batch in _batches([len(example.tokens) for example in examples], plan.batch, rng):
            factor = min(1.0, (step + 1) / 250) * max(0.01, 1 - step / steps)
            for group, share in zip(optimiser.param_groups, (plan.pretrained_share, 1.0), strict=True):
                group["lr"] = plan.rate * share * factor
            loss = _loss(network, [examples[n] for n in batch], [encoded[n] for n in batch], plan)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimiser.step()
            total += float(loss.detach()) * len(batch)
            step += 1
            if step % 4 == 0:
                keep = min(_AVERAGE, step / (step + 40))
                for name, value in network.state_dict().items():
                    average[name] = value.clone() if name not in average else average[name].lerp(value, 1 - keep)
        print(f"  epoch {epoch + 1}: loss {total / len(examples):.3f}, {time.monotonic() - started:.0f} s", flush=True)
    network.load_state_dict(average)
    network.eval()


def _batches(lengths: list[int], size: int, rng: random.Random) -> Iterator[list[int]]:
    """Every example once, those of like length together, in a random order."""
    order = list(range(len(lengths)))
    rng.shuffle(order)
    pools = [sorted(order[n : n + 30 * size], key=lengths.__getitem__) for n in range(0, len(order), 30 * size)]
    batches = [pool[n : n + size] for pool in pools for n in range(0, len(pool), size)]
    rng.shuffle(batches)
    yield from batches


def _padded(rows: list[list[int]]) -> Tensor:
    return nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True)


def _loss(
    network: Teacher | Student, examples: list[Tagged], encoded: list[tuple[list[int], ...]], plan: Plan
) -> Tensor:
    lengths = torch.tensor([len(example.tokens) for example in examples])
    scores = network(*(_padded([item[k] for item in encoded]) for k in range(3)), lengths)
    mask = torch.arange(scores.shape[1])[None] < lengths[:, None]
    tags = _padded([example.tags for example in examples])
    weight = torch.tensor([example.weight for example in examples])
    chain = network.chain.log_partition(scores, mask) - network.chain.log_score(scores, tags, mask)
    loss = plan.hard * (chain * weight).mean()
    if plan.soft:
        beliefs = nn.utils.rnn.pad_sequence(
            [torch.tensor(e.beliefs, dtype=torch.float32) for e in examples], batch_first=True
        )
        loss = loss - plan.soft * ((beliefs * functional.log_softmax(scores, 2)).sum(2) * mask).sum() / len(examples)
    return loss


def beliefs(network: Teacher, texts: list[list[str]], encoder: Encoder) -> list[np.ndarray]:
    """The probability of every tag of every token."""
    found: list[np.ndarray] = [np.zeros(0)] * len(texts)
    order = sorted(range(len(texts)), key=lambda n: len(texts[n]))
    for start in range(0, len(order), 192):
        batch = order[start : start + 192]
        encoded = [encoder.encode(texts[n]) for n in batch]
        lengths = torch.tensor([len(texts[n]) for n in batch])
        with torch.no_grad():
            scores = network(*(_padded([item[k] for item in encoded]) for k in range(3)), lengths)
        mask = torch.arange(scores.shape[1])[None] < lengths[:, None]
        for n, row in zip(batch, network.chain.marginals(scores, mask), strict=True):
            found[n] = row[: len(texts[n])].numpy().astype(np.float16)
    return found
