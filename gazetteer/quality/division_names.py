"""Names of divisions as addresses carry them, against the table of divisions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from sqlalchemy import text

from gazetteer.codes import DivisionLevel
from gazetteer.quality.points import Library
from gazetteer.quality.rule import Found
from gazetteer.reading.divisions import written_names
from gazetteer.reading.normalise import normalise

_WRITTEN = """
SELECT DISTINCT a.{level} AS written, d.code, d.name, d.former_names
FROM (SELECT DISTINCT {level}, left(division_code, {digits}) AS code FROM pg_temp.quality_address
      WHERE live AND {level} IS NOT NULL AND length(division_code) >= {digits}) a
JOIN pg_temp.quality_division d ON d.code = a.code
"""
_ADDRESSES = """
SELECT a.id, jsonb_build_object('written', w.written, 'code', w.code, 'official', w.official) AS facts
FROM jsonb_to_recordset(CAST(:wrong AS jsonb)) AS w(written text, code text, official text)
JOIN pg_temp.quality_address a ON a.{level} = w.written AND left(a.division_code, {digits}) = w.code AND a.live
"""


def find_differing_names(level: DivisionLevel, digits: int) -> Callable[[Library], Iterable[Found]]:
    """Finds addresses whose name of this level is no present or former name of their division.

    digits: length of the level's code. The distinct names are compared in Python, for committees are written in many
    ways (千秋社区居委会 is 千秋社区); there are as many of them as divisions.
    """

    def find(library: Library) -> Iterable[Found]:
        rows = library.connection.execute(text(_WRITTEN.format(level=level, digits=digits))).all()
        wrong = [
            {"written": row.written, "code": row.code, "official": row.name}
            for row in rows
            if normalise(row.written)
            not in set().union(*(written_names(name, level) for name in (row.name, *row.former_names)))
        ]
        if not wrong:
            return
        found = library.connection.execute(
            text(_ADDRESSES.format(level=level, digits=digits)), {"wrong": json.dumps(wrong, ensure_ascii=False)}
        )
        yield from ((address_id, facts) for address_id, facts in found)

    return find
