"""Every code of an address, its door plate, batches of plates, service points, and the Beidou grid both ways."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from access.accounts import permissions
from access.accounts.accounts import Account
from gazetteer.codes.beidou import decode, encode
from gazetteer.codes.token import Token, TokenKind
from gazetteer.plates.address_codes import get_address_codes
from gazetteer.plates.plates import PLATES, issue_plate, issue_plates, reissue_plate
from gazetteer.plates.service_points import ServicePointText, put_service_point
from gazetteer.plates.tokens import IssuedToken, revoke
from mapserver.door.audited import audited
from mapserver.door.deps import AppContext, CountyConnection, RecordId, requires
from mapserver.door.route import DoorRoute, long_work
from mapserver.pages.plate_table import plate_csv
from mapserver.schemas.address_codes import (
    AddressCodesOut,
    BeidouCellOut,
    PlateBatchIn,
    RevokeIn,
    ServicePointIn,
    ServicePointOut,
    TokenOut,
)
from mapserver.schemas.record import shown
from mapserver.server.context import Context

router = APIRouter(prefix="/api/{county}", tags=["codes"], route_class=DoorRoute)

Viewer = Annotated[Account, Depends(requires(permissions.MAP_VIEW))]
Issuer = Annotated[Account, Depends(requires(permissions.CODES_ISSUE))]


def token_out(issued: IssuedToken, context: Context, county: str, kind: TokenKind, *, printed: bool = True) -> TokenOut:
    """A token as the interface shows it; its text only when it is valid and ``printed``."""
    show = printed and issued.status == "valid"
    written = Token(kind, county, issued.serial).written(context.signer) if show else None
    return TokenOut(
        version=issued.version,
        status=issued.status,
        issued_by=issued.issued_by,
        issued_at=issued.issued_at,
        revoked_by=issued.revoked_by,
        revoked_at=issued.revoked_at,
        reason=issued.reason,
        token=written,
        path=None if written is None else f"/p/{written}",
    )


@router.get("/addresses/{address_id}/codes")
def codes(
    account: Viewer,
    connection: CountyConnection,
    context: AppContext,
    address_id: RecordId,
    height_m: Annotated[
        float | None, Query(ge=-12_000, le=100_000, description="metres above the ellipsoid, when known", examples=[50])
    ] = None,
) -> AddressCodesOut:
    """All codes of one address: uid, standard, statistical with kind and class, grid, Beidou, and the plate's state.

    The text of the plate's QR code is shown to those who may issue codes only.
    """
    found = get_address_codes(connection, address_id, height_m=height_m)
    printed = permissions.CODES_ISSUE in permissions.permissions_of(account.role)
    plate = found.plate
    return shown(
        AddressCodesOut,
        found,
        plate=None if plate is None else token_out(plate, context, account.county, TokenKind.PLATE, printed=printed),
    )


@router.post("/addresses/{address_id}/plate", status_code=201)
def issue(account: Issuer, connection: CountyConnection, context: AppContext, address_id: RecordId) -> TokenOut:
    """Issue the door plate of a published address that has a number. 409 when a valid one exists."""
    issued = issue_plate(connection, address_id, actor=account.username)
    return token_out(issued, context, account.county, TokenKind.PLATE)


@router.post("/addresses/{address_id}/plate/reissue", status_code=201)
def reissue(
    account: Issuer,
    connection: CountyConnection,
    context: AppContext,
    address_id: RecordId,
    body: RevokeIn,
) -> TokenOut:
    """Revoke the valid plate and issue another: the old QR code is worthless at once."""
    issued = reissue_plate(connection, address_id, reason=body.reason, actor=account.username)
    return token_out(issued, context, account.county, TokenKind.PLATE)


@router.post("/addresses/{address_id}/plate/revoke")
def withdraw(
    account: Issuer,
    connection: CountyConnection,
    context: AppContext,
    address_id: RecordId,
    body: RevokeIn,
) -> TokenOut:
    """Make the plate of an address worthless. 409 when it has no valid one."""
    revoked = revoke(connection, PLATES, address_id, reason=body.reason, actor=account.username)
    return token_out(revoked, context, account.county, TokenKind.PLATE)


@router.post(
    "/plates",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"example": "code,address,version,issued_at,token,path\r\n"}}}},
)
@long_work
def batch(account: Issuer, connection: CountyConnection, context: AppContext, body: PlateBatchIn) -> Response:
    """Issue plates to every address under a grid prefix that has none; answers the CSV of all valid ones, to print."""
    issue_plates(connection, body.scope, actor=account.username)
    table = "".join(plate_csv(connection, account.county, body.scope, context.signer))
    headers = {"Content-Disposition": f'attachment; filename="plates-{body.scope}.csv"'}
    return Response(table.encode("utf-8-sig"), media_type="text/csv; charset=utf-8", headers=headers)


@router.put("/divisions/{code}/service-point")
@audited("set_service_point", "division:{code}")
def service_point(
    account: Issuer,
    connection: CountyConnection,
    code: Annotated[str, Path(pattern=r"^\d{9}(\d{3})?$", examples=["330521001001"])],
    body: ServicePointIn,
) -> ServicePointOut:
    """Write what the plates of a town or village show about its service point. A village without one shows its town's."""
    point = ServicePointText(body.name, body.phone, body.address_text, body.hours)
    return shown(ServicePointOut, put_service_point(connection, code, point, actor=account.username))


@router.get("/codes/beidou")
def beidou_of_point(
    account: Viewer,
    lon: Annotated[float, Query(ge=-180, le=180, examples=[119.9774])],
    lat: Annotated[float, Query(gt=-88, lt=88, examples=[30.5425])],
    level: Annotated[int, Query(ge=1, le=10)] = 10,
) -> BeidouCellOut:
    """The cell of the Beidou grid (GB/T 39409-2020) that holds a point, lon and lat in EPSG:4490."""
    return _cell(encode(lon, lat, level))


@router.get("/codes/beidou/{code}")
def point_of_beidou(
    account: Viewer, code: Annotated[str, Path(max_length=20, examples=["N50HB51D298124403060"])]
) -> BeidouCellOut:
    """Edges and middle of a cell of the Beidou grid, of any level. 422 for what is no code."""
    return _cell(code.upper())


def _cell(code: str) -> BeidouCellOut:
    cell = decode(code)
    lon, lat = cell.centre
    return BeidouCellOut(
        code=cell.code,
        level=cell.level,
        west=cell.west,
        south=cell.south,
        east=cell.east,
        north=cell.north,
        lon=lon,
        lat=lat,
    )
