"""What the OGC API says of its features is what they hold: on pages, and in the tiles of both grids."""

from datetime import UTC, datetime
from typing import Any

import jsonschema_rs
import mapbox_vector_tile
from fastapi.testclient import TestClient

from database.connection.engine import Database
from database.rights.scope import Role, Scope
from layers.features.collections import COLLECTIONS
from tests import world
from tests.mapserver.conftest import SignIn

#: Where tests/world.py puts its first cell, level 14, in both grids.
PLACES = {"WebMercatorQuad": "14/6733/13653", "CGCS2000Quad": "14/2707/13653"}


def fill(database: Database, system: Scope) -> None:
    """A county in which every collection has a feature, with as few values as there may be."""
    with database.transaction(system) as connection:
        world.build_county(connection)
        cell = world.CELLS[0]
        world.add_address(connection, "德清县武康街道永安街1号", cell, 1)
        world.add_household(connection, "H1", cell)
        world.add_event(connection, "1", cell, datetime(2026, 3, 1, 8, tzinfo=UTC))
        point = world.point(cell)
        world.add_parcel(connection, "1", cell, world.west_of(cell))
        for name in ("place", "facility"):
            world.insert(connection, name, kind="lamp" if name == "facility" else "building", name="一", source="t", source_key="1",
                         grid_code=cell, geom=point)  # fmt: skip
        world.insert(connection, "alert", fingerprint="f", rule="two_households", severity="low", subject_kind="person", subject_id="1",
                     title="预警", reason="因", grid_code=cell, geom=point)  # fmt: skip


def test_features_and_tiles_hold_what_their_schemas_say(database: Database, system: Scope, sign_in: SignIn) -> None:
    fill(database, system)
    client = sign_in(Role.COUNTY_ADMIN)
    for name in COLLECTIONS:
        schema = client.get(f"/ogc/330521/collections/{name}/schema").json()
        found = client.get(f"/ogc/330521/collections/{name}/items").json()["features"]
        assert found, name
        valid = jsonschema_rs.validator_for({**schema, "additionalProperties": False})
        for feature in found:
            errors = [
                e.message
                for e in valid.iter_errors(
                    {"id": feature["id"], "geometry": feature["geometry"], **feature["properties"]}
                )
            ]
            assert not errors, (name, errors)
    in_tiles = {grid: layers_of(client, grid, place) for grid, place in PLACES.items()}
    for grid, layers in in_tiles.items():
        assert set(layers) == set(COLLECTIONS), grid
        for layer in client.get(f"/ogc/330521/tiles/{grid}").json()["layers"]:
            valid = jsonschema_rs.validator_for({**layer["propertiesSchema"], "additionalProperties": False})
            for feature in layers[layer["id"]]["features"]:
                errors = [e.message for e in valid.iter_errors(feature["properties"])]
                assert not errors, (grid, layer["id"], feature["properties"], errors)
                assert "n" in feature["properties"], grid
            assert int(layer["minTileMatrix"]) >= (1 if grid == "CGCS2000Quad" else 0)
    tileset = client.get("/ogc/330521/collections/cells/tiles/WebMercatorQuad").json()
    assert tileset["tileMatrixSetURI"] == "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
    listed = client.get("/ogc/330521/tiles").json()["tilesets"]
    assert [one.get("tileMatrixSetURI") for one in listed] == [tileset["tileMatrixSetURI"], None]


def layers_of(client: TestClient, grid: str, place: str) -> Any:
    answer = client.get(f"/ogc/330521/tiles/{grid}/{place}")
    assert answer.status_code == 200, (grid, answer.status_code)
    return mapbox_vector_tile.decode(answer.content)
