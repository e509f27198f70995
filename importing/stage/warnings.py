"""What is taken and should still be looked at (提醒): each kind with its words, and how it is found. The one place for them.

A row check is a function of the standardised row, in Python, for what needs the file alone or a personal number. A stage
check is one statement on the staged rows ``s`` and the records ``t`` they change, after addresses are matched and before
anything is written. A new kind is an entry in ``WARNINGS`` and one in ``ROW_CHECKS`` or ``STAGE_CHECKS``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

from psycopg import sql

from gazetteer.codes import resident_id_birth_date, resident_id_sex
from importing.stage.publishing import Table, same_record
from importing.stage.stage import Stage, as_json, copy_line
from importing.values.fields import Field, Kind
from importing.values.reasons import Facts, Reason, words
from layers.people.masking import mask_numbers

#: So many rows of one kind and column are listed; the report says how many there are.
LISTED_ROWS = 5_000
STORE_ROWS = 5_000
COLUMNS = ("row_no", "warning_code", "column_name", "facts")


@dataclass(frozen=True, slots=True)
class WarningWords(Reason):
    """A reason, and what it is called without facts, for when it holds for a whole file."""

    title: tuple[str, str] = ("", "")


#: facts in braces. Of a birth date or an ID number no value is said: the file has it.
WARNINGS: dict[str, WarningWords] = {
    "name_spaces": WarningWords(
        "姓名中间有空格：{value}",
        "去掉空格，或在映射里写 replace",
        "a space inside the name: {value}",
        "remove it, or use replace in the mapping",
        title=("姓名中间有空格", "a space inside the name"),
    ),
    "birth_date_contradicts": WarningWords(
        "“{column}”与身份证号里的出生日期不一致",
        "对照证件核对两者",
        "the birth date contradicts the ID number",
        "compare both with the card",
        title=("出生日期与身份证号不一致", "birth date and ID number contradict each other"),
    ),
    "sex_contradicts": WarningWords(
        "“{column}”与身份证号里的性别不一致",
        "对照证件核对两者",
        "the sex contradicts the ID number",
        "compare both with the card",
        title=("性别与身份证号不一致", "sex and ID number contradict each other"),
    ),
    "unknown_household": WarningWords(
        "户号 {value} 不在库中，将新建一户",
        "核对户号；确是新户则不必改",
        "household {value} is not known, it will be made",
        "check the number; a new household is right as it is",
        title=("户号不在库中", "the household is not known"),
    ),
    "coarser_address": WarningWords(
        "地址比原来粗：{before} → {after}",
        "核对是否漏了楼栋、单元、户室",
        "the address is coarser than before: {before} → {after}",
        "check whether building, entrance or room are missing",
        title=("地址比原来粗", "the address is coarser than before"),
    ),
    "address_lost": WarningWords(
        "原已关联标准地址，现在的写法关联不上：{before} → {after}",
        "改正地址写法，或在地址复核里处理",
        "the record had a standard address, the new text has none: {before} → {after}",
        "correct the text, or decide it in the queue",
        title=("原已关联标准地址，现在关联不上", "the standard address is lost"),
    ),
    "moved_town": WarningWords(
        "从{before}迁到{after}",
        "核对是否确实迁移",
        "moved from {before} to {after}",
        "check that it really moved",
        title=("迁到另一个乡镇", "moved to another town"),
    ),
    "key_differs_in_form": WarningWords(
        "主键 {value} 与已有的 {known} 只差大小写、全半角或空格，按新记录处理",
        "改成已有的写法，否则同一记录会有两份",
        "key {value} differs from the known {known} in case, width or spaces only; it counts as another record",
        "write it as it was, or the record is there twice",
        title=("主键与已有的只差大小写、全半角或空格", "keys differ from known ones in case, width or spaces only"),
    ),
}

#: Kinds that mean a fault of the file when they hold for most of it.
SYSTEMATIC = frozenset(WARNINGS) - {"unknown_household"}

Found = tuple[str, str, Facts]
RowCheck = Callable[[Sequence[Field], Mapping[str, str | None]], Iterator[Found]]

_INNER_SPACE = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]\s+[\u3400-\u9fff\U00020000-\U0003ffff]")


def _name_spaces(fields: Sequence[Field], values: Mapping[str, str | None]) -> Iterator[Found]:
    for field in fields:
        value = values.get(field.name) if field.kind is Kind.NAME else None
        if value and " " in value and _INNER_SPACE.search(value):
            yield "name_spaces", field.name, {"value": value}


def _contradictions(_fields: Sequence[Field], values: Mapping[str, str | None]) -> Iterator[Found]:
    number = values.get("id_number")
    if not number:
        return
    born, sex = values.get("birth_date"), values.get("sex")
    if born and born != resident_id_birth_date(number).isoformat():
        yield "birth_date_contradicts", "birth_date", {}
    if sex and sex != resident_id_sex(number):
        yield "sex_contradicts", "sex", {}


ROW_CHECKS: tuple[RowCheck, ...] = (_name_spaces, _contradictions)


@dataclass(frozen=True, slots=True)
class StageCheck:
    """One statement that finds rows: it gives row_no and facts (jsonb). fields: what the mapping must fill. targets: whose
    rows; all when empty. ``{table}``, ``{same}``: the record's table, and that ``t`` is the record of ``s``."""

    code: str
    field: str
    query: LiteralString
    fields: tuple[str, ...] = ()
    targets: frozenset[str] = frozenset()


