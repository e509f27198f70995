"""Searching the address library, the card of an address, and its review queue."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from access.accounts import permissions
from access.accounts.accounts import Account
from gazetteer.corrections.reviews import count_open_reviews, decide_review, list_reviews
from gazetteer.library.addresses import AddressNotFound, get_address
from gazetteer.library.addresses import reverse as find_nearest
from gazetteer.matching.match import Candidate
from gazetteer.matching.search import search as find_addresses
from grid.address_cell import cell_of_address
from grid.extent import with_cell_bounds
from layers.people.household_search import households_inside
from mapserver.door.audited import audited
from mapserver.door.deps import CountyConnection, RecordId, requires
from mapserver.door.route import DoorRoute
from mapserver.schemas.addresses import (
    AddressDetail,
    AddressSearch,
    CandidateOut,
    Decision,
    DivisionOut,
    FoundHousehold,
    NearAddress,
    PlaceNameOut,
    ReasonOut,
    ReviewOut,
    ReviewPage,
    first_shown,
)
from mapserver.schemas.page import After, PageOut

router = APIRouter(prefix="/api/{county}", tags=["addresses"], route_class=DoorRoute)

Viewer = Annotated[Account, Depends(requires(permissions.MAP_VIEW))]
Decider = Annotated[Account, Depends(requires(permissions.REVIEWS_DECIDE))]


def candidate_out(candidate: Candidate) -> CandidateOut:
    """A candidate as the interface shows it."""
    return CandidateOut(
        address_id=candidate.address_id,
        code=candidate.code,
        text=candidate.full_text,
        depth=candidate.depth,
        lon=candidate.lon,
        lat=candidate.lat,
        grid_code=candidate.grid_code,
        confidence=round(candidate.confidence, 3),
        confidence_class=candidate.confidence_class,
        reasons=[ReasonOut(level=r.level, kind=r.kind, text=r.text_zh) for r in candidate.reasons],
    )


@router.get("/addresses/search")
def search(
    account: Viewer,
    connection: CountyConnection,
    q: Annotated[str, Query(min_length=1, max_length=200, examples=["武康街道永安街12号"])],
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> AddressSearch:
    """Ranked standard addresses for a text: matches first, then completions of what was typed so far; divisions; place names."""
    found = find_addresses(connection, q, limit)
    return AddressSearch(
        query=q,
        candidates=[candidate_out(c) for c in found.candidates],
        divisions=[
            DivisionOut.model_validate(hit, from_attributes=True)
            for hit in with_cell_bounds(connection, found.divisions)
        ],
        place_names=[PlaceNameOut.model_validate(hit, from_attributes=True) for hit in found.place_names],
        note=first_shown(limit) if found.more else None,
    )


@router.get("/addresses/reverse")
def reverse(
    account: Viewer,
    connection: CountyConnection,
    lon: Annotated[float, Query(ge=73, le=136, description="degrees, EPSG:4490", examples=[119.9774])],
    lat: Annotated[float, Query(ge=3, le=54, description="degrees, EPSG:4490", examples=[30.5425])],
    max_m: Annotated[float, Query(gt=0, le=1000, description="metres")] = 100.0,
    limit: Annotated[int, Query(ge=1, le=50)] = 5,
) -> PageOut[NearAddress]:
    """The standard addresses nearest to a point, in your scope, with the distance in metres and the reason."""
    found = find_nearest(connection, lon, lat, max_m=max_m, limit=limit)
    return PageOut[NearAddress].whole(NearAddress(**asdict(one)) for one in found)


@router.get("/addresses/{address_id}")
@audited("view_address", "address:{address_id}", rows=lambda card: card.households)
def detail(account: Viewer, connection: CountyConnection, address_id: RecordId) -> AddressDetail:
    """One standard address with its cell and the households there and in its rooms. Drafts are shown to those who prepare them."""
    address = get_address(connection, address_id)
    drafts = permissions.ADDRESSES_EDIT in permissions.permissions_of(account.role)
    if address.status in ("draft", "reviewed") and not drafts:
        raise AddressNotFound(str(address_id))
    may_see = permissions.HOUSEHOLD_VIEW in permissions.permissions_of(account.role)
    households, more = households_inside(connection, address_id) if may_see else ([], False)
    return AddressDetail(
        **asdict(address),
        **asdict(cell_of_address(connection, address_id)),
        households=[FoundHousehold(**asdict(one)) for one in households],
        note=first_shown(len(households), "户") if more else None,
    )


@router.get("/reviews")
def reviews(
    account: Decider,
    connection: CountyConnection,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ReviewPage:
    """The addresses that wait for a decision, oldest first."""
    page = list_reviews(connection, after=after, limit=limit)
    return ReviewPage.of(page, lambda review: ReviewOut(**asdict(review)), open_n=count_open_reviews(connection))


@router.post("/reviews/{review_id}/decision")
@audited("decide_review", "review:{review_id}")
def decide(account: Decider, connection: CountyConnection, review_id: RecordId, body: Decision) -> ReviewOut:
    """Accept the address as it is, or reject it; either way who, when and why is kept."""
    return ReviewOut(
        **asdict(decide_review(connection, review_id, accept=body.accept, note=body.note, actor=account.username))
    )
