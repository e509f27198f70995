"""Place names (地名): natural villages, roads, waters, mountains, landmarks."""

from __future__ import annotations

from gazetteer.library.vocabulary import PlaceNameKind
from importing.stage.publishing import Placed, Table
from importing.targets.records import VILLAGE_CODE, RecordTarget
from importing.values.fields import Field, Kind, one_of


class PlaceNameTarget(RecordTarget):
    """Rows become place names; each must have a representative point."""

    name = "place_name"
    fields = (
        Field("name", Kind.NAME, required=True),
        Field(
            "kind",
            Kind.TEXT,
            required=True,
            allowed=one_of(*PlaceNameKind),
        ),
        Field("aliases", Kind.LIST),
        VILLAGE_CODE,
    )
    geometry = "point"
    geometry_required = True
    matches_address = False
    keeps_attributes = False
    table = Table(
        "place_name",
        columns=("name", "kind", "aliases"),
        visible=("name", "kind", "aliases"),
        placed=(Placed(("name", "aliases")),),
        geometry="point",
    )
