"""The SQL functions of features, written from the layer catalogue: which of them lie in a box, through the spatial index.

They belong to ``onemap_tiles`` like the tile functions, and for their reason: ``&&`` is not leakproof, so under a policy it may not
use GiST. They take the scope from the transaction, apply it to every row and give keys only; the rows are then read through
row-level security. Indexes: ix_*_tile, and ix_*_grid_code for a narrow scope.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from database.functions.texts import register
from layers.catalogue.kind import Kind
from layers.tiles.functions.pieces import SCOPE, records, template

_FOLDER = Path(__file__).parent
# CASE: the planner, which knows nothing of st_x, takes plain comparisons for one row in 40,000, and this for every second
_POINT = (
    "CASE WHEN st_x(t.geom) BETWEEN west AND east AND st_y(t.geom) BETWEEN south AND north THEN true ELSE false END"
)
_OUTLINE = "st_intersects(t.geom, shape)"


def functions() -> Iterator[tuple[str, str]]:
    """Name and text of each."""
    branches: dict[str, Callable[[Kind], str]] = {
        "features_in_box": _keys,
        "count_in_box": _count,
        "page_in_box": _page,
    }
    for name, branch in branches.items():
        written = "\n".join(f"    WHEN '{kind.name}' THEN {branch(kind)}" for kind in records())
        yield name, template(_FOLDER, name, branches=written)


def _in_reach(kind: Kind) -> str:
    return f"FROM {kind.table.name} t WHERE t.geom_3857 && reach AND {kind.shown('t')}"


def _exactly(kind: Kind) -> str:
    return f"{_in_reach(kind)} AND {_POINT if kind.geometry == 'point' else _OUTLINE} AND {SCOPE}"


def _keys(kind: Kind) -> str:
    return f"found := found || ARRAY(SELECT t.id {_in_reach(kind)} AND {SCOPE} LIMIT most + 1 - cardinality(found));"


def _count(kind: Kind) -> str:
    return f"RETURN (SELECT count(*) {_exactly(kind)});"


def _page(kind: Kind) -> str:
    return (
        f"RETURN ARRAY(SELECT t.id {_exactly(kind)} AND t.grid_code >= after_code "
        "AND (t.grid_code > after_code OR t.id > after_id) ORDER BY t.grid_code, t.id LIMIT most);"
    )


register("layers", functions)
