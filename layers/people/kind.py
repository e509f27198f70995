"""Households (户) in the layer catalogue: the layer of persons (人) shows where they live, and never who."""

from __future__ import annotations

from layers.catalogue.kind import Field, Kind, Label, Look, Parts, Total, Variant
from layers.catalogue.registry import register
from layers.people.models import Household, HouseholdMember, Person

#: Present members; served by ``uq_household_member_household_id_person_id_valid_from``.
MEMBERS = Parts(HouseholdMember.__tablename__, "household_id", "{p}.valid_to IS NULL")
STATUS_CODES = "(SELECT string_agg(s, ',') FROM jsonb_array_elements_text({t}.status_codes) AS s)"

PERSONS = register(
    Kind(
        name="persons",
        record="household",
        title=Label("人：住户", "Persons: households"),
        subject="person",
        model=Household,
        geometry="point",
        order=50,
        colour="persons",
        look=Look(
            "household", 13, (13, 2.5, 18, 9), decided_by="status", variants=(Variant(None, "persons_status", "household-status"),),
        ),
        sensitivity="personal",
        key_meaning="household id",
        sortable=frozenset({"id", "household_no"}),
        also_hidden=frozenset(column.name for column in Person.__table__.columns),
        fields=(
            Field(
                "household_no", Label("户号", "Household number"), tile=0, ogc=True, card=True, change=True, search=True,
                meaning="household number",
            ),
            Field("kind", Label("户类型", "Kind of household"), ogc=True, change=True),
            Field("grid_code", Label("网格编码", "Grid code"), ogc=True, change=True),
            Field(
                "members", Label("现有成员数", "Present members"), "integer", parts=MEMBERS, tile=0, rows_only=False, ogc=True,
                queryable=False, card=True, meaning="members, of all households it stands for",
            ),
            Field(
                "status", Label("状态码", "Status codes"), sql=STATUS_CODES, tile=0, ogc=True, queryable=False, card=True,
                meaning="status codes, comma",
            ),
        ),
        totals=(
            Total("persons", Label("人口", "Persons"), Person, "death_date IS NULL"),
            Total("households", Label("户", "Households"), Household),
        ),
    )
)  # fmt: skip
