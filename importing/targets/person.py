"""Persons (人) and their membership of households."""

from __future__ import annotations

from collections.abc import Mapping as Values

from psycopg import sql

from database.secrets.seal import Sealer
from gazetteer.codes import resident_id_birth_date, resident_id_sex
from importing.stage.matching import AddressField, match_fields
from importing.stage.publishing import Placed, Table, publish_rows
from importing.stage.stage import Stage
from importing.targets.base import Target, Text
from importing.targets.membership import count_empty_relations, publish_households, publish_members
from importing.targets.records import VILLAGE_CODE
from importing.values.fields import Field, Kind, one_of
from importing.values.reasons import Problem
from importing.values.standardise import sealed_for
from importing.vocabulary import ImportStage
from layers.people.vocabulary import HouseholdKind, Sex

ADDRESSES = (
    AddressField("actual_address_text", "actual_address_id", "actual_address_match"),
    AddressField("registered_address_text", "registered_address_id"),
)


class PersonTarget(Target):
    """Rows become persons, identified by ID number where there is one, else by source and key.

    A row names a household by number; the household is made when it is not there. A second row of the same person with
    another household adds a second membership: that is for an anomaly rule to find, not for the import to hide.
    """

    name = "person"
    fields = (
        Field("name", Kind.NAME, required=True),
        Field("sex", Kind.TEXT, allowed=one_of(*Sex)),
        Field("birth_date", Kind.DATE, past=True),
        Field("death_date", Kind.DATE, past=True),
        Field("id_number", Kind.ID_NUMBER),
        Field("phone", Kind.PHONE),
        Field("registered_address_text", Kind.ADDRESS),
        Field("actual_address_text", Kind.ADDRESS),
        Field("status_codes", Kind.LIST),
        Field("household_no", Kind.CODE),
        Field("household_kind", Kind.TEXT, allowed=one_of(*HouseholdKind)),
        Field("relation", Kind.TEXT),
        Field("member_from", Kind.DATE),
        VILLAGE_CODE,
    )
    snapshot_possible = True

    def stored(self) -> Table:
        """The target's own table."""
        return TABLE

    def may_clear(self, field: Field) -> bool:
        """Also the relation to the head, which the membership keeps."""
        return field.name == "relation" or super().may_clear(field)

    def begin(self, stage: Stage) -> None:
        """Columns for what the ID number says, the matched addresses, and who is the same person."""
        self.derived_columns = [("id_birth_date", "date"), ("id_sex", "text")]
        self.work_columns = [
            ("same_person", "text"),
            ("is_first", "boolean"),
            ("household_id", "bigint"),
            ("differs", "boolean"),
        ]
        for address in ADDRESSES:
            if stage.maps(address.text):
                self.work_columns.append((address.address_id, "bigint"))
                if address.match is not None:
                    self.work_columns.append((address.match, "jsonb"))
        for name, kind in (("birth_date", "date"), ("sex", "text")):
            if not stage.maps(name) and stage.maps("id_number"):
                self.work_columns.append((name, kind))

    def derive(self, values: Values[str, Text], problems: list[Problem]) -> list[Text]:
        """Birth date and sex from the ID number; a death before birth is a problem."""
        number = values.get("id_number")
        born = resident_id_birth_date(number).isoformat() if number else None
        death, birth = values.get("death_date"), values.get("birth_date") or born
        if death and birth and death < birth:
            problems.append(
                Problem(
                    "impossible_date", "death_date", {"value": death, "why": "早于出生日期", "why_en": "before birth"}
                )
            )
        return [born, resident_id_sex(number) if number else None]

    def compare(self, stage: Stage) -> None:
        """By ID number, else by source and key; of several rows of one person the first counts."""
        if stage.maps("id_number"):
            stage.run(
                "UPDATE stage_row s SET birth_date = coalesce(s.birth_date, s.id_birth_date), sex = coalesce(s.sex, s.id_sex)"
            )
            stage.run("UPDATE stage_row s SET entity_id = p.id FROM person p WHERE p.id_number_hash = s.id_number_hash")
            # while keys are rotated: persons whose hash is still by an older key
            stage.run(
                "UPDATE stage_row s SET entity_id = p.id FROM stage_row o CROSS JOIN LATERAL unnest(o.id_number_older) AS h "
                "JOIN person p ON p.id_number_hash = h WHERE s.row_no = o.row_no AND o.entity_id IS NULL"
            )
        stage.run(
            "UPDATE stage_row s SET entity_id = p.id FROM person p "
            "WHERE s.entity_id IS NULL AND p.source = %(source)s AND p.source_key = s.source_key"
        )
        stage.run(
            "UPDATE stage_row SET same_person = coalesce(entity_id::text, {number} source_key)",
            number=sql.SQL("encode(id_number_hash, 'hex')," if stage.maps("id_number") else ""),
        )
        stage.run(
            """
            UPDATE stage_row s SET is_first = f.n = 1 FROM (
                SELECT r.row_no, row_number() OVER (PARTITION BY r.same_person ORDER BY
                       (p.source = %(source)s AND p.source_key = r.source_key) IS TRUE DESC, r.row_no) AS n
                FROM stage_row r LEFT JOIN person p ON p.id = r.entity_id) f
            WHERE f.row_no = s.row_no
            """
        )
        stage.run(
            "UPDATE stage_row s SET outcome = CASE WHEN NOT s.is_first THEN 'member' "
            "WHEN p.row_hash = s.row_hash THEN 'unchanged' ELSE 'changed' END FROM person p WHERE p.id = s.entity_id"
        )
        stage.run("UPDATE stage_row SET outcome = 'member' WHERE NOT is_first")
        count_empty_relations(stage)
        bind_to_known_persons(stage)

    def resolve(self, stage: Stage) -> None:
        """Match the actual and the registered address; the grid follows where the person lives."""
        given = [address for address in ADDRESSES if stage.maps(address.text)]
        if given:
            match_fields(stage, given)
        grids: list[sql.Composable] = [
            sql.SQL("(SELECT a.grid_code FROM standard_address a WHERE a.id = s.{})").format(
                sql.Identifier(address.address_id)
            )
            for address in given
        ]
        if stage.maps("household_no"):
            grids.append(sql.SQL("(SELECT h.grid_code FROM household h WHERE h.household_no = s.household_no)"))
        if stage.maps("village_code"):
            grids.append(sql.SQL("(SELECT d.code FROM division d WHERE d.code = s.village_code)"))
        grids.append(sql.SQL("%(county)s"))
        stage.report(ImportStage.ASSIGN, 0)
        stage.run(
            "UPDATE stage_row s SET grid_code = coalesce({grids}) WHERE outcome <> 'unchanged'",
            grids=sql.SQL(", ").join(grids),
        )

    def publish(self, stage: Stage) -> None:
        """Persons, then households that are new, then memberships."""
        # a row may change only the membership, while the person is as it was
        stage.run("UPDATE stage_row SET differs = outcome = 'changed'")
        publish_rows(stage, TABLE)
        stage.run("UPDATE stage_row SET outcome = 'member' WHERE differs AND outcome = 'unchanged'")
        stage.run(
            "UPDATE stage_row s SET entity_id = p.id FROM person p "
            "WHERE s.outcome = 'added' AND p.source = %(source)s AND p.source_key = s.source_key"
        )
        stage.run(
            "UPDATE stage_row s SET entity_id = f.entity_id FROM stage_row f "
            "WHERE s.outcome = 'member' AND NOT s.is_first AND f.is_first AND f.same_person = s.same_person"
        )
        if stage.maps("household_no"):
            publish_households(stage)
            publish_members(stage)
        stage.run("UPDATE stage_row SET outcome = 'unchanged' WHERE outcome = 'member'")