# The record's address before and after; the longer local key begins with the shorter one where only depth is lost.
_COARSER: LiteralString = """
    SELECT s.row_no, jsonb_build_object('before', old.full_text, 'after', s.{text}) FROM stage_row s
    JOIN {table} t ON {same} JOIN standard_address old ON old.id = t.{address} JOIN standard_address new ON new.id = s.{address}
    WHERE s.outcome = 'changed' AND new.depth < old.depth AND new.division_code = old.division_code
      AND starts_with(old.local_key, new.local_key)
"""
_LOST: LiteralString = """
    SELECT s.row_no, jsonb_build_object('before', t.{text}, 'after', s.{text}) FROM stage_row s JOIN {table} t ON {same}
    WHERE s.outcome = 'changed' AND t.{address} IS NOT NULL AND s.{address} IS NULL
"""
_RECORDS = ("household", "place", "event")

STAGE_CHECKS: tuple[StageCheck, ...] = (
    StageCheck(
        "unknown_household",
        "household_no",
        # on a first load there is no household to know
        "SELECT s.row_no, jsonb_build_object('value', s.household_no) FROM stage_row s "
        "WHERE s.household_no IS NOT NULL AND s.outcome <> 'unchanged' AND EXISTS (SELECT FROM household) "
        "AND NOT EXISTS (SELECT FROM household h WHERE h.household_no = s.household_no)",
        ("household_no",),
        frozenset({"person"}),
    ),
    StageCheck(
        "coarser_address",
        "full_text",
        "SELECT s.row_no, jsonb_build_object('before', t.full_text, 'after', s.full_text) FROM stage_row s "
        "JOIN {table} t ON {same} WHERE s.outcome = 'changed' AND s.depth < t.depth",
        targets=frozenset({"address"}),
    ),
    *(
        StageCheck(code, field, query, (field,), frozenset(targets))
        for code, query in (("coarser_address", _COARSER), ("address_lost", _LOST))
        for field, targets in (
            ("address_text", _RECORDS),
            ("actual_address_text", ("person",)),
            ("registered_address_text", ("person",)),
        )
    ),
    StageCheck(
        "moved_town",
        "actual_address_text",
        "SELECT s.row_no, jsonb_build_object('before', old.name, 'after', new.name) FROM stage_row s "
        "JOIN {table} t ON {same} JOIN division old ON old.code = left(t.grid_code, 9) "
        "JOIN division new ON new.code = left(s.grid_code, 9) "
        "WHERE s.outcome = 'changed' AND old.code <> new.code",
        targets=frozenset({"person", "household"}),
    ),
    StageCheck(
        "key_differs_in_form",
        "",
        "SELECT s.row_no, jsonb_build_object('value', s.{stage_key}, 'known', min(k.key)) FROM stage_row s JOIN ("
        "SELECT t.{key} AS key FROM {table} t WHERE {sourced} "
        "UNION ALL SELECT o.{stage_key} FROM stage_row o) k ON {folded_k} = {folded_s} AND k.key <> s.{stage_key} "
        "WHERE s.outcome = 'added' GROUP BY s.row_no, s.{stage_key}",
    ),
)


