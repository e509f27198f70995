"""Visits (走访) kept elsewhere before."""

from __future__ import annotations

from importing.stage.stage import Stage
from importing.stage.territory import check_positions
from importing.targets.base import Target
from importing.values.fields import Field, Kind, one_of
from layers.visits.vocabulary import VisitOutcome


class VisitTarget(Target):
    """Rows become visits to households. A visit is never changed: the same key again is the same visit."""

    name = "visit"
    stored_in = "visit"
    fields = (
        Field("household_no", Kind.CODE, required=True),
        Field("visitor", Kind.TEXT, required=True),
        Field("visited_at", Kind.TIME, required=True, past=True),
        Field(
            "result",
            Kind.TEXT,
            required=True,
            allowed=one_of(*VisitOutcome),
        ),
        Field("note", Kind.TEXT),
    )
    geometry = "point"
    work_columns = (("client_uid", "uuid"),)

    def compare(self, stage: Stage) -> None:
        """By an identifier made from county, source and key."""
        stage.run(
            "UPDATE stage_row SET client_uid = md5(concat_ws('|', 'visit', %(county)s::text, %(source)s::text, source_key))::uuid"
        )
        stage.run("UPDATE stage_row s SET outcome = 'unchanged' FROM visit v WHERE v.client_uid = s.client_uid")

    def resolve(self, stage: Stage) -> None:
        """The household must be there; the visit belongs to its grid."""
        check_positions(stage)
        stage.run(
            "UPDATE stage_row s SET entity_id = h.id, grid_code = h.grid_code FROM household h "
            "WHERE h.household_no = s.household_no AND s.outcome <> 'unchanged'"
        )
        stage.reject(
            "unknown_parent",
            "household_no",
            "SELECT row_no, jsonb_build_object('value', household_no) FROM stage_row "
            "WHERE entity_id IS NULL AND outcome <> 'unchanged'",
        )

    def publish(self, stage: Stage) -> None:
        """Insert, and bring the households' latest visit up to date."""
        note = "note" if stage.maps("note") else "NULL"
        geom = "geom" if stage.geometry else "NULL"
        stage.run(
            "INSERT INTO visit (client_uid, household_id, visitor, visited_at, outcome, note, grid_code, geom) "  # noqa: S608
            f"SELECT client_uid, entity_id, visitor, visited_at, result, {note}, grid_code, {geom} FROM stage_row "
            "WHERE outcome = 'added' ORDER BY row_no"
        )
        stage.run(
            """
            UPDATE household h SET last_visit_at = l.at
            FROM (SELECT entity_id, max(visited_at) AS at FROM stage_row WHERE outcome = 'added' GROUP BY 1) l
            WHERE h.id = l.entity_id AND (h.last_visit_at IS NULL OR h.last_visit_at < l.at)
            """
        )
        stage.run(
            """
            INSERT INTO change (batch_id, entity, entity_id, operation, after, actor, grid_code)
            SELECT %(batch)s, 'visit', v.id::text, 'added', jsonb_build_object('household_id', v.household_id,
                   'visited_at', v.visited_at, 'outcome', v.outcome), %(actor)s, v.grid_code
            FROM stage_row s JOIN visit v USING (client_uid) WHERE s.outcome = 'added' ORDER BY s.row_no
            """
        )
