"""What the codes of every answer mean."""

from __future__ import annotations

from functools import cache
from inspect import cleandoc
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from access.accounts import permissions
from access.accounts.accounts import Account
from mapserver.door.deps import requires
from mapserver.door.route import DoorRoute
from mapserver.http.conditional import tagged
from mapserver.schemas.vocabularies import CodeLabel, VocabulariesOut, VocabularyOut
from mapserver.server.vocabularies import is_national
from mapserver.server.vocabularies import vocabularies as all_vocabularies

router = APIRouter(prefix="/api/{county}", tags=["catalogue"], route_class=DoorRoute)

CACHE_HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Cookie, Authorization"}
UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "unchanged"}}


@router.get("/vocabularies", response_model=VocabulariesOut, responses=UNCHANGED)
def vocabularies(account: Annotated[Account, Depends(requires(permissions.MAP_VIEW))], request: Request) -> Response:
    """Every vocabulary: code, Chinese and English label. The same for everybody; asked again with its ETag it is 304."""
    return tagged(request, _document(), "application/json", CACHE_HEADERS)


@cache
def _document() -> bytes:
    document = VocabulariesOut(
        vocabularies=[
            VocabularyOut(
                name=name,
                description=cleandoc(one.__doc__ or ""),
                national=is_national(one),
                codes=[CodeLabel(code=code, zh=code.zh, en=code.en) for code in one],
            )
            for name, one in all_vocabularies().items()
        ]
    )
    return document.model_dump_json().encode()
