"""What becomes a raster of the county, and what is refused and why. Nothing is kept of a file that is refused."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_bounds, from_origin
from rasterio.warp import calculate_default_transform, reproject, transform_bounds
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from database.connection.engine import Database
from database.geodesy.crs import from_4490
from database.rights.scope import Role, Scope
from layers.raster.catalogue import file_of, get_raster, list_rasters
from layers.raster.errors import (
    RasterFileMissing,
    RasterNameInvalid,
    RasterNameTaken,
    RasterNotFound,
    RasterNotReferenced,
    RasterOutsideCounty,
    RasterRefused,
    RasterTooLarge,
    RasterUnreadable,
)
from layers.raster.ingest import drop_raster
from tests.layers.raster import make
from tests.layers.raster.conftest import Add
from tests.world import CELLS


def left_behind(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_the_catalogue_is_closed_to_strangers(add: Add, dem: Path, county_map: Database, neighbour: str) -> None:
    add(dem)
    with county_map.platform() as connection:
        assert connection.scalar(text("SELECT count(*) FROM c330521.raster")) == 0
    with county_map.transaction(Scope.of_system(neighbour)) as connection:
        assert list_rasters(connection) == []
        assert connection.scalar(text("SELECT count(*) FROM c330521.raster")) == 0


def test_everybody_of_the_county_reads_the_catalogue_and_only_the_whole_county_changes_it(
    add: Add, dem: Path, county_map: Database, folder: Path
) -> None:
    add(dem)
    worker = Scope("330521", "worker", Role.GRID_WORKER, (CELLS[0],))
    with county_map.transaction(worker) as connection:
        assert [one.name for one in list_rasters(connection)] == ["dem"]
        assert connection.execute(text("UPDATE raster SET title = 'x'")).rowcount == 0
    with pytest.raises(RasterNotFound):
        drop_raster(county_map, worker, folder, "dem")
    with pytest.raises(DBAPIError), county_map.transaction(worker) as connection:
        connection.execute(text("DELETE FROM raster"))


def test_a_dem_keeps_its_pixels_and_gets_overviews(add: Add, tmp_path: Path, folder: Path) -> None:
    pixels = np.random.default_rng(1).uniform(-3, 700, (700, 1400)).astype("float32")
    pixels[:9, :9] = -9999
    raster = add(make.write(tmp_path / "a.tif", pixels, nodata=-9999))
    with rasterio.open(file_of(folder, raster.file)) as cog:
        assert cog.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert (cog.crs.to_epsg(), cog.nodata, cog.dtypes[0]) == (4490, -9999, "float32")
        assert cog.overviews(1) == [2, 4, 8]
        assert np.array_equal(cog.read(1), pixels)
    with rasterio.open(file_of(folder, raster.tile_file)) as tiles:
        assert tiles.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert (tiles.crs.to_epsg(), tiles.nodata, tiles.block_shapes[0]) == (3857, -9999, (256, 256))
        assert tiles.overviews(1)
    assert raster.sha256 == hashlib.sha256(file_of(folder, raster.file).read_bytes()).hexdigest()
    assert raster.source_sha256 == hashlib.sha256((tmp_path / "a.tif").read_bytes()).hexdigest()
    assert raster.bounds == pytest.approx((make.WEST, make.SOUTH, make.EAST, make.NORTH))
    assert raster.resolution_m == pytest.approx(4.4, abs=0.5)
    assert (raster.unit, raster.sensitivity) == ("m", "public")
    assert left_behind(folder) == sorted({Path(raster.file).name, Path(raster.tile_file).name})


def projected(source: Path, target: Path, crs: str, resampling: int = 0) -> Path:
    """The raster in another reference system."""
    with rasterio.open(source) as src:
        transform, width, height = calculate_default_transform(src.crs, crs, src.width, src.height, *src.bounds)
        profile = src.profile | {"crs": crs, "transform": transform, "width": width, "height": height}
        with rasterio.open(target, "w", **profile) as out:
            reproject(rasterio.band(src, 1), rasterio.band(out, 1), resampling=resampling)
    return target


def test_a_projected_dem_is_warped_to_4490(add: Add, dem: Path, tmp_path: Path, folder: Path) -> None:
    raster = add(projected(dem, tmp_path / "gk.tif", "EPSG:4549", 1))
    assert raster.source_crs == "EPSG:4549"
    with rasterio.open(file_of(folder, raster.file)) as cog:
        assert (cog.crs.to_epsg(), cog.nodata) == (4490, -9999)
        for lon, expected in ((120.0, 10.0), (120.02, 30.0), (120.04, 50.0)):
            assert next(cog.sample([(lon, 30.505)]))[0] == pytest.approx(expected, abs=0.3)


def test_a_warped_population_keeps_its_total_and_a_land_cover_its_classes(
    add: Add, tmp_path: Path, folder: Path
) -> None:
    rng = np.random.default_rng(2)
    inner = np.zeros((120, 240), dtype="float32")
    inner[20:-20, 20:-20] = rng.uniform(0, 9, (80, 200))
    plain = make.write(tmp_path / "pop.tif", inner, nodata=-1)
    people = projected(plain, tmp_path / "pop_gk.tif", "EPSG:4549", 13)
    with rasterio.open(people) as src:
        total = float(src.read(1, masked=True).sum())
    counted = add(people, "pop", "population")
    assert counted.sensitivity == "scoped"
    with rasterio.open(file_of(folder, counted.file)) as cog:
        assert float(cog.read(1, masked=True).sum()) == pytest.approx(total, rel=0.005)
    classes = rng.choice([10, 20, 80], (120, 240)).astype("uint8")
    cover = add(
        projected(make.write(tmp_path / "lc.tif", classes, nodata=0), tmp_path / "lc_gk.tif", "EPSG:4549"),
        "lc",
        "land_cover",
    )
    for file in (cover.file, cover.tile_file):
        with rasterio.open(file_of(folder, file)) as cog:
            assert set(np.unique(cog.read(1))) <= {0, 10, 20, 80}
            assert cog.nodata == 0


def test_imagery_has_one_file_with_see_through_edges(add: Add, tmp_path: Path, folder: Path) -> None:
    pixels = np.random.default_rng(3).integers(0, 255, (3, 300, 600), dtype="uint8")
    raster = add(make.write(tmp_path / "rgb.tif", pixels, photometric="RGB"), "photo", "imagery")
    assert raster.file == raster.tile_file
    with rasterio.open(file_of(folder, raster.file)) as cog:
        assert (cog.crs.to_epsg(), cog.count, cog.colorinterp[3].name) == (3857, 4, "alpha")
        assert set(np.unique(cog.read(4))) == {0, 255}


def test_a_mask_beside_the_pixels_is_kept(add: Add, tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "masked.tif"
    bounds = (make.WEST, make.SOUTH, make.EAST, make.NORTH)
    with rasterio.open(
        path, "w", driver="GTiff", width=600, height=300, count=3, dtype="uint8", crs="EPSG:4490",
        transform=from_bounds(*bounds, 600, 300),
    ) as out:  # fmt: skip
        out.write(np.full((3, 300, 600), 9, dtype="uint8"))
        mask = np.full((300, 600), 255, dtype="uint8")
        mask[:, :300] = 0
        out.write_mask(mask)
    raster = add(path, "photo", "imagery")
    with rasterio.open(file_of(folder, raster.file)) as cog:
        west = cog.read(window=cog.window(*transform_bounds("EPSG:4326", cog.crs, 119.995, 30.495, 120.015, 30.515)))
        east = cog.read(window=cog.window(*transform_bounds("EPSG:4326", cog.crs, 120.025, 30.495, 120.045, 30.515)))
        assert (west[3].max(), east[3].min(), east[0].min()) == (0, 255, 9)
    assert left_behind(folder) == [Path(raster.file).name]


def test_without_nodata_a_free_value_is_chosen(add: Add, tmp_path: Path) -> None:
    classes = np.full((120, 240), 7, dtype="uint8")
    assert add(make.write(tmp_path / "a.tif", classes), "a", "land_cover").nodata == 255
    classes = np.tile(np.arange(240), (120, 1)).astype("uint8")
    classes[0, :16] = np.arange(240, 256)
    with pytest.raises(RasterRefused, match="--nodata"):
        add(make.write(tmp_path / "b.tif", classes), "b", "land_cover")
    assert add(tmp_path / "b.tif", "b", "land_cover", nodata=0).nodata == 0


def test_a_file_without_a_reference_is_refused_until_one_is_named(add: Add, tmp_path: Path, folder: Path) -> None:
    nameless = make.write(tmp_path / "a.tif", make.slope(), crs=None)
    with pytest.raises(RasterNotReferenced, match="--crs"):
        add(nameless)
    with pytest.raises(RasterNotReferenced, match="EPSG:99999"):
        add(nameless, crs="EPSG:99999")
    assert add(nameless, crs="EPSG:4490").source_crs == "EPSG:4490"
    unplaced = tmp_path / "b.tif"
    with rasterio.open(
        unplaced, "w", driver="GTiff", width=9, height=9, count=1, dtype="uint8", crs="EPSG:4490"
    ) as out:
        out.write(np.ones((1, 9, 9), dtype="uint8"))
    with pytest.raises(RasterNotReferenced, match=r"affine|仿射"):
        add(unplaced, "b", "land_cover")


def test_a_raster_elsewhere_is_refused_with_the_likely_cause(add: Add, tmp_path: Path, folder: Path) -> None:
    with pytest.raises(RasterOutsideCounty) as wrong:
        add(make.write(tmp_path / "b.tif", make.slope(), bounds=(123.0, 30.49, 123.04, 30.52)))
    assert wrong.value.facts["cause"] == "wrong_zone"
    assert "--crs" in wrong.value.detail
    assert not folder.exists()


def test_a_file_that_breaks_off_is_refused_and_nothing_stays(add: Add, tmp_path: Path, folder: Path) -> None:
    whole = make.write(tmp_path / "a.tif", np.random.default_rng(1).random((900, 900)).astype("float32"))
    cut = tmp_path / "cut.tif"
    cut.write_bytes(whole.read_bytes()[:2_000_000])
    with pytest.raises(RasterUnreadable, match="rows"):
        add(cut)
    assert left_behind(folder) == []


@pytest.mark.parametrize("name", ["", "A", "../x", "a/b", "a.b", "-a", "a" * 64, "名"])
def test_a_name_that_is_no_name_is_refused(add: Add, dem: Path, name: str) -> None:
    with pytest.raises(RasterNameInvalid):
        add(dem, name)


def test_a_file_that_points_elsewhere_is_not_opened(add: Add, dem: Path, tmp_path: Path) -> None:
    virtual = tmp_path / "a.tif"
    virtual.write_text(
        f'<VRTDataset rasterXSize="9" rasterYSize="9"><VRTRasterBand dataType="Byte" band="1"><SimpleSource><SourceFilename>{dem}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>'
    )
    for path in (virtual, Path("/vsicurl/http://127.0.0.1/a.tif"), tmp_path):
        with pytest.raises(RasterUnreadable):
            add(path)


def test_the_database_takes_no_path_out_of_the_folder(
    add: Add, dem: Path, county_map: Database, system: Scope, folder: Path
) -> None:
    add(dem)
    for file in ("../../etc/passwd", "/etc/passwd", "330521/../x-0123456789abcdef.tif"):
        with pytest.raises(DBAPIError, match="ck_raster_file"), county_map.transaction(system) as connection:
            connection.execute(text("UPDATE raster SET file = :f"), {"f": file})
        with pytest.raises(RasterFileMissing):
            file_of(folder, file)


def test_too_large_a_file_is_refused(add: Add, tmp_path: Path) -> None:
    zeros = make.write(tmp_path / "a.tif", np.zeros((2000, 2000), dtype="uint8"), compress="deflate")
    assert zeros.stat().st_size < 100_000
    with pytest.raises(RasterTooLarge, match="ONEMAP_MAX_RASTER_MB"):
        add(zeros, "a", "land_cover", max_mb=3)


def test_a_dem_has_one_band_in_metres(add: Add, tmp_path: Path) -> None:
    three = make.write(tmp_path / "a.tif", np.stack([make.slope()] * 3))
    with pytest.raises(RasterRefused, match="--band"):
        add(three)
    assert add(three, band=2).bands == 1
    with pytest.raises(RasterRefused, match="metres"):
        add(tmp_path / "a.tif", "feet", band=2, unit="ft")


def test_a_name_is_taken_until_it_is_replaced(
    add: Add, dem: Path, tmp_path: Path, folder: Path, county_map: Database, system: Scope
) -> None:
    first = add(dem)
    with pytest.raises(RasterNameTaken, match="--replace"):
        add(dem)
    assert add(dem, replace=True).sha256 == first.sha256  # the same file again
    second = add(make.write(tmp_path / "b.tif", make.slope() + 1), replace=True)
    assert second.sha256 != first.sha256
    assert left_behind(folder) == sorted({Path(second.file).name, Path(second.tile_file).name})
    drop_raster(county_map, system, folder, "dem")
    assert left_behind(folder) == []
    with county_map.transaction(system) as connection:
        assert list_rasters(connection) == []
        with pytest.raises(RasterNotFound):
            get_raster(connection, "dem")
        kept = connection.execute(text("SELECT removed_by, removed_at FROM raster ORDER BY id")).all()
        actions = connection.scalars(text("SELECT action FROM audit_event ORDER BY id")).all()
    assert [row.removed_by for row in kept] == ["system"] * 3
    assert actions == ["add_raster", "remove_raster", "add_raster", "remove_raster", "add_raster", "remove_raster"]


def test_a_failure_at_the_last_step_leaves_nothing(
    add: Add, dem: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> int:
        raise OSError("power")

    monkeypatch.setattr("layers.raster.ingest.insert_raster", fail)
    with pytest.raises(OSError, match="power"):
        add(dem)
    assert left_behind(folder) == []


def test_what_a_dead_process_left_is_swept_away_after_a_day(add: Add, dem: Path, folder: Path) -> None:
    first = add(dem)
    county = folder / "330521"
    orphan, draft, foreign = county / "x-0123456789abcdef.tif", county / ".draft-1-ab-plain.tif", county / "notes.txt"
    for path in (orphan, draft, foreign):
        path.write_bytes(b"x")
    for path in county.iterdir():
        os.utime(path, (0, 0))
    fresh = county / "y-0123456789abcdef.tif"
    fresh.write_bytes(b"x")
    second = add(dem, "again")
    kept = {Path(file).name for raster in (first, second) for file in (raster.file, raster.tile_file)}
    assert set(left_behind(folder)) == kept | {fresh.name, foreign.name}


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("file", "kind", "bounds"),
    [
        ("relief_2min_zhejiang_cog.tif", "dem", (118.0, 28.0, 122.6, 32.0)),
        ("dem_kinmen_xiamen_aw3d30_cog.tif", "dem", (118.0, 24.3, 118.65, 24.75)),
        ("landsat7_rgb_bahamas_noncog.tif", "imagery", (-78.9, 23.5, -76.5, 25.6)),
        ("cog_uint16_greenland_utm21n.tif", "imagery", (-61.3, 72.2, -52.3, 74.7)),
        ("sao_miguel/clc2018_v2020_20u1.tif", "land_cover", (-25.9, 37.6, -25.1, 38.0)),
        ("sao_miguel/gpw_v411_2020_count_2020.tif", "population", (-25.9, 37.6, -25.1, 38.0)),
    ],
)
def test_real_files_are_converted(
    add: Add,
    shared_data: Path,
    folder: Path,
    county_map: Database,
    system: Scope,
    file: str,
    kind: str,
    bounds: tuple[float, ...],
) -> None:
    source = shared_data / "rasters" / file
    if not file.startswith("relief"):  # which covers the county of these tests
        with pytest.raises(RasterOutsideCounty):
            add(source, "elsewhere", kind)
    with county_map.transaction(system) as connection:
        connection.execute(
            text("UPDATE grid_cell SET geom = st_multi(st_makeenvelope(:w, :s, :e, :n, 4490))"),
            dict(zip("wsen", bounds, strict=True)),
        )
    added = add(source, "real", kind)
    with rasterio.open(file_of(folder, added.tile_file)) as cog:
        assert (cog.crs.to_epsg(), cog.tags(ns="IMAGE_STRUCTURE")["LAYOUT"]) == (3857, "COG")
        assert cog.dataset_mask().any()
    if kind != "imagery":
        with rasterio.open(source) as before, rasterio.open(file_of(folder, added.file)) as after:
            assert np.array_equal(before.read(1), after.read(1))
            assert after.crs.to_epsg() == 4490
            assert before.nodata in (None, after.nodata)


def test_gauss_krueger_with_the_wrong_zone_names_it(add: Add, tmp_path: Path) -> None:
    path = tmp_path / "gk.tif"
    east, north = (float(value[0]) for value in from_4490([120.02], [30.505], "EPSG:4549"))
    with rasterio.open(
        path, "w", driver="GTiff", width=100, height=100, count=1, dtype="float32", crs="EPSG:4550",
        transform=from_origin(east - 1500, north + 1500, 30, 30),
    ) as out:  # fmt: skip
        out.write(np.ones((1, 100, 100), dtype="float32"))
    with pytest.raises(RasterOutsideCounty) as refused:
        add(path)
    assert refused.value.facts["cause"] == "wrong_zone"
    assert add(path, crs="EPSG:4549").source_crs == "EPSG:4549"
