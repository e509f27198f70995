"""How well and how fast address texts are read: ours, a character n-gram CRF, and cpca and jionlp where installed.

    pip install python-crfsuite cpca jionlp "setuptools<80"      # what is missing is left out, and said
    OMP_NUM_THREADS=1 taskset -c 0 python -m benchmarks.parse [--data ../shared/data] [--split dev]

Prints Markdown. F1 counts a span as right when label, start and end are; a whole address when all of its spans are. The
CRF is trained in the run on parsing/train.txt. cpca knows province, city and county only, jionlp those, the town and the
village; the other columns of these two count only the labels they can give, on the same texts.
"""

from __future__ import annotations

import argparse
import importlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson

from benchmarks.tagger_training.labelled import NAMED, Span, read_labelled, scores, tags_of
from gazetteer.reading.tagging import LABELS, tag_many
from gazetteer.reading.tagging.tokens import tokenise

Reader = Callable[[Sequence[str]], list[list[Span]]]
SECONDS = 3.0


def ours(texts: Sequence[str]) -> list[list[Span]]:
    """gazetteer.reading.tagging, as the command runs it."""
    return [[(e.label, e.start, e.end) for e in elements] for elements in tag_many(texts)]


def character_crf(train: list[tuple[str, list[Span]]]) -> Reader:
    """A linear CRF over token n-grams up to three within two places: the usual baseline."""
    crfsuite = importlib.import_module("pycrfsuite")

    def features(text: str) -> list[list[str]]:
        cut = ["0" if token.isdigit() else token for token in tokenise(text)]
        line = ["<<", "<", *cut, ">", ">>"]
        found = []
        for n in range(2, len(line) - 2):
            around = [f"{k}:{line[n + k]}" for k in range(-2, 3)]
            around += [f"{k}|{line[n + k]}{line[n + k + 1]}" for k in range(-2, 2)]
            around += [f"{k}/{line[n + k]}{line[n + k + 1]}{line[n + k + 2]}" for k in range(-2, 1)]
            found.append(around)
        return found

    trainer = crfsuite.Trainer(algorithm="lbfgs", verbose=False)
    for text, spans in train:
        trainer.append(features(text), [str(tag) for tag in tags_of(text, spans)])
    trainer.set_params({"c1": 0.05, "c2": 0.05, "max_iterations": 120})
    with tempfile.TemporaryDirectory() as folder:
        trainer.train(f"{folder}/crf")
        tagger = crfsuite.Tagger()
        tagger.open(f"{folder}/crf")

    def read(texts: Sequence[str]) -> list[list[Span]]:
        found = []
        for text in texts:
            spans, place = list[Span](), 0
            for token, tag in zip(tokenise(text), map(int, tagger.tag(features(text))), strict=True):
                start = spans.pop()[1] if tag % 2 and spans and spans[-1][0] == LABELS[tag // 2] else place
                place += len(token)
                spans.append((LABELS[tag // 2], start, place))
            found.append(spans)
        return found

    return read


def by_names(texts: Sequence[str], answers: Iterator[dict[str, str | None]]) -> list[list[Span]]:
    """Spans of the names that a library found; a name it completed is placed by the part that the text has."""
    found = []
    for text, answer in zip(texts, answers, strict=True):
        spans, place = list[Span](), 0
        for label, name in answer.items():
            for length in range(len(name or ""), 1, -1):
                at = text.find((name or "")[:length], place)
                if at >= 0:
                    spans.append((label, at, at + length))
                    place = at + length
                    break
        found.append(spans)
    return found


def cpca_reader() -> Reader:
    """cpca: 省 市 区. A direct municipality is `city` in the labels and both 省 and 市 (市辖区) in cpca."""
    cpca = importlib.import_module("cpca")

    def read(texts: Sequence[str]) -> list[list[Span]]:
        table = cpca.transform(list(texts), pos_sensitive=False)
        rows = zip(
            *([name if isinstance(name, str) else None for name in table[level]] for level in "省市区"), strict=True
        )
        return by_names(texts, (_municipal(*row) for row in rows))

    return read


def jionlp_reader() -> Reader:
    """jionlp.parse_location with towns and villages."""
    jionlp = importlib.import_module("jionlp")

    def answers(texts: Sequence[str]) -> Iterator[dict[str, str | None]]:
        for text in texts:
            row = jionlp.parse_location(text, town_village=True)
            yield _municipal(row["province"], row["city"], row["county"]) | {
                "town": row.get("town"), "community": row.get("village"),
            }  # fmt: skip

    return lambda texts: by_names(texts, answers(texts))


def _municipal(province: str | None, city: str | None, county: str | None) -> dict[str, str | None]:
    if province and province.endswith("市"):
        return {"city": province, "district": county}
    return {"prov": province, "city": city, "district": county}


def speed(read: Reader, texts: list[str], at_once: int) -> float:
    """Addresses a second, with writing the answer as JSON; at_once: how many texts are handed over together."""
    read(texts[:20])
    done, started = 0, time.perf_counter()
    while time.perf_counter() - started < SECONDS:
        batch = [texts[(done + n) % len(texts)] for n in range(at_once)]
        for text, spans in zip(batch, read(batch), strict=True):
            elements = [
                {"label": label, "text": text[start:end], "start": start, "end": end} for label, start, end in spans
            ]
            orjson.dumps({"text": text, "elements": elements})
        done += at_once
    return done / (time.perf_counter() - started)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, default=Path("../shared/data"))
    options.add_argument("--split", default="dev")
    chosen = options.parse_args()
    folder = chosen.data / "addresses" / "parsing"
    items = read_labelled(folder / f"{chosen.split}.txt")
    texts, gold = [text for text, _ in items], [spans for _, spans in items]
    makers: dict[str, tuple[str, Callable[[], Reader], set[str], int]] = {
        "onemap": ("numpy", lambda: ours, set(LABELS), 4096),
        "character n-gram CRF": (
            "pycrfsuite",
            lambda: character_crf(read_labelled(folder / "train.txt")),
            set(LABELS),
            100,
        ),
        "cpca": ("cpca", cpca_reader, {"prov", "city", "district"}, 100),
        "jionlp": ("jionlp", jionlp_reader, {"prov", "city", "district", "town", "community"}, 10),
    }
    print(f"parsing/{chosen.split}.txt, {len(items)} addresses; load of the machine {os.getloadavg()[0]:.1f}\n")
    print("| reader | F1, 21 labels | F1, named 12 | whole address | F1, the labels it has | addresses/s |")
    print("|---|---|---|---|---|---|")
    notes: list[str] = []
    for name, (module, make, can, at_once) in makers.items():
        if find_spec(module) is None:
            print(f"| {name} | not installed | | | | |")
            continue
        read: Any = make()
        found = read(texts)
        every, named, whole = scores(gold, found)
        own, _, _ = scores(_only(gold, can), _only(found, can))
        print(
            f"| {name} | {every:.2f} | {named:.2f} | {whole:.1f} % | {own:.2f} | {speed(read, texts, at_once):,.0f} |",
            flush=True,
        )
        if missing := sorted(NAMED - can):
            notes.append(f"{name} cannot give: {', '.join(missing)}.")
    print("\n" + "\n".join(notes))


def _only(lists: list[list[Span]], labels: set[str]) -> list[list[Span]]:
    return [[span for span in spans if span[0] in labels] for spans in lists]


if __name__ == "__main__":
    main()
