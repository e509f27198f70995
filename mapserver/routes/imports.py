"""Department tables through the web: check a file, read the report, publish it, fetch the rejected rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, UploadFile
from fastapi.responses import FileResponse

from access.accounts import permissions
from access.accounts.accounts import Account
from access.audit.record import record
from importing.batches import get_batch, list_batches, list_rejects, list_warnings
from importing.loading.rejects import write_rejects
from importing.mappings.mapping import find_mapping, list_mappings
from importing.pipeline import import_file
from mapserver.door.audited import audited
from mapserver.door.deps import AppContext, CountyConnection, RecordId, requires
from mapserver.door.route import DoorRoute, long_work
from mapserver.schemas.imports import BatchDetail, BatchOut, MappingOut, RejectOut, WarningOut
from mapserver.schemas.page import PageOut
from mapserver.server.jobs import hand_in_after_import
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
    return PageOut[BatchOut].whole(BatchOut(**batch) for batch in list_batches(connection))


@router.post("/imports", status_code=201)
def upload(
    account: Importer,
    context: AppContext,
    file: Annotated[UploadFile, File(description="CSV, XLSX, GeoPackage, zipped Shapefile or GeoJSON")],
    mapping: Annotated[str, Form(description="mapping name", examples=["demo_population"])],
    publish: Annotated[bool, Form(description="false: check only, nothing changes")] = False,
    sheet: Annotated[
        str | None, Form(description="sheet of a workbook, when several have data", max_length=100)
    ] = None,
    confirmed: Annotated[bool, Form(description="publish although the whole file looks odd")] = False,
) -> BatchDetail:
    """Put a file through the pipeline. Without ``publish`` the report says what would change, and nothing does.

    A file that looks odd as a whole (``counts.questions``) is only checked, and answered with 409, until ``confirmed``.
    """
    chosen = find_mapping(mapping)
    if sheet:
        chosen = chosen.model_copy(update={"sheet": sheet})
    with temporary_upload(file, context) as path:
        report = import_file(
            context.database,
            account.scope,
            path,
            chosen,
            sealer=context.sealer,
            publish=publish,
            confirmed=confirmed,
        )
    if publish:
        hand_in_after_import(context.queue, account.county)
    with context.database.transaction(account.scope) as connection:
        return _detail(connection, report.batch_id)


@router.get("/imports/{batch_id}")
@audited("view_import", "import:{batch_id}")
def detail(account: Viewer, connection: CountyConnection, batch_id: RecordId) -> BatchDetail:
    """One import: counts, seconds of each stage, reasons of rejected rows."""
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
    return BatchDetail(
        **get_batch(connection, batch_id),
        rejects=[RejectOut(**reject) for reject in list_rejects(connection, batch_id)],
        warnings=[WarningOut(**warning) for warning in list_warnings(connection, batch_id)],
    )
