"""A CQL2 text measured before the library reads it, in one walk over its tokens.

The library's parser calls itself for each level, and for each member of a chain such as ``1 + 1 + 1``; it ends the process when
the stack does. So a text is refused before when it nests or chains too much. Every token is taken without looking back:
the walk is linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

#: Each alternative takes at least one character and gives none back (possessive), so nothing is read twice.
_TOKEN = re.compile(
    r"""(?P<space>\s++)"""
    r"""|(?P<text>'(?:[^']++|'')*+(?:'|\Z))"""
    r"""|(?P<name>"[^"]*+(?:"|\Z)|[^\W\d]\w*+)"""
    r"""|(?P<number>\d[\w.]*+)"""
    r"""|(?P<sign><=|>=|<>|.)""",
    re.S,
)
_JOINTS = frozenset({"and", "or"})
_LINKS = frozenset(
    {"=", "<", ">", "<=", ">=", "<>", "+", "-", "*", "/", "%", "^", "like", "ilike", "div", "between", "in", "is"}
)
_OPENING, _CLOSING = frozenset("(["), frozenset(")]")


@dataclass(slots=True)
class Measure:
    """How deep and how long a text is. joints: ANDs and ORs. depth: levels of calls that reading it takes, at most."""

    joints: int = 0
    brackets: int = 0
    prefixes: int = 0
    chain: int = 0
    _open: list[int] = field(default_factory=lambda: [0])

    @property
    def depth(self) -> int:
        """Brackets, operators before their operand, and the longest chain of operators between operands."""
        return self.brackets + self.prefixes + self.chain

    def take(self, word: str) -> None:
        """One token, lower case, that is no white space and no literal text."""
        if word in _OPENING:
            self._open.append(0)
            self.brackets = max(self.brackets, len(self._open) - 1)
        elif word in _CLOSING:
            if len(self._open) > 1:
                self._open.pop()
        elif word in _JOINTS:
            self.joints += 1
            self._open[-1] = 0
        elif word == ",":
            self._open[-1] = 0
        elif word == "not":
            self.prefixes += 1
        elif word in _LINKS:
            self._open[-1] += 1
            self.chain = max(self.chain, self._open[-1])


def measure(text: str) -> Measure:
    """The measure of a text; of what is in quotes nothing counts."""
    found = Measure()
    for kind, token in _tokens(text):
        if kind == "sign" or (kind == "name" and not token.startswith('"')):
            found.take(token.lower())
    return found


def without_ilike(text: str) -> str:
    """The text with GDAL's ``a ILIKE 'b'`` written as CQL2 does: ``CASEI(a) LIKE CASEI('b')``."""
    tokens = list(_tokens(text))
    solid = [at for at, (kind, _token) in enumerate(tokens) if kind != "space"]
    written = [token for _kind, token in tokens]
    for before, here, after in zip(solid, solid[1:], solid[2:], strict=False):
        is_ilike = tokens[here][0] == "name" and tokens[here][1].lower() == "ilike"
        if is_ilike and tokens[before][0] == "name" and tokens[after][0] == "text":
            written[before] = f"CASEI({tokens[before][1]})"
            written[here] = "LIKE"
            written[after] = f"CASEI({tokens[after][1]})"
    return "".join(written)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    for found in _TOKEN.finditer(text):
        assert found.lastgroup is not None
        yield found.lastgroup, found[0]
