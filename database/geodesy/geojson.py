"""GeoJSON (RFC 7946) as the rooms hand it to each other: documents, in the shape of the standard. lon, lat."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict


class Geometry(TypedDict):
    """A geometry with coordinates (section 3.1), of whatever kind."""

    type: str
    coordinates: Any


class Feature(TypedDict):
    """A feature (section 3.2). geometry: None where it has none; properties: as its maker says."""

    type: Literal["Feature"]
    geometry: Geometry | None
    properties: dict[str, Any]
    id: NotRequired[int | str]


class FeatureCollection(TypedDict):
    """Features (section 3.3)."""

    type: Literal["FeatureCollection"]
    features: list[Feature]
