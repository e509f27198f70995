"""Labelled texts in ways of writing that the labelled addresses lack: Chinese numerals, 之2, 三段, 5邻."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np

from gazetteer.reading.tagging import LABELS

_NUMBERED = {LABELS.index(name) for name in ("roadno", "subroadno", "houseno", "cellno", "floorno", "roomno")}
_ROAD, _COMMUNITY, _POI = (LABELS.index(name) for name in ("road", "community", "poi"))
_DIGITS = "零一二三四五六七八九"


@dataclass
class Tagged:
    """Tokens with their tags and what the teachers think of each (a probability for every tag)."""

    tokens: list[str]
    tags: list[int]
    beliefs: np.ndarray
    weight: float = 1.0

    def add(self, token: str, tag: int, belief: np.ndarray) -> None:
        """Put a token at the end."""
        self.tokens.append(token)
        self.tags.append(tag)
        self.beliefs = np.vstack([self.beliefs, belief])


def numeral(digits: str) -> str:
    """123 as 一百二十三, 15 as 十五; up to four digits."""
    out, gap = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = int(digits) // unit % 10
        if digit:
            out += ("零" if gap and out else "") + _DIGITS[digit] + name
        gap = not digit
    return (out[1:] if out.startswith("一十") else out) or "零"


def certain(tag: int) -> np.ndarray:
    """The belief that it is this tag."""
    return np.eye(2 * len(LABELS), dtype=np.float16)[tag]


def make_variant(source: Tagged, rng: random.Random) -> Tagged | None:
    """The same address written another way, or None where the way that was drawn does not fit it."""
    way = rng.choice([_with_numerals, _with_numerals, _with_sub_number, _with_section, _with_group, _with_new_group])
    found = way(source, rng)
    return found if found.tokens != source.tokens else None


def _empty() -> Tagged:
    return Tagged([], [], np.zeros((0, 2 * len(LABELS)), np.float16))


def _rows(source: Tagged) -> list[tuple[str, int, np.ndarray]]:
    return list(zip(source.tokens, source.tags, source.beliefs, strict=True))


def _with_numerals(source: Tagged, rng: random.Random) -> Tagged:
    found, one_by_one = _empty(), rng.random() < 0.4
    for token, tag, belief in _rows(source):
        if not (token.isascii() and token.isdigit() and len(token) <= 4 and tag // 2 in _NUMBERED) or token[0] == "0":
            found.add(token, tag, belief)
            continue
        going_on = np.zeros_like(belief)
        going_on[1::2] = belief[0::2] + belief[1::2]
        written = "".join(_DIGITS[int(c)] for c in token) if one_by_one or len(token) == 4 else numeral(token)
        for n, character in enumerate(written):
            found.add(character, tag | 1 if n else tag, going_on if n else belief)
    return found


def _with_sub_number(source: Tagged, rng: random.Random) -> Tagged:
    found, done = _empty(), False
    tokens = source.tokens
    for n, (token, tag, belief) in enumerate(_rows(source)):
        found.add(token, tag, belief)
        inside = tag | 1
        ends = n + 1 == len(tokens) or source.tags[n + 1] != inside
        before_counter = token.isdigit() and not ends and tokens[n + 1] == "号"
        if not done and tag // 2 in _NUMBERED and (before_counter or (token == "号" and ends)) and rng.random() < 0.7:
            number = rng.randint(1, 30)
            for extra in ("之", str(number) if rng.random() < 0.6 else _DIGITS[number % 9 + 1]):
                found.add(extra, inside, certain(inside))
            done = True
    return found


def _with_section(source: Tagged, rng: random.Random) -> Tagged:
    found, done, inside = _empty(), False, 2 * _ROAD + 1
    for n, (token, tag, belief) in enumerate(_rows(source)):
        found.add(token, tag, belief)
        ends = n + 1 == len(source.tokens) or source.tags[n + 1] != inside
        if not done and tag == inside and ends and token in "路道街":
            number = rng.randint(1, 6)
            for extra in (_DIGITS[number] if rng.random() < 0.75 else str(number), "段"):
                found.add(extra, inside, certain(inside))
            done = True
    return found


def _with_group(source: Tagged, _: random.Random) -> Tagged:
    found = _empty()
    for n, (token, tag, belief) in enumerate(_rows(source)):
        counted = token == "组" and n and source.tokens[n - 1].isdigit()
        found.add("邻" if counted else token, tag, belief)
    return found


def _with_new_group(source: Tagged, rng: random.Random) -> Tagged:
    found, done = _empty(), False
    for n, (token, tag, belief) in enumerate(_rows(source)):
        found.add(token, tag, belief)
        following = source.tags[n + 1] // 2 if n + 1 < len(source.tokens) else _ROAD
        if not done and tag == 2 * _COMMUNITY + 1 and token in "村里区" and following in (_ROAD, _POI):
            if n + 1 < len(source.tokens) and source.tokens[n + 1].isdigit():
                continue
            found.add(str(rng.randint(1, 30)), 2 * _ROAD, certain(2 * _ROAD))
            found.add("邻", 2 * _ROAD + 1, certain(2 * _ROAD + 1))
            done = True
    return found
