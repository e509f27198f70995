"""Places (地) in the layer catalogue."""

from __future__ import annotations

from layers.catalogue.kind import Field, Kind, Label, Look, Total
from layers.catalogue.registry import register
from layers.places.models import Place
from layers.places.vocabulary import Occupancy, PlaceKind

PLACES = register(
    Kind(
        name="places",
        record="place",
        title=Label("地：房屋与场所", "Places: buildings, dwellings, premises"),
        subject="place",
        model=Place,
        geometry="mixed",
        order=40,
        colour="places",
        look=Look("place", 8, (13, 2, 18, 6)),
        key_meaning="place id",
        fields=(
            Field(
                "kind", Label("类别", "Kind"), tile=0, ogc=True, change=True,
                codes=PlaceKind,
            ),
            Field("name", Label("名称", "Name"), tile=0, ogc=True, card=True, change=True, search=True),
            Field(
                "occupancy", Label("使用状况", "Occupancy"), tile=0, ogc=True, card=True, change=True,
                codes=Occupancy,
            ),
            Field("grid_code", Label("网格编码", "Grid code"), ogc=True),
        ),
        totals=(Total("places", Label("房屋与场所", "Places"), Place),),
    )
)  # fmt: skip
