"""Events (事) in the layer catalogue."""

from __future__ import annotations

from layers.catalogue.kind import Field, Kind, Label, Look, Total
from layers.catalogue.registry import register
from layers.events.models import Event
from layers.events.vocabulary import EventState

EVENTS = register(
    Kind(
        name="events",
        record="event",
        title=Label("事：事件", "Events"),
        subject="event",
        model=Event,
        geometry="point",
        order=60,
        colour="events",
        look=Look("event", 8, (13, 2, 18, 7)),
        names_people=True,
        key_meaning="event id",
        time="at",
        fields=(
            Field("kind", Label("类别", "Kind"), tile=0, ogc=True, change=True),
            Field("title", Label("标题", "Title"), tile=0, ogc=True, card=True, change=True, search=True),
            Field("state", Label("状态", "State"), tile=0, ogc=True, card=True, change=True, codes=EventState),
            Field(
                "at", Label("发生时间", "When"), "timestamp", column="occurred_at", tile=0, ogc=True, card=True, meaning="local time",
                tile_sql="to_char({t}.occurred_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI')",
            ),
            Field("grid_code", Label("网格编码", "Grid code"), ogc=True, change=True),
        ),
        totals=(Total("events", Label("事件", "Events"), Event),),
    )
)  # fmt: skip
