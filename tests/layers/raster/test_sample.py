"""Values at points: the same as reading four pixels by hand, at edges and beside holes too."""

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.io import MemoryFile
from rasterio.transform import from_origin

from layers.raster import sample
from layers.raster.catalogue import file_of
from layers.raster.sample import bilinear, values_at
from tests.layers.raster import make
from tests.layers.raster.conftest import Add

NODATA = -9999.0


def by_hand(pixels: np.ndarray, col: float, row: float) -> float:
    """Between four pixels, in the plainest way; col, row: of pixel middles."""
    height, width = pixels.shape
    if not (-0.5 <= col <= width - 0.5 and -0.5 <= row <= height - 0.5):
        return float("nan")
    col, row = min(max(col, 0), width - 1), min(max(row, 0), height - 1)
    c0, r0 = int(col), int(row)
    total = weight = 0.0
    for r in (r0, min(r0 + 1, height - 1)):
        for c in (c0, min(c0 + 1, width - 1)):
            share = (1 - abs(row - r)) * (1 - abs(col - c))
            if c == c0 == width - 1 and r == r0 == height - 1:
                share = 1.0
            if pixels[r, c] != NODATA and share > 0:
                total, weight = total + share * pixels[r, c], weight + share
    nearest = pixels[
        r0 if row - r0 < 0.5 else min(r0 + 1, height - 1), c0 if col - c0 < 0.5 else min(c0 + 1, width - 1)
    ]
    return total / weight if weight and nearest != NODATA else float("nan")


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), square=st.sampled_from([2, 3, 7, 1024]))
def test_between_four_pixels_whatever_the_squares(seed: int, square: int) -> None:
    rng = np.random.default_rng(seed)
    pixels = rng.uniform(-5, 500, (11, 13)).astype("float32")
    pixels[rng.random(pixels.shape) < 0.2] = NODATA
    cols, rows = rng.uniform(-1, 13, 60), rng.uniform(-1, 11, 60)
    with MemoryFile() as file:
        with file.open(
            driver="GTiff", width=13, height=11, count=1, dtype="float32", nodata=NODATA, crs="EPSG:4490",
            transform=from_origin(120.0, 30.0, 0.001, 0.001),
        ) as out:  # fmt: skip
            out.write(pixels, 1)
        with file.open() as dataset, pytest.MonkeyPatch.context() as patch:
            patch.setattr(sample, "SQUARE", square)
            found = bilinear(dataset, 120.0 + (cols + 0.5) * 0.001, 30.0 - (rows + 0.5) * 0.001)
    expected = [by_hand(pixels, c, r) for c, r in zip(cols, rows, strict=True)]
    assert found == pytest.approx(expected, nan_ok=True, abs=0.01)


def test_a_point_of_each_kind(add: Add, dem: Path, tmp_path: Path, folder: Path) -> None:
    height = add(dem)
    assert values_at(file_of(folder, height.file), height, 120.02, 30.505) == [pytest.approx(30.0, abs=0.01)]
    assert values_at(file_of(folder, height.file), height, 121.0, 30.505) is None
    colours = np.zeros((3, 120, 240), dtype="uint8")
    colours[:, :, :120], colours[:, :, 120:] = 50, 200
    photo = add(make.write(tmp_path / "rgb.tif", colours, photometric="RGB"), "photo", "imagery")
    assert values_at(file_of(folder, photo.file), photo, 120.04, 30.505) == [200, 200, 200, 255]
    assert values_at(file_of(folder, photo.file), photo, 120.0, 30.505) == [50, 50, 50, 255]
    assert values_at(file_of(folder, photo.file), photo, 121.0, 30.505) is None
    holes = make.slope()
    holes[:, 100:140] = NODATA
    empty = add(make.write(tmp_path / "h.tif", holes, nodata=NODATA), "holes")
    assert values_at(file_of(folder, empty.file), empty, 120.02, 30.505) == [None]


@pytest.mark.real_data
def test_heights_of_a_real_model_lie_between_its_pixels(shared_data: Path) -> None:
    rng = np.random.default_rng(7)
    with rasterio.open(shared_data / "rasters/dem_kinmen_xiamen_aw3d30_cog.tif") as dataset:
        lons, lats = rng.uniform(118.01, 118.64, 5000), rng.uniform(24.31, 24.74, 5000)
        found = bilinear(dataset, lons, lats)
        pixels = dataset.read(1).astype(float)
        cols, rows = (lons - 118.0) * 3600 - 0.5, (24.75 - lats) * 3600 - 0.5
        for n in range(0, 5000, 25):
            assert found[n] == pytest.approx(by_hand(pixels, cols[n], rows[n]), nan_ok=True, abs=0.02)


@pytest.mark.real_data
def test_real_door_plates_have_plausible_heights(shared_data: Path) -> None:
    with gzip.open(shared_data / "tw_kinmen/addresses.csv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    lons, lats = (np.array([float(row[name]) for row in rows]) for name in ("lon", "lat"))
    with rasterio.open(shared_data / "rasters/dem_kinmen_xiamen_aw3d30_cog.tif") as dataset:
        metres = bilinear(dataset, lons, lats)
    beyond = (lons < 118) | (lons > 118.65) | (lats < 24.3) | (lats > 24.75)  # outlying islands
    assert np.array_equal(np.isnan(metres), beyond)
    assert beyond.sum() < 10
    known = metres[~np.isnan(metres)]
    assert (known.min() > -10, known.max() < 260) == (True, True)  # the island's summit is 253 m
    assert np.median(known) < 40
