"""Reading and comparing address texts as they are, without the library: nothing of the county's data is touched."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from access.accounts import permissions
from access.accounts.accounts import Account
from gazetteer.reading.compare import compare_many
from gazetteer.reading.tagging import tag_many
from mapserver.door.deps import requires
from mapserver.door.route import DoorRoute
from mapserver.schemas.address_texts import (
    TEXTS_BYTES,
    ElementOut,
    PairsIn,
    ParsedText,
    ParsedTexts,
    RelationOut,
    Relations,
    TextsIn,
)

router = APIRouter(prefix="/api/{county}", tags=["addresses"], route_class=DoorRoute)

Viewer = Annotated[Account, Depends(requires(permissions.MAP_VIEW))]


@router.post("/addresses/parse", max_body_size=TEXTS_BYTES)
def parse(account: Viewer, body: TextsIn) -> ParsedTexts:
    """The labelled elements of up to 1,000 address texts, each with its place in the text."""
    found = zip(body.texts, tag_many(body.texts), strict=True)
    return ParsedTexts(
        addresses=[
            ParsedText(text=text, elements=[ElementOut(level=e.level, **e._asdict()) for e in elements])
            for text, elements in found
        ]
    )


@router.post("/addresses/compare", max_body_size=TEXTS_BYTES)
def compare(account: Viewer, body: PairsIn) -> Relations:
    """Whether the two addresses of each pair are the same place, partly so, or different."""
    found = compare_many([(pair.a, pair.b) for pair in body.pairs])
    return Relations(relations=[RelationOut(relation=r.relation, score=round(r.score, 4)) for r in found])
