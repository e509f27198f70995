"""What every target has: fields, geometry, and three steps (derive in Python, resolve and publish in SQL)."""

from __future__ import annotations

import re
from collections.abc import Mapping as Values
from collections.abc import Sequence
from typing import ClassVar, Literal, LiteralString

from importing.errors import MappingInvalid
from importing.mappings.mapping import Mapping
from importing.stage.publishing import Table
from importing.stage.stage import Stage
from importing.values.fields import Field, Kind
from importing.values.reasons import Problem

Text = str | None
GeometryKind = Literal["none", "point", "multipolygon", "any", "shape"]


class Target:
    """What the rows of a department table become. One subclass per kind of record, each in its own module."""

    name: ClassVar[str]
    #: table whose columns bear the names of the fields
    stored_in: ClassVar[str] = ""
    fields: ClassVar[Sequence[Field]]
    geometry: ClassVar[GeometryKind] = "none"
    geometry_required: ClassVar[bool] = False
    keeps_attributes: ClassVar[bool] = False
    snapshot_possible: ClassVar[bool] = False
    #: columns that ``derive`` fills, and columns that ``resolve`` fills
    derived_columns: Sequence[tuple[str, str]] = ()
    work_columns: Sequence[tuple[str, str]] = ()

    def check_mapping(self, mapping: Mapping) -> None:
        """Raise MappingInvalid when the mapping names a field the target lacks, or leaves out one it needs."""
        known = {field.name for field in self.fields}
        unknown = [name for name in mapping.columns if name not in known]
        missing = [field.name for field in self.fields if field.required and field.name not in mapping.columns]
        if unknown or missing:
            raise MappingInvalid(
                f"{mapping.name}：目标 {self.name} 没有字段 {'、'.join(unknown) or '—'}，缺少字段 {'、'.join(missing) or '—'}；"
                f"可用：{'、'.join(sorted(known))} / unknown fields: {unknown}; missing fields: {missing}",
                unknown=unknown,
                missing=missing,
            )
        self._check_columns(mapping)
        if mapping.snapshot and not self.snapshot_possible:
            raise MappingInvalid(f"{mapping.name}：目标 {self.name} 不支持 snapshot / snapshot is not possible here")

    def storage(self) -> str:
        """The table whose columns bear the names of the fields: what they can hold is looked up there."""
        table = self.stored()
        return self.stored_in if table is None else table.name

    def _check_columns(self, mapping: Mapping) -> None:
        """Raise MappingInvalid, with the line, where a column clears what cannot be empty, or a code has the wrong form."""
        for field in self.fields:
            spec = mapping.columns.get(field.name)
            if spec is None:
                continue
            if spec.empty == "clear" and not self.may_clear(field):
                raise MappingInvalid(
                    f"{mapping.place('columns', field.name, 'empty')}：{field.name} 不能清空，写 keep 或 reject / "
                    f"{field.name} cannot be cleared: write keep or reject"
                )
            if spec.code is not None:
                _check_template(mapping, field)

    def stored(self) -> Table | None:
        """The table that keeps the fields, when it keeps them under their names."""
        return None

    def may_clear(self, field: Field) -> bool:
        """Whether an empty cell may take the value of this field away."""
        table = self.stored()
        if field.required or table is None or field.name in (table.key, table.stage_key):
            return False
        return field.stage_columns()[0][0] in table.columns

    #: fields that ``resolve`` fills where the file does not
    given: ClassVar[frozenset[str]] = frozenset()
    #: fields that are kept only under a condition on the staged row ``s`` and the record ``t``
    kept_if: ClassVar[Values[str, LiteralString]] = {}

    def begin(self, stage: Stage) -> None:
        """Before any row is read: look up what ``derive`` needs."""

    def derive(self, values: Values[str, Text], problems: list[Problem]) -> list[Text]:  # noqa: ARG002
        """The derived columns of one row, from its standardised values; may add problems."""
        return []

    def compare(self, stage: Stage) -> None:
        """Find the record of each row: set entity_id and outcome (added, changed, unchanged)."""
        raise NotImplementedError

    def resolve(self, stage: Stage) -> None:
        """Set-based: match addresses, find parents, assign the grid; reject what cannot be published."""

    def publish(self, stage: Stage) -> None:
        """Insert, update, and write the changes. Rows whose outcome is unchanged are left alone."""
        raise NotImplementedError


def _check_template(mapping: Mapping, field: Field) -> None:
    """A code template writes codes, of the length that the field takes."""
    template = mapping.columns[field.name].code
    assert template is not None
    place = mapping.place("columns", field.name, "code")
    if field.kind is not Kind.CODE:
        raise MappingInvalid(f"{place}：{field.name} 不是代码，不能用编码模板 / {field.name} is no code")
    sample = template.sample()
    if sample is not None and field.pattern and re.fullmatch(field.pattern, sample) is None:
        raise MappingInvalid(
            f"{place}：编码模板写出 {len(sample)} 位（如 {sample}），{field.name} 应为{field.expected[0]} / "
            f"the template writes {len(sample)} characters; {field.name} takes {field.expected[1]}"
        )
