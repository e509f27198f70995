"""How a mapping rewrites the text of a cell before anything reads it: replacements, and codes written in another form.

``replace``: a list, done in this order. ``{ text = "I-", with = "号" }`` replaces these characters wherever they stand;
``{ pattern = '(?<=\\d)I-', with = "号" }`` replaces what the regular expression finds, ``\\1`` and ``\\g<name>`` in ``with``
stand for its groups. Patterns are bounded, see ``patterns``.

``code``: a code template. ``{ pattern = '\\d{5}(?P<town>\\d{2})-(?P<village>\\d{3})', form = "710004{town:3}{village}" }``
reads ``1000401-004`` and writes ``710004001004``: the pattern must fit the whole text, ``form`` names its parts, ``:3`` fills
a part with zeros in front to three characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from pydantic import BaseModel, ConfigDict, Field, model_validator

from importing.mappings.patterns import PatternRefused, check_template, safe_pattern

_PART = re.compile(r"\{([a-z_][a-z0-9_]*)(?::(\d{1,2}))?\}")


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Replace(_Model):
    """One replacement in the text of a column: of these characters, or of what a pattern finds."""

    text: str | None = Field(None, min_length=1)
    pattern: str | None = None
    by: str = Field("", alias="with")

    @model_validator(mode="after")
    def _usable(self) -> Replace:
        if (self.text is None) == (self.pattern is None):
            raise ValueError("text、pattern 二者选一 / give exactly one of text and pattern")
        if self.pattern is not None:
            check_template(safe_pattern(self.pattern), self.by)
        return self

    def rewriter(self) -> Callable[[str], str]:
        """The replacement as a function of a text."""
        old, new = self.text, self.by
        if old is not None:
            return lambda value: value.replace(old, new)
        assert self.pattern is not None
        pattern = safe_pattern(self.pattern)
        return lambda value: pattern.sub(new, value)


class CodeTemplate(_Model):
    """How a code that is written in another form becomes digits; see the module."""

    pattern: str
    form: str

    @model_validator(mode="after")
    def _usable(self) -> CodeTemplate:
        compiled = safe_pattern(self.pattern)
        named = {match[1] for match in _PART.finditer(self.form)}
        unknown = named - set(compiled.groupindex)
        if unknown:
            raise ValueError(
                f"pattern 里没有名为 {'、'.join(sorted(unknown))} 的部分，写成 (?P<名>…) / "
                f"pattern has no part named {', '.join(sorted(unknown))}: write (?P<name>…)"
            )
        unused = set(compiled.groupindex) - named
        if unused or not named:
            raise ValueError(
                f"form 没有用到 {'、'.join(sorted(unused)) or '任何部分'} / "
                f"form leaves out {', '.join(sorted(unused)) or 'every part'}"
            )
        if "{" in _PART.sub("", self.form) or "}" in _PART.sub("", self.form):
            raise ValueError("form 里的花括号写成 {名} 或 {名:位数} / braces in form are {name} or {name:width}")
        return self

    def sample(self) -> str | None:
        """A code as the template writes it, in zeros; None when the length of a part is not fixed."""
        compiled = safe_pattern(self.pattern)
        widths = _widths(compiled)

        def part(match: re.Match[str]) -> str:
            least, most = widths[match[1]]
            wide = int(match[2] or 0)
            if least != most and most > wide:
                raise PatternRefused("open")
            return "0" * max(most, wide)

        try:
            return _PART.sub(part, self.form)
        except PatternRefused:
            return None

    def writer(self) -> Callable[[str], str | None]:
        """The template as a function: the code, or None when the text is not written so. Full-width forms count as ordinary."""
        compiled, form = safe_pattern(self.pattern), self.form

        def write(value: str) -> str | None:
            found = compiled.fullmatch(unicodedata.normalize("NFKC", value).strip())
            if found is None:
                return None
            return _PART.sub(lambda part: (found[part[1]] or "").rjust(int(part[2] or 0), "0"), form)

        return write


def _widths(compiled: re.Pattern[str]) -> dict[str, tuple[int, int]]:
    """Least and most characters of each named part."""
    from re import _parser as parser  # type: ignore[attr-defined]

    names = {number: name for name, number in compiled.groupindex.items()}
    found: dict[str, tuple[int, int]] = {}

    def walk(tree: object) -> None:
        for operation, argument in tree:  # type: ignore[attr-defined]
            if str(operation) == "SUBPATTERN":
                if argument[0] in names:
                    least, most = argument[-1].getwidth()
                    found[names[argument[0]]] = (int(least), int(most))
                walk(argument[-1])
            elif str(operation) == "BRANCH":
                for branch in argument[1]:
                    walk(branch)
            elif str(operation).endswith("REPEAT"):
                walk(argument[2])

    walk(parser.parse(compiled.pattern))
    return found
