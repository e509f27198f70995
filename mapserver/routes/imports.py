"""Department tables through the web: check a file, read the report, publish it, fetch the rejected rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Response, UploadFile
from fastapi.responses import FileResponse

from access.accounts import permissions
from access.accounts.accounts import Account
from access.audit.record import record
from importing.background import receive_file
from importing.batches import cancel_batch, get_batch, list_batches, list_rejects, list_warnings
from importing.loading.rejects import write_rejects
from importing.mappings.mapping import list_mappings
from importing.vocabulary import ImportState
from mapserver.door.audited import audited
from mapserver.door.deps import AppContext, CountyConnection, RecordId, requires
from mapserver.door.route import DoorRoute, long_work
from mapserver.schemas.imports import BatchDetail, BatchOut, MappingOut
from mapserver.schemas.page import PageOut
from mapserver.schemas.record import shown
from mapserver.server.jobs import hand_in_import
from mapserver.server.uploads import made_file, temporary_upload

router = APIRouter(prefix="/api/{county}", tags=["imports"], route_class=DoorRoute)

Viewer = Annotated[Account, Depends(requires(permissions.IMPORTS_VIEW))]
Importer = Annotated[Account, Depends(requires(permissions.IMPORTS_WRITE))]

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.get("/mappings")
def mappings(account: Importer) -> PageOut[MappingOut]:
    """The department tables the pipeline knows, with the columns each must have."""
    return PageOut[MappingOut].whole(
        MappingOut(name=m.name, title=m.title, target=m.target, columns=m.required_columns) for m in list_mappings()
    )


@router.get("/imports")
def imports(account: Viewer, connection: CountyConnection) -> PageOut[BatchOut]:
    """The latest imports, newest first."""
    return PageOut[BatchOut].whole(shown(BatchOut, batch) for batch in list_batches(connection))


@router.post("/imports", status_code=202)
def upload(
    account: Importer,
    context: AppContext,
    response: Response,
    file: Annotated[UploadFile, File(description="CSV, XLSX, GeoPackage, zipped Shapefile or GeoJSON")],
    mapping: Annotated[str, Form(description="mapping name", examples=["demo_population"])],
    publish: Annotated[bool, Form(description="false: check only, nothing changes")] = False,
    sheet: Annotated[
        str | None, Form(description="sheet of a workbook, when several have data", max_length=100)
    ] = None,
    confirmed: Annotated[bool, Form(description="publish although the whole file looks odd")] = False,
) -> BatchOut:
    """Hand in a file. It goes through the pipeline in the background: ask the address in ``Location`` how far it is.

    Without ``publish`` the report says what would change, and nothing does. A file that looks odd as a whole
    (``counts.questions``) is only checked, with ``error_code`` ``confirmation-needed``, until ``confirmed``.
    """
    with temporary_upload(file, context) as path:
        batch = receive_file(
            context.database,
            account.scope,
            context.sealer,
            path,
            mapping,
            publish=publish,
            confirmed=confirmed,
            sheet=sheet or None,
        )
    hand_in_import(context.queue, account.county, batch.id)
    response.headers["Location"] = f"/api/{account.county}/imports/{batch.id}"
    return shown(BatchOut, batch)


@router.get("/imports/{batch_id}")
def detail(account: Viewer, connection: CountyConnection, batch_id: RecordId) -> BatchDetail:
    """One import: how far it is; at its end the counts, seconds of each stage, reasons of rejected rows."""
    found = _detail(connection, batch_id)
    if found.state not in (ImportState.WAITING, ImportState.STAGED):
        record(connection, "view_import", target=f"import:{batch_id}")
    return found


@router.post("/imports/{batch_id}/cancel", responses={409: {}})
@audited("cancel_import", "import:{batch_id}")
def cancel(account: Importer, connection: CountyConnection, batch_id: RecordId) -> BatchDetail:
    """End an import, whoever began it: one that waits at once, one that runs at its next safe point. Nothing of it is written."""
    cancel_batch(connection, batch_id, account.username)
    return _detail(connection, batch_id)


@router.get("/imports/{batch_id}/rejects.xlsx", response_class=FileResponse, responses={200: {"content": {XLSX: {}}}})
@long_work
def rejects(account: Importer, connection: CountyConnection, context: AppContext, batch_id: RecordId) -> FileResponse:
    """The rejected rows as a workbook to correct and send again. It holds personal data: the download is audited."""
    get_batch(connection, batch_id)
    record(connection, "export_rejects", target=f"import:{batch_id}")

    def make(folder: Path) -> Path:
        path = folder / f"rejects-{batch_id}.xlsx"
        write_rejects(connection, batch_id, path, context.sealer)
        return path

    return made_file(make, XLSX)


def _detail(connection: CountyConnection, batch_id: int) -> BatchDetail:
    return shown(
        BatchDetail,
        get_batch(connection, batch_id),
        rejects=list_rejects(connection, batch_id),
        warnings=list_warnings(connection, batch_id),
    )
