"""Coordinates come in many systems and are stored in one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from database.geodesy.crs import (
    UnknownCrs,
    diagnose_batch,
    diagnose_outside,
    distance_m,
    from_4490,
    metres_per_degree,
    to_4490,
)

DEQING = (119.757, 30.428, 120.338, 30.698)
KINMEN = (118.1, 24.3, 118.5, 24.6)
SYSTEMS = [
    "EPSG:4490",
    "WGS84",
    "EPSG:4548",
    "EPSG:4549",
    "EPSG:4550",
    "EPSG:3826",
    "EPSG:3857",
    "GCJ-02",
    "BD-09",
]


@pytest.mark.parametrize("crs", SYSTEMS)
@given(lon=st.floats(115, 124), lat=st.floats(22, 45))
def test_every_system_returns_within_a_centimetre(crs: str, lon: float, lat: float) -> None:
    back_lon, back_lat = to_4490(*from_4490([lon], [lat], crs), crs)
    assert distance_m(lon, lat, back_lon[0], back_lat[0]) < 0.01


def test_gcj02_is_off_by_522_metres_near_deqing() -> None:
    x, y = from_4490([119.98], [30.54], "GCJ-02")
    assert distance_m(119.98, 30.54, x[0], y[0]) == pytest.approx(522, abs=5)


def test_gauss_krueger_has_east_first_and_false_easting() -> None:
    x, y = from_4490([120.0], [30.5], "EPSG:4549")
    assert x[0] == pytest.approx(500000, abs=0.01)
    assert 3_370_000 < y[0] < 3_380_000


def test_metres_per_degree_at_thirty_degrees_north() -> None:
    lon_m, lat_m = metres_per_degree(30.0)
    assert lon_m == pytest.approx(96486, abs=5)
    assert lat_m == pytest.approx(110852, abs=5)


def test_an_unknown_system_is_named() -> None:
    with pytest.raises(UnknownCrs, match="EPSG:999999"):
        to_4490([1], [1], "EPSG:999999")


@pytest.mark.parametrize(
    ("lon", "lat", "bounds", "cause"),
    [
        (0, 0, DEQING, "zero"),
        (30.5, 120.0, DEQING, "swapped_axes"),
        (500123.0, 3375000.0, DEQING, "projected_metres"),
        (120.3, 24.45, KINMEN, "wrong_zone"),
        (120.3405, 30.55, DEQING, "gcj02_offset"),
        (100.0, 10.0, DEQING, "unknown"),
    ],
)
def test_the_likely_cause_is_named(
    lon: float, lat: float, bounds: tuple[float, float, float, float], cause: str
) -> None:
    assert diagnose_outside(lon, lat, bounds).cause == cause


def test_a_wrong_zone_says_how_far_and_which_way() -> None:
    found = diagnose_batch(np.array([120.3]), np.array([24.45]), KINMEN)[0]
    assert found.shift_deg == 2.0
    assert "偏东 2°" in found.text
