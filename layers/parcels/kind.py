"""Land parcels (承包地块) in the layer catalogue. Who holds one is shown with the household, never on the map."""

from __future__ import annotations

from layers.catalogue.kind import Colours, Field, Kind, Label, Look, Total
from layers.catalogue.registry import register
from layers.parcels.models import Parcel

_FURROWS = tuple(((x, 6.6), (x + 2.2, 6.6), (x + 2.2, 17.4), (x, 17.4)) for x in (6.6, 10.9, 15.2))

PARCELS = register(
    Kind(
        name="parcels",
        record="parcel",
        title=Label("地：承包地块", "Land parcels"),
        subject="place",
        model=Parcel,
        geometry="mixed",
        order=35,
        colour=Colours(light="#5a7a1e", dark="#a4c95a", contrast="#2f5000"),
        look=Look("parcel", 13, (13, 1.5, 18, 5), figure=_FURROWS),
        key_meaning="parcel id",
        fields=(
            Field("name", Label("地块名称", "Name"), tile=0, ogc=True, card=True, change=True, search=True),
            Field("code", Label("地块编码", "Parcel code"), ogc=True, card=True, change=True, search=True),
            Field("area_mu", Label("面积（亩）", "Area (mu)"), "number", tile=0, ogc=True, card=True, change=True),
            Field("crop", Label("种植作物", "Crop"), tile=0, ogc=True, card=True, change=True),
            Field("contract_from", Label("承包期起", "Contract from"), "date", ogc=True, card=True, change=True),
            Field(
                "contract_to", Label("承包期止", "Contract to"), "date", tile=0, ogc=True, card=True, change=True,
                meaning="first day after the contract",
            ),
            Field("grid_code", Label("网格编码", "Grid code"), ogc=True, change=True),
        ),
        totals=(Total("parcels", Label("承包地块", "Land parcels"), Parcel),),
    )
)  # fmt: skip
