"""Statistics by cell: only cells in scope, pixels by the share inside, pages that end."""

from pathlib import Path

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from rasterio.features import rasterize

from database.connection.engine import Database
from database.rights.scope import Role, Scope
from layers.raster import zonal
from layers.raster.catalogue import RasterRow, file_of
from layers.raster.zonal import ClassShare, Zone, list_zones, within_budget, zone_statistics
from tests.layers.raster import make
from tests.layers.raster.conftest import Add
from tests.world import CELLS, LIAOYUAN, WUKANG


def zones_of(
    database: Database, scope: Scope, raster: RasterRow, level: str = "cell", after: str = "", limit: int = 100
) -> list[Zone]:
    with database.transaction(scope) as connection:
        return list_zones(connection, raster, level, after=after, limit=limit)  # type: ignore[arg-type]


def test_a_cell_outside_the_scope_has_no_statistics(add: Add, dem: Path, county_map: Database, neighbour: str) -> None:
    raster = add(dem)
    town = Scope("330521", "t", Role.TOWN_OFFICIAL, (WUKANG,))
    worker = Scope("330521", "w", Role.GRID_WORKER, (CELLS[3],))
    assert [zone.code for zone in zones_of(county_map, town, raster)] == list(CELLS[:3])
    assert [zone.code for zone in zones_of(county_map, worker, raster)] == [CELLS[3]]
    assert zones_of(county_map, worker, raster, "village") == []
    assert [
        z.code for z in zones_of(county_map, Scope("330521", "v", Role.VILLAGE_OFFICER, (LIAOYUAN,)), raster, "village")
    ] == [LIAOYUAN]
    assert zones_of(county_map, Scope.of_system(neighbour), raster) == []


def test_numbers_by_cell(add: Add, dem: Path, county_map: Database, system: Scope, folder: Path) -> None:
    raster = add(dem)
    zones = zones_of(county_map, system, raster)
    found = zone_statistics(file_of(folder, raster.file), raster, zones)
    assert [one.code for one in found] == list(CELLS)
    for n, one in enumerate(found):  # a cell is 40 × 40 pixels; the slope rises by 10 m over one
        assert one.count == pytest.approx(1600, abs=0.01)
        assert one.mean == pytest.approx(15 + 10 * n, abs=0.01)
        assert (one.min, one.max) == (pytest.approx(10.125 + 10 * n), pytest.approx(19.875 + 10 * n))
        assert one.sum == pytest.approx(1600 * (15 + 10 * n), rel=1e-4)


def test_a_pixel_on_the_border_counts_by_its_share(
    add: Add, tmp_path: Path, county_map: Database, system: Scope, folder: Path
) -> None:
    coarse = np.full((3, 6), 600.0, dtype="float32")  # pixels as large as a cell, over 119.995–120.055 by 30.495–30.525
    raster = add(
        make.write(tmp_path / "p.tif", coarse, nodata=-1, bounds=(119.995, 30.495, 120.055, 30.525)),
        "pop",
        "population",
    )
    found = zone_statistics(file_of(folder, raster.file), raster, zones_of(county_map, system, raster))
    assert [one.count for one in found] == pytest.approx([1.0] * 4)
    assert [one.sum for one in found] == pytest.approx([600.0] * 4)


def test_shares_of_classes_and_empty_cells(
    add: Add, tmp_path: Path, county_map: Database, system: Scope, folder: Path
) -> None:
    classes = np.full((120, 240), 10, dtype="uint8")
    classes[:, 50:80] = 20  # 30 of the 40 columns of the first cell
    classes[:, 80:120] = 0  # the second cell
    raster = add(make.write(tmp_path / "c.tif", classes, nodata=0), "cover", "land_cover")
    first, second, third, _ = zone_statistics(
        file_of(folder, raster.file), raster, zones_of(county_map, system, raster)
    )
    assert first.shares == [ClassShare(20, 0.75), ClassShare(10, 0.25)]
    assert (second.count, second.shares) == (0, [])
    assert third.shares == [ClassShare(10, 1.0)]
    holes = make.write(tmp_path / "d.tif", np.where(classes > 0, classes, np.nan).astype("float32"))
    height = add(holes, "holes")
    empty = zone_statistics(file_of(folder, height.file), height, zones_of(county_map, system, height))[1]
    assert (empty.count, empty.min, empty.mean) == (0, None, None)


