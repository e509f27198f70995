"""The auditor's rooms: the trail with filters, sums, the head of the chain, exports. Every look is itself in the trail."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import FileResponse
from sqlalchemy import Connection

from access.accounts import permissions
from access.accounts.accounts import Account
from access.audit.chain import COUNTY_COLUMNS, PLATFORM, PLATFORM_COLUMNS
from access.audit.trail import (
    Trail,
    TrailFilter,
    TrailFilterInvalid,
    chain_rest,
    export_header,
    list_trail,
    read_chain,
    read_head,
    summarise,
)
from access.audit.words import ACTIONS
from database.connection.engine import platform_beside
from database.spreadsheet import csv_file
from database.upgrade.counties import county_codes
from mapserver.door.audited import audited
from mapserver.door.deps import CountyConnection, requires
from mapserver.door.problems import NotPermitted
from mapserver.door.refusals import words_of
from mapserver.door.route import DoorRoute, long_work
from mapserver.schemas.audit import AuditActionOut, AuditEventOut, AuditHeadOut, AuditSumOut, trail_filter
from mapserver.schemas.page import After, PageOut
from mapserver.schemas.record import shown
from mapserver.server.uploads import made_file

router = APIRouter(prefix="/api/{county}/audit", tags=["audit"], route_class=DoorRoute)

Auditor = Annotated[Account, Depends(requires(permissions.AUDIT_VIEW))]
Which = Annotated[Trail, Query(description="county, or the platform's rows about it: sign-ins, accounts, tokens")]
Where = Annotated[TrailFilter, Depends(trail_filter)]
CSV, JSON_LINES = "text/csv; charset=utf-8", "application/x-ndjson"
BATCH = 1000


def _refuse_part(account: Account) -> None:
    """The platform's trail and a whole chain are for auditors of the whole county."""
    if not account.scope.whole_county:
        raise NotPermitted("需要全县范围 / for an auditor of the whole county")


def _reading(connection: Connection, trail: Trail) -> AbstractContextManager[Connection]:
    """What the trail is read with: the platform's stands on the home server."""
    return platform_beside(connection) if trail == "platform" else nullcontext(connection)


@router.get("")
@audited("read_audit", "{trail} {where}", rows=lambda page: page.items)
def trail_page(
    account: Auditor,
    connection: CountyConnection,
    where: Where,
    trail: Which = "county",
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> PageOut[AuditEventOut]:
    """The audit trail, newest first, narrowed as asked: who looked at what, when, from where, for what purpose, and refusals."""
    if trail == "platform":
        _refuse_part(account)
    with _reading(connection, trail) as reader:
        page = list_trail(reader, trail, account.county, where, after=after, limit=limit)
    return PageOut[AuditEventOut].of(
        page, lambda entry: shown(AuditEventOut, entry, action_label=words_of(entry.action))
    )


@router.get("/summary")
@audited("read_audit_summary", "{trail} {where}")
def summary(
    account: Auditor, connection: CountyConnection, where: Where, trail: Which = "county"
) -> PageOut[AuditSumOut]:
    """By day, account and action: how often, how many records, how many refusals. At most 1,000 rows, latest days first."""
    if trail == "platform":
        _refuse_part(account)
    with _reading(connection, trail) as reader:
        rows = summarise(reader, trail, account.county, where)
    return PageOut[AuditSumOut].whole(shown(AuditSumOut, row, action_label=words_of(row.action)) for row in rows)


@router.get("/actions")
def actions(account: Auditor) -> PageOut[AuditActionOut]:
    """The acts that a trail may hold, for the filter ``action``."""
    return PageOut[AuditActionOut].whole(
        AuditActionOut(action=action, label=label) for action, label in ACTIONS.items()
    )


@router.get("/head")
@audited("read_audit_head", "{trail}")
def head(account: Auditor, connection: CountyConnection, trail: Which = "county") -> AuditHeadOut:
    """The last link of the chain. Written down elsewhere, it shows later whether the trail was cut off or made anew."""
    _refuse_part(account)
    with _reading(connection, trail) as reader:
        chain_rest(reader, trail)
        last = read_head(reader, trail)
    return shown(AuditHeadOut, last, chain=PLATFORM if trail == "platform" else account.county)


@router.get(
    "/export",
    response_class=FileResponse,
    responses={200: {"content": {JSON_LINES: {}, CSV: {}}}},
)
@long_work
@audited("export_audit", "{trail} {format} {where}")
def export(
    account: Auditor,
    connection: CountyConnection,
    where: Where,
    trail: Which = "county",
    format: Annotated[
        Literal["jsonl", "csv"], Query(description="jsonl carries the chain, csv is for reading")
    ] = "jsonl",
) -> FileResponse:
    """The trail as a file. JSON lines, a period of days at most, hold the chain and verify elsewhere (``audit_chain.py``); CSV
    takes every filter.
    """
    if trail == "platform" or format == "jsonl":
        _refuse_part(account)

    def make(folder: Path) -> Path:
        path = folder / f"audit-{trail}-{account.county}.{format}"
        write = _write_csv if format == "csv" else _write_chain
        with _reading(connection, trail) as reader:
            write(reader, path, trail, account.county, where)
        return path

    return made_file(make, CSV if format == "csv" else JSON_LINES)


def _write_chain(connection: Connection, path: Path, trail: Trail, county: str, where: TrailFilter) -> None:
    if where != TrailFilter(first_day=where.first_day, last_day=where.last_day):
        raise TrailFilterInvalid("链式导出只能按日期截取 / a chain is cut by days only; use format=csv")
    if trail == "platform" and county_codes(connection) != [county]:
        raise TrailFilterInvalid(
            "平台审计链含其他县的行，请在服务器上运行 onemap audit export platform / it holds rows of other counties; "
            "run the command on the server"
        )
    chain_rest(connection, trail)
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps(export_header(trail, county)) + "\n")
        for row in read_chain(connection, trail, first_day=where.first_day, last_day=where.last_day):
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _write_csv(connection: Connection, path: Path, trail: Trail, county: str, where: TrailFilter) -> None:
    columns = PLATFORM_COLUMNS if trail == "platform" else COUNTY_COLUMNS
    after: str | None = None
    with csv_file(path) as table:
        table.write(columns)
        while True:
            page = list_trail(connection, trail, county, where, after=after, limit=BATCH)
            for entry in page.items:
                table.write(getattr(entry, name) for name in columns)
            after = page.next
            if after is None:
                return
