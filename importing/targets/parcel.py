"""Land parcels (承包地块): outlines, the household that holds each, area, crop, contract."""

from __future__ import annotations

from importing.stage.publishing import Placed, Table
from importing.stage.stage import Stage
from importing.targets.records import VILLAGE_CODE, RecordTarget
from importing.values.fields import Field, Kind


class ParcelTarget(RecordTarget):
    """Rows become parcels. The household that holds one must be there already, by its number."""

    name = "parcel"
    fields = (
        Field("code", Kind.CODE, required=True, pattern=r"\d{19}", expected=("19 位数字", "19 digits")),
        Field("name", Kind.TEXT, required=True),
        Field("household_no", Kind.CODE),
        Field("area_mu", Kind.NUMBER),
        Field("crop", Kind.TEXT),
        Field("contract_from", Kind.DATE),
        Field("contract_to", Kind.DATE),
        VILLAGE_CODE,
    )
    geometry = "multipolygon"
    geometry_required = True
    matches_address = False
    table = Table(
        "parcel",
        columns=("code", "name", "household_id", "area_mu", "crop", "contract_from", "contract_to", "attributes"),
        visible=("code", "name", "household_id", "area_mu", "crop", "contract_from", "contract_to", "attributes"),
        placed=(Placed(("code", "name", "attributes")),),
        geometry="outline",
    )

    def begin(self, stage: Stage) -> None:
        """A column for the household, when the mapping names it."""
        super().begin(stage)
        if stage.maps("household_no"):
            self.work_columns = [*self.work_columns, ("household_id", "bigint")]

    def resolve(self, stage: Stage) -> None:
        """The household, a possible area, a contract that ends after it begins; then as every record."""
        if stage.maps("household_no"):
            _find_households(stage)
        if stage.maps("area_mu"):
            stage.reject(
                "bad_number",
                "area_mu",
                "SELECT row_no, jsonb_build_object('value', area_mu) FROM stage_row WHERE area_mu <= 0",
            )
        if stage.maps("contract_from") and stage.maps("contract_to"):
            stage.reject(
                "impossible_date",
                "contract_to",
                "SELECT row_no, jsonb_build_object('value', contract_to, 'why', '早于承包期起', 'why_en', 'before the contract begins') "
                "FROM stage_row WHERE contract_to <= contract_from",
            )
        super().resolve(stage)


def _find_households(stage: Stage) -> None:
    stage.run(
        "UPDATE stage_row s SET household_id = h.id FROM household h "
        "WHERE h.household_no = s.household_no AND s.outcome <> 'unchanged'"
    )
    stage.reject(
        "unknown_parent",
        "household_no",
        "SELECT row_no, jsonb_build_object('value', household_no) FROM stage_row "
        "WHERE household_no IS NOT NULL AND household_id IS NULL AND outcome <> 'unchanged'",
    )
