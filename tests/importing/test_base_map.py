"""Files of the base map: by the mappings for OpenStreetMap, whole or not at all, without history."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from importing.errors import CoordinatesWrong
from importing.mappings.mapping import FOLDER
from tests.importing.conftest import MIDDLE_LAT, MIDDLE_LON, E, Load, N, S, W

Query = Callable[..., list[tuple[Any, ...]]]
pytestmark = pytest.mark.usefixtures("grounds")


def mapping(name: str) -> str:
    return (FOLDER / f"{name}.toml").read_text("utf-8")


def line(*points: tuple[float, float]) -> dict[str, Any]:
    return {"type": "LineString", "coordinates": [list(point) for point in points]}


def square(west: float, south: float, width: float) -> dict[str, Any]:
    ring = [[west, south], [west + width, south], [west + width, south + width], [west, south + width], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def write(path: Path, *features: tuple[dict[str, Any], dict[str, Any]]) -> Path:
    content = [{"type": "Feature", "properties": values, "geometry": shape} for values, shape in features]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": content}), "utf-8")
    return path


def road(
    number: int, fclass: str, *points: tuple[float, float], **values: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    return {"osm_id": str(number), "fclass": fclass, "name": None, "ref": None, **values}, line(*points)


def test_roads_have_classes_numbers_and_the_zoom_that_shows_them(load: Load, query: Query, tmp_path: Path) -> None:
    file = write(
        tmp_path / "roads.geojson",
        road(1, "motorway", (W - 1, MIDDLE_LAT), (E + 1, MIDDLE_LAT), name="申嘉湖高速", ref="S12"),
        road(2, "residential", (W + 0.01, S + 0.01), (W + 0.02, S + 0.01)),
        road(3, "elevator", (W + 0.01, S + 0.01), (W + 0.02, S + 0.02)),
    )
    assert load(file, mapping("osm_roads")).counts["added"] == 3
    assert query("SELECT class, name, number, min_zoom, grid_code FROM base_feature ORDER BY source_key") == [
        ("expressway", "申嘉湖高速", "S12", 5, "330521"),
        ("street", None, None, 11, "330521"),
        ("lane", None, None, 14, "330521"),
    ]
    assert query("SELECT count(*) FROM change WHERE entity = 'base_feature'") == [(0,)]


def test_an_area_waits_until_it_can_be_seen_and_floors_give_a_height(load: Load, query: Query, tmp_path: Path) -> None:
    file = write(
        tmp_path / "areas.geojson",
        ({"要素编号": "1", "要素类": "buildings", "小类": "house", "名称": None, "层数": "5"}, square(W + 0.01, S + 0.01, 0.0001)),
        ({"要素编号": "2", "要素类": "water", "小类": "lake", "名称": "下渚湖", "层数": None}, square(W + 0.02, S + 0.02, 0.02)),
    )  # fmt: skip
    text = mapping("demo_base_areas").replace('layer = "面"\n', "")
    assert load(file, text).counts["added"] == 2
    assert query("SELECT kind, height_m, min_zoom FROM base_feature ORDER BY source_key") == [
        ("buildings", 15.0, 15),
        ("water", None, 7),
    ]


def test_what_does_not_reach_the_county_or_is_of_another_shape_is_sent_back(
    load: Load, query: Query, tmp_path: Path
) -> None:
    file = write(
        tmp_path / "roads.geojson",
        road(1, "primary", (W - 0.1, MIDDLE_LAT), (W + 0.05, MIDDLE_LAT)),
        road(2, "primary", (W - 0.4, MIDDLE_LAT), (W - 0.3, MIDDLE_LAT)),
        ({"osm_id": "3", "fclass": "primary", "name": None, "ref": None}, square(W + 0.01, S + 0.01, 0.01)),
    )
    report = load(file, mapping("osm_roads"))
    assert (report.counts["added"], report.counts["rejected"]) == (1, 2)
    assert query("SELECT reason_code FROM import_reject ORDER BY row_no") == [("outside_county",), ("wrong_geometry",)]
    with pytest.raises(CoordinatesWrong):
        load(write(tmp_path / "far.geojson", road(9, "primary", (W - 0.4, N), (W - 0.3, N))), mapping("osm_roads"))


def test_a_new_edition_takes_away_what_it_lacks_and_changes_the_rest(load: Load, query: Query, tmp_path: Path) -> None:
    first, second = (MIDDLE_LON, S + 0.01), (MIDDLE_LON + 0.01, S + 0.02)
    load(write(tmp_path / "a.geojson", road(1, "primary", first, second, name="旧路"), road(2, "track", first, second)), mapping("osm_roads"))  # fmt: skip
    report = load(write(tmp_path / "b.geojson", road(1, "primary", first, second, name="新路")), mapping("osm_roads"))
    assert (report.counts["changed"], report.counts["removed"]) == (1, 1)
    assert query("SELECT name, class FROM base_feature") == [("新路", "main_road")]
