"""Known errors of every rule, planted into a clean library: what is planted is found, and little else."""

from __future__ import annotations

from sqlalchemy import text

from benchmarks.quality import score, totals
from benchmarks.quality_errors import PLANTS, plant_all
from benchmarks.quality_library import Size, build
from database.connection.engine import Database
from database.rights.scope import Scope
from gazetteer.quality.check import check, rules_of
from gazetteer.reading.divisions import division_index
from gazetteer.reading.keys import address_keys
from gazetteer.reading.normalise import normalise
from gazetteer.reading.parse import parse
from grid.quality.county import SETS

SIZE = Size(villages=15, streets=8, numbers=32, entrances=2, rooms=2)


def test_planted_errors_are_found_and_a_clean_library_is_clean(database: Database, system: Scope) -> None:
    with database.transaction(system) as connection:
        build(connection, SIZE)
        index = division_index(connection)
        for row in connection.execute(
            text("SELECT full_text, match_key, local_key, road_key FROM standard_address LIMIT 500")
        ):
            keys = address_keys(parse(row.full_text, index))
            assert (keys.match_key, keys.local_key, keys.road_key) == (row.match_key, row.local_key, row.road_key)
            assert normalise(row.full_text) == row.match_key
    with database.transaction(system) as connection:
        clean = check(connection, system, SETS)
        assert {name: n for name, n in clean.found.items() if n} == {}
    with database.transaction(system) as connection:
        planted = plant_all(connection, SIZE, 1)
        check(connection, system, SETS)
        scores = score(connection, planted)
    recall, precision = totals(scores)
    assert recall >= 0.95, {n: s for n, s in scores.items() if s.hit < s.planted}
    assert precision >= 0.90, {n: s for n, s in scores.items() if s.wrong}
    assert set(PLANTS) == set(rules_of(SETS)), "every rule has its planted error"
