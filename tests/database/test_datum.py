"""Which reference system words mean, which two are one, and which datum has no sure way to CGCS2000."""

import numpy as np
import pytest
from pyproj import CRS

from database.geodesy.crs import UnknownCrs
from database.geodesy.datum import (
    DatumUncertain,
    check_datum,
    conversion,
    find_system,
    on_cgcs2000,
    parse_system,
    same_system,
    transformations,
)

HERE = (119.9, 30.4, 120.1, 30.6)
TARIM = (84.0, 41.0, 84.5, 41.5)
HONG_KONG = (114.1, 22.3, 114.2, 22.4)


def gauss(
    ellipsoid: str = "6378137,298.257222101", *, name: str = "2000国家大地坐标系", method: str = "Gauss_Kruger",
    easting: float = 500000, meridian: float = 120, scale: float = 1,
) -> str:  # fmt: skip
    """A .prj in its author's own words, parameters in no usual order, without a code."""
    return (
        f'PROJCS["{name}3度带",GEOGCS["{name}",DATUM["{name}",SPHEROID["{name}",{ellipsoid}]],PRIMEM["格林尼治",0],'
        f'UNIT["度",0.0174532925199433]],PROJECTION["{method}"],PARAMETER["Scale_Factor",{scale}],'
        f'PARAMETER["False_Easting",{easting}],PARAMETER["Central_Meridian",{meridian}],PARAMETER["False_Northing",0],'
        'PARAMETER["Latitude_Of_Origin",0],UNIT["米",1]]'
    )


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (gauss(), 4549),
        (gauss(name="CGCS2000", method="Transverse_Mercator"), 4549),
        (gauss(name="D_China_2000", easting=40500000), 4528),
        (CRS("EPSG:4549").to_wkt("WKT1_ESRI"), 4549),
        (CRS("EPSG:4549").to_proj4(), 4549),
        ("urn:ogc:def:crs:EPSG::4549", 4549),
        ("http://www.opengis.net/def/crs/EPSG/0/4490", 4490),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", 4490),
        (CRS("EPSG:4326").to_wkt("WKT1_ESRI"), 4490),
        ("EPSG:3824", 4490),
        ("CGCS2000", 4490),
        ("WGS 84", 4490),
        ("EPSG:4480", 4490),
        ("EPSG:2385", 2385),
        (gauss("6378140,298.257", name="西安80"), 2385),
    ],
)
def test_the_same_system_in_other_words_is_recognised(words: str, code: int) -> None:
    assert same_system(parse_system(words), parse_system(f"EPSG:{code}"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("EPSG:4549", "EPSG:4550"),
        ("EPSG:4549", gauss(easting=40500000)),
        ("EPSG:4549", gauss(scale=0.9996)),
        ("EPSG:4549", gauss("6378140,298.257")),
        ("EPSG:4549", "EPSG:4490"),
        ("EPSG:4490", "EPSG:4610"),
        ("EPSG:4610", "EPSG:4214"),
    ],
)
def test_other_zones_scales_and_datums_are_not_the_same(one: str, other: str) -> None:
    assert not same_system(parse_system(one), parse_system(other))


@pytest.mark.parametrize(
    "words",
    [
        "",
        "local",
        "Beijing",
        "CGCS2000 / 3-degree",
        "EPSG:999999",
        "EPSG:4479",  # geocentric
        'LOCAL_CS["Undefined Cartesian SRS",UNIT["Meter",1]]',
        'GEOGCS["Undefined geographic SRS",DATUM["unknown",SPHEROID["unknown",6378137,298.257223563]],PRIMEM["Greenwich",0],'
        'UNIT["degree",0.0174532925199433]]',
        "x" * 50_000,
    ],
)
def test_words_that_mean_no_system_mean_none(words: str) -> None:
    assert find_system(words) is None


@pytest.mark.parametrize("code", [4490, 4326, 3857, 4549, 4528, 32650, 3826, 3824, 9057, 7912])
def test_cgcs2000_wgs84_and_what_was_made_from_them_need_no_transformation(code: int) -> None:
    check_datum(parse_system(f"EPSG:{code}"), HERE)
    assert conversion(f"EPSG:{code}", None, HERE)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("EPSG:4214", "北京 54"),
        ("EPSG:2437", "北京 54"),
        ("EPSG:21420", "北京 54"),
        ("EPSG:4610", "西安 80"),
        ("EPSG:2385", "西安 80"),
        ("EPSG:2333", "西安 80"),
        ("EPSG:4555", "新北京 54"),
        (CRS("EPSG:2437").to_wkt("WKT1_ESRI"), "北京 54"),
        (CRS("EPSG:4610").to_wkt("WKT1_ESRI"), "西安 80"),
        (gauss("6378245,298.3", name="本县坐标系"), "克拉索夫斯基"),
        (gauss("6378140,298.257", name="本县坐标系"), "IAG 1975"),
        ("EPSG:4269", "North American"),
        ('GEOGCS["x",DATUM["x",SPHEROID["x",6378245,298.3],TOWGS84[12,-113,-41,0,0,0,0]],PRIMEM["Greenwich",0],'
         'UNIT["degree",0.0174532925199433]]', "克拉索夫斯基"),
    ],
)  # fmt: skip
def test_a_datum_without_a_sure_way_is_refused_by_its_name(words: str, named: str) -> None:
    assert not on_cgcs2000(parse_system(words))
    with pytest.raises(DatumUncertain, match=named):
        check_datum(parse_system(words), HERE)
    with pytest.raises(DatumUncertain):
        conversion(words, "EPSG:15921", HERE)


def test_a_transformation_is_offered_only_where_its_error_is_known_and_small() -> None:
    assert transformations(parse_system("EPSG:4214"), HERE) == []
    assert transformations(parse_system("EPSG:4214"), (111.0, 20.0, 111.5, 20.5)) == [], "15 m in the Pearl River mouth"
    assert [one.code for one in transformations(parse_system("EPSG:21414"), TARIM)] == ["EPSG:15921"]
    with pytest.raises(DatumUncertain, match='transformation = "EPSG:1825"'):
        check_datum(parse_system("EPSG:2326"), HONG_KONG)


def test_the_transformation_that_was_asked_for_moves_the_coordinates() -> None:
    lon, lat = conversion("EPSG:4214", "EPSG:15921", TARIM)([84.2], [41.2])
    moved_m = np.hypot((lon[0] - 84.2) * 83_800, (lat[0] - 41.2) * 111_000)
    assert 20 < moved_m < 200
    with pytest.raises(UnknownCrs):
        conversion("EPSG:4214", None, TARIM)
