"""Administrative divisions (行政区划): county, towns, villages with their boundaries."""

from __future__ import annotations

from collections.abc import Mapping as Values

from gazetteer.codes import division_kind
from gazetteer.corrections.reviews import follow_divisions
from importing.stage.publishing import Table, publish_rows
from importing.stage.stage import Stage
from importing.stage.territory import check_positions
from importing.targets.base import Target, Text
from importing.values.fields import Field, Kind
from importing.values.reasons import Problem


class DivisionTarget(Target):
    """Rows become divisions, identified by their statistical code; the division above must exist or be in the file."""

    name = "division"
    fields = (
        Field(
            "code",
            Kind.CODE,
            required=True,
            pattern=r"\d{6}(\d{3}(\d{3})?)?",
            expected=("县 6 位、乡镇 9 位、村 12 位数字", "6 digits for a county, 9 for a town, 12 for a village"),
        ),
        Field("name", Kind.NAME, required=True),
        Field("kind", Kind.TEXT),
        Field("class_code", Kind.CODE, pattern=r"\d{3}", expected=("3 位城乡分类代码", "three digits")),
        Field("former_names", Kind.LIST),
        Field("valid_from", Kind.DATE),
    )
    geometry = "multipolygon"

    def stored(self) -> Table:
        """The target's own table."""
        return TABLE

    def begin(self, stage: Stage) -> None:
        """The kind is read from the code where the mapping does not give it."""
        self.derived_columns = [("level", "text"), ("parent_code", 'text COLLATE "C"')]
        if not stage.maps("kind"):
            self.derived_columns.append(("kind", "text"))
        self._derives_kind = not stage.maps("kind")
        self._county = stage.county

    def derive(self, values: Values[str, Text], problems: list[Problem]) -> list[Text]:
        """Level, division above, and kind, from the digits."""
        code = values["code"]
        if code is None or len(code) not in LEVELS:
            return [None] * (3 if self._derives_kind else 2)
        if not code.startswith(self._county):
            problems.append(
                Problem(
                    "bad_code",
                    "code",
                    {
                        "value": code,
                        "expected": f"应以本县代码 {self._county} 开头",
                        "expected_en": f"it must begin with {self._county}",
                    },
                )
            )
        derived: list[Text] = [LEVELS[len(code)], code[:-3] if len(code) > 6 else None]
        return [*derived, division_kind(code)] if self._derives_kind else derived

    def compare(self, stage: Stage) -> None:
        """By code."""
        stage.run("UPDATE stage_row s SET outcome = 'changed' FROM division d WHERE d.code = s.code")

    def resolve(self, stage: Stage) -> None:
        """The division above must exist; inside the county, when its boundary is known."""
        stage.reject(
            "duplicate_code",
            "code",
            "SELECT s.row_no, jsonb_build_object('value', s.code) FROM stage_row s "
            "WHERE (SELECT count(*) FROM stage_row o WHERE o.code = s.code) > 1",
        )
        stage.reject(
            "unknown_parent",
            "code",
            "SELECT s.row_no, jsonb_build_object('value', s.parent_code) FROM stage_row s WHERE s.parent_code IS NOT NULL "
            "AND NOT EXISTS (SELECT FROM division d WHERE d.code = s.parent_code) "
            "AND NOT EXISTS (SELECT FROM stage_row o WHERE o.code = s.parent_code)",
        )
        check_positions(stage)

    def publish(self, stage: Stage) -> None:
        """Insert or update; a former name is kept when the name changes."""
        if not stage.maps("former_names"):
            stage.run(
                "UPDATE division d SET former_names = d.former_names || to_jsonb(d.name) FROM stage_row s "
                "WHERE d.code = s.code AND s.outcome = 'changed' AND s.name <> d.name "
                "AND NOT d.former_names @> to_jsonb(d.name)"
            )
        publish_rows(stage, TABLE)
        follow_divisions(stage.connection)


LEVELS = {6: "county", 9: "town", 12: "village"}

TABLE = Table(
    "division",
    columns=("code", "level", "parent_code", "name", "kind", "class_code", "former_names", "valid_from"),
    visible=("code", "name", "kind", "class_code", "former_names", "valid_from"),
    id_column="code",
    key="code",
    stage_key="code",
    sourced=False,
    hashed=False,
    stamped=False,
    gridded=False,
    geometry="outline",
)
