"""Objects (物、部件) in the layer catalogue."""

from __future__ import annotations

from layers.catalogue.kind import Field, Kind, Label, Look, Total
from layers.catalogue.registry import register
from layers.facilities.models import Facility
from layers.facilities.vocabulary import FacilityState

OBJECTS = register(
    Kind(
        name="objects",
        record="facility",
        title=Label("物：部件", "Objects in public space"),
        subject="object",
        model=Facility,
        geometry="point",
        order=45,
        colour="objects",
        look=Look("object", 8, (13, 2, 18, 6)),
        key_meaning="object id",
        fields=(
            Field("kind", Label("类别", "Kind"), tile=0, ogc=True, change=True),
            Field("name", Label("名称", "Name"), tile=0, ogc=True, card=True, change=True, search=True),
            Field(
                "state", Label("状态", "State"), tile=0, ogc=True, card=True, change=True,
                codes=FacilityState,
            ),
            Field("grid_code", Label("网格编码", "Grid code"), ogc=True, change=True),
        ),
        totals=(Total("objects", Label("部件", "Objects"), Facility),),
    )
)  # fmt: skip
