"""The two grids of tiles as the one text reads them: where a row stands, which geometry is drawn, which counts lie in a tile."""

from __future__ import annotations

from dataclasses import dataclass

WORLD_M, HALF_M = "40075016.685578488", "20037508.342789244"


def axis(code: str) -> str:
    """Every second bit of a twelve-bit Morton number: 0 to 63."""
    return "(" + " | ".join(f"({code} >> {bit} & {1 << bit})::int" for bit in range(6)) + ")"


@dataclass(frozen=True, slots=True)
class Grid:
    """A grid of tiles. geometry: the column that is drawn. column, row: of the 4096 x 4096 to a tile, counted from the world's
    corner, of ``{x}`` and ``{y}`` in the units of the geometry; exact powers of two, so zooms agree. declared: box, reach (with the
    margin of outlines), near, tolerance (half a screen pixel), and which counts. generalised: outline of ``tile_shape`` in this grid.
    inside: when a generalised outline lies in the tile and on its pixels already, and what it is there; empty where that never is.
    """

    function: str
    comment: str
    geometry: str
    column: str
    row: str
    declared: str
    generalised: str
    inside: str
    counts_in: str
    squares: str

    def pixels(self, *, mixed: bool) -> str:
        """Column and row of a row ``t``: of its point, or of the middle of its box."""
        g = f"t.{self.geometry}"
        x, y = (f"st_x({g})", f"st_y({g})")
        if mixed:
            x, y = f"(st_xmin({g}) + st_xmax({g})) / 2", f"(st_ymin({g}) + st_ymax({g})) / 2"
        column, row = self.column.replace("{x}", x), self.row.replace("{y}", y)
        return f"{column} AS px, {row} AS py"


MERCATOR = Grid(
    function="tile_layer",
    comment="one layer of a tile, as far as the entered scope reaches; whether it is counts",
    geometry="geom_3857",
    column=f"floor(({{x}} + {HALF_M}) / {WORLD_M} * fine)::bigint",
    row=f"floor(({HALF_M} - {{y}}) / {WORLD_M} * fine)::bigint",
    declared=f"""
    box         geometry := st_tileenvelope(z, x, y);
    reach       geometry := st_tileenvelope(z, x, y, margin => 64.0 / 4096);
    near        geometry := st_tileenvelope(z, x, y, margin => 0.5 / 4096);
    tolerance   float := {WORLD_M} / 1024 / 2 ^ z;
    lowest_cell bigint := tile_cell(x, y) << 2 * (store - z);
    beyond_cell bigint := tile_cell(x, y) + 1 << 2 * (store - z);
    pixel       float := fine / {WORLD_M};  -- tile coordinates to a metre
    west        float := {HALF_M} * pixel - x * 4096;
    north       float := {HALF_M} * pixel - y * 4096;""",
    generalised="s.geom_3857",
    # it stands on whole tile coordinates (layers/tiles/shapes.py) and is valid there: nothing to clip, nothing to mend
    inside="WHEN s.geom_3857 @ box "
    "THEN st_snaptogrid(st_affine(st_forcepolygoncw(s.geom_3857), pixel, 0, 0, -pixel, west, north), 1)",
    counts_in="tile_count t WHERE t.cell >= lowest_cell AND t.cell < beyond_cell AND",
    squares=f"""
        SELECT g.n, g.members, {axis("g.local")} * 64 + 32 AS px, {axis("(g.local >> 1)")} * 64 + 32 AS py, g.local AS place
        FROM (SELECT t.cell - lowest_cell >> shift AS local, sum(t.n) AS n, sum(t.members) AS members
              FROM {{counted}} GROUP BY 1 HAVING sum(t.n) > 0) g""",
)

#: Counts are kept by tiles of Web Mercator, whose columns are those of this grid and whose rows are not: a square of a count belongs
#: to the tile that holds its middle, so that counts add up here too.
_ROWS = "generate_series(lowest_row, highest_row) AS m(row) JOIN tile_count t"
_CELLS = "t.cell >= tile_cell(x, m.row) << 2 * (store - z) AND t.cell < tile_cell(x, m.row) + 1 << 2 * (store - z)"
_LOCAL = "t.cell - (tile_cell(x, m.row) << 2 * (store - z)) >> shift"
_LATITUDE = f"degrees(atan(sinh(pi() * (1 - 2 * (m.row + ({axis(f'({_LOCAL} >> 1)')} + 0.5) / side) / 2 ^ z))))"
_PIXEL_ROW = f"floor((90 - {_LATITUDE}) / 360 * fine)::bigint"

CGCS2000 = Grid(
    function="tile_layer_4490",
    comment="one layer of a tile of the CGCS2000 grid, as far as the entered scope reaches; whether it is counts",
    geometry="geom",
    column="floor(({x} + 180) / 360 * fine)::bigint",
    row="floor((90 - {y}) / 360 * fine)::bigint",
    declared=f"""
    size        float := 360.0 / 2 ^ z;  -- degrees; 2^z columns from 180 W, rows from 90 N
    box         geometry := st_makeenvelope(-180 + x * size, 90 - (y + 1) * size, -180 + (x + 1) * size, 90 - y * size, 4490);
    reach       geometry := st_transform(st_makeenvelope(
        greatest(-180 + (x - 64.0 / 4096) * size, -180), greatest(90 - (y + 1 + 64.0 / 4096) * size, -85),
        least(-180 + (x + 1 + 64.0 / 4096) * size, 180), least(90 - (y - 64.0 / 4096) * size, 85), 4326), 3857);
    near        geometry := st_transform(st_makeenvelope(
        greatest(-180 + (x - 0.5 / 4096) * size, -180), greatest(90 - (y + 1 + 0.5 / 4096) * size, -85),
        least(-180 + (x + 1 + 0.5 / 4096) * size, 180), least(90 - (y - 0.5 / 4096) * size, 85), 4326), 3857);
    tolerance   float := size / 1024;
    side        float := 2.0 ^ (least(store, z + 6) - z);  -- squares of a count to a side of a tile
    lowest_row  int := greatest(0, floor(({HALF_M} - st_ymax(near)) / {WORLD_M} * 2 ^ z)::int);
    highest_row int := least(2 ^ z - 1, floor(({HALF_M} - st_ymin(near)) / {WORLD_M} * 2 ^ z))::int;""",
    generalised="st_transform(s.geom_3857, 4490)",
    inside="",
    counts_in=f"{_ROWS} ON {_CELLS} AND {_PIXEL_ROW} >> 12 = y WHERE",
    squares=f"""
        SELECT g.n, g.members, {axis("g.local")} * 64 + 32 AS px, g.py & 4095 AS py, g.row * 4096::bigint + g.local AS place
        FROM (SELECT m.row, {_LOCAL} AS local, {_PIXEL_ROW} AS py, sum(t.n) AS n, sum(t.members) AS members
              FROM {{counted}} GROUP BY 1, 2, 3 HAVING sum(t.n) > 0) g""",
)

GRIDS = (MERCATOR, CGCS2000)
