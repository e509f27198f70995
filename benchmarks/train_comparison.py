"""Train the trees behind ``onemap address compare`` and write gazetteer/reading/comparing/address_relation.npz.

    pip install lightgbm scikit-learn
    python -m benchmarks.train_comparison [--data ../shared/data] [--out FILE]

Learns from matching/train.jsonl only. The figures printed come from cross validation in which all pairs of a query stay
together; the preference between the classes is chosen on them too. The seeds are fixed.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
from sklearn.metrics import f1_score
from sklearn.model_selection import GroupKFold

from gazetteer.reading.compare import MODEL, RELATIONS
from gazetteer.reading.comparing.contradiction import contradiction
from gazetteer.reading.comparing.features import measure
from gazetteer.reading.comparing.sides import make_side
from gazetteer.reading.tagging import tag_many

WORDS = {"不匹配": "different", "部分匹配": "partial", "完全匹配": "same"}
SEEN_OFTEN = 3
FOLDS = 5
ROUNDS = 280
FORESTS = 3
CHECKED = (7, 8)  # seeds in cross validation, their mean
SETTINGS = {
    "objective": "multiclass", "num_class": 3, "learning_rate": 0.04, "num_leaves": 20, "min_data_in_leaf": 30,
    "feature_fraction": 0.25, "bagging_fraction": 0.8, "bagging_freq": 1, "lambda_l2": 5.0, "verbose": -1, "seed": 7,
    "deterministic": True, "num_threads": 1,
}  # fmt: skip


def read_pairs(path: Path) -> tuple[list[tuple[str, str]], list[int], list[int]]:
    """Pairs, their class, and the number of their query."""
    pairs, classes, queries = [], [], []
    for number, line in enumerate(path.read_text("utf-8").splitlines()):
        item = json.loads(line)
        for candidate in item["candidate"]:
            pairs.append((item["query"], candidate["text"]))
            classes.append(RELATIONS.index(WORDS[candidate["label"]]))
            queries.append(number)
    return pairs, classes, queries


def learn_weights(sides: dict[str, Any]) -> dict[str, float]:
    """How rare each character and each pair is among the texts; '' stands for those seen seldom or never."""
    seen = Counter(item for side in sides.values() for item in (*side.pairs, *set(side.read)))
    kept = {pair: math.log(len(sides) / n) for pair, n in sorted(seen.items()) if n >= SEEN_OFTEN}
    return {"": math.log(len(sides) / 2), **kept}


def choose(preferred: np.ndarray, contradicted: np.ndarray) -> np.ndarray:
    """The class of each pair, as :func:`gazetteer.reading.compare.compare_many` takes it."""
    possible = preferred.copy()
    possible[contradicted != None, -1] = -np.inf  # noqa: E711 (element by element)
    found = possible.argmax(1)
    found[contradicted == "different"] = 0
    return found


def best_preference(
    probabilities: np.ndarray, classes: np.ndarray, contradicted: np.ndarray
) -> tuple[np.ndarray, float]:
    """What to add to the logarithms so that macro F1 is highest."""
    logs = np.log(probabilities)
    grid = [np.array([0.0, p, s]) for p in np.arange(-0.4, 0.55, 0.05) for s in np.arange(-0.4, 1.05, 0.05)]
    scored = [(f1_score(classes, choose(logs + p, contradicted), average="macro"), p) for p in grid]
    top = sorted(scored, key=lambda item: -item[0])[:15]
    return np.mean([p for _, p in top], axis=0), top[0][0]


def flatten(forests: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    """LightGBM's trees as arrays, the mean of several forests; a leaf points at itself."""
    rows: list[tuple[int, float, int, int, bool, float]] = []
    depth = 0

    def add(node: dict[str, Any], level: int) -> int:
        nonlocal depth
        depth = max(depth, level)
        place = len(rows)
        rows.append((0, 0.0, place, place, True, node.get("leaf_value", 0.0) / len(forests)))
        if "split_feature" in node:
            left, right = add(node["left_child"], level + 1), add(node["right_child"], level + 1)
            # measures without missing values at training time are never missing later
            missing = node["default_left"] if node["missing_type"] == "NaN" else True
            rows[place] = (node["split_feature"], node["threshold"], left, right, missing, 0.0)
        return place

    roots = [add(tree["tree_structure"], 0) for model in forests for tree in model["tree_info"]]
    feature, threshold, left, right, missing, value = zip(*rows, strict=True)
    return {
        "roots": np.array(roots, np.int32), "feature": np.array(feature, np.int16), "threshold": np.array(threshold),
        "left": np.array(left, np.int32), "right": np.array(right, np.int32), "missing_left": np.array(missing),
        "value": np.array(value, np.float32), "depth": np.array(depth),
    }  # fmt: skip


def main() -> None:
    """Cross-validate, train on everything, write."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, default=Path("../shared/data"))
    options.add_argument("--out", type=Path, default=MODEL)
    chosen = options.parse_args()
    pairs, labels, queries = read_pairs(chosen.data / "addresses" / "matching" / "train.jsonl")
    texts = list(dict.fromkeys(text for pair in pairs for text in pair))
    sides = {text: make_side(text, found) for text, found in zip(texts, tag_many(texts), strict=True)}
    weights = learn_weights(sides)
    table = np.array([measure(sides[a], sides[b], weights) for a, b in pairs], np.float64)
    classes = np.array(labels)
    contradicted = np.array([contradiction(sides[a], sides[b]) for a, b in pairs], object)
    judged = np.zeros((len(table), 3))
    for rest, held in GroupKFold(FOLDS).split(table, classes, queries):
        known = lightgbm.Dataset(table[rest], classes[rest], free_raw_data=False)
        for seed in CHECKED:
            judged[held] += lightgbm.train(SETTINGS | {"seed": seed}, known, ROUNDS).predict(table[held]) / len(CHECKED)
    preference, best = best_preference(judged, classes, contradicted)
    preferred = np.log(judged) + preference
    alone = f1_score(classes, preferred.argmax(1), average="macro")
    each = f1_score(classes, choose(preferred, contradicted), average=None)
    print(
        f"cross validation: macro F1 {100 * best:.1f}, by the trees alone {100 * alone:.1f}; measures {table.shape[1]}"
    )
    print("  " + ", ".join(f"{name} {100 * value:.1f}" for name, value in zip(RELATIONS, each, strict=True)))
    forests = [
        lightgbm.train(SETTINGS | {"seed": seed}, lightgbm.Dataset(table, classes), ROUNDS).dump_model()
        for seed in range(1, FORESTS + 1)
    ]
    names = "\x00".join(weights).encode()
    np.savez_compressed(
        chosen.out, preference=preference, pairs=np.frombuffer(names, np.uint8),
        pair_weights=np.array(list(weights.values()), np.float32), **flatten(forests),
    )  # fmt: skip
    print(f"wrote {chosen.out} ({chosen.out.stat().st_size / 1e6:.2f} MB)")


if __name__ == "__main__":
    main()
