"""Grid workers (网格员) and their postings (网格责任)."""

from __future__ import annotations

from psycopg import sql

from database.secrets.seal import row_binding
from grid.postings import post_worker
from grid.vocabulary import Duty
from importing.stage.stage import Stage
from importing.targets.base import Target
from importing.values.fields import Field, Kind, one_of
from importing.values.standardise import sealed_for


class WorkerTarget(Target):
    """Each row is a worker responsible for a cell from a day on. A worker is known by sign-in name, else name and phone."""

    name = "worker"
    stored_in = "grid_worker"
    fields = (
        Field("name", Kind.NAME, required=True),
        Field("username", Kind.CODE),
        Field("phone", Kind.PHONE),
        Field(
            "cell_code",
            Kind.CODE,
            required=True,
            pattern=r"\d{15}(\d{2})?",
            expected=("网格 15 位、微网格 17 位数字", "15 digits for a cell, 17 for a micro cell"),
        ),
        Field("duty", Kind.TEXT, allowed=one_of(*Duty)),
        Field("valid_from", Kind.DATE),
    )

    def begin(self, stage: Stage) -> None:
        """Columns that the mapping leaves out."""
        missing = [
            ("username", "text"),
            ("phone_cipher", "bytea"),
            ("phone_masked", "text"),
            ("duty", "text"),
            ("valid_from", "date"),
        ]
        mapped = {column for field in self.fields if stage.maps(field.name) for column, _kind in field.stage_columns()}
        self.work_columns = [("worker_key", "text"), *(item for item in missing if item[0] not in mapped)]

    def compare(self, stage: Stage) -> None:
        """A worker who is known and posted to the cell already, now or from that day on, is unchanged."""
        stage.run(
            "UPDATE stage_row SET duty = coalesce(duty, 'lead'), valid_from = coalesce(valid_from, %(today)s), "
            "worker_key = coalesce(username, name || '|' || coalesce(phone_masked, ''))"
        )
        stage.run("UPDATE stage_row s SET entity_id = w.id FROM grid_worker w WHERE {same}", same=SAME_WORKER)
        stage.run(
            "UPDATE stage_row s SET outcome = CASE WHEN w.name = s.name "
            "AND (s.phone_masked IS NULL OR w.phone_masked = s.phone_masked) AND EXISTS (SELECT FROM posting p "
            "WHERE p.worker_id = w.id AND p.cell_code = s.cell_code AND p.duty = s.duty "
            "AND (p.valid_to IS NULL OR p.valid_from = s.valid_from)) "
            "THEN 'unchanged' ELSE 'changed' END FROM grid_worker w WHERE w.id = s.entity_id"
        )

    def resolve(self, stage: Stage) -> None:
        """The cell must exist, and have one lead from a day on."""
        stage.reject(
            "unknown_parent",
            "cell_code",
            "SELECT row_no, jsonb_build_object('value', cell_code) FROM stage_row s "
            "WHERE NOT EXISTS (SELECT FROM grid_cell c WHERE c.code = s.cell_code AND c.valid_to IS NULL)",
        )
        stage.reject(
            "conflicting_lead",
            "cell_code",
            "SELECT s.row_no, jsonb_build_object('value', s.cell_code) FROM stage_row s WHERE s.duty = 'lead' AND ("
            "EXISTS (SELECT FROM stage_row o WHERE o.cell_code = s.cell_code AND o.duty = 'lead' "
            "AND o.valid_from = s.valid_from AND o.worker_key <> s.worker_key) OR EXISTS (SELECT FROM posting p "
            "WHERE p.cell_code = s.cell_code AND p.duty = 'lead' AND p.valid_from = s.valid_from "
            "AND p.worker_id IS DISTINCT FROM s.entity_id))",
        )

    def publish(self, stage: Stage) -> None:
        """Workers first, then their postings one by one: a new lead ends the posting of the one before."""
        stage.run(
            """
            UPDATE grid_worker w SET name = s.name, phone_masked = coalesce(s.phone_masked, w.phone_masked)
            FROM stage_row s WHERE w.id = s.entity_id AND s.outcome = 'changed'
            """
        )
        stage.run(
            """
            INSERT INTO grid_worker (name, username, phone_masked, grid_code)
            SELECT DISTINCT ON (worker_key) name, username, phone_masked, cell_code
            FROM stage_row WHERE entity_id IS NULL ORDER BY worker_key, row_no
            """
        )
        stage.run(
            "UPDATE stage_row s SET entity_id = w.id FROM grid_worker w WHERE s.entity_id IS NULL AND {same}",
            same=SAME_WORKER,
        )
        seal_phones(stage)
        rows = stage.rows(
            "SELECT row_no, entity_id, cell_code, duty, valid_from FROM stage_row WHERE outcome <> 'unchanged' "
            "ORDER BY valid_from, row_no"
        )
        for _number, worker, cell, duty, since in rows:
            posting = post_worker(stage.connection, worker, cell, duty=duty, since=since)
            stage.run(
                "INSERT INTO change (batch_id, entity, entity_id, operation, after, actor, grid_code) "
                "SELECT %(batch)s, 'posting', %(posting)s, 'added', jsonb_build_object('worker', name, 'cell_code', "
                "%(cell)s::text, 'duty', %(duty)s::text, 'valid_from', %(since)s::date), %(actor)s, %(cell)s "
                "FROM grid_worker WHERE id = %(worker)s",
                posting=str(posting),
                worker=worker,
                cell=cell,
                duty=duty,
                since=since,
            )


def seal_phones(stage: Stage) -> None:
    """Phones are bound to the number of the worker, which is known by now: a name or a phone may change."""
    if not stage.maps("phone"):
        return
    for key, worker, cipher in stage.rows(
        "SELECT DISTINCT ON (entity_id) source_key, entity_id, phone_cipher FROM stage_row "
        "WHERE outcome <> 'unchanged' AND phone_cipher IS NOT NULL ORDER BY entity_id, row_no"
    ):
        plain = stage.sealer.unseal_bytes(cipher, bound_to=sealed_for("phone", ("worker", stage.source, key)))
        stage.run(
            "UPDATE grid_worker SET phone_cipher = %(sealed)s WHERE id = %(worker)s",
            sealed=stage.sealer.seal_bytes(plain, bound_to=row_binding("grid_worker", "phone_cipher", worker)),
            worker=worker,
        )


SAME_WORKER = sql.SQL("coalesce(w.username, w.name || '|' || coalesce(w.phone_masked, '')) = s.worker_key")