def bind_to_known_persons(stage: Stage) -> None:
    """Numbers for persons whom another source, or another key, brought first are bound to those rows instead."""
    names = [name for name in ("id_number", "phone") if stage.maps(name)]
    if not names:
        return
    columns = sql.SQL(", ").join(sql.SQL("s.{}").format(sql.Identifier(f"{name}_cipher")) for name in names)
    found = stage.rows(
        "SELECT s.row_no, s.source_key, p.source, p.source_key, {columns} FROM stage_row s JOIN person p ON p.id = s.entity_id "
        "WHERE s.outcome = 'changed' AND (p.source, p.source_key) IS DISTINCT FROM (%(source)s, s.source_key)",
        columns=columns,
    )
    if not found:
        return
    bound: list[list[bytes | None]] = []
    for _row, key, source, known_key, *ciphers in found:
        bound.append(
            [
                cipher and _bound_anew(stage.sealer, name, cipher, (stage.source, key), (source, known_key))
                for name, cipher in zip(names, ciphers, strict=True)
            ]
        )
    numbers = [row[0] for row in found]
    for name, anew in zip(names, zip(*bound, strict=True), strict=True):
        stage.run(
            "UPDATE stage_row s SET {column} = n.cipher FROM unnest(%(rows)s::int[], %(ciphers)s::bytea[]) AS n(row_no, cipher) "
            "WHERE s.row_no = n.row_no",
            column=sql.Identifier(f"{name}_cipher"),
            rows=numbers,
            ciphers=list(anew),
        )


def _bound_anew(sealer: Sealer, name: str, cipher: bytes, read: tuple[str, str], known: tuple[str, str]) -> bytes:
    plain = sealer.unseal_bytes(cipher, bound_to=sealed_for(name, ("person", *read)))
    return sealer.seal_bytes(plain, bound_to=sealed_for(name, ("person", *known)))


TABLE = Table(
    "person",
    columns=(
        "name",
        "sex",
        "birth_date",
        "death_date",
        "id_number_cipher",
        "id_number_hash",
        "id_number_masked",
        "phone_cipher",
        "phone_hash",
        "phone_masked",
        "registered_address_text",
        "registered_address_id",
        "actual_address_text",
        "actual_address_id",
        "actual_address_match",
        "status_codes",
    ),
    visible=(
        "name",
        "sex",
        "birth_date",
        "death_date",
        "registered_address_text",
        "registered_address_id",
        "actual_address_text",
        "actual_address_id",
        "status_codes",
    ),
    secret={"id_number": "id_number_hash", "phone": "phone_hash"},
    years=("birth_date", "death_date"),
    placed=tuple(Placed((address.text, address.address_id), address.address_id) for address in ADDRESSES),
)
