"""The layer catalogue, as far as the account may see: what a map, a card or a table needs to know of each kind of record."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from access.accounts import permissions
from access.accounts.accounts import Account
from layers.catalogue.kind import SUBJECTS, Field, Kind, Label, Look
from layers.catalogue.kind import Colours as OwnColours
from layers.catalogue.registry import KINDS
from layers.style.palette import colours_of
from mapserver.door.deps import requires
from mapserver.door.route import DoorRoute
from mapserver.schemas.catalogue import (
    Catalogue,
    Colours,
    KindField,
    KindLook,
    KindOut,
    KindTotal,
    KindVariant,
    SubjectOut,
    Words,
)
from mapserver.tiles.rights import permitted_kinds

router = APIRouter(prefix="/api/{county}", tags=["catalogue"], route_class=DoorRoute)


@router.get("/catalogue")
def catalogue(account: Annotated[Account, Depends(requires(permissions.MAP_VIEW))]) -> Catalogue:
    """The kinds of record the account may see: titles, fields with their labels, colours, icons, from which zoom."""
    kinds = [_kind(KINDS[name]) for name in permitted_kinds(account.role)]
    subjects = {kind.subject for kind in kinds}
    return Catalogue(
        subjects=[SubjectOut(code=code, title=_words(title)) for code, title in SUBJECTS.items() if code in subjects],
        kinds=kinds,
    )


def _words(label: Label) -> Words:
    return Words(zh=label.zh, en=label.en)


def _colours(colour: str | OwnColours) -> Colours:
    return Colours(**colours_of(colour))


def _kind(kind: Kind) -> KindOut:
    return KindOut(
        name=kind.name,
        record=kind.record,
        title=_words(kind.title),
        noun=_words(kind.noun),
        subject=kind.subject,
        geometry=kind.geometry,
        sensitivity=kind.sensitivity,
        key=kind.key,
        minzoom=kind.minzoom,
        rows_from=kind.rows_from,
        seen_from=kind.seen_from,
        colours=_colours(kind.colour),
        look=_look(kind.look) if kind.look is not None else None,
        fields=[_field(field) for field in kind.fields],
        totals=[KindTotal(name=total.name, label=_words(total.label)) for total in kind.totals],
    )


def _look(look: Look) -> KindLook:
    return KindLook(
        icon=look.icon,
        dots_from=look.minzoom,
        icons_from=look.icons_from,
        decided_by=look.decided_by,
        variants=[
            KindVariant(value=one.value, colours=_colours(one.colour), icon=one.icon) for one in look.variants
        ],
        above=look.above,
        ring=look.ring,
    )  # fmt: skip


def _field(field: Field) -> KindField:
    return KindField(
        name=field.name,
        label=_words(field.label),
        type=field.type,
        meaning=field.explained,
        vocabulary=field.codes.vocabulary_name() if field.codes is not None else None,
        tile_from=field.tile,
        feature=field.ogc,
        queryable=field.ogc and field.queryable,
        card=field.card,
        change=field.change,
        search=field.search,
    )
