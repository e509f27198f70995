"""Standard addresses (标准地址): the library stands below, their layer here."""

from __future__ import annotations

from gazetteer.library.models import StandardAddress
from layers.catalogue.kind import Field, Kind, Label, Look, Total
from layers.catalogue.registry import register

ADDRESSES = register(
    Kind(
        name="addresses",
        record="standard_address",
        title=Label("标准地址", "Standard addresses"),
        subject="address",
        model=StandardAddress,
        geometry="point",
        order=30,
        colour="addresses",
        look=Look("address", 13, (13, 1.5, 18, 6), ring=True),
        key_meaning="address id",
        shows="{t}.status = 'published'",
        sortable=frozenset({"id", "code"}),
        editable=True,
        fields=(
            Field(
                "text", Label("标准地址", "Address"), column="full_text", tile=0, ogc=True, writable=True, card=True, search=True,
                change=True, meaning="full text",
            ),
            Field("depth", Label("层级深度", "Depth"), "integer", tile=0, ogc=True, meaning="deepest level, 5-12"),
            Field("status", Label("状态", "Status"), tile=0, ogc=True, change=True, meaning="published"),
            Field("code", Label("地址编码", "Address code"), ogc=True, card=True, search=True),
            Field("town", Label("乡镇街道", "Town"), ogc=True, change=True),
            Field("village", Label("村社区", "Village"), ogc=True, change=True),
            Field("road", Label("街路巷", "Road"), ogc=True, change=True),
            Field("number_plate", Label("门牌号", "Number"), ogc=True, change=True),
            Field("division_code", Label("村社区代码", "Division code"), ogc=True, change=True),
            Field("grid_code", Label("网格编码", "Grid code"), ogc=True, change=True),
            Field("valid_from", Label("生效日期", "Valid from"), "date", ogc=True),
        ),
        totals=(Total("addresses", Label("标准地址", "Addresses"), StandardAddress, "status = 'published'"),),
    )
)  # fmt: skip
