"""An invented county of any number of addresses, made in the database by SQL, for measuring the index."""

from __future__ import annotations

import random

from sqlalchemy import text

from database.connection.engine import Database
from database.rights.scope import Scope
from database.upgrade.counties import create_county
from database.upgrade.migrate import owner_engine
from mapserver.server import metadata  # noqa: F401 - migrations need the tables of every floor

COUNTY = "339902"
PER_VILLAGE = 5_000
FIRST, SECOND, THIRD = "云溪晴岚松竹荷桂枫樟", "翠碧锦绣丰乐晨曦银霞", "山林泉谷原湖塘桥亭台"
STEP = 50_000

_INSERT = """
INSERT INTO standard_address (code, full_text, depth, match_key, local_key, road_key, number_key, division_code,
                              source, source_key, grid_code, geom)
SELECT v.code || lpad(n::text, 8, '0'), x.head || x.road || x.tail, 12, x.head || x.road || x.key_tail, x.road || x.key_tail,
       x.road, x.number, v.code, 'synthetic', n::text, v.code, st_setsrid(st_point(119.5 + random(), 30 + random()), 4490)
FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS n
CROSS JOIN LATERAL (SELECT n / :per AS village) AS k
CROSS JOIN LATERAL (
    SELECT '339902' || lpad((1 + k.village / 20)::text, 3, '0') || lpad((201 + k.village % 20)::text, 3, '0') AS code
) AS v
CROSS JOIN LATERAL (
    SELECT '合成县第' || (k.village / 20) || '镇第' || k.village || '村' AS head,
           substr(:one, (n / 100 % 10)::int + 1, 1) || substr(:two, (n / 1000 + k.village)::int % 10 + 1, 1)
           || substr(:three, (k.village % 10)::int + 1, 1) || '路' AS road,
           (n % 100 / 5 + 1) || '号' AS number,
           (n % 100 / 5 + 1) || '号' || (n % 5 + 1) || '幢' || (1 + n % 3) || '单元' || (100 + n % 7) || '室' AS tail,
           (n % 100 / 5 + 1) || '号' || (n % 5 + 1) || '幢' || (1 + n % 3) || '单元' || (100 + n % 7) AS key_tail
) AS x
"""
_DIVISIONS = """
INSERT INTO division (code, level, name, parent_code)
SELECT '339902', 'county', '合成县', NULL
UNION ALL SELECT DISTINCT '339902' || lpad((1 + v / 20)::text, 3, '0'), 'town', '第' || (v / 20) || '镇', '339902'
FROM generate_series(0, CAST(:villages AS int) - 1) v
UNION ALL SELECT '339902' || lpad((1 + v / 20)::text, 3, '0') || lpad((201 + v % 20)::text, 3, '0'), 'village',
                 '第' || v || '村', '339902' || lpad((1 + v / 20)::text, 3, '0')
FROM generate_series(0, CAST(:villages AS int) - 1) v
"""


def ensure_synthetic(database: Database, owner_url: str, count: int) -> None:
    """Make the county and its addresses, unless so many are there."""
    owner = owner_engine(owner_url)
    create_county(owner, COUNTY, "合成县")
    owner.dispose()
    scope = Scope.of_system(COUNTY, "benchmark")
    with database.transaction(scope) as connection:
        there = connection.scalar(text("SELECT count(*) FROM standard_address")) or 0
        if there == 0:
            connection.execute(text(_DIVISIONS), {"villages": -(-count // PER_VILLAGE)})
    for first in range(there, count, STEP):
        with database.transaction(scope) as connection:
            names = {"one": FIRST, "two": SECOND, "three": THIRD, "per": PER_VILLAGE}
            last = min(first + STEP, count) - 1
            connection.execute(text(_INSERT), {"first": first, "last": last, **names})
    with database.transaction(scope) as connection:
        connection.execute(text("SELECT refresh_statistics()"))


def synthetic_texts(number: int, count: int, seed: int) -> list[str]:
    """Texts as people write them: a third without the county, a tenth with a wrong character in the road."""
    rng = random.Random(seed)
    texts = []
    for i in range(number):
        n = rng.randrange(count)
        village = n // PER_VILLAGE
        road = FIRST[n // 100 % 10] + SECOND[(n // 1000 + village) % 10] + THIRD[village % 10] + "路"
        if i % 10 == 0:
            road = "某" + road[1:]
        head = "" if i % 3 == 0 else "合成县"
        tail = f"{n % 100 // 5 + 1}号{n % 5 + 1}栋{1 + n % 3}单元{100 + n % 7}"
        texts.append(f"{head}第{village // 20}镇第{village}村{road}{tail}")
    return texts
