"""The Beidou grid location code: exact on published vectors, and every point lies in its own cell."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gazetteer.codes.beidou import BeidouCodeInvalid, BeidouOutOfRange, decode, encode
from gazetteer.codes.beidou_bulk import encode_many
from gazetteer.codes.beidou_height import decode_height, encode_height

LONS = st.floats(-180, 180, allow_nan=False)
LATS = st.floats(-88, 88, exclude_min=True, exclude_max=True, allow_nan=False)
LEVELS = st.integers(1, 10)


@pytest.mark.real_data
def test_every_published_vector_at_every_level(shared_data: Path) -> None:
    with (shared_data / "addresses/beidou/vectors_2d.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 313
    for row in rows:
        for level in range(1, 11):
            assert encode(float(row["lon"]), float(row["lat"]), level) == row[f"level{level}"]
            assert decode(row[f"level{level}"]).contains(float(row["lon"]), float(row["lat"]))
    lons, lats = [float(r["lon"]) for r in rows], [float(r["lat"]) for r in rows]
    for level in range(1, 11):
        assert encode_many(lons, lats, level).tolist() == [r[f"level{level}"] for r in rows]


@pytest.mark.real_data
def test_every_published_height(shared_data: Path) -> None:
    with (shared_data / "addresses/beidou/vectors_height.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 22
    for row in rows:
        height_m = float(row["elevation_m"])
        assert encode_height(height_m) == row["height_code12"]
        layer = decode_height(row["height_code12"])
        assert layer.bottom_m - 1e-6 <= height_m <= layer.top_m + 1e-6


def test_the_example_of_the_standard() -> None:
    lon, lat = 116 + 18 / 60 + 45.37 / 3600, 39 + 59 / 60 + 35.38 / 3600
    assert encode(lon, lat) == "N50J47539B8255346152"
    cell = decode("N50J47539B8255346152")
    assert cell.level == 10
    assert math.isclose(cell.east - cell.west, 1 / 2048 / 3600, rel_tol=1e-5)
    assert encode(*cell.centre) == cell.code


@given(LONS, LATS, LEVELS)
def test_a_point_lies_in_the_cell_of_its_code(lon: float, lat: float, level: int) -> None:
    code = encode(lon, lat, level)
    cell = decode(code)
    assert cell.contains(lon, lat)
    assert cell.level == level
    assert encode(*cell.centre, level) == code


@given(LONS, LATS, LEVELS)
def test_a_code_begins_with_the_code_of_every_cell_around(lon: float, lat: float, level: int) -> None:
    assert encode(lon, lat).startswith(encode(lon, lat, level))


@given(st.lists(st.tuples(LONS, LATS), min_size=1, max_size=50), LEVELS)
def test_many_at_once_are_the_same_cells(points: list[tuple[float, float]], level: int) -> None:
    lons, lats = [p[0] for p in points], [p[1] for p in points]
    for (lon, lat), code in zip(points, encode_many(lons, lats, level).tolist(), strict=True):
        cell = decode(code)
        assert cell.west - 1e-12 <= lon <= cell.east + 1e-12
        assert cell.south - 1e-12 <= lat <= cell.north + 1e-12


def test_many_at_once_leave_out_what_has_no_code() -> None:
    lons = np.array([120.0, np.nan, 181.0, 120.0, np.inf])
    assert encode_many(lons, [30.5, 30.5, 30.5, 88.0, 0.0], 4).tolist() == [encode(120.0, 30.5, 4), "", "", "", ""]


@pytest.mark.parametrize(
    ("lon", "lat", "code"),
    [
        (0, 0, "N31A"), (-0.5, -0.5, "S30A"), (180, 0, "N60A"), (-180, 0, "N01A"), (-72, 40, "N18K"), (72, -4, "S43B"),
        (119.9, 30.1, "N50HB"), (-0.0, -0.0, "N31A"),
    ],
)  # fmt: skip
def test_edges_belong_to_one_cell(lon: float, lat: float, code: str) -> None:
    assert encode(lon, lat).startswith(code)
    assert decode(encode(lon, lat)).contains(lon, lat)


@pytest.mark.parametrize("point", [(181, 0), (-180.1, 0), (0, 88), (0, -90), (math.nan, 0), (0, math.inf)])
def test_points_outside_the_grid_are_refused(point: tuple[float, float]) -> None:
    with pytest.raises(BeidouOutOfRange):
        encode(*point)


@pytest.mark.parametrize(
    "code",
    [
        "", "N50", "N50J4", "X50J", "N00J", "N61J", "N5OJ", "N50W", "n50j", "N50JC0", "N50J08", "N50J476", "N50J475F0",
        "N50J4750A", "N50J47539F0", "N50J47539B84", "N50J47539B8280", "N50J47539B8255346158", "N50J47539B82553461520",
        "N５0J", "N50J 7",
    ],
)  # fmt: skip
def test_bad_codes_are_refused(code: str) -> None:
    with pytest.raises(BeidouCodeInvalid):
        decode(code)


@pytest.mark.parametrize("level", [0, 11, -1])
def test_there_are_ten_levels(level: int) -> None:
    with pytest.raises(BeidouCodeInvalid):
        encode(120, 30, level)
    with pytest.raises(BeidouCodeInvalid):
        encode_many([120], [30], level)


@given(st.floats(-11_100, 40_000_000, allow_nan=False))
def test_a_height_lies_in_its_layer(height_m: float) -> None:
    layer = decode_height(encode_height(height_m))
    slack_m = 1e-6 + abs(height_m) * 1e-12
    assert layer.bottom_m - slack_m <= height_m <= layer.top_m + slack_m
    assert encode_height(layer.centre_m) == layer.code


@pytest.mark.parametrize("code", ["", "00000000000", "0000000000000", "200000000000", "064000000000", "000800000000",
                                  "000020000000", "000000020000", "000000008000", "100000000000", "00000000000G"])  # fmt: skip
def test_bad_height_codes_are_refused(code: str) -> None:
    with pytest.raises(BeidouCodeInvalid):
        decode_height(code)


@pytest.mark.parametrize("height_m", [math.nan, math.inf, -6378137.0, -7e6])
def test_impossible_heights_are_refused(height_m: float) -> None:
    with pytest.raises(BeidouOutOfRange):
        encode_height(height_m)
