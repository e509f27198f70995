"""Coordinates kept out of the templates: Folium reads all it renders as a template once more, which takes a second a megabyte.

A token stands in their place while the page is made; it holds a secret of the page, so that no record can name one.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any

import orjson


class Coordinates:
    """The coordinates of one page."""

    def __init__(self) -> None:
        self._mark = secrets.token_hex(8)
        self._coordinates: list[str] = []

    def take_out(self, feature: Mapping[str, Any]) -> dict[str, Any]:
        """A GeoJSON feature with a token for its coordinates."""
        self._coordinates.append(orjson.dumps(feature["geometry"]["coordinates"]).decode())
        token = f"{self._mark}/{len(self._coordinates) - 1}"
        return {**feature, "geometry": {**feature["geometry"], "coordinates": token}}

    def put_back(self, page: str) -> str:
        """The page with every token filled."""
        return re.sub(rf'"{self._mark}/(\d+)"', lambda match: self._coordinates[int(match[1])], page)
