"""What the raster and flood routes give."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from layers.raster.kinds import KindName, Sensitivity
from mapserver.schemas.page import PageOut


class RasterOut(BaseModel):
    """A raster of the catalogue."""

    name: str = Field(examples=["dem"])
    title: str = Field(examples=["数字高程模型"])
    kind: KindName
    sensitivity: Sensitivity = Field(description="public: whole for everybody; scoped: only inside your scope")
    bounds: tuple[float, float, float, float] = Field(
        description="west, south, east, north in EPSG:4490", examples=[(119.7, 30.4, 120.2, 30.7)]
    )
    crs: str = Field(description="of the file that values are read from", examples=["EPSG:4490"])
    bands: int
    dtype: str
    nodata: float | None = Field(description="value of pixels without data; null also when it is NaN")
    resolution_m: float = Field(description="width of a pixel of the source, metres", examples=[12.5])
    unit: str | None = Field(examples=["m"])
    minzoom: int
    maxzoom: int
    sha256: str = Field(description="of the file that values are read from")
    attribution: str | None
    added_by: str
    added_at: datetime


class PointValue(BaseModel):
    """The values of a raster at a point."""

    lon: float
    lat: float
    values: list[float | None] = Field(description="of each band; null: no data here", examples=[[23.4]])
    unit: str | None = Field(examples=["m"])


class ClassShare(BaseModel):
    """The share of a class in a cell."""

    value: int = Field(examples=[20])
    share: float = Field(description="of the valid ground, 0 to 1", examples=[0.42])


class ZoneStatistics(BaseModel):
    """A cell or village. count: pixels, with fractions at the edge."""

    code: str = Field(examples=["330521001001001"])
    name: str
    count: float
    min: float | None
    mean: float | None
    max: float | None
    sum: float | None
    shares: list[ClassShare] | None = Field(description="of land cover, instead of the numbers; largest first")


class StatisticsPage(PageOut[ZoneStatistics]):
    """A page of statistics, by code."""

    raster: str
    unit: str | None
    level: str


class FloodCounts(BaseModel):
    """Who is below the water. A person who needs help for several reasons is counted once in help_n."""

    households_n: int = Field(examples=[128])
    persons_n: int = Field(examples=[391])
    help_n: int = Field(description="persons who need help", examples=[57])
    help_households_n: int = Field(description="households with such a person, or marked themselves")
    old_n: int = Field(description="60 and older")
    alone_n: int = Field(description="of these, living alone, or recorded as such")
    disabled_n: int
    child_n: int = Field(description="under 7")
    deepest_m: float | None = Field(description="greatest depth at a door, metres")


class FloodCell(FloodCounts):
    """The same for one grid cell (or village, where a household belongs to no cell)."""

    code: str = Field(examples=["330521001001001"])
    name: str | None


class ElevationModel(BaseModel):
    """The elevation model a result comes from. replaced: it is no longer in the catalogue, a refresh is due."""

    name: str = Field(examples=["dem"])
    title: str
    resolution_m: float
    replaced: bool


class FloodOut(BaseModel):
    """What lies below a level, in your scope."""

    level_m: float = Field(examples=[12.5])
    total: FloodCounts
    cells: list[FloodCell]
    unknown_households_n: int = Field(description="households without an elevation, of which nothing can be said")
    models: list[ElevationModel]


class Need(BaseModel):
    """Why help is needed."""

    code: str = Field(examples=["alone"])
    label: str = Field(examples=["老人独住"])


class FloodHousehold(BaseModel):
    """A household below the water; no ID number, no phone."""

    id: int
    household_no: str
    head_name: str | None
    address: str | None
    grid_code: str
    cell_name: str | None
    lon: float | None
    lat: float | None
    elevation_m: float = Field(examples=[10.35])
    depth_m: float = Field(examples=[2.15])
    persons_n: int
    help_n: int
    needs: list[Need]


class FloodPage(PageOut[FloodHousehold]):
    """Households, the lowest first."""

    level_m: float
