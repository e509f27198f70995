"""Finding divisions (区划) by what was typed: towns and villages, by their short and former names too."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Connection, text

from gazetteer.codes import division_kind
from gazetteer.reading.divisions import DivisionIndex, DivisionName, division_index, spoken_name, written_names
from gazetteer.reading.normalise import normalise

# The extent of the outline, where the division is in scope. Served by the primary key.
_BOX = text("""
SELECT w.code, d.valid_to IS NOT NULL AS ended, st_xmin(d.geom) AS west, st_ymin(d.geom) AS south, st_xmax(d.geom) AS east,
       st_ymax(d.geom) AS north
FROM unnest(CAST(:codes AS text[])) AS w(code) LEFT JOIN division d ON d.code = w.code
""")

#: so many more are looked at, for some may have ended
ENDED = 8


@dataclass(frozen=True, slots=True)
class DivisionHit:
    """A division that was meant. town, county: names above it, which tell equal names apart. former: the old name that was typed.

    bounds: west, south, east, north of its outline in EPSG:4490, degrees; None where the scope shows none, as of a grid worker's
    village (``grid.extent.with_cell_bounds`` fills it from the cells).
    """

    code: str
    level: str
    kind: str | None
    name: str
    town: str | None
    county: str | None
    former: str | None
    bounds: tuple[float, float, float, float] | None = None


def find_divisions(
    connection: Connection, typed: str, limit: int = 8, *, index: DivisionIndex | None = None
) -> list[DivisionHit]:
    """The divisions in scope or above it whose name is, begins with or contains what was typed; the fitting ones first.

    A town before the name narrows it: 青湾镇高畈. Of several with one name all are given.
    """
    index = index or division_index(connection)
    key = normalise(typed)
    best: dict[str, tuple[int, DivisionName]] = {}
    for within, part in _readings(key, index):
        for names, division in _spoken(index.names):
            fit = _fit(part, names) if division.code.startswith(within) else None
            if fit is not None and (division.code not in best or fit < best[division.code][0]):
                best[division.code] = (fit + (3 if division.former else 0), division)
    chosen = sorted(best.values(), key=lambda one: (one[0], len(one[1].code), one[1].code))
    chosen = chosen[: limit + ENDED]
    if not chosen:
        return []
    rows = connection.execute(_BOX, {"codes": [division.code for _fit, division in chosen]})
    boxes = {
        row.code: None if row.west is None else (row.west, row.south, row.east, row.north)
        for row in rows
        if not row.ended
    }
    hits = [
        DivisionHit(
            division.code,
            division.level,
            division_kind(division.code),
            index.present_name(division.code) or division.name,
            index.present_name(division.code[:9]) if len(division.code) == 12 else None,
            index.present_name(division.code[:6]) if len(division.code) > 6 else None,
            division.name if division.former else None,
            boxes[division.code],
        )
        for _fit, division in chosen
        if division.code in boxes
    ]
    return hits[:limit]


def _readings(key: str, index: DivisionIndex) -> list[tuple[str, str]]:
    """(code, text): the text as a name anywhere; and what follows a county or a town as a name inside it."""
    if not key:
        return []
    found = [("", key)]
    county = index.find_county(key)
    rest = key
    if county is not None and len(key) > county[0] + len(county[1]):
        rest = key[county[0] + len(county[1]) :]
        found += [(division.code, rest) for division in county[2]]
    town = index.at(rest, "town") or next(
        ((name, towns) for name, towns in index.short["town"].items() if rest.startswith(name)), None
    )
    if town is not None and len(rest) > len(town[0]):
        found += [(division.code, rest[len(town[0]) :]) for division in town[1]]
    return found


def _fit(part: str, names: tuple[str, ...]) -> int | None:
    """0: the whole name, 1: its beginning, 2: a part of it."""
    if part in names:
        return 0
    if names[0].startswith(part):
        return 1
    return 2 if len(part) > 1 and part in names[0] else None


@lru_cache(maxsize=32)
def _spoken(names: tuple[DivisionName, ...]) -> tuple[tuple[tuple[str, ...], DivisionName], ...]:
    """Each division with its names: as spoken first, then every other way of writing it."""
    found = []
    for division in names:
        spoken = spoken_name(division.name, division.level)
        others = {*written_names(division.name, division.level), normalise(division.name)}
        stem = spoken
        for suffix in ("街道", "社区", "镇", "乡", "村", "县", "市", "区"):
            if spoken.endswith(suffix) and len(spoken) - len(suffix) >= 2:
                stem = spoken.removesuffix(suffix)
                break
        found.append(((spoken, *sorted({stem, *others} - {spoken})), division))
    return tuple(found)
