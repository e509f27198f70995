"""Households named by person rows, and who belongs to them (户籍成员)."""

from __future__ import annotations

from psycopg import sql

from importing.stage.stage import Stage

#: How departments write that a person is the head of the household.
HEADS = ["户主", "戶長", "本人", "head"]


def publish_households(stage: Stage) -> None:
    """Make the households that are not there yet, at the address of their head; set household_id of every row."""
    text = _first_of(stage, ("registered_address_text", "actual_address_text"))
    address = _first_of(stage, ("registered_address_id", "actual_address_id"))
    stage.run(
        """
        WITH made AS (
            INSERT INTO household (household_no, kind, head_name, address_text, address_id, source, grid_code, geom)
            SELECT n.household_no, coalesce(n.kind, 'family'), n.head, n.text, n.address_id, %(source)s,
                   coalesce(a.grid_code, n.grid_code), a.geom
            FROM (SELECT DISTINCT ON (household_no) household_no, {kind} AS kind, {text} AS text, {address} AS address_id,
                         grid_code, CASE WHEN {relation} = ANY(%(heads)s) THEN name END AS head
                  FROM stage_row s WHERE household_no IS NOT NULL AND outcome <> 'unchanged'
                  ORDER BY household_no, ({relation} = ANY(%(heads)s)) IS TRUE DESC, row_no) n
            LEFT JOIN standard_address a ON a.id = n.address_id
            WHERE NOT EXISTS (SELECT FROM household h WHERE h.household_no = n.household_no)
            ORDER BY n.household_no
            RETURNING id, household_no, head_name, address_text, grid_code
        )
        INSERT INTO change (batch_id, entity, entity_id, operation, after, actor, grid_code)
        SELECT %(batch)s, 'household', id::text, 'added', jsonb_strip_nulls(jsonb_build_object(
               'household_no', household_no, 'head_name', head_name, 'address_text', address_text)), %(actor)s, grid_code
        FROM made
        """,
        heads=HEADS,
        kind=_column(stage, "household_kind"),
        relation=_column(stage, "relation"),
        text=text,
        address=address,
    )
    stage.run(
        "UPDATE stage_row s SET household_id = h.id FROM household h "
        "WHERE h.household_no = s.household_no AND s.outcome <> 'unchanged'"
    )


def publish_members(stage: Stage) -> None:
    """Add memberships that are new, mend the relation of those that are not; a complete file closes what it lacks."""
    stage.run("DROP TABLE IF EXISTS pg_temp.stage_member")
    stage.run(
        "CREATE TEMP TABLE stage_member ON COMMIT DROP AS SELECT DISTINCT ON (household_id, entity_id) "
        "row_no, household_id, entity_id AS person_id, {relation} AS relation, {since} AS valid_from FROM stage_row s "
        "WHERE household_id IS NOT NULL AND entity_id IS NOT NULL ORDER BY household_id, entity_id, row_no",
        relation=_column(stage, "relation"),
        since=sql.SQL("coalesce({}, date '1949-10-01')").format(_column(stage, "member_from", "date")),
    )
    _mend_relations(stage)
    _add_members(stage)
    if stage.mapping.snapshot:
        _close_absent(stage)


def count_empty_relations(stage: Stage) -> None:
    """For the report: members whose row has no relation."""
    if not (stage.maps("relation") and stage.maps("household_no")):
        return
    n = stage.value(
        "SELECT count(*)::int FROM stage_row s JOIN household h ON h.household_no = s.household_no "
        "JOIN household_member o ON o.household_id = h.id AND o.person_id = s.entity_id AND o.valid_to IS NULL "
        "WHERE s.relation IS NULL AND o.relation IS NOT NULL"
    )
    kept = stage.mapping.empty_of("relation") != "clear"
    stage.count_empty(stage.column_of("relation") or "relation", "kept" if kept else "cleared", n)


