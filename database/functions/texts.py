"""The text of every SQL function: read from the files of this folder, or written by a room from its declarations."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

FOLDER = Path(__file__).parent
#: Folder of a room that holds its functions of schema ``platform``.
PLATFORM_FOLDER = "platform"

Branch = Literal["platform", "county"]
#: Yields name and text of a function, written as a file of this folder is.
Provider = Callable[[], Iterable[tuple[str, str]]]

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_providers: dict[tuple[Branch, str], list[Provider]] = {}


class FunctionTextInvalid(ValueError):
    """The text of a SQL function is not as it must be: a mistake of a maintainer, never of a user."""


@dataclass(frozen=True, slots=True)
class FunctionText:
    """One function of a schema with its triggers and grants. room: whose it is. text: with the placeholders."""

    name: str
    room: str
    text: str

    @property
    def comment(self) -> str:
        """The first line, without the dashes."""
        return self.text.partition("\n")[0].removeprefix("--").strip()

    @property
    def digest(self) -> str:
        """Of the text, the same for every county."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]

    def sql(self, schema: str) -> str:
        """The statements for a schema. Raises FunctionTextInvalid for a placeholder nobody knows."""
        values = {"schema": schema, "county": schema.removeprefix("c")}

        def value(match: re.Match[str]) -> str:
            try:
                return values[match[1]]
            except KeyError:
                raise FunctionTextInvalid(f"{self.room}/{self.name}: {{{match[1]}}}") from None

        return _PLACEHOLDER.sub(value, self.text)


def register(room: str, provider: Provider, branch: Branch = "county") -> None:
    """Let a room above add functions that it writes itself. Called when its module is imported, before anything is migrated."""
    _providers.setdefault((branch, room), []).append(provider)


def function_texts(branch: Branch) -> list[FunctionText]:
    """Every function of a branch, by name. Raises FunctionTextInvalid when two have one name, or one has no comment."""
    found = list(_files(branch))
    for (of, room), providers in _providers.items():
        if of == branch:
            found += [FunctionText(name, room, text) for provider in providers for name, text in provider()]
    by_name: dict[str, FunctionText] = {}
    for function in found:
        if not _NAME.fullmatch(function.name):
            raise FunctionTextInvalid(f"名称 / name: {function.name!r}")
        if not function.text.startswith("--") or not function.comment:
            raise FunctionTextInvalid(
                f"{function.room}/{function.name}: 第一行应为说明 / the first line must be a comment",
            )
        if function.name in by_name:
            raise FunctionTextInvalid(f"{function.name}: {by_name[function.name].room}, {function.room}")
        by_name[function.name] = function
    return [by_name[name] for name in sorted(by_name)]


@lru_cache(maxsize=2)
def _files(branch: Branch) -> tuple[FunctionText, ...]:
    pattern = f"*/{PLATFORM_FOLDER}/*.sql" if branch == "platform" else "*/*.sql"
    return tuple(
        FunctionText(path.stem, path.relative_to(FOLDER).parts[0], path.read_text("utf-8"))
        for path in sorted(FOLDER.glob(pattern))
    )
