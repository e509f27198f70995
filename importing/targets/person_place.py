"""Who lives, works or owns where (人地关联)."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

from importing.errors import MappingInvalid
from importing.mappings.mapping import Mapping
from importing.stage.stage import Stage
from importing.targets.base import Target
from importing.values.fields import Field, Kind, one_of
from layers.people.vocabulary import PersonPlaceRelation


class PersonPlaceTarget(Target):
    """Rows link a person (by ID number, or by key in person_source) with a place (by key in place_source)."""

    name = "person_place"
    stored_in = "person_place"
    fields = (
        Field("id_number", Kind.ID_NUMBER),
        Field("person_key", Kind.CODE),
        Field("person_source", Kind.CODE),
        Field("place_key", Kind.CODE, required=True),
        Field("place_source", Kind.CODE, required=True),
        Field("relation", Kind.TEXT, required=True, allowed=one_of(*PersonPlaceRelation)),
        Field("valid_from", Kind.DATE),
        Field("valid_to", Kind.DATE),
    )
    work_columns: Sequence[tuple[str, str]] = (("person_id", "bigint"), ("place_id", "bigint"))

    def may_clear(self, field: Field) -> bool:
        """Only the last day: a link that had ended begins again."""
        return field.name == "valid_to"

    def check_mapping(self, mapping: Mapping) -> None:
        """The person must be named one way or the other."""
        super().check_mapping(mapping)
        if "id_number" not in mapping.columns and not {"person_key", "person_source"} <= set(mapping.columns):
            raise MappingInvalid(f"{mapping.name}：需要 id_number，或 person_key 和 person_source / name the person")

    def begin(self, stage: Stage) -> None:
        """Dates that the mapping leaves out."""
        missing = [(name, "date") for name in ("valid_from", "valid_to") if not stage.maps(name)]
        self.work_columns = [*type(self).work_columns, *missing]

    def compare(self, stage: Stage) -> None:
        """Find person and place, then the link between them."""
        if stage.maps("id_number"):
            stage.run("UPDATE stage_row s SET person_id = p.id FROM person p WHERE p.id_number_hash = s.id_number_hash")
        if stage.maps("person_key"):
            stage.run(
                "UPDATE stage_row s SET person_id = p.id FROM person p WHERE s.person_id IS NULL "
                "AND p.source = s.person_source AND p.source_key = s.person_key"
            )
        stage.run(
            "UPDATE stage_row s SET place_id = p.id, grid_code = p.grid_code FROM place p "
            "WHERE p.source = s.place_source AND p.source_key = s.place_key"
        )
        kept = not stage.maps("valid_to") or stage.mapping.empty_of("valid_to") != "clear"
        ended = stage.value(
            "SELECT count(*)::int FROM stage_row s JOIN person_place l ON l.person_id = s.person_id "
            "AND l.place_id = s.place_id AND l.relation = s.relation AND coalesce(s.valid_from, l.valid_from) = l.valid_from "
            "WHERE s.valid_to IS NULL AND l.valid_to IS NOT NULL"
        )
        if stage.maps("valid_to"):
            stage.count_empty(stage.column_of("valid_to") or "valid_to", "kept" if kept else "cleared", ended)
        # without a first day of its own, a row means the link that is there
        stage.run(
            "UPDATE stage_row s SET entity_id = l.id, valid_from = l.valid_from, "
            "valid_to = {last}, "
            "outcome = CASE WHEN {last} IS NOT DISTINCT FROM l.valid_to THEN 'unchanged' ELSE 'changed' END "
            "FROM person_place l WHERE l.person_id = s.person_id AND l.place_id = s.place_id "
            "AND l.relation = s.relation AND coalesce(s.valid_from, l.valid_from) = l.valid_from",
            last=sql.SQL("coalesce(s.valid_to, l.valid_to)" if kept else "s.valid_to"),
        )
        stage.run("UPDATE stage_row SET valid_from = date '1949-10-01' WHERE valid_from IS NULL")

    def resolve(self, stage: Stage) -> None:
        """Both ends must be there, and the days in order."""
        for end, field in (
            ("person_id", "id_number" if stage.maps("id_number") else "person_key"),
            ("place_id", "place_key"),
        ):
            shown = "'—'" if field == "id_number" else field
            stage.reject(
                "unknown_parent",
                field,
                f"SELECT row_no, jsonb_build_object('value', {shown}) FROM stage_row WHERE {end} IS NULL",  # noqa: S608
            )
        stage.reject(
            "impossible_date",
            "valid_to",
            "SELECT row_no, jsonb_build_object('value', valid_to, 'why', '早于开始日期', 'why_en', 'before the first day') "
            "FROM stage_row WHERE valid_to < valid_from",
        )
        stage.reject(
            "duplicate_key",
            None,
            "SELECT s.row_no, jsonb_build_object('key', s.source_key, 'rows', '') FROM stage_row s JOIN "
            "(SELECT person_id, place_id, relation, valid_from FROM stage_row GROUP BY 1, 2, 3, 4 HAVING count(*) > 1) twice "
            "USING (person_id, place_id, relation, valid_from)",
        )

    def publish(self, stage: Stage) -> None:
        """Insert new links, end those that ended."""
        stage.run(
            """
            INSERT INTO person_place (person_id, place_id, relation, valid_from, valid_to, grid_code)
            SELECT person_id, place_id, relation, valid_from, valid_to, grid_code FROM stage_row
            WHERE outcome = 'added' ORDER BY row_no
            """
        )
        stage.run(
            "UPDATE person_place l SET valid_to = s.valid_to FROM stage_row s "
            "WHERE l.id = s.entity_id AND s.outcome = 'changed'"
        )
        stage.run(
            """
            INSERT INTO change (batch_id, entity, entity_id, operation, fields, after, actor, grid_code)
            SELECT %(batch)s, 'person_place', l.id::text, s.outcome,
                   CASE s.outcome WHEN 'changed' THEN '["valid_to"]'::jsonb ELSE '[]'::jsonb END,
                   jsonb_strip_nulls(jsonb_build_object('person_id', l.person_id, 'place_id', l.place_id,
                   'relation', l.relation, 'valid_from', l.valid_from, 'valid_to', l.valid_to)), %(actor)s, l.grid_code
            FROM stage_row s JOIN person_place l USING (person_id, place_id, relation, valid_from)
            WHERE s.outcome IN ('added', 'changed') ORDER BY s.row_no
            """
        )
