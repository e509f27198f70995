"""The manual of a rule: the docstring of its module, in Chinese and English."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

SECTIONS = ("问题", "影响", "处理", "English")
_NOTHING: Mapping[str, object] = MappingProxyType({})


class ManualIncomplete(ValueError):
    """A rule's docstring lacks its title line or a section (问题, 影响, 处理, English), or names a parameter that is none."""


@dataclass(frozen=True, slots=True)
class Manual:
    """The manual of a rule, read from its module's docstring."""

    title: str
    title_en: str
    problem: str
    matters: str
    mend: str
    english: str

    @classmethod
    def of(cls, docstring: str | None, parameters: Mapping[str, object] = _NOTHING) -> Manual:
        """Read ``中文名 | English name`` and the four sections, each up to an empty line; ``{name}`` is filled with that parameter's value.

        Raises ManualIncomplete.
        """
        head, _, body = (docstring or "").strip().partition("\n")
        title, _, title_en = (part.strip() for part in head.partition("|"))
        found = {}
        for name in SECTIONS:
            match = re.search(
                rf"^{name}[：:](.+?)(?=^(?:{'|'.join(SECTIONS)})[：:]|^[ ]*$|\Z)", body, re.MULTILINE | re.DOTALL
            )
            text = "" if match is None else re.sub(r"\s*\n\s*", " " if name == "English" else "", match[1].strip())
            if not text:
                raise ManualIncomplete(f"{head}: {name}")
            found[name] = _filled(text, parameters)
        if not title or not title_en:
            raise ManualIncomplete(head)
        return cls(title, title_en, found["问题"], found["影响"], found["处理"], found["English"])


def _filled(words: str, parameters: Mapping[str, object]) -> str:
    try:
        return re.sub(r"\{([a-z0-9_]+)\}", lambda name: written(parameters[name[1]]), words)
    except KeyError as unknown:
        raise ManualIncomplete(f"{words}: no parameter {unknown}") from None


def written(value: object) -> str:
    """The value of a parameter as people write it: 3, not 3.0."""
    return f"{value:g}" if isinstance(value, float) else str(value)
