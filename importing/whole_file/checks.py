"""All checks of a whole file. Texts and cells are judged on a sample, counts on all rows: linear, and under a second.

The file's shares are compared with those of the library and with what the mapping's last published file had, and its own
most frequent leftovers are named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from psycopg import sql

from gazetteer.reading.divisions import DivisionIndex, division_index
from importing.mappings.rewriting import Replace
from importing.stage.stage import Stage
from importing.stage.warnings import SYSTEMATIC, WARNINGS
from importing.values.fields import Field, Kind
from importing.whole_file.question import Question, percent
from importing.whole_file.sample import LEAST_ROWS, Sample
from importing.whole_file.texts import Library, Texts, check_texts, replace_line

#: Share of the rows from which something is a fault of the file.
MOST = 0.5
DOUBLED = 0.4
NAMES_WITH_DIGITS = 0.3
#: The share of matched texts fell by so much since the mapping's last file.
MATCHED_LESS = 0.4
LIBRARY_ROWS = 20_000
#: With fewer addresses the library says nothing about what is usual.
LIBRARY_LEAST = 200

ADDRESS_FIELDS = ("full_text", "address_text", "actual_address_text", "registered_address_text")
FORMAL = frozenset({"address", "household", "person"})
_FLOAT = re.compile(r"[+-]?\d+\.0+")
#: Warnings about a change: their share is of the rows that may change something, those found unchanged at once among them.
_OF_CHANGES = frozenset({"coarser_address", "address_lost", "moved_town"})
_NUMBERS = (Kind.INTEGER, Kind.NUMBER)


def doubts(
    stage: Stage, target: str, fields: Sequence[Field], sample: Sample, columns: Sequence[str]
) -> list[Question]:
    """What is odd about the whole file, nothing for a small one or one that would change nothing."""
    read = stage.counts.get("read", 0) - stage.counts.get("skipped", 0)
    if read < LEAST_ROWS or sample.seen < LEAST_ROWS:
        return []
    outcomes = dict(stage.rows("SELECT outcome, count(*)::int FROM stage_row GROUP BY outcome"))
    rejected = stage.value("SELECT count(DISTINCT row_no)::int FROM stage_reject")
    if not rejected and not set(outcomes) - {"unchanged"}:
        return []
    found = [
        *_texts(stage, target, sample),
        *_floats(stage, fields, sample, columns),
        *_names(stage, target, fields, sample),
        *_rejected(stage, rejected, read),
        *_doubled(stage, target, read),
        *_without_village(stage, target),
        *_warned(stage, outcomes),
        *_matched_less(stage),
    ]
    return sorted(found, key=lambda question: -question.share)


def _texts(stage: Stage, target: str, sample: Sample) -> Iterator[Question]:
    fields = [name for name in ADDRESS_FIELDS if stage.maps(name)]
    if not fields:
        return
    index: DivisionIndex = division_index(stage.connection)
    library = _library(stage)
    for field in fields:
        texts = [text for row in sample.rows if (text := row.values.get(field))]
        if len(texts) >= LEAST_ROWS:
            column = stage.column_of(field) or field
            own = field != "registered_address_text"
            yield from check_texts(
                Texts(field, column, texts, own, target in FORMAL, stage.mapping.columns[field]), index, library
            )


def _library(stage: Stage) -> Library:
    n, unnumbered, unread = stage.rows(
        "SELECT count(*)::int, coalesce(avg((number_plate IS NULL AND building IS NULL AND room IS NULL)::int), 0)::float8, "
        "coalesce(avg((number_plate IS NULL AND building IS NULL AND room IS NOT NULL)::int), 0)::float8 FROM "
        "(SELECT number_plate, building, room FROM standard_address WHERE status = 'published' LIMIT %(most)s) a",
        most=LIBRARY_ROWS,
    )[0]
    return Library(n, unnumbered, unread) if n >= LIBRARY_LEAST else Library(0, 0.0, 0.0)


def _floats(stage: Stage, fields: Sequence[Field], sample: Sample, columns: Sequence[str]) -> Iterator[Question]:
    """Keys, codes and texts that a spreadsheet wrote as 12.0."""
    text_fields = {field.name for field in fields if field.kind not in _NUMBERS}
    sources = {
        name: field
        for field, spec in stage.mapping.columns.items()
        if field in text_fields and not spec.replace
        for name in spec.sources()
    }
    for name in dict.fromkeys([*stage.mapping.key, *sources]):
        if name not in columns:
            continue
        place = columns.index(name)
        cells = [text for row in sample.rows if (text := row.cells[place])]
        n = sum(_FLOAT.fullmatch(text) is not None for text in cells)
        if len(cells) >= LEAST_ROWS and n >= MOST * len(cells):
            replace = Replace.model_validate({"pattern": r"\.0{1,6}$", "with": ""})
            yield Question(
                "cells_are_floats",
                n / len(cells),
                f"“{name}”有 {percent(n / len(cells))} 是带小数的数字（如 12.0）；请把该列设为文本格式后重新导出",
                f"{percent(n / len(cells))} of column {name} are numbers with decimals: export the column as text",
                name,
                replace_line(sources[name], stage.mapping.columns[sources[name]], [replace])
                if name in sources
                else None,
            )


def _names(stage: Stage, target: str, fields: Sequence[Field], sample: Sample) -> Iterator[Question]:
    """Digits where names of persons should be."""
    if target not in ("person", "household", "worker"):
        return
    for field in fields:
        if field.kind is not Kind.NAME or not stage.maps(field.name):
            continue
        names = [text for row in sample.rows if (text := row.values.get(field.name))]
        n = sum(any(c.isdigit() for c in text) for text in names)
        if len(names) >= LEAST_ROWS and n >= NAMES_WITH_DIGITS * len(names):
            column = stage.column_of(field.name) or field.name
            share = n / len(names)
            yield Question(
                "names_with_digits",
                share,
                f"“{column}”有 {percent(share)} 含数字，可能列错位",
                f"{percent(share)} of column {column} has digits: are the columns shifted?",
                column,
            )


def _rejected(stage: Stage, rejected: int, read: int) -> Iterator[Question]:
    if rejected < MOST * read:
        return
    column = stage.value("SELECT column_name FROM stage_reject GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")
    share = rejected / read
    yield Question(
        "mostly_rejected",
        share,
        f"{percent(share)} 的行被退回" + (f"，最多的是“{column}”；可能列错位或选错映射" if column else ""),
        f"{percent(share)} of the rows are sent back: are the columns shifted, or is it another mapping?",
        column,
    )


def _doubled(stage: Stage, target: str, read: int) -> Iterator[Question]:
    twice = stage.counts.get("repeated", 0)
    same = sql.SQL("match_key, division_code" if target == "address" else "row_hash")
    if target == "address" and stage.geometry:
        same = sql.SQL("match_key, geom")
    # what the hash leaves out of a person is the key, and of a visit too: those may be alike
    if target not in ("person", "visit", "worker", "person_place", "cell", "division"):
        twice += stage.value(
            "SELECT coalesce(sum(n - 1), 0)::int FROM (SELECT count(*) AS n FROM stage_row GROUP BY {same} "
            "HAVING count(*) > 1) g",
            same=same,
        )
    if twice >= DOUBLED * read:
        share = twice / read
        yield Question(
            "rows_doubled",
            share,
            f"{percent(share)} 的行与另一行内容相同，整表可能重复了",
            f"{percent(share)} of the rows say the same as another row: is the file doubled?",
        )


def _without_village(stage: Stage, target: str) -> Iterator[Question]:
    if target != "address":
        return
    n, without = stage.rows(
        "SELECT count(*)::int, count(*) FILTER (WHERE right(rpad(division_code, 12, '0'), 3) = '000')::int "
        "FROM stage_row WHERE outcome <> 'unchanged'"
    )[0]
    if n >= LEAST_ROWS and without >= MOST * n:
        yield Question(
            "no_village",
            without / n,
            f"{percent(without / n)} 的地址没有村：文字没写，代码没有，坐标也不在任何村内",
            f"{percent(without / n)} of the addresses have no village, neither by text nor by code nor by position",
        )


def _warned(stage: Stage, outcomes: dict[str, int]) -> Iterator[Question]:
    rows = sum(outcomes.values())
    for code, n in stage.warnings.items():
        of = outcomes.get("changed", 0) + stage.set_aside if code in _OF_CHANGES else rows
        if code not in SYSTEMATIC or n < LEAST_ROWS or n < MOST * of:
            continue
        column = stage.value(
            "SELECT column_name FROM stage_warning WHERE warning_code = %(code)s GROUP BY 1 ORDER BY count(*) DESC LIMIT 1",
            code=code,
        )
        what_zh, what_en = WARNINGS[code].title
        yield Question(
            code,
            n / of,
            f"{percent(n / of)} 的行：{what_zh}",
            f"{percent(n / of)} of the rows: {what_en}",
            column,
            _spaces(stage, column) if code == "name_spaces" else None,
        )


def _spaces(stage: Stage, column: str | None) -> str | None:
    field = next((name for name, spec in stage.mapping.columns.items() if column in spec.sources()), None)
    if field is None or column is None:
        return None
    pattern = r"(?<=[一-鿿])\s{1,9}(?=[一-鿿])"
    return replace_line(field, stage.mapping.columns[field], [Replace.model_validate({"pattern": pattern, "with": ""})])


def _matched_less(stage: Stage) -> Iterator[Question]:
    texts, matched = stage.counts.get("texts", 0), stage.counts.get("matched", 0)
    if texts < LEAST_ROWS:
        return
    before = stage.value(
        "SELECT (counts ->> 'matched')::float8 / (counts ->> 'texts')::float8 FROM import_batch WHERE mapping = %(name)s "
        "AND state = 'published' AND (counts ->> 'texts')::int >= %(least)s ORDER BY id DESC LIMIT 1",
        name=stage.mapping.name,
        least=LEAST_ROWS,
    )
    share = matched / texts
    if before is not None and share <= before - MATCHED_LESS:
        yield Question(
            "matched_less",
            1 - share,
            f"只有 {percent(share)} 的地址关联上标准地址，上次是 {percent(before)}",
            f"only {percent(share)} of the addresses have a standard address, last time {percent(before)}",
        )
