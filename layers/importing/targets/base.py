"""What every target has: fields, geometry, and three steps (derive in Python, resolve and publish in SQL)."""

from __future__ import annotations

from collections.abc import Mapping as Values
from collections.abc import Sequence
from typing import ClassVar, Literal

from layers.importing.errors import MappingInvalid
from layers.importing.fields import Field
from layers.importing.mapping import Mapping
from layers.importing.reasons import Problem
from layers.importing.stage import Stage

Text = str | None
GeometryKind = Literal["none", "point", "multipolygon", "any"]


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
        if mapping.snapshot and not self.snapshot_possible:
            raise MappingInvalid(f"{mapping.name}：目标 {self.name} 不支持 snapshot / snapshot is not possible here")

    def storage(self) -> str:
        """The table whose columns bear the names of the fields: what they can hold is looked up there."""
        return self.stored_in

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
