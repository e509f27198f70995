"""Cutting a text into tokens: a run of digits, a run of Latin letters, or one character.

Folding (full-width, Traditional, dashes, white space) changes one character into one character, so that the place of a
token in the folded text is its place in the original.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from gazetteer.reading.normalise import fold_variants

_TOKEN = re.compile(r"[0-9]+|[A-Za-z]+|.", re.DOTALL)
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−─"), ord("-"))
_SPACES = dict.fromkeys(
    [*range(9, 14), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200C), 0x2028, 0x2029, 0x3000], ord("_")
)
_VARIANTS = {code: ord(plain) for code in range(0x3400, 0xA000) if (plain := fold_variants(chr(code))) != chr(code)}
_FOLD = _FULL_WIDTH | _DASHES | _SPACES | _VARIANTS
_LONGEST_RUN = 5

# row 0 of the model's table is padding, row 1 every unknown token
UNKNOWN, FIRST_ROW = 1, 2


def fold(text: str) -> str:
    """A text of the same length in plain forms: half-width, Simplified, one kind of dash, _ for white space."""
    return text.translate(_FOLD)


def tokenise(text: str) -> list[str]:
    """The tokens of a text, folded; joined they are as long as the text."""
    return _TOKEN.findall(fold(text))


def shape(token: str) -> str:
    """What the model sees of a token: numbers by their number of digits, words of Latin letters by their length."""
    first = token[0]
    if "0" <= first <= "9":
        return f"D{min(len(token), _LONGEST_RUN)}"
    if "a" <= first <= "z" or "A" <= first <= "Z":
        return token.upper() if len(token) == 1 else f"L{min(len(token), 3)}"
    return token


class Vocabulary:
    """Numbers for tokens. shapes: every shape the model knows, in the order of its table from row 2 on."""

    def __init__(self, shapes: Sequence[str]) -> None:
        self._rows = {shape: row for row, shape in enumerate(shapes, start=FIRST_ROW)}

    def rows(self, tokens: list[str]) -> list[int]:
        """The table row of each token; unknown ones share a row."""
        row_of = self._rows.get
        return [row_of(token) or row_of(shape(token), UNKNOWN) for token in tokens]
