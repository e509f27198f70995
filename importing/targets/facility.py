"""Objects (物、部件): lamps, hydrants, cameras, manholes, boundary stones."""

from __future__ import annotations

from importing.stage.publishing import Placed, Table
from importing.stage.stage import Stage
from importing.targets.records import VILLAGE_CODE, RecordTarget
from importing.values.fields import Field, Kind, one_of
from layers.facilities.vocabulary import FacilityState


class FacilityTarget(RecordTarget):
    """Rows become objects; each must have a position."""

    name = "facility"
    fields = (
        Field("kind", Kind.TEXT, required=True),
        Field("name", Kind.TEXT, required=True),
        Field("state", Kind.TEXT, allowed=one_of(*FacilityState)),
        VILLAGE_CODE,
    )
    geometry = "point"
    geometry_required = True
    matches_address = False
    snapshot_possible = True
    table = Table(
        "facility",
        columns=("kind", "name", "state", "attributes"),
        visible=("kind", "name", "state", "attributes"),
        placed=(Placed(("name", "attributes")),),
        geometry="point",
    )

    def publish(self, stage: Stage) -> None:
        """A complete file retires the objects it lacks, unless rows of it were sent back."""
        super().publish(stage)
        if stage.mapping.snapshot:
            stage.counts["removed"] = stage.run_in_sets(
                """
                WITH gone AS (
                    UPDATE facility f SET state = 'retired', updated_at = now()
                    WHERE f.source = %(source)s AND f.state <> 'retired'
                      AND NOT EXISTS (SELECT FROM stage_row s WHERE s.source_key = f.source_key)
                      AND NOT EXISTS (SELECT FROM stage_reject)
                    RETURNING f.id, f.kind, f.name, f.grid_code
                )
                INSERT INTO change (batch_id, entity, entity_id, operation, before, actor, grid_code)
                SELECT %(batch)s, 'facility', id::text, 'removed', jsonb_build_object('kind', kind, 'name', name),
                       %(actor)s, grid_code FROM gone
                """
            )