def row_warnings(fields: Sequence[Field], values: Mapping[str, str | None]) -> list[Found]:
    """Code, field and facts of every warning about one row. values: by field, as standardised."""
    return [found for check in ROW_CHECKS for found in check(fields, values)]


def warning_line(stage: Stage, number: int, found: Found) -> str:
    """One line of COPY into ``stage_warning``."""
    code, field, facts = found
    return copy_line([str(number), code, stage.column_of(field) or field, as_json(facts)])


def find_warnings(stage: Stage, target: str, table: Table | None) -> None:
    """Run the stage checks of the target. table: where its records are."""
    if table is None:
        return
    for check in STAGE_CHECKS:
        if (check.targets and target not in check.targets) or not all(stage.maps(name) for name in check.fields):
            continue
        text = check.field.removesuffix("_text")
        query = sql.SQL(check.query).format(
            table=sql.Identifier(table.name),
            same=same_record(table, by_id=True),
            text=sql.Identifier(check.field or "source_key"),
            address=sql.Identifier(f"{text}_id"),
            key=sql.Identifier(table.key),
            stage_key=sql.Identifier(table.stage_key),
            sourced=sql.SQL("t.source = %(source)s" if table.sourced else "true"),
            folded_k=_folded("k", "key"),
            folded_s=_folded("s", table.stage_key),
        )
        column = (stage.column_of(check.field) or check.field) if check.field else "|".join(stage.mapping.key)
        stage.run(
            "INSERT INTO stage_warning (row_no, warning_code, column_name, facts) "
            "SELECT q.row_no, %(warning)s, %(column)s, q.facts FROM ({query}) AS q(row_no, facts)",
            query=query,
            warning=check.code,
            column=column or None,
        )


def _folded(alias: LiteralString, column: str) -> sql.Composable:
    return sql.SQL("translate(upper(normalize({}.{}, NFKC)), ' \t', '')").format(sql.SQL(alias), sql.Identifier(column))


def collect_warnings(stage: Stage) -> list[tuple[Any, ...]]:
    """Every warning about a row that was taken, by kind, column and row: (code, column, row, facts). Counts go to the stage."""
    stage.run("DELETE FROM stage_warning w WHERE NOT EXISTS (SELECT FROM stage_row s WHERE s.row_no = w.row_no)")
    for code, n in stage.rows(
        "SELECT warning_code, count(DISTINCT row_no)::int FROM stage_warning GROUP BY 1 ORDER BY 1"
    ):
        stage.warnings[code] = n
    stage.counts["warned"] = stage.value("SELECT count(DISTINCT row_no)::int FROM stage_warning")
    return stage.rows(
        "SELECT warning_code, column_name, row_no, facts FROM (SELECT *, row_number() OVER "
        "(PARTITION BY warning_code, column_name ORDER BY row_no) AS n FROM stage_warning) w "
        "WHERE n <= %(listed)s ORDER BY 1, 2, 3",
        listed=LISTED_ROWS,
    )


def store_warnings(stage: Stage, found: Sequence[tuple[Any, ...]]) -> None:
    """Keep the warnings with the batch."""
    for start in range(0, len(found), STORE_ROWS):
        part = found[start : start + STORE_ROWS]
        stage.run(
            "INSERT INTO import_warning (batch_id, warning_code, column_name, row_no, warning, grid_code) "
            "SELECT %(batch)s, w.*, %(county)s FROM unnest(%(codes)s::text[], %(columns)s::text[], %(rows)s::int[], "
            "%(texts)s::text[]) AS w",
            codes=[row[0] for row in part],
            columns=[row[1] for row in part],
            rows=[row[2] for row in part],
            texts=[mask_numbers(words(WARNINGS[code], column, facts)) for code, column, _row, facts in part],
        )
