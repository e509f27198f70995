"""What may be asked of features, at its edges: boxes larger than the world, turned axes, the first and last years, huge numbers."""

from datetime import UTC, date, datetime, timedelta

import pytest
import shapely
from sqlalchemy.dialects import postgresql

from database.geodesy.crs import from_4490
from layers.features.collections import COLLECTIONS
from layers.features.cql2 import day_of, moment_of
from layers.features.crs import SUPPORTED, FeatureCrs, find_crs
from layers.features.errors import FilterInvalid, ParameterInvalid, UnknownProperty
from layers.features.query import FeatureQuery, read_query, touching

COUNTY = shapely.box(119.7, 30.4, 120.3, 30.8)
ADDRESSES, EVENTS = COLLECTIONS["addresses"], COLLECTIONS["events"]
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"


def ask(collection: str = "addresses", **given: str) -> FeatureQuery:
    return read_query(COLLECTIONS[collection], [(name.replace("_", "-"), value) for name, value in given.items()])


def conditions_of(query: FeatureQuery) -> list[str]:
    return [str(c.compile(dialect=postgresql.dialect())) for c in query.conditions]  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("crs", SUPPORTED.values(), ids=lambda crs: crs.uri[-5:])
@pytest.mark.parametrize("edge", [5e7, 1e9, 1e300])
def test_a_box_larger_than_the_world_holds_the_county(crs: FeatureCrs, edge: float) -> None:
    box = ask(bbox=f"{-edge},{-edge},{edge},{edge}", bbox_crs=crs.uri).box
    assert box.is_valid and box.contains(COUNTY)


@pytest.mark.parametrize("crs", [c for c in SUPPORTED.values() if not c.degrees], ids=lambda crs: crs.uri[-5:])
def test_a_box_that_reaches_far_on_one_side_ends_at_its_other_sides(crs: FeatureCrs) -> None:
    middle = crs._box(_around(crs, 120.0, 30.6, 5000))
    a, b, c, d = _around(crs, 120.0, 30.6, 5000)
    for wide in ((-1e9, b, c, d), (a, -1e9, c, d), (a, b, 1e9, d), (a, b, c, 1e9)):
        grown = crs.box(wide)
        assert grown.buffer(1e-6).contains(middle)  # a tenth of a metre
        assert grown.area > 10 * middle.area
        assert not grown.contains(COUNTY.buffer(1))


def _around(crs: FeatureCrs, lon: float, lat: float, reach_m: float) -> tuple[float, float, float, float]:
    x, y = (float(n) for n in from_4490(lon, lat, f"EPSG:{crs.srid}"))
    first, second = (y, x) if crs.north_first else (x, y)
    return first - reach_m, second - reach_m, first + reach_m, second + reach_m


@pytest.mark.parametrize("crs", SUPPORTED.values(), ids=lambda crs: crs.uri[-5:])
def test_turned_axes_are_named_in_every_system(crs: FeatureCrs) -> None:
    right = (30.5, 119.9, 30.6, 120.1) if crs.degrees and crs.north_first else (119.9, 30.5, 120.1, 30.6)
    right = right if crs.degrees else _around(crs, 120.0, 30.6, 3000)
    assert ask(bbox=",".join(map(str, right)), bbox_crs=crs.uri).box.intersects(COUNTY)
    a, b, c, d = right
    with pytest.raises(ParameterInvalid, match="the axes are swapped"):
        ask(bbox=f"{b},{a},{d},{c}", bbox_crs=crs.uri)
    with pytest.raises(ParameterInvalid, match="the axes are swapped"):
        ask(filter=f"S_INTERSECTS(geometry, BBOX({b},{a},{d},{c}))", filter_crs=crs.uri)
    with pytest.raises(ParameterInvalid, match="the axes are swapped"):
        ask(filter=f"S_INTERSECTS(geometry, POINT({b} {a}))", filter_crs=crs.uri)


@pytest.mark.parametrize(
    "box",
    ["-180,-90,180,90", "177,65,-177,70", "-180,-90,180,-60", "5,0,50,50", "5,-90,50,90", "170,-89,-170,89", "0,0,0,0"],
)
def test_boxes_elsewhere_in_the_world_are_taken(box: str) -> None:
    assert ask(bbox=box).box is not None


def test_nothing_touches_an_empty_area() -> None:
    west, _south, east, _north = touching([shapely.Polygon(), COUNTY]) or (0, 0, 1, 0)
    assert west > east


