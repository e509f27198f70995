"""Does the cell of a link cover the point? All links at once, cell by cell."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import shapely
from sqlalchemy import text

from gazetteer.quality.points import Library, groups, read_arrays
from gazetteer.quality.rule import Found

TOLERANCE_M = 30.0
_LINKS = """
SELECT l.address_id, l.cell_code::bigint FROM pg_temp.quality_cell_link l
WHERE l.reason IN ('inside', 'tie') AND length(l.cell_code) >= 15 ORDER BY l.address_id
"""


def find_cell_not_covering(library: Library) -> Iterable[Found]:
    """Points more than 30 m outside the cell that their link says they are inside."""
    points = library.points
    links = read_arrays(library.connection, _LINKS, ("address_id", "cell"))
    _, rows, of = np.intersect1d(points.id, links["address_id"], assume_unique=True, return_indices=True)
    cells = links["cell"][of]
    outlines = {
        int(code): shapely.from_wkb(bytes(wkb))
        for code, wkb in library.connection.execute(
            text("SELECT code, st_asbinary(geom) FROM grid_cell WHERE valid_to IS NULL")
        )
    }
    for code, places in groups(cells):
        if (outline := outlines.get(code)) is None:
            continue
        shapely.prepare(outline)
        mine = rows[places]
        outside = mine[~shapely.intersects_xy(outline, points.lon[mine], points.lat[mine])]
        if not len(outside):
            continue
        for row, metres in zip(outside.tolist(), library.metres_to(outline, outside).tolist(), strict=True):
            if metres > TOLERANCE_M:
                yield int(points.id[row]), {"cell": str(code), "metres": round(metres)}
