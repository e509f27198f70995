"""The catalogue of rasters, values at a point, statistics by cell; and the flood layer."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query

from access.accounts import permissions
from access.accounts.accounts import Account
from layers.raster.catalogue import file_of, get_raster, list_rasters
from layers.raster.errors import PointNotVisible, StyleNotPossible
from layers.raster.flood import count_flooded, list_flooded
from layers.raster.sample import values_at
from layers.raster.visible import scope_covers
from layers.raster.zonal import ZONES, list_zones, within_budget, zone_statistics
from mapserver.door.deps import AppContext, CountyConnection, requires
from mapserver.door.route import DoorRoute
from mapserver.schemas.page import After, PageOut
from mapserver.schemas.rasters import (
    FloodHousehold,
    FloodOut,
    FloodPage,
    PointValue,
    RasterOut,
    StatisticsPage,
    ZoneStatistics,
)
from mapserver.schemas.record import shown

router = APIRouter(prefix="/api/{county}", tags=["rasters"], route_class=DoorRoute)

Viewer = Annotated[Account, Depends(requires(permissions.MAP_VIEW))]
HouseholdViewer = Annotated[Account, Depends(requires(permissions.HOUSEHOLD_VIEW))]
Name = Annotated[str, Path(max_length=63, examples=["dem"], description="name of the raster")]
Level = Annotated[
    float, Query(ge=-500, le=9000, examples=[12.5], description="level of the water, metres in the DEM's system")
]


@router.get("/rasters")
def rasters(account: Viewer, connection: CountyConnection) -> PageOut[RasterOut]:
    """The rasters of the county: imagery, elevation, land cover, population."""
    found = [RasterOut.model_validate(one, from_attributes=True) for one in list_rasters(connection)]
    for one in found:
        one.nodata = None if one.nodata is not None and math.isnan(one.nodata) else one.nodata
    return PageOut[RasterOut].whole(found)


@router.get("/rasters/{name}/point")
def point(
    account: Viewer,
    context: AppContext,
    name: Name,
    lon: Annotated[float, Query(ge=73, le=136, description="degrees, EPSG:4490", examples=[119.9774])],
    lat: Annotated[float, Query(ge=3, le=54, description="degrees, EPSG:4490", examples=[30.5425])],
) -> PointValue:
    """The values at a point; elevation between the pixels around, everything else of the pixel itself.

    404 outside the raster and, for a scoped raster, outside your scope.
    """
    with context.database.transaction(account.scope) as connection:
        raster = get_raster(connection, name)
        if raster.scoped and not scope_covers(connection, lon, lat):
            raise PointNotVisible(f"{lon}, {lat}")
    values = values_at(file_of(context.settings.rasters_folder, raster.file), raster, lon, lat)
    if values is None:
        raise PointNotVisible(f"{lon}, {lat}")
    return PointValue(lon=lon, lat=lat, values=values, unit=raster.unit)


@router.get("/rasters/{name}/statistics")
def statistics(
    account: Viewer,
    context: AppContext,
    name: Name,
    level: Annotated[Literal["cell", "village"], Query(description="of what")] = "cell",
    band: Annotated[int, Query(ge=1, le=16)] = 1,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> StatisticsPage:
    """Count, minimum, mean, maximum and sum for each cell or village of your scope; of land cover the share of each class.

    A pixel counts by the share of it that lies inside. A page may hold fewer than ``limit`` when its pixels are many.
    """
    with context.database.transaction(account.scope) as connection:
        raster = get_raster(connection, name)
        found = list_zones(connection, raster, level, after=ZONES.first(after) or "", limit=limit + 1)
    if band > raster.bands:
        raise StyleNotPossible(f"band={band}：共 {raster.bands} 个波段 / there are {raster.bands}")
    zones = within_budget(found[:limit], raster.resolution_m)
    counted = zone_statistics(file_of(context.settings.rasters_folder, raster.file), raster, zones, band=band)
    return StatisticsPage(
        raster=raster.name,
        unit=raster.unit,
        level=level,
        items=[shown(ZoneStatistics, one) for one in counted],
        next=ZONES.write(zones[-1].code) if len(zones) < len(found) else None,
    )


@router.get("/flood")
def flood(account: HouseholdViewer, connection: CountyConnection, level_m: Level) -> FloodOut:
    """If the water stands at this level: households, people, and who of them needs help, in all and by cell of your scope.

    Compares the ground at each address with the level; the flow of water is not modelled.
    """
    return shown(FloodOut, count_flooded(connection, level_m))


@router.get("/flood/households")
def flood_households(
    account: HouseholdViewer,
    connection: CountyConnection,
    level_m: Level,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> FloodPage:
    """The households below the level, the lowest first, with how many need help and why. The look is audited."""
    page = list_flooded(connection, level_m, after=after, limit=limit)
    return FloodPage.of(page, lambda one: shown(FloodHousehold, one), level_m=level_m)