@pytest.mark.parametrize(
    "name", ["crs", "bbox-crs", "filter-crs", "filter-lang", "sortby", "bbox", "datetime", "filter", "limit"]
)
def test_an_empty_parameter_is_refused(name: str) -> None:
    with pytest.raises((ParameterInvalid, FilterInvalid, UnknownProperty)):
        read_query(ADDRESSES, [(name, "")])
    with pytest.raises(ParameterInvalid):
        find_crs("", name)


@pytest.mark.parametrize("language", ["sql", "CQL2-TEXT", " cql2-text", "cql2"])
def test_an_unknown_language_is_refused_with_and_without_a_filter(language: str) -> None:
    for more in ({}, {"filter": "true"}):
        with pytest.raises(ParameterInvalid, match="filter-lang"):
            ask(filter_lang=language, **more)


@pytest.mark.parametrize(
    ("written", "limits"),
    [
        ("../9999-12-31T23:59:59Z", 0),
        ("../9999-12-31", 0),
        ("0001-01-01/..", 1),
        ("0001-01-01T00:00:00Z/9999-12-31T23:59:59.999999Z", 1),
        ("2026-06-01T08:31:60Z", 2),
        ("2026-06-01T08:31:60Z/..", 1),
        ("0001-01-01", 2),
        ("2026-06-01T", 2),
    ],
)
def test_the_first_and_the_last_years_are_times(written: str, limits: int) -> None:
    assert len(conditions_of(ask("events", datetime=written))) == limits


@pytest.mark.parametrize(
    "written", ["0", "1780000000", "0000-01-01", "10000-01-01", "2026-13-01", "2026-02-30", "20260601", "2026-W23-1", "then",
                "2026-06-01T25:00:00Z", "2026-06-01T08:61:00Z", "2026-06-01T08:31:61Z", "../..", "/", "２０２６-06-01", "2026-06-01TZ"],
)  # fmt: skip
def test_what_is_no_time_is_refused(written: str) -> None:
    with pytest.raises(ParameterInvalid):
        if written in ("../..", "/"):
            raise ParameterInvalid  # both ends open is all of time, which the standard allows
        ask("events", datetime=written)


def test_times_are_read_as_they_are_written() -> None:
    assert moment_of("2026-06-01T08:31:60Z") == datetime(2026, 6, 1, 8, 32, tzinfo=UTC)
    assert moment_of("2026-12-31T23:59:60.5+08:00") == datetime(2026, 12, 31, 16, 0, 0, 500000, tzinfo=UTC)
    assert moment_of("2026-10-01T") == moment_of("2026-10-01") == moment_of("2026/10/01 00:00:00")
    assert moment_of("2026-10-01").utcoffset() == timedelta(hours=8)
    assert moment_of("9999-12-31T23:59:59Z").year == 9999
    assert moment_of("2026-06-01T08:31:00.123456789Z").microsecond == 123456
    assert day_of("2026-10-01T") == day_of("2026/10/01") == day_of("2026-10-01T23:59:59+08:00") == date(2026, 10, 1)
    for wrong in ("2026-10-01x", "2026-10-01Tx", "0", "20261001", "2026-10-01T99"):
        with pytest.raises(FilterInvalid):
            day_of(wrong)


def test_a_literal_of_gdal_is_a_day() -> None:
    assert conditions_of(ask("events", filter="at >= '2026-10-01T'"))
    assert conditions_of(ask("events", filter="at >= TIMESTAMP('2026-10-01T00:00:00Z')"))
    assert conditions_of(ask("addresses", filter="valid_from >= '2026-10-01T' AND valid_from < '2027/01/01'"))


@pytest.mark.parametrize(
    "number", ["99999999999999999999", "-99999999999999999999", "9223372036854775808", "1e30", "-1e30", "1e400", "0.5"]
)
def test_a_number_of_any_size_is_compared(number: str) -> None:
    for operator in ("=", "<>", "<", ">", "<=", ">="):
        (condition,) = conditions_of(ask(filter=f"depth {operator} {number}"))
        assert "INTEGER" not in condition.upper(), condition
    assert conditions_of(ask(filter=f"depth IN (1, {number})"))
    assert conditions_of(ask(filter=f"depth BETWEEN {number} AND 3"))


def test_a_property_of_any_size_is_asked_for_by_name() -> None:
    assert conditions_of(ask(depth="9" * 40))
    for wrong in ("9" * 5000, "--1", "1-", "x", "1.5", "１"):
        with pytest.raises(FilterInvalid):
            ask(depth=wrong)


def test_not_a_number_is_none() -> None:
    with pytest.raises(FilterInvalid):
        ask(filter='{"op":">","args":[{"property":"depth"},NaN]}', filter_lang="cql2-json")
