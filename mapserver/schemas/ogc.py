"""What the OGC API gives, for the OpenAPI document of the whole server."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
POINT = {"type": "Point", "coordinates": [119.9774, 30.5425]}
PROPERTIES = {"text": "德清县武康街道千秋社区永安街12号", "status": "published"}


class Link(BaseModel):
    """A link."""

    href: str = Field(examples=["https://map.example/ogc/330521/collections"])
    rel: str = Field(examples=["data"])
    type: str = Field(examples=["application/json"])
    title: str = ""


class Landing(BaseModel):
    """The landing page."""

    title: str = Field(examples=["德清县一张图"])
    description: str
    links: list[Link]


class Conformance(BaseModel):
    """The conformance classes."""

    conformsTo: list[str] = Field(examples=[["http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core"]])  # noqa: N815
    links: list[Link]


class CollectionOut(BaseModel):
    """One collection."""

    id: str = Field(examples=["addresses"])
    title: str = Field(examples=["标准地址"])
    itemType: Literal["feature"]  # noqa: N815
    extent: dict[str, Any] = Field(examples=[{"spatial": {"bbox": [[119.7, 30.4, 120.2, 30.7]], "crs": CRS84}}])
    crs: list[str] = Field(examples=[[CRS84, "http://www.opengis.net/def/crs/EPSG/0/4549"]])
    storageCrs: str = Field(examples=["http://www.opengis.net/def/crs/EPSG/0/4490"])  # noqa: N815
    links: list[Link]


class CollectionList(BaseModel):
    """The collections the account may see."""

    collections: list[CollectionOut]
    links: list[Link]


class SchemaOut(BaseModel):
    """A JSON Schema."""

    type: Literal["object"]
    title: str
    properties: dict[str, Any] = Field(examples=[{"status": {"title": "状态", "type": "string"}}])


class FeatureOut(BaseModel):
    """A GeoJSON feature; coordinates in the CRS that ``Content-Crs`` names."""

    type: Literal["Feature"]
    id: int | str = Field(examples=[12])
    geometry: dict[str, Any] | None = Field(examples=[POINT])
    properties: dict[str, Any] = Field(examples=[PROPERTIES])
    links: list[Link] = []


class FeatureCollectionOut(BaseModel):
    """A page of features. numberMatched: all that match, counted when the first page was read."""

    type: Literal["FeatureCollection"]
    numberMatched: int = Field(examples=[151358])  # noqa: N815
    numberReturned: int = Field(examples=[1000])  # noqa: N815
    timeStamp: str = Field(examples=["2026-11-24T02:00:00Z"])  # noqa: N815
    links: list[Link]
    features: list[FeatureOut]


class MatrixSetList(BaseModel):
    """The tile matrix sets."""

    tileMatrixSets: list[dict[str, Any]] = Field(examples=[[{"id": "CGCS2000Quad"}]])  # noqa: N815
    links: list[Link]


class MatrixSetOut(BaseModel):
    """A tile matrix set, as OGC 17-083r4 writes it."""

    id: str = Field(examples=["CGCS2000Quad"])
    crs: str = Field(examples=["http://www.opengis.net/def/crs/EPSG/0/4490"])
    tileMatrices: list[dict[str, Any]]  # noqa: N815


class TileSetOut(BaseModel):
    """A tile set: its layers and the template of its tiles."""

    title: str = Field(examples=["标准地址（Web 墨卡托）"])
    dataType: Literal["vector"]  # noqa: N815
    crs: str
    links: list[Link]
    layers: list[dict[str, Any]] = []


class TileSetList(BaseModel):
    """Tile sets."""

    tilesets: list[TileSetOut]
    links: list[Link]
