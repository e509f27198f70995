"""A pixel without a value never gets one: masks, alpha, declared and undeclared no-data, types that few programs read."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.enums import ColorInterp

from database.connection.engine import Database
from database.rights.scope import Scope
from layers.raster.catalogue import file_of
from layers.raster.check import inspect
from layers.raster.convert import Staged, stage, write_tiles
from layers.raster.datasets import OPEN_FILES
from layers.raster.elevations import refresh_elevations
from layers.raster.errors import RasterNotReferenced, RasterRefused
from layers.raster.flood import count_flooded
from layers.raster.kinds import KINDS
from layers.raster.sample import values_at
from tests import world
from tests.layers.raster import make
from tests.layers.raster.conftest import Add
from tests.world import CELLS

HOLE = (slice(0, 60), slice(None))  # the northern half


def ground(low: float = 20) -> Any:
    return make.slope() + np.float32(low)


def staged(path: Path, kind: str = "dem", **options: Any) -> tuple[Staged, Any]:
    """What the file becomes, and its pixels, those without a value masked."""
    source = inspect(path, KINDS[kind], name=path.name, max_mb=100, **options)  # type: ignore[arg-type]
    made = stage(source, KINDS[kind], path.with_name("staged.tif"))  # type: ignore[index]
    with rasterio.open(made.path) as dataset:
        return made, dataset.read(masked=True)


def masked(path: Path, pixels: Any, **profile: Any) -> Path:
    """A file whose northern half a mask hides."""
    shown = np.ones(pixels.shape[-2:], dtype=bool)
    shown[HOLE] = False
    make.write(path, pixels, **profile)
    with rasterio.open(path, "r+") as dataset:
        dataset.write_mask(shown)
    return path


@pytest.mark.parametrize("dtype", ["float32", "int16", "uint16", "int32"])
@pytest.mark.parametrize("inside", ["YES", "NO"])
def test_a_mask_in_the_file_or_beside_it_hides_its_pixels(tmp_path: Path, dtype: str, inside: str) -> None:
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=inside):
        path = masked(tmp_path / "a.tif", np.where(np.arange(120)[:, None] < 60, 0, ground()).astype(dtype))
    assert path.with_name("a.tif.msk").exists() == (inside == "NO")
    made, pixels = staged(path)
    assert made.nodata is not None
    assert np.ma.getmaskarray(pixels)[0][HOLE].all()
    assert not np.ma.getmaskarray(pixels)[0][60:].any()
    assert made.stretch[0][0] > 19


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_an_alpha_band_of_any_type_hides_its_pixels(tmp_path: Path, dtype: str) -> None:
    alpha = np.full((120, 240), 255 if dtype != "float32" else 1)
    alpha[HOLE] = 0
    path = make.write(tmp_path / "a.tif", np.stack([ground(), alpha]).astype(dtype))
    with rasterio.open(path, "r+") as dataset:
        dataset.colorinterp = [ColorInterp.gray, ColorInterp.alpha]
    _made, pixels = staged(path)
    assert len(pixels) == 1
    assert np.ma.getmaskarray(pixels)[0][HOLE].all()
    assert not np.ma.getmaskarray(pixels)[0][60:].any()


def test_a_mask_counts_beside_a_value_for_no_data(tmp_path: Path) -> None:
    pixels = ground()
    pixels[60:, 0] = -9999
    _made, found = staged(masked(tmp_path / "a.tif", pixels, nodata=-9999))
    assert np.ma.getmaskarray(found)[0][HOLE].all()
    assert np.ma.getmaskarray(found)[0][60:, 0].all()
    assert not np.ma.getmaskarray(found)[0][60:, 1:].any()


@pytest.mark.parametrize(
    ("kind", "value", "dtype"),
    [
        ("dem", -9999, "float32"), ("dem", -9999, "int16"), ("dem", -32768, "int16"), ("dem", 32767, "int16"),
        ("dem", -3.4028234e38, "float32"), ("dem", 3.4e38, "float32"), ("dem", -99999, "float64"), ("dem", 65535, "uint16"),
        ("population", -9999, "float32"), ("population", -200, "float64"), ("population", -3.4e38, "float32"),
        ("land_cover", -9999, "int16"), ("land_cover", 32767, "int16"), ("imagery", -9999, "float32"),
        ("imagery", -32768, "int16"), ("imagery", -3.4e38, "float32"),
    ],
)  # fmt: skip
def test_undeclared_no_data_is_refused_and_read_when_it_is_declared(
    tmp_path: Path, kind: str, value: float, dtype: str
) -> None:
    pixels = ground().astype(dtype)
    pixels[HOLE] = value
    path = make.write(tmp_path / "a.tif", pixels)
    with pytest.raises(RasterRefused, match="--nodata"):
        staged(path, kind)
    made, found = staged(path, kind, nodata=float(np.asarray(value).astype(dtype)))
    assert np.ma.getmaskarray(found)[0][HOLE].all()
    assert not np.ma.getmaskarray(found)[0][60:].any()
    assert made.stretch[0][0] > 19


def test_a_rim_of_zeros_is_doubted_unless_the_ground_sinks_to_it(tmp_path: Path) -> None:
    rim = ground()
    rim[:20], rim[:, :20] = 0, 0
    with pytest.raises(RasterRefused, match="--nodata 0"):
        staged(make.write(tmp_path / "a.tif", rim))
    assert np.ma.getmaskarray(staged(tmp_path / "a.tif", nodata=0.0)[1])[0, :20].all()
    assert not np.ma.getmaskarray(staged(tmp_path / "a.tif", nodata=float("nan"))[1]).any()
    coast = np.clip(make.slope() - 15, 0, None)
    assert not np.ma.getmaskarray(staged(make.write(tmp_path / "b.tif", coast))[1]).any()


def test_a_value_for_no_data_with_fewer_digits_than_the_pixels_counts(tmp_path: Path) -> None:
    pixels = ground()
    pixels[HOLE] = np.float32(-3.402823e38)
    made, found = staged(make.write(tmp_path / "a.tif", pixels, nodata=-3.4028234663852886e38))
    assert np.ma.getmaskarray(found)[0][HOLE].all()
    assert made.stretch[0][0] > 19


@pytest.mark.parametrize("dtype", ["int64", "uint64", "int8"])
def test_odd_types_keep_their_values_in_a_usual_one(tmp_path: Path, dtype: str) -> None:
    classes = (np.arange(240)[None] % 9 + 1 + np.zeros((120, 1))).astype(dtype)
    made, found = staged(make.write(tmp_path / "a.tif", classes), "land_cover")
    assert np.dtype(found.dtype).itemsize < 8
    assert np.array_equal(found.data[0], classes)
    assert not np.ma.getmaskarray(found).any()
    assert made.nodata not in range(1, 10)


def test_numbers_beyond_32_bits_are_refused(tmp_path: Path) -> None:
    pixels = np.full((120, 240), 5, dtype="int64")
    pixels[0, 0] = 2**40
    with pytest.raises(RasterRefused):
        staged(make.write(tmp_path / "a.tif", pixels), "imagery")


def test_a_value_for_no_data_that_no_pixel_can_have_is_none(tmp_path: Path) -> None:
    path = make.write(tmp_path / "a.tif", ground().astype("uint8"))
    with pytest.raises(RasterRefused, match="-9999"):
        staged(path, nodata=-9999.0)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16"])
@pytest.mark.parametrize("hidden", [False, True])
def test_imagery_of_other_types_than_bytes_is_shown(tmp_path: Path, dtype: str, hidden: bool) -> None:
    scale = 1 / 60 if dtype != "int16" else 50
    bands = np.stack([make.slope() * scale] * 3).astype(dtype)
    path = masked(tmp_path / "a.tif", bands) if hidden else make.write(tmp_path / "a.tif", bands)
    made, _pixels = staged(path, "imagery")
    write_tiles(made, KINDS["imagery"], tmp_path / "tiles.tif")
    with rasterio.open(tmp_path / "tiles.tif") as tiles:
        shown = tiles.dataset_mask() > 0
        assert 0.2 < shown.mean() < 0.7 if hidden else shown.mean() > 0.5
        values = tiles.read(1)[shown]
    assert values.max() > values.min()
    assert made.stretch[0] == pytest.approx([60 * scale * 0.02, 60 * scale * 0.98], rel=0.2)


def test_masked_ground_has_no_elevation_and_is_not_flooded(
    add: Add, tmp_path: Path, county_map: Database, system: Scope, folder: Path
) -> None:
    with county_map.transaction(system) as connection:
        for n, cell in enumerate(CELLS):
            world.add_household(
                connection, f"H{n}", cell, world.add_address(connection, f"德清县永安街{n}号", cell, n % 2)
            )
    shown = np.zeros((make.HEIGHT, make.WIDTH), dtype=bool)
    shown[:, 120:] = True  # the eastern half
    path = make.write(tmp_path / "a.tif", np.where(shown, make.slope(), 0).astype("float32"))
    with rasterio.open(path, "r+") as dataset:
        dataset.write_mask(shown)
    raster = add(path)
    assert values_at(file_of(folder, raster.file), raster, 120.0, 30.505) == [None]
    with OPEN_FILES.borrow(file_of(folder, raster.file)) as reader:
        assert reader.dataset is not None
        assert reader.dataset.driver == "GTiff"
    refresh_elevations(county_map, system, folder)
    with county_map.transaction(system) as connection:
        found = count_flooded(connection, 100)
    assert (found.total.households_n, found.unknown_households_n) == (2, 2)


def test_a_raster_on_another_datum_is_refused_by_its_name(add: Add, tmp_path: Path, folder: Path) -> None:
    with pytest.raises(RasterNotReferenced, match="西安 80"):
        add(make.write(tmp_path / "a.tif", make.slope(), crs="EPSG:4610"))
    with pytest.raises(RasterNotReferenced, match="北京 54"):
        add(make.write(tmp_path / "b.tif", make.slope()), crs="EPSG:4214")
    assert not folder.exists() or not any(path.is_file() for path in folder.rglob("*"))
