"""How far the grid reaches."""

from __future__ import annotations

from sqlalchemy import Connection, text


def county_bounds(connection: Connection) -> list[float] | None:
    """West, south, east, north (EPSG:4490) of the cells in scope, else of its divisions; None when nothing is drawn."""
    row = connection.execute(
        text(
            "SELECT st_xmin(e) AS w, st_ymin(e) AS s, st_xmax(e) AS e, st_ymax(e) AS n FROM (SELECT coalesce("
            "(SELECT st_extent(geom) FROM grid_cell WHERE valid_to IS NULL), "
            "(SELECT st_extent(geom) FROM division WHERE valid_to IS NULL)) AS e) x"
        )
    ).one()
    return None if row.w is None else [row.w, row.s, row.e, row.n]