def test_imagery_is_counted_in_its_own_system(
    add: Add, tmp_path: Path, county_map: Database, system: Scope, folder: Path
) -> None:
    colours = np.zeros((3, 120, 240), dtype="uint8")
    colours[0, :, 40:80] = 100
    raster = add(make.write(tmp_path / "rgb.tif", colours, photometric="RGB"), "photo", "imagery")
    found = zone_statistics(file_of(folder, raster.file), raster, zones_of(county_map, system, raster))
    assert [one.mean for one in found] == pytest.approx([100, 0, 0, 0], abs=3)


def test_pages_end_by_number_and_by_pixels(
    add: Add, dem: Path, county_map: Database, system: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    raster = add(dem)
    assert [z.code for z in zones_of(county_map, system, raster, after=CELLS[1])] == list(CELLS[2:])
    assert [z.code for z in zones_of(county_map, system, raster, limit=2)] == list(CELLS[:2])
    zones = zones_of(county_map, system, raster)
    monkeypatch.setattr(zonal, "PAGE_PIXELS", 4000)  # a cell has 1,600
    assert within_budget(zones, raster.resolution_m) == zones[:2]
    monkeypatch.setattr(zonal, "PAGE_PIXELS", 1)
    assert within_budget(zones, raster.resolution_m) == zones[:1]


@pytest.mark.real_data
def test_real_municipalities_agree_with_counting_pixels(shared_data: Path) -> None:
    folder = shared_data / "rasters/sao_miguel"
    _, _, wkbs, fields = pyogrio.raw.read(folder / "concelhos.gpkg")
    shapes = shapely.from_wkb(wkbs)
    assert len(shapes) == 6
    del fields
    zones = [Zone(str(n), str(n), shapely.geometry.mapping(shape), 1.0) for n, shape in enumerate(shapes)]
    with rasterio.open(folder / "clc2018_v2020_20u1.tif") as dataset:
        classes, transform, bounds = dataset.read(1), dataset.transform, tuple(dataset.bounds)
    inside = rasterize([(s, n + 1) for n, s in enumerate(shapes)], classes.shape, transform=transform)
    raster = _row("land_cover", bounds)
    for n, one in enumerate(zone_statistics(folder / "clc2018_v2020_20u1.tif", raster, zones)):
        counted = {int(v): float((classes[inside == n + 1] == v).mean()) for v in np.unique(classes[inside == n + 1])}
        for pair in one.shares:
            assert pair.share == pytest.approx(counted.get(pair.value, 0), abs=0.003)
        assert sum(pair.share for pair in one.shares) == pytest.approx(1, abs=1e-4)
    with rasterio.open(folder / "eu_dem_v11.tif") as dataset:
        height, inside = (
            dataset.read(1, masked=True),
            rasterize([(s, n + 1) for n, s in enumerate(shapes)], dataset.shape, transform=dataset.transform),
        )
    for n, one in enumerate(zone_statistics(folder / "eu_dem_v11.tif", _row("dem", bounds), zones)):
        assert one.mean == pytest.approx(float(height[inside == n + 1].mean()), rel=0.03)


def _row(kind: str, bounds: tuple[float, ...]) -> RasterRow:
    """A row of the catalogue, of which only kind and system matter here."""
    names = dict.fromkeys(RasterRow.__dataclass_fields__)
    return RasterRow(**{**names, "kind": kind, "bounds": bounds, "crs": "EPSG:4490", "resolution_m": 20.0})  # type: ignore[arg-type]
