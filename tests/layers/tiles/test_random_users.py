"""Five hundred users of every kind of scope, random tiles of every layer: not one foreign row, and no own row missing."""

import random
from collections import defaultdict
from typing import Any

import mapbox_vector_tile
from sqlalchemy import text

from database.connection.engine import Database
from database.rights.scope import Role, Scope
from layers.tiles.catalogue import LAYERS
from layers.tiles.tile import read_tile
from tests.layers.tiles.test_counts import crowded  # noqa: F401 - the fixture
from tests.world import CELLS, CHUNHUI, LIAOYUAN, MOGAN, QIANQIU, WUKANG

USERS = 500
PREFIXES = ("330521", WUKANG, MOGAN, QIANQIU, CHUNHUI, LIAOYUAN, *CELLS, CELLS[0] + "01")
ROLES = [role for role in Role if role is not Role.SYSTEM]


def everything(database: Database, system: Scope) -> dict[str, list[Any]]:
    """Layer → id, grid code, column and row at zoom 18 of every row, seen as the system."""
    column, row = (
        f"floor(({v} + 20037508.342789244) / 40075016.685578488 * 262144)::int"
        for v in ("(st_xmin(geom_3857) + st_xmax(geom_3857)) / 2", "-(st_ymin(geom_3857) + st_ymax(geom_3857)) / 2")
    )
    with database.transaction(system) as connection:
        return {
            name: connection.execute(
                text(
                    f"SELECT {'code' if layer.geometry == 'polygon' else 'id'} AS id, grid_code, {column} AS col, {row} AS row "
                    f"FROM {layer.table} WHERE geom IS NOT NULL AND {layer.shows}"
                )
            ).all()
            for name, layer in LAYERS.items()
        }


def test_no_user_gets_a_foreign_row(crowded: Database, system: Scope) -> None:  # noqa: F811
    rows = everything(crowded, system)
    chance = random.Random(20260601)
    seen: dict[str, int] = defaultdict(int)
    for _ in range(USERS):
        scope = Scope("330521", "u", chance.choice(ROLES), tuple(chance.sample(PREFIXES, chance.randint(1, 3))))
        z = chance.randint(0, 18)
        near = chance.choice(rows[chance.choice(list(LAYERS))])
        x, y = near.col >> 18 - z, near.row >> 18 - z
        with crowded.transaction(scope) as connection:
            body = read_tile(connection, list(LAYERS), z, x, y).body
        decoded = mapbox_vector_tile.decode(body) if body else {}
        for name, layer in LAYERS.items():
            features = [f["properties"] for f in decoded.get(name, {"features": []})["features"]]
            own = {str(row.id) for row in rows[name] if scope.covers(row.grid_code)}
            assert {str(f["id"]) for f in features if "id" in f} <= own, (scope.prefixes, name, z)
            here = [r for r in rows[name] if str(r.id) in own and (r.col >> 18 - z, r.row >> 18 - z) == (x, y)]
            if layer.counted:
                assert sum(f["n"] for f in features) == len(here), (scope.prefixes, name, z)
            seen[name] += len(features)
    assert set(seen) == set(LAYERS) and min(seen.values()) > 50
