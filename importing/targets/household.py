"""Households (户)."""

from __future__ import annotations

from psycopg import sql

from importing.stage.publishing import Placed, Table
from importing.stage.stage import Stage
from importing.targets.records import VILLAGE_CODE, RecordTarget
from importing.values.fields import Field, Kind, one_of
from layers.people.vocabulary import HouseholdKind


class HouseholdTarget(RecordTarget):
    """Rows become households, identified by household number whatever the source; their point is the door's."""

    name = "household"
    fields = (
        Field("household_no", Kind.CODE, required=True),
        Field("kind", Kind.TEXT, allowed=one_of(*HouseholdKind)),
        Field("head_name", Kind.NAME),
        Field("address_text", Kind.ADDRESS),
        Field("status_codes", Kind.LIST),
        VILLAGE_CODE,
    )
    geometry = "point"
    keeps_attributes = False
    table = Table(
        "household",
        columns=("household_no", "kind", "head_name", "address_text", "address_id", "status_codes", "source"),
        visible=("household_no", "kind", "head_name", "address_text", "address_id", "status_codes"),
        placed=(Placed(("address_text", "address_id"), "address_id"),),
        key="household_no",
        stage_key="household_no",
        sourced=False,
        hashed=False,
        stamped=False,
        geometry="point",
    )

    def begin(self, stage: Stage) -> None:
        """The source is a plain column here: a household has one number, whoever reports it."""
        super().begin(stage)
        self.work_columns = [*self.work_columns, ("source", "text")]

    def compare(self, stage: Stage) -> None:
        """By household number."""
        stage.run("UPDATE stage_row SET source = %(source)s")
        stage.reject(
            "duplicate_key",
            "household_no",
            "SELECT s.row_no, jsonb_build_object('key', household_no, 'rows', twice.rows) FROM stage_row s JOIN "
            "(SELECT household_no, string_agg(row_no::text, '、') AS rows FROM stage_row GROUP BY 1 HAVING count(*) > 1) twice "
            "USING (household_no)",
        )
        super().compare(stage)
        self._find_unchanged(stage)

    def _find_unchanged(self, stage: Stage) -> None:
        """Households that the file leaves as they are: nothing about them has to be matched or placed again.

        An address that has no standard address yet is tried again; so is one whose door has moved, or changed its cell.
        """
        if stage.geometry:
            return
        same = [
            sql.SQL("(s.{0} IS NOT DISTINCT FROM t.{0}{1})").format(
                sql.Identifier(name),
                sql.SQL(
                    "" if stage.mapping.empty_of(name) == "clear" else " OR s.{0} IS NULL OR s.{0}::text = '[]'"
                ).format(sql.Identifier(name)),
            )
            for name in ("kind", "head_name", "address_text", "status_codes")
            if stage.maps(name)
        ]
        stage.set_aside = stage.run_in_sets(
            "UPDATE stage_row s SET outcome = 'unchanged' FROM household t JOIN standard_address a ON a.id = t.address_id "
            "WHERE t.household_no = s.household_no AND s.outcome = 'changed' AND a.status <> 'retired' "
            "AND a.grid_code = t.grid_code AND a.geom IS NOT DISTINCT FROM t.geom{same}",
            same=sql.SQL("").join(sql.SQL(" AND ") + one for one in same),
        )
