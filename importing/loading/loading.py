"""Reading and standardising (读取、标准化): a file → rows in the stage table, rejected rows beside them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any

import orjson

from database.geodesy.crs import Bounds
from grid.extent import county_bounds
from importing.errors import FileEmpty, MappingInvalid
from importing.files.cells import fault_of, plain_key, shown_text
from importing.files.source import CRS_COLUMN, FID_COLUMN, WKT_COLUMN, RowBatch, Source
from importing.loading.coordinates import Projector
from importing.loading.rejects import broken_record, reject_line, row_record
from importing.mappings.mapping import Mapping
from importing.progress import Progress
from importing.stage.stage import Stage, as_json, copy_line, create_stage
from importing.stage.warnings import COLUMNS, row_warnings, warning_line
from importing.targets.base import Target, Text
from importing.values.dates import RowProblem
from importing.values.fields import SEALED
from importing.values.limits import LONGEST, limits_of, long_text
from importing.values.reasons import Problem
from importing.values.standardise import (
    FieldReader,
    bytea,
    field_readers,
    is_shortened,
    read_row,
    refuse_fault,
    refuse_shortened,
)
from importing.vocabulary import ImportStage
from importing.whole_file.sample import Sample, SampledRow
from layers.people.masking import mask_numbers

REJECT_COLUMNS = ("row_no", "reason_code", "column_name", "facts", "row_cipher")
#: Columns that the workbook of rejected rows adds; they are no data.
WORKBOOK_COLUMNS = {"行号", "退回原因", "如何修改"}


class Loader:
    """Loads one file into the stage. Row by row in Python, because ciphers must be made before the database sees a row."""

    def __init__(self, stage: Stage, target: Target, source: Source) -> None:
        self._stage = stage
        self._target = target
        self._source = source
        self._mapping: Mapping = stage.mapping
        self._readers: list[FieldReader] = field_readers(self._mapping, target.fields, source.columns, stage.today)
        self._projector = _projector(stage, source, target)
        fields = [(reader.field, reader.column) for reader in self._readers]
        self._limits = limits_of(fields, target.storage())
        self._only = [(source.columns.index(name), frozenset(values)) for name, values in self._mapping.only.items()]
        self._key = self._key_columns()
        self._faults: dict[str, tuple[int, int]] = {}
        self._extra = self._attribute_columns() if target.keeps_attributes else []
        self.sample = Sample()
        self._sampled = [field.name for field in target.fields if field.kind not in SEALED]
        self.columns = self._create()

    def _create(self) -> list[str]:
        columns = [column for reader in self._readers for column in reader.field.stage_columns()]
        columns += list(self._target.derived_columns)
        if self._extra or self._target.keeps_attributes:
            columns.append(("attributes", "jsonb"))
        self._stage.geometry = self._projector is not None
        create_stage(self._stage, [*columns, *self._target.work_columns])
        names = ["row_no", "source_key", "row_hash", *(name for name, _kind in columns)]
        return [*names, "geom"] if self._projector else names

    def _key_columns(self) -> list[tuple[int, bool]]:
        """Places of the key's columns, and whether each holds a personal number (then its keyed hash is the key)."""
        sealed = {
            name
            for reader in self._readers
            if reader.field.kind in SEALED
            for name in self._mapping.columns[reader.field.name].sources()
        }
        return [(self._source.columns.index(name), name in sealed) for name in self._mapping.key]

    def _attribute_columns(self) -> list[tuple[int, str]]:
        used = set(self._mapping.used_columns())
        return [
            (i, name)
            for i, name in enumerate(self._source.columns)
            if name
            and name not in used
            and name not in WORKBOOK_COLUMNS
            and not name.startswith((FID_COLUMN, WKT_COLUMN, CRS_COLUMN))
        ]

    @property
    def extra_columns(self) -> list[str]:
        """The columns of the file that go to ``attributes``."""
        return [name for _place, name in self._extra]

    def load(self, progress: Progress | None = None) -> int:
        """Load every row; returns how many were read. Raises FileEmpty when there is none."""
        read = skipped = 0
        for batch in self._source.batches():
            read += len(batch.numbers) + len(batch.broken)
            kept = self._selected(batch)
            skipped += len(batch.values) - len(kept.values)
            self._load_batch(kept)
            if progress is not None:
                progress(ImportStage.READ, read)
        if read == 0:
            raise FileEmpty(self._mapping.title)
        self._stage.notices = self.notices()
        self._stage.counts["read"] = read
        self._stage.counts["skipped"] = skipped
        self._stage.analyse()
        return read

    def _selected(self, batch: RowBatch) -> RowBatch:
        """The rows the mapping's ``only`` lets through."""
        if not self._only:
            return batch
        keep = [
            i
            for i, row in enumerate(batch.values)
            if all(row[place] in allowed or _is_marked(row[place]) for place, allowed in self._only)
        ]
        return RowBatch(
            [batch.numbers[i] for i in keep],
            [batch.values[i] for i in keep],
            None if batch.geometries is None else batch.geometries[keep],
            batch.broken,
            {new: batch.flaws[old] for new, old in enumerate(keep) if old in batch.flaws},
            batch.quotes,
        )

    def _faults_in_selection(self, row: Sequence[Text]) -> list[Problem]:
        """A cell without a value of its own does not tell whether its row belongs to this table."""
        faults = [(fault_of(row[place] or ""), self._source.columns[place]) for place, _allowed in self._only]
        return [Problem(fault[0], column, dict(fault[1])) for fault, column in faults if fault is not None]

    def _load_batch(self, batch: RowBatch) -> None:
        geometries, geometry_problems = (
            self._projector.project(batch) if self._projector else ([None] * len(batch.values), [])
        )
        lines: list[str] = []
        rejects: list[str] = []
        warnings: list[str] = []
        for i, row in enumerate(batch.values):
            number = batch.numbers[i]
            key, key_problem = self._key_of(row, number)
            clean = read_row(self._readers, row, self._stage.sealer, (self._target.name, self._stage.source, key))
            kept = self.sample.place()
            if kept is not None:
                values = {name: clean.plain.get(name) for name in self._sampled}
                self.sample.put(kept, SampledRow(row, values))
            problems = clean.problems
            if key_problem is not None:
                problems.append(key_problem)
            problems += self._faults_in_selection(row)
            problems += self._beyond_limits(clean.plain, key)
            derived = self._target.derive(clean.plain, problems)
            if geometry_problems and geometry_problems[i]:
                problems += geometry_problems[i]
            if problems:
                rejects += self._reject_lines(batch, i, problems)
                continue
            warnings += [warning_line(self._stage, number, w) for w in row_warnings(self._target.fields, clean.plain)]
            hashed = clean.hashed
            cells: list[Text] = [*clean.values, *derived]
            if self._target.keeps_attributes:
                attributes = self._attributes(row, number)
                cells.append(attributes)
                hashed.append(attributes)
            if self._projector:
                cells.append(geometries[i])
                hashed.append(geometries[i])
            lines.append(copy_line([str(number), key, _row_hash(hashed), *cells]))
        for number, found in batch.broken.items():
            problem = Problem("bad_row", None, {"found": len(found), "expected": len(self._source.columns)})
            if number in batch.quotes:
                problem = Problem("bad_quotes")
            record = broken_record(self._source, found)
            rejects.append(reject_line(self._stage, number, problem, record))
        if lines:
            self._stage.copy("stage_row", self.columns, lines)
        if warnings:
            self._stage.copy("stage_warning", COLUMNS, warnings)
        if rejects:
            self._stage.copy("stage_reject", REJECT_COLUMNS, rejects)

    def _beyond_limits(self, plain: dict[str, Text], key: str) -> list[Problem]:
        """What the columns of the database cannot hold."""
        found = [limit(value) for name, limit in self._limits if (value := plain[name]) is not None]
        if len(key) > LONGEST:
            found.append(long_text("、".join(self._mapping.key), len(key)))
        return [problem for problem in found if problem is not None]

    def _key_of(self, row: Sequence[Text], number: int) -> tuple[str, Problem | None]:
        """The record's key in its source, or what is wrong with it; personal numbers enter it only as keyed hashes."""
        if not self._key:
            return f"#{number}", None
        parts = []
        for place, sealed in self._key:
            text = row[place] or ""
            try:
                refuse_fault(text)
                refuse_shortened(text)
                text = plain_key(text)
            except RowProblem as problem:
                return "", problem.at(self._source.columns[place])
            if sealed and text:
                text = self._stage.sealer.identity(text).hex()[:32]
            elif len(self._key) > 1:
                text = text.replace("\\", "\\\\").replace("|", "\\|")  # two keys shall not look alike when joined
            parts.append(text)
        if any(parts):
            return "|".join(parts), None
        return "", Problem("missing_value", "、".join(self._mapping.key))

    def _attributes(self, row: Sequence[Text], number: int) -> str:
        """The columns the mapping does not use, as JSON; a cell without a value of its own is told."""
        found: dict[str, Any] = {}
        for place, name in self._extra:
            text = row[place]
            if text is None:
                continue
            if text.startswith("\x00") or (_CODE_LIKE.search(name) and is_shortened(text)):
                first, times = self._faults.get(name, (number, 0))
                self._faults[name] = first, times + 1
                text = shown_text(text)
            if text:
                found[name] = self._attribute(name, text)
        return as_json(found)

    def _attribute(self, name: str, text: str) -> Any:
        """A value that no field takes, as it is kept: a list as a list, all else as text; numbers of persons masked."""
        if name not in self._source.structured:
            return mask_numbers(text)
        try:
            return _masked(orjson.loads(text))
        except orjson.JSONDecodeError:
            return mask_numbers(text)

    def notices(self) -> list[str]:
        """What the file's reader and the loading left aside, Chinese / English; complete once all is loaded."""
        return [
            *self._source.notices,
            *(
                f"“{name}”（映射没有用到）有 {times} 行不是完整的值（错误值、没有结果的公式、合并单元格、空字节、丢了末位的数字），首见第 {first} 行 / in column {name}, which the "
                f"mapping does not use: {times} cells are no whole values (errors, formulas without a result, merged, zero bytes, lost digits) "
                f"(first in row {first})"
                for name, (first, times) in self._faults.items()
            ),
        ]

    def _reject_lines(self, batch: RowBatch, place: int, problems: Sequence[Problem]) -> list[str]:
        record = row_record(self._source, batch, place)
        return [reject_line(self._stage, batch.numbers[place], problem, record) for problem in problems]


