"""Regular expressions that people write into mappings: none may take longer than its text is long.

Python's ``re`` tries one way after another; ``(\\d+)+x`` on a long row of digits never ends. So a pattern is taken only when
the ways it can match from one place are few, counted before any row is read: every repeat has an upper bound, and the
choices multiply to at most ``MOST_WAYS``. Then the time is that number times the length of the text, whatever the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from re import _constants as constants  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

MOST_WAYS = 10_000
LONGEST_PATTERN = 300


class PatternRefused(ValueError):
    """A pattern of a mapping that cannot be used; the text says why and how to write it."""


@lru_cache(maxsize=256)
def safe_pattern(text: str) -> re.Pattern[str]:
    """The compiled pattern. Raises PatternRefused for what is no pattern, is too long, or could take very long."""
    if not text or len(text) > LONGEST_PATTERN:
        raise PatternRefused(f"表达式须为 1–{LONGEST_PATTERN} 个字符 / a pattern has 1 to {LONGEST_PATTERN} characters")
    try:
        compiled = re.compile(text)
        tree = parser.parse(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise PatternRefused(f"正则表达式有误：{error} / not a regular expression: {error}") from None
    if ways(tree) > MOST_WAYS:
        raise PatternRefused(
            f"表达式可能的匹配方式太多（超过 {MOST_WAYS} 种），会很慢；减少重复和选择 / "
            f"more than {MOST_WAYS} ways to match, it could be slow: use fewer repeats and choices"
        )
    return compiled


def ways(tree: Iterable[tuple[Any, Any]]) -> int:
    """In how many ways a parsed pattern can match from one place, at most. Raises PatternRefused where there is no bound."""
    total = 1
    for operation, argument in tree:
        total *= _ways_of(operation, argument)
        if total > MOST_WAYS:
            return total
    return total


def _ways_of(operation: Any, argument: Any) -> int:
    if operation in (constants.MAX_REPEAT, constants.MIN_REPEAT, constants.POSSESSIVE_REPEAT):
        least, most, body = argument
        if most == constants.MAXREPEAT:
            raise PatternRefused(
                "“+”“*”“{n,}”没有上限，写成 {1,9} 这样有上限的重复 / "
                "+, * and {n,} have no upper bound: write a bounded repeat such as {1,9}"
            )
        one = ways(body)
        if one == 1:
            return int(most - least + 1)
        if most > MOST_WAYS.bit_length():
            return MOST_WAYS + 1
        return int(sum(one**times for times in range(least, most + 1)))
    if operation is constants.SUBPATTERN:
        return ways(argument[-1])
    if operation is constants.BRANCH:
        return sum(ways(branch) for branch in argument[1])
    if operation in (constants.ASSERT, constants.ASSERT_NOT):
        return ways(argument[1])
    if operation is constants.ATOMIC_GROUP:
        return ways(argument)
    if operation in (constants.GROUPREF, constants.GROUPREF_IGNORE, constants.GROUPREF_EXISTS):
        raise PatternRefused("表达式里不能引用前面的组 / a pattern may not refer back to a group")
    return 1


def check_template(pattern: re.Pattern[str], template: str) -> None:
    """Raise PatternRefused when a replacement names a group that the pattern lacks."""
    try:
        pattern.sub(template, "")
    except (re.error, IndexError) as error:
        raise PatternRefused(f"替换文字 {template!r} 有误：{error} / wrong replacement: {error}") from None
