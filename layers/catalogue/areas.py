"""Divisions (行政区划) and cells (网格): their tables stand below, their layers here."""

from __future__ import annotations

from gazetteer.library.models import Division
from grid.models import GridCell
from layers.catalogue.kind import Field, Kind, Label, Total
from layers.catalogue.registry import register

DIVISIONS = register(
    Kind(
        name="divisions",
        record="division",
        title=Label("行政区划", "Divisions"),
        subject="area",
        model=Division,
        geometry="polygon",
        order=10,
        colour="town_line",
        sensitivity="public",
        key="code",
        key_meaning="division code",
        shows="{t}.valid_to IS NULL",
        rows_from=0,
        levels={"county": 0, "town": 0, "village": 9},
        fields=(
            Field("level", Label("级别", "Level"), tile=0, ogc=True, meaning="county, town, village (from zoom 9)"),
            Field("name", Label("名称", "Name"), tile=0, ogc=True, card=True, change=True, search=True),
            Field("parent", Label("上级区划", "Parent division"), column="parent_code", ogc=True, change=True),
            Field("kind", Label("类别", "Kind"), ogc=True),
        ),
    )
)

CELLS = register(
    Kind(
        name="cells",
        record="grid_cell",
        title=Label("网格", "Grid cells"),
        subject="area",
        model=GridCell,
        geometry="polygon",
        order=20,
        colour="cell_line",
        sensitivity="public",
        key="code",
        key_meaning="cell code",
        shows="{t}.valid_to IS NULL",
        minzoom=9,
        rows_from=9,
        levels={"cell": 9, "micro_cell": 13},
        editable=True,
        fields=(
            Field("level", Label("级别", "Level"), tile=0, ogc=True, meaning="cell, micro_cell (from zoom 13)"),
            Field("name", Label("名称", "Name"), tile=12, ogc=True, writable=True, card=True, change=True, search=True),
            Field(
                "parent", Label("所属村社区或网格", "Village or cell it lies in"), column="parent_code", tile=12, ogc=True,
                meaning="village or cell",
            ),
            Field("valid_from", Label("启用日期", "In force from"), "date", ogc=True, change=True),
        ),
        totals=(Total("cells", Label("网格", "Grid cells"), GridCell, "valid_to IS NULL AND level = 'cell'"),),
    )
)  # fmt: skip
