"""The version of onemap: ``pyproject.toml`` says it, everything else reads it here or is held to it by a test."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent / "pyproject.toml"


@cache
def version() -> str:
    """The version, from the project file of a checkout, else from the installed package.

    The project file goes first: an editable installation keeps the number of the day it was made.
    """
    if PROJECT.is_file():
        return str(tomllib.loads(PROJECT.read_text("utf-8"))["project"]["version"])
    return metadata.version("onemap")
