"""Events (事): hotline cases, accidents, inspections."""

from __future__ import annotations

from importing.stage.publishing import Placed, Table
from importing.targets.records import VILLAGE_CODE, RecordTarget
from importing.values.fields import Field, Kind, one_of
from layers.events.vocabulary import EventState


class EventTarget(RecordTarget):
    """Rows become events; their place text is matched with the address library, their position decides the cell."""

    name = "event"
    fields = (
        Field("kind", Kind.TEXT, required=True),
        Field("title", Kind.TEXT, required=True),
        Field("detail", Kind.TEXT),
        Field("occurred_at", Kind.TIME, required=True, past=True),
        Field("state", Kind.TEXT, allowed=one_of(*EventState)),
        Field("address_text", Kind.TEXT),
        VILLAGE_CODE,
    )
    geometry = "point"
    match_column = "address_match"
    table = Table(
        "event",
        columns=(
            "kind",
            "title",
            "detail",
            "occurred_at",
            "state",
            "address_text",
            "address_id",
            "address_match",
            "attributes",
        ),
        visible=("kind", "title", "detail", "occurred_at", "state", "address_text", "address_id", "attributes"),
        placed=(Placed(("title", "detail", "attributes")), Placed(("address_text", "address_id"), "address_id")),
        geometry="point",
    )
