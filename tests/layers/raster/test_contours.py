"""Contours are drawn where the land has their height, once, inside the county, and stand on the base map."""

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from database.connection.engine import Database
from database.rights.scope import Scope
from layers.raster import contours
from layers.raster.contours import IntervalInvalid, contour_lines, contours_are_due, draw_contours, is_index, smoothed
from layers.raster.errors import NoElevationModel
from mapserver.server.jobs import run_contours
from tests.layers.raster import make
from tests.layers.raster.conftest import Add


def cone(size: int = 81, top: float = 44.0) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size] - size // 2
    return top - np.hypot(rows, columns)


def test_a_hill_has_a_ring_at_every_even_height() -> None:
    rings = [(height, points) for height, points in contour_lines(cone(), 10) if (points[0] == points[-1]).all()]
    assert [height for height, _ in rings] == [10, 20, 30, 40]
    for height, points in rings:
        assert np.hypot(*(points - 40).T) == pytest.approx(44 - height, abs=0.2)
    assert [height for height in range(0, 100, 10) if is_index(height, 10)] == [0, 50]


def test_a_plateau_at_an_even_height_and_unknown_pixels_make_no_noise() -> None:
    steps = np.round(np.tile(np.linspace(0, 20, 60), (60, 1)) / 10) * 10
    assert len(list(contour_lines(steps, 10))) == 2
    assert list(contour_lines(np.full((9, 9), np.nan), 10)) == []
    holed = np.ma.masked_array(cone(), mask=np.zeros((81, 81)))
    holed[30:50, 30:50] = np.ma.masked
    assert np.ma.getmaskarray(smoothed(holed))[40, 40]
    assert np.allclose(smoothed(np.full((5, 5), 7.0)), 7.0)


def test_contours_of_the_model_stand_on_the_base_map_once(
    county_map: Database, system: Scope, add: Add, folder: Path, dem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NoElevationModel):
        draw_contours(county_map, system, folder)
    raster = add(dem)
    with county_map.transaction(system) as connection:
        assert contours_are_due(connection, raster.id)
    monkeypatch.setattr(contours, "SQUARE", 50)  # several squares
    run_contours(county_map, folder, system.county)
    with pytest.raises(IntervalInvalid):
        draw_contours(county_map, system, folder, interval_m=3)
    report = draw_contours(county_map, system, folder, interval_m=5)
    with county_map.transaction(system) as connection:
        assert not contours_are_due(connection, raster.id)
        rows = connection.execute(
            text(
                "SELECT height_m, class, min_zoom, round(st_x(st_centroid(st_collect(geom)))::numeric, 4)::float, "
                "round(sum(st_ymax(geom) - st_ymin(geom))::numeric, 4)::float, count(*) "
                "FROM base_feature WHERE kind = 'contours' GROUP BY 1, 2, 3 ORDER BY 1"
            )
        ).all()
        assert connection.scalar(text("SELECT count(*) FROM audit_event WHERE action = 'draw_contours'")) == 2
    # the county lies between 120.00 and 120.04 E, where the slope has 10 to 50 m
    assert [(row[0], row[1], row[2]) for row in rows if row[0] in (20, 25, 30)] == [
        (20, "ordinary", 14), (25, "index", 12), (30, "ordinary", 14),
    ]  # fmt: skip
    for height, _, _, lon, tall, _ in rows:
        if 10 < height < 50:
            assert lon == pytest.approx(make.WEST + height / 1000, abs=2e-4)
            assert tall == pytest.approx(0.01, abs=3e-4)  # all of the county, no gap where squares meet
    assert sum(row[5] for row in rows) == report.lines_n