#: names of columns whose values are codes, not quantities
_CODE_LIKE = re.compile(r"号|码|编|证|电话|手机|(?i:\bid\b|code|\bno\b|phone|number)")


def _is_marked(text: Text) -> bool:
    return text is not None and text.startswith("\x00")


def _projector(stage: Stage, source: Source, target: Target) -> Projector | None:
    mapping = stage.mapping
    spatial = mapping.position is not None or source.spatial or source.crs is not None or mapping.crs is not None
    if target.geometry == "none" or not spatial:
        if target.geometry_required:
            raise MappingInvalid(f"{mapping.name}：目标 {target.name} 需要坐标 / this target needs coordinates")
        return None
    bounds = mapping.bounds or _county_bounds(stage)
    required = target.geometry_required or mapping.empty_position == "reject"
    return Projector(mapping, source, target.geometry, required=required, bounds=bounds)


def _county_bounds(stage: Stage) -> Bounds | None:
    found = county_bounds(stage.connection)
    return None if found is None else (found[0], found[1], found[2], found[3])


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return mask_numbers(value)
    if isinstance(value, list):
        return [_masked(one) for one in value]
    return {name: _masked(one) for name, one in value.items()} if isinstance(value, dict) else value


def _row_hash(hashed: Sequence[Text]) -> str:
    text = "\x1f".join("" if value is None else value for value in hashed)
    return bytea(hashlib.blake2b(text.encode(), digest_size=16).digest())
