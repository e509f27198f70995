"""Real files beside the project, through the mappings of the repository."""

import csv
import gzip
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from database.connection.engine import Database
from database.rights.scope import Scope
from database.secrets.seal import Sealer
from database.upgrade.counties import create_county
from importing.errors import CoordinatesWrong
from importing.mappings.mapping import Mapping, find_mapping, parse_mapping
from importing.pipeline import ImportReport, import_file
from tests.importing.conftest import write_csv

pytestmark = pytest.mark.real_data

Run = Callable[[str, Path, Mapping], ImportReport]


@pytest.fixture
def run(app_database: Database, owner: Engine, sealer: Sealer) -> Iterator[Run]:
    """Import into a county of its own, removed afterwards."""
    made: set[str] = set()

    def import_into(county: str, path: Path, mapping: Mapping) -> ImportReport:
        if county not in made:
            create_county(owner, county, "真实数据")
            made.add(county)
        return import_file(app_database, Scope.of_system(county), path, mapping, sealer=sealer, publish=True)

    yield import_into
    with owner.begin() as connection:
        for county in made:
            connection.execute(text(f"DROP SCHEMA c{county} CASCADE"))
            connection.execute(text("DELETE FROM platform.county WHERE code = :code"), {"code": county})


def sample(source: Path, target: Path, every: int, **renamed: str) -> Path:
    """Every nth row; renamed: column = the column whose values it takes."""
    with gzip.open(source, "rt", encoding="utf-8", newline="") as file:
        rows: list[dict[str, Any]] = [row for i, row in enumerate(csv.DictReader(file)) if i % every == 0]
    for row in rows:
        row.update({name: row[other] for name, other in renamed.items()})
    return write_csv(target, rows)


def test_hualien_divisions_cells_and_a_sample_of_its_door_plates(
    shared_data: Path, tmp_path: Path, run: Run, app_database: Database
):
    folder = shared_data / "tw_hualien"
    for name, n in (("county", 1), ("towns", 13), ("villages", 176)):
        report = run("710015", folder / "hualien.gpkg", find_mapping(f"hualien_divisions_{name}"))
        assert report.counts["added"] == n
    assert run("710015", folder / "hualien.gpkg", find_mapping("hualien_cells")).counts["added"] == 1308
    path = sample(folder / "addresses.csv.gz", tmp_path / "a.csv", 100)
    counts = run("710015", path, find_mapping("hualien_addresses")).counts
    assert counts["read"] == counts["added"] > 1500
    assert 0.015 < counts["reviews"]["village_mismatch"] / counts["read"] < 0.04
    with app_database.transaction(Scope.of_system("710015")) as connection:
        deep = connection.scalar(text("SELECT avg((length(grid_code) = 15)::int) FROM standard_address"))
        assert deep is not None and deep > 0.999, "nearly all lie in a cell"
        assert connection.scalar(text("SELECT name FROM division WHERE code = '710015090001'")) == "瑞穗村"


def test_kinmen_as_published_two_degrees_too_far_east_is_refused_naming_the_cause(
    shared_data: Path, tmp_path: Path, run: Run, app_database: Database
):
    folder = shared_data / "tw_kinmen"
    text_of = find_mapping("hualien_divisions_villages").model_dump_json(exclude_none=True)
    villages = Mapping.model_validate_json(text_of.replace("710015", "710020"))
    towns = Mapping.model_validate_json(
        find_mapping("hualien_divisions_towns").model_dump_json(exclude_none=True).replace("710015", "710020")
    )
    county = Mapping.model_validate_json(
        find_mapping("hualien_divisions_county").model_dump_json(exclude_none=True).replace("710015", "710020")
    ).model_copy(update={"bounds": (118.0, 24.0, 120.0, 25.5), "layer": "villages"})  # its towns layer lost 金湖鎮
    for mapping in (county, towns, villages):
        assert run("710020", folder / "kinmen.gpkg", mapping).counts["rejected"] == 0
    addresses = parse_mapping(
        'name = "kinmen_addresses"\ntitle = "金門縣門牌"\ntarget = "address"\ncrs = "EPSG:4326"\nkey = ["addr_id"]\n'
        'position = { lon = "lon", lat = "lat" }\n[columns]\nfull_text = "FULL_ADDR"\n'
        'village_code = { column = "VILLCODE", last = 6, prefix = "710020" }\n'
    )
    wrong = sample(folder / "addresses.csv.gz", tmp_path / "wrong.csv", 20, lon="lon_source_wrong_zone")
    with pytest.raises(CoordinatesWrong) as caught:
        run("710020", wrong, addresses)
    assert caught.value.facts["cause"] == "wrong_zone"
    assert caught.value.facts["shift_deg"] == 2
    assert "偏东 2°" in str(caught.value) and "too far east" in str(caught.value)
    with app_database.transaction(Scope.of_system("710020")) as connection:
        assert connection.scalar(text("SELECT count(*) FROM standard_address")) == 0
    right = sample(folder / "addresses.csv.gz", tmp_path / "right.csv", 20)
    counts = run("710020", right, addresses).counts
    assert counts["added"] + counts["rejected"] == counts["read"]
    assert counts["added"] / counts["read"] > 0.999
