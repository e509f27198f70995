"""Finding place names (地名) by what was typed."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from gazetteer.reading.characters import fold_forms, fold_variants

_FIND = """
SELECT n.id, n.name, n.kind, n.aliases, n.grid_code, st_x(n.geom) AS lon, st_y(n.geom) AS lat,
       d.name AS village, t.name AS town
FROM place_name n
LEFT JOIN division d ON d.code = left(n.grid_code, 12) COLLATE "C" AND length(n.grid_code) >= 12
LEFT JOIN division t ON t.code = left(n.grid_code, 9) COLLATE "C" AND length(n.grid_code) >= 9
WHERE strpos(n.name, :part) > 0
   OR EXISTS (SELECT FROM jsonb_array_elements_text(n.aliases) AS alias WHERE strpos(alias, :part) > 0)
ORDER BY n.name <> :part, NOT starts_with(n.name, :part), length(n.name), n.name COLLATE "C", n.id
LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class PlaceNameHit:
    """A place name that contains what was typed, or has an alias that does. lon, lat: EPSG:4490, degrees."""

    id: int
    name: str
    kind: str
    aliases: tuple[str, ...]
    grid_code: str
    lon: float | None
    lat: float | None
    village: str | None
    town: str | None


def find_place_names(connection: Connection, typed: str, limit: int = 5) -> list[PlaceNameHit]:
    """The place names in scope that contain the text: equal ones first, then those that begin with it, short before long.

    Reads every name in scope through ``ix_place_name_grid_code``: a county has thousands, not millions.
    """
    part = fold_variants(fold_forms(typed)).strip()
    if not part:
        return []
    rows = connection.execute(text(_FIND), {"part": part, "limit": limit})
    return [PlaceNameHit(**{**row._mapping, "aliases": tuple(row.aliases)}) for row in rows]