def _mend_relations(stage: Stage) -> None:
    """A relation that the file gives, or takes away where the mapping clears it."""
    clears = stage.maps("relation") and stage.mapping.empty_of("relation") == "clear"
    given = sql.SQL("true" if clears else "n.relation IS NOT NULL")
    stage.run(
        "UPDATE stage_row s SET outcome = 'changed' FROM stage_member n JOIN household_member o "
        "ON o.household_id = n.household_id AND o.person_id = n.person_id AND o.valid_to IS NULL "
        "WHERE s.row_no = n.row_no AND s.outcome = 'member' AND {given} AND o.relation IS DISTINCT FROM n.relation",
        given=given,
    )
    stage.run(
        """
        WITH mended AS (
            UPDATE household_member m SET relation = n.relation FROM stage_member n
            JOIN household_member o ON o.household_id = n.household_id AND o.person_id = n.person_id AND o.valid_to IS NULL
            WHERE m.id = o.id AND {given} AND o.relation IS DISTINCT FROM n.relation
            RETURNING m.id, o.relation AS before, m.relation AS after, m.grid_code
        )
        INSERT INTO change (batch_id, entity, entity_id, operation, fields, before, after, actor, grid_code)
        SELECT %(batch)s, 'household_member', id::text, 'changed', '["relation"]',
               jsonb_build_object('relation', before), jsonb_build_object('relation', after), %(actor)s, grid_code
        FROM mended
        """,
        given=given,
    )


def _add_members(stage: Stage) -> None:
    stage.run("DROP TABLE IF EXISTS pg_temp.member_made")
    stage.run(
        "CREATE TEMP TABLE member_made (id bigint, household_id bigint, person_id bigint, relation text, grid_code text) "
        "ON COMMIT DROP"
    )
    stage.run(
        """
        WITH made AS (
            INSERT INTO household_member (household_id, person_id, relation, valid_from, grid_code)
            SELECT n.household_id, n.person_id, n.relation, n.valid_from, h.grid_code
            FROM stage_member n JOIN household h ON h.id = n.household_id
            WHERE NOT EXISTS (SELECT FROM household_member m WHERE m.household_id = n.household_id
                              AND m.person_id = n.person_id AND m.valid_to IS NULL)
            ORDER BY n.row_no
            ON CONFLICT (household_id, person_id, valid_from) DO UPDATE SET valid_to = NULL
            RETURNING id, household_id, person_id, relation, grid_code
        )
        INSERT INTO member_made SELECT * FROM made
        """
    )
    stage.run(
        """
        INSERT INTO change (batch_id, entity, entity_id, operation, after, actor, grid_code)
        SELECT %(batch)s, 'household_member', m.id::text, 'added', jsonb_strip_nulls(jsonb_build_object(
               'household_id', m.household_id, 'household_no', h.household_no, 'person_id', m.person_id,
               'relation', m.relation)), %(actor)s, m.grid_code
        FROM member_made m JOIN household h ON h.id = m.household_id ORDER BY m.id
        """
    )
    stage.run(
        "UPDATE stage_row s SET outcome = 'changed' FROM member_made m "
        "WHERE m.household_id = s.household_id AND m.person_id = s.entity_id AND s.outcome = 'member'"
    )


def _close_absent(stage: Stage) -> None:
    """Memberships of this source's persons that a complete file lacks end today; not when rows were sent back."""
    stage.run("UPDATE stage_row s SET household_id = h.id FROM household h WHERE h.household_no = s.household_no")
    stage.counts["removed"] = stage.run_in_sets(
        """
        WITH ended AS (
            UPDATE household_member m SET valid_to = greatest(%(today)s, m.valid_from) FROM person p
            WHERE p.id = m.person_id AND p.source = %(source)s AND m.valid_to IS NULL
              AND NOT EXISTS (SELECT FROM stage_row s WHERE s.entity_id = m.person_id AND s.household_id = m.household_id)
              AND NOT EXISTS (SELECT FROM stage_reject)
            RETURNING m.id, m.household_id, m.person_id, m.grid_code
        )
        INSERT INTO change (batch_id, entity, entity_id, operation, before, actor, grid_code)
        SELECT %(batch)s, 'household_member', id::text, 'removed',
               jsonb_build_object('household_id', household_id, 'person_id', person_id), %(actor)s, grid_code FROM ended
        """
    )


def _column(stage: Stage, name: str, kind: str = "text") -> sql.Composable:
    if name in stage.stage_columns:
        return sql.SQL("s.{}").format(sql.Identifier(name))
    return sql.SQL("NULL::" + kind)


def _first_of(stage: Stage, names: tuple[str, str]) -> sql.Composable:
    kind = "bigint" if names[0].endswith("_id") else "text"
    return sql.SQL("coalesce({}, {})").format(_column(stage, names[0], kind), _column(stage, names[1], kind))
