"""Every router of the application, found by its file: ``router`` of each module of this folder.

Their order is that of the files' names; none hides an address of a later one (``tests/mapserver/test_routers.py``).
"""

from __future__ import annotations

import importlib
from pathlib import Path

from fastapi import APIRouter

ROUTERS: list[APIRouter] = [
    importlib.import_module(f"{__name__}.{file.stem}").router
    for file in sorted(Path(__file__).parent.glob("[a-z]*.py"))
]
