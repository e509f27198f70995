"""One synthetic county under a code of its own: ``python -m benchmarks.attack.build 339911 small 11``; the county must exist.

A process a county: the generator takes the county's code from one constant, read when its modules are imported.
Codes of 3399 are assigned to nobody.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date

from sqlalchemy import text

from alerts.detection.scan import scan
from database.connection.engine import Database
from database.embedded import ensure_database
from database.installation.settings import get_settings, load_secrets
from database.rights.scope import Scope
from database.secrets.seal import Sealer
from demo import words
from demo.scales import SCALES
from mapserver.server import metadata  # noqa: F401 - migrations need the tables of every floor

#: What a clean county lacks: something to review and something to mend in every village.
_SOME = "SELECT min(id) AS id FROM standard_address WHERE status = 'published' AND depth >= 8 GROUP BY division_code"
PLANTED = (
    f"UPDATE standard_address SET full_text = overlay(full_text PLACING ' ' FROM length(full_text) - 1 FOR 0) WHERE id IN ({_SOME})",
    "INSERT INTO address_review (address_id, reason_code, reason, grid_code) SELECT a.id, 'village_mismatch', "
    f"'地址与坐标不在同一个村：' || a.full_text, a.grid_code FROM standard_address a WHERE a.id IN ({_SOME}) ON CONFLICT DO NOTHING",
)


#: Smaller than any demo: for a short attack with every build.
LEAST = replace(SCALES["tiny"], name="least", villages=4, cells=8, micro_cells=16, addresses=500, households=250, units=20,
                events=120, facilities=40)  # fmt: skip


def build(code: str, scale: str, seed: int) -> None:
    """Generate, import, scan, and plant what a clean county lacks."""
    words.COUNTY_CODE = code
    SCALES.setdefault("least", LEAST)
    from demo.generate import generate_county
    from demo.loader import load_demo

    settings = get_settings()
    urls = ensure_database(settings)
    database = Database(urls.app, pool_size=2)
    system = Scope.of_system(code, "attack")
    county = generate_county(settings.home / "attack" / code, scale, seed=seed)
    load_demo(database, system, county, Sealer.from_secrets(load_secrets(settings)))
    with database.transaction(system) as connection:
        scan(connection, date.today())
        for sql in PLANTED:
            connection.execute(text(sql))
    database.close()


if __name__ == "__main__":
    build(sys.argv[1], sys.argv[2], int(sys.argv[3]))
