"""What events, places and objects have in common: a source key, an address as written, a position, other columns."""

from __future__ import annotations

from typing import ClassVar

from importing.stage.gridding import assign_grid
from importing.stage.matching import AddressField, match_fields
from importing.stage.publishing import Table, compare_rows, keep_positions, publish_rows
from importing.stage.stage import Stage
from importing.stage.territory import check_offset_by_address, check_offset_by_village, check_positions
from importing.targets.base import Target
from importing.values.fields import Field, Kind

VILLAGE_CODE = Field(
    "village_code", Kind.CODE, pattern=r"\d{6}(\d{3}(\d{3})?)?", expected=("6、9 或 12 位数字", "6, 9 or 12 digits")
)


class RecordTarget(Target):
    """A target whose rows are records of one table, found again by source and key."""

    table: ClassVar[Table]
    keeps_attributes = True
    matches_address: ClassVar[bool] = True
    match_column: ClassVar[str | None] = None

    def stored(self) -> Table:
        """The target's own table."""
        return self.table

    def begin(self, stage: Stage) -> None:
        """Columns for the matched address, when the mapping gives an address."""
        columns: list[tuple[str, str]] = []
        if self.matches_address and stage.maps("address_text"):
            columns.append(("address_id", "bigint"))
            if self.match_column is not None:
                columns.append((self.match_column, "jsonb"))
        self.work_columns = columns

    def compare(self, stage: Stage) -> None:
        """By source and key."""
        compare_rows(stage, self.table)

    def resolve(self, stage: Stage) -> None:
        """Positions, addresses, the grid."""
        check_positions(stage)
        if stage.maps("village_code"):
            check_offset_by_village(stage, "village_code")
        address = None
        if self.matches_address and stage.maps("address_text"):
            match_fields(stage, [AddressField("address_text", "address_id", self.match_column)])
            check_offset_by_address(stage, "address_id")
            address = "address_id"
        if not stage.geometry:
            self._keep_unmapped_positions(stage)
        assign_grid(stage, address=address, division="village_code" if stage.maps("village_code") else None)
        if address is not None:
            self._place_at_address(stage)

    def _keep_unmapped_positions(self, stage: Stage) -> None:
        """A file without positions moves no record but those whose address it changes."""
        stage.run("ALTER TABLE stage_row ADD COLUMN geom geometry(Geometry, 4490)")
        stage.geometry = True
        keep_positions(stage, self.table, moves_with_address=True)

    def _place_at_address(self, stage: Stage) -> None:
        """A record without a position of its own stands at the door of its address; where no address is known, it stays."""
        stage.run(
            "UPDATE stage_row s SET geom = a.geom FROM standard_address a "
            "WHERE a.id = s.address_id AND s.geom IS NULL AND s.outcome <> 'unchanged'"
        )
        if stage.mapping.empty_position != "clear":
            keep_positions(stage, self.table, moves_with_address=False)

    def publish(self, stage: Stage) -> None:
        """Insert, update, changes."""
        publish_rows(stage, self.table)
