"""Land parcels (承包地块) from a department's GeoPackage to the map, the features and the changes."""

from pathlib import Path

import mapbox_vector_tile
import shapely
from sqlalchemy import text

from database.connection.engine import Database
from database.rights.scope import Role, Scope
from demo.tables.writers import write_layer
from layers.cards.overview import get_overview
from layers.features.collections import get_collection
from layers.features.items import list_features
from layers.features.query import read_query
from layers.features.tile_grids import CGCS2000, MERCATOR, get_grid_tile
from layers.tiles.counts import count_differences
from tests.importing.conftest import EAST, WEST, Load

MAPPING = """
name = "test_parcels"
title = "承包地块"
target = "parcel"
key = "地块编码"
[columns]
code = "地块编码"
name = "名称"
household_no = "户号"
area_mu = "面积"
crop = "作物"
contract_from = "起"
contract_to = "止"
"""
GOOD = (f"{WEST}0100001", "一号地", "H1", "1.20", "水稻", "1998-10-01", "2028-10-01", 119.95)
BAD = (
    (f"{WEST}0100002", "没有的户", "H9", "1.20", "水稻", "1998-10-01", "2028-10-01", 119.951),
    (f"{WEST}0100003", "没有面积", "H1", "0", "水稻", "1998-10-01", "2028-10-01", 119.952),
    (f"{WEST}0100004", "先止后起", "H1", "1.20", "水稻", "2028-10-01", "1998-10-01", 119.953),
    ("123", "短编码", "H1", "1.20", "水稻", "1998-10-01", "2028-10-01", 119.954),
)
COLUMNS = ("地块编码", "名称", "户号", "面积", "作物", "起", "止")


def written(path: Path, *rows: tuple[str | float, ...]) -> Path:
    path.unlink(missing_ok=True)
    shapes = [shapely.box(row[-1], 30.45, row[-1] + 0.0004, 30.4502) for row in rows]
    write_layer(path, "地块", shapes, {name: [str(row[n]) for row in rows] for n, name in enumerate(COLUMNS)})
    return path


def test_a_parcel_is_on_the_map_among_the_features_and_in_the_changes(
    grounds: None, load: Load, database: Database, system: Scope, tmp_path: Path
) -> None:
    with database.transaction(system) as connection:
        home = connection.execute(
            text("INSERT INTO household (household_no, kind, head_name, source, grid_code) "
                 "VALUES ('H1', 'family', '甲', 't', :c) RETURNING id"), {"c": WEST}).scalar_one()  # fmt: skip
    report = load(written(tmp_path / "a.gpkg", GOOD, *BAD), MAPPING)
    assert (report.counts["added"], report.counts["rejected"]) == (1, len(BAD))
    load(written(tmp_path / "b.gpkg", (*GOOD[:4], "油菜", *GOOD[5:])), MAPPING)
    west, east = (Scope("330521", "t", Role.VILLAGE_OFFICER, (code,)) for code in (WEST, EAST))
    with database.transaction(west) as connection:
        row = connection.execute(text("SELECT * FROM parcel")).one()
        assert (row.household_id, row.area_mu, row.crop) == (home, 1.2, "油菜")
        assert get_overview(connection).totals["parcels"] == 1
        (feature,) = list_features(connection, read_query(get_collection("parcels"), [])).features
        assert feature.properties["crop"] == "油菜"
        assert feature.properties["contract_to"].isoformat() == "2028-10-01"
        assert not {"household_id", "household_no"} & set(feature.properties)
        for grid, where in ((MERCATOR, (15, 13471, 27302)), (CGCS2000, (15, 5420, 27302))):
            tile = mapbox_vector_tile.decode(get_grid_tile(connection, grid, ["parcels"], *where))
            (shown,) = tile["parcels"]["features"]
            assert shown["properties"] == {
                "id": row.id, "name": "一号地", "area_mu": 1.2, "crop": "油菜", "contract_to": "2028-10-01", "n": 1,
            }, grid  # fmt: skip
        changes = connection.execute(
            text("SELECT operation, before, after FROM change WHERE entity = 'parcel' ORDER BY id")
        ).all()
        assert [change.operation for change in changes] == ["added", "changed"]
        assert (changes[1].before, changes[1].after) == ({"crop": "水稻"}, {"crop": "油菜"})
        assert changes[0].after["household_id"] == home
    with database.transaction(east) as connection:
        assert connection.scalar(text("SELECT count(*) FROM parcel")) == 0
    with database.transaction(system) as connection:
        assert count_differences(connection) == {}
