"""Places (地): buildings, dwellings, premises, units, zones, parcels."""

from __future__ import annotations

from importing.stage.publishing import Placed, Table
from importing.stage.stage import Stage
from importing.targets.records import VILLAGE_CODE, RecordTarget
from importing.values.fields import Field, Kind, one_of
from layers.places.vocabulary import Occupancy, PlaceKind


class PlaceTarget(RecordTarget):
    """Rows become places, points or outlines. ``parent_key`` names the place above by its key in ``parent_source``."""

    name = "place"
    fields = (
        Field(
            "kind",
            Kind.TEXT,
            required=True,
            allowed=one_of(*PlaceKind),
        ),
        Field("name", Kind.TEXT, required=True),
        Field("code", Kind.CODE),
        Field("occupancy", Kind.TEXT, allowed=one_of(*Occupancy)),
        Field("address_text", Kind.TEXT),
        VILLAGE_CODE,
        Field("parent_key", Kind.CODE),
        Field("parent_source", Kind.CODE),
    )
    geometry = "any"
    table = Table(
        "place",
        columns=("kind", "name", "code", "occupancy", "address_text", "address_id", "parent_id", "attributes"),
        visible=("kind", "name", "code", "occupancy", "address_text", "address_id", "parent_id", "attributes"),
        placed=(
            Placed(("name", "code", "parent_id", "attributes")),
            Placed(("address_text", "address_id"), "address_id"),
        ),
        geometry="outline",
    )

    def begin(self, stage: Stage) -> None:
        """A column for the place above, when the mapping names it."""
        super().begin(stage)
        if stage.maps("parent_key"):
            self.work_columns = [*self.work_columns, ("parent_id", "bigint")]

    def resolve(self, stage: Stage) -> None:
        """The place above must be there already; then as every record."""
        if stage.maps("parent_key"):
            _find_parents(stage, same_source=not stage.maps("parent_source"))
        super().resolve(stage)


def _find_parents(stage: Stage, *, same_source: bool) -> None:
    if same_source:
        stage.run("ALTER TABLE stage_row ADD COLUMN IF NOT EXISTS parent_source text")
        stage.run("UPDATE stage_row SET parent_source = %(source)s WHERE parent_key IS NOT NULL")
    stage.run(
        "UPDATE stage_row s SET parent_id = p.id FROM place p "
        "WHERE p.source = s.parent_source AND p.source_key = s.parent_key AND s.outcome <> 'unchanged'"
    )
    stage.reject(
        "unknown_parent",
        "parent_key",
        "SELECT row_no, jsonb_build_object('value', parent_key) FROM stage_row "
        "WHERE parent_key IS NOT NULL AND parent_id IS NULL AND outcome <> 'unchanged'",
    )
