"""The rooms of the house, from the top down, as the order of imports in pyproject.toml names them."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROOMS: tuple[str, ...] = tuple(
    tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"][0]["layers"]
)
