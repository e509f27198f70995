"""Tiles hold the same pixels as rio-tiler by itself would read, inside the file and at its edges."""

from pathlib import Path

import morecantile
import numpy as np
import pytest
from rio_tiler.io.rasterio import Reader

from layers.raster.catalogue import file_of
from layers.raster.datasets import OpenFiles
from layers.raster.errors import RasterFileMissing
from layers.raster.render import read_tile
from layers.raster.styles import Style
from layers.raster.terrain import ground_resolution_m, terrain_rgb
from tests.layers.raster import make
from tests.layers.raster.conftest import Add

TMS = morecantile.tms.get("WebMercatorQuad")


@pytest.mark.parametrize("zoom", [8, 11, 13, 15, 17])
def test_the_pixels_are_those_of_rio_tiler(add: Add, tmp_path: Path, folder: Path, zoom: int) -> None:
    pixels = make.slope() + 30 * np.sin(np.arange(120) / 9)[:, None].astype("float32")
    raster = add(make.write(tmp_path / "a.tif", pixels, nodata=-9999))
    with Reader(str(file_of(folder, raster.tile_file))) as reader:
        tiles = list(TMS.tiles(make.WEST, make.SOUTH, make.EAST, make.NORTH, zoom))
        for tile in tiles[:: max(1, len(tiles) // 12)]:
            ours = read_tile(reader, raster, Style(), tile.z, tile.x, tile.y)
            theirs = reader.tile(tile.x, tile.y, tile.z, resampling_method="bilinear").array
            assert ours.shape == theirs.shape == (1, 256, 256)
            hidden, hidden_there = np.ma.getmaskarray(ours)[0], np.ma.getmaskarray(theirs)[0]
            assert (hidden != hidden_there).sum() <= 4 * 256  # at most the seam of one pixel around the file
            inner = ~hidden & ~hidden_there
            if zoom >= 11:
                assert inner.any()
            difference = np.abs(ours.data[0] - theirs.data[0])[inner]
            assert np.quantile(difference, 0.98) < 0.05 if difference.size else True


def test_neighbouring_tiles_meet_at_every_zoom(add: Add, tmp_path: Path, folder: Path) -> None:
    raster = add(make.write(tmp_path / "a.tif", make.slope(), nodata=-9999))
    with Reader(str(file_of(folder, raster.tile_file))) as reader:
        for zoom in (12, 13, 14, 15, 16):
            tile = TMS.tile(120.02, 30.505, zoom)
            south, north = TMS.bounds(tile).bottom, TMS.bounds(tile).top
            row = int((north - 30.505) / (north - south) * 256)
            left = read_tile(reader, raster, Style(), zoom, tile.x - 1, tile.y)[0, row]
            right = read_tile(reader, raster, Style(), zoom, tile.x, tile.y)[0, row]
            joined = np.ma.concatenate([left, right]).compressed()
            steps = np.diff(joined)
            assert steps.min() >= -0.01  # the slope rises all the way, over the seam too
            assert steps.max() < 4 * max(0.05, float(np.median(steps)))


def test_terrain_rgb_and_resolution_by_their_definitions() -> None:
    red, green, blue = terrain_rgb(np.array([[-10000.0, 0.0, 8848.9]])).astype(int)[:, 0]
    metres = -10000 + (red * 65536 + green * 256 + blue) * 0.1
    assert metres == pytest.approx([-10000, 0, 8848.9])
    assert ground_resolution_m(0, 0) == pytest.approx(156543.03, abs=0.1)  # at the equator
    assert ground_resolution_m(14, TMS.tile(120, 60, 14).y) == pytest.approx(156543.03 / 2**14 / 2, rel=0.001)


def test_open_files_are_lent_to_one_and_kept_within_bounds(dem: Path, tmp_path: Path) -> None:
    files = OpenFiles(most=2)
    with files.borrow(dem) as first, files.borrow(dem) as second:
        assert first is not second
    with files.borrow(dem) as again:
        assert again in (first, second)
    others = [make.write(tmp_path / f"{n}.tif", make.slope()) for n in range(3)]
    for path in others:
        with files.borrow(path):
            pass
    assert len(files._idle) == 2
    assert first.dataset is not None
    assert first.dataset.closed
    with pytest.raises(ValueError, match="x"), files.borrow(others[2]):
        raise ValueError("x")  # what failed is not lent again
    assert len(files._idle) == 1
    with pytest.raises(RasterFileMissing), files.borrow(tmp_path / "none.tif"):
        pass
    files.close()
    assert files._idle == []
