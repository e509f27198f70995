"""Work done in the background: the anomaly scan after every publish and every morning; the queue of corrections; the quality check; elevations; outlines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog
from procrastinate import App, Blueprint, JobContext
from sqlalchemy import text

from access.accounts import permissions
from access.accounts.accounts import find_account
from access.audit.heads import write_current_heads
from alerts.detection.scan import scan
from database.connection.engine import Database, current_day
from database.connection.jobs import IMPORTS, NAMESPACE, daily, hand_in, queue_app
from database.errors import OnemapError
from database.installation.settings import get_settings
from database.rights.scope import Scope
from database.secrets.seal import Sealer
from database.upgrade.counties import county_codes as all_county_codes
from gazetteer.lifecycle.reread import reread
from grid.quality.county import check_county
from importing.background import (
    Upload,
    begin_upload,
    give_up_old,
    import_upload,
    is_published,
    orphans,
    refuse_upload,
)
from importing.batches import sweep_batches
from importing.bulk_match.jobs import run_job, sweep_jobs
from importing.stage.unmatched import collect_uncertain
from layers.raster.contours import contours_are_due, draw_contours
from layers.raster.elevations import find_dem, refresh_elevations
from layers.raster.errors import NoElevationModel, RasterFileMissing
from layers.tiles.shapes import missing_shapes, refresh_shapes

log = structlog.get_logger()

DATABASE_KEY = "database"
SEALER_KEY = "sealer"
SCAN_COUNTY = "scan_county"
COLLECT_UNCERTAIN = "collect_uncertain"
CHECK_QUALITY = "check_quality"
MATCH_FILE = "match_file"
REFRESH_ELEVATIONS = "refresh_elevations"
IMPORT_FILE = "import_file"
_IN_QUEUE = text(
    "SELECT CAST(args ->> 'batch_id' AS bigint) FROM platform.procrastinate_jobs "
    "WHERE task_name = :task AND status IN ('todo', 'doing') AND args ->> 'county' = :county"
)


def make_tasks() -> Blueprint:
    """The tasks a worker knows, as a new blueprint."""
    tasks = Blueprint()
    tasks.task(name=SCAN_COUNTY, pass_context=True, retry=3)(scan_county)
    tasks.task(name=COLLECT_UNCERTAIN, pass_context=True, retry=3)(collect_county)
    tasks.task(name=CHECK_QUALITY, pass_context=True, retry=1)(check_quality)
    tasks.task(name=MATCH_FILE, pass_context=True, retry=1)(match_one_file)
    tasks.task(name=IMPORT_FILE, pass_context=True, retry=3)(import_one_file)
    sweep = tasks.task(name="sweep", pass_context=True)(sweep_counties)
    tasks.periodic(cron="* * * * *")(sweep)
    tasks.task(name=REFRESH_ELEVATIONS, pass_context=True, retry=3)(refresh_county_elevations)
    heights = tasks.task(name="refresh_all_elevations", pass_context=True, retry=1)(refresh_all_elevations)
    tasks.periodic(cron=daily(3, 30))(heights)
    contours = tasks.task(name="draw_all_contours", pass_context=True, retry=1)(draw_all_contours)
    tasks.periodic(cron=daily(3, 50))(contours)
    outlines = tasks.task(name="refresh_all_outlines", pass_context=True)(refresh_all_outlines)
    tasks.periodic(cron="* * * * *")(outlines)
    every_morning = tasks.task(name="scan_all_counties", pass_context=True, retry=1)(scan_all_counties)
    tasks.periodic(cron=daily(5))(every_morning)
    heads = tasks.task(name="write_audit_heads", pass_context=True, retry=1)(write_audit_heads)
    tasks.periodic(cron=daily(2, 10))(heads)
    texts = tasks.task(name="reread_all_addresses", pass_context=True, retry=1)(reread_all_addresses)
    tasks.periodic(cron=daily(3, 40))(texts)
    return tasks


def hand_in_scan(queue: App, county: str) -> bool:
    """Ask for a scan of one county; False when one waits already, which will see the same rows."""
    return hand_in(queue, SCAN_COUNTY, lock=f"scan-{county}", county=county)


def hand_in_collect(queue: App, county: str) -> bool:
    """Ask for the uncertain texts of one county to join the queue of corrections; False when one waits already."""
    return hand_in(queue, COLLECT_UNCERTAIN, lock=f"collect-{county}", county=county)


def hand_in_elevations(queue: App, county: str) -> bool:
    """Ask for the elevations of new and moved addresses of one county; False when one waits already."""
    return hand_in(queue, REFRESH_ELEVATIONS, lock=f"elevations-{county}", county=county)


def hand_in_after_import(queue: App, county: str) -> None:
    """All that follows a publish: the scan, the queue of corrections, the elevations that the flood question needs."""
    hand_in_scan(queue, county)
    hand_in_collect(queue, county)
    hand_in_elevations(queue, county)


def hand_in_check(queue: App, county: str, actor: str) -> bool:
    """Ask for a run of all quality rules over one county; False when one waits already, which will see the same rows."""
    return hand_in(queue, CHECK_QUALITY, lock=f"quality-{county}", county=county, actor=actor)


def hand_in_match(queue: App, county: str, job_id: int, actor: str) -> None:
    """Ask for the file of a match job to be matched, in the scope that its owner has by then."""
    hand_in(queue, MATCH_FILE, county=county, job_id=job_id, actor=actor)


async def match_one_file(context: JobContext, county: str, job_id: int, actor: str) -> None:
    """Match the file of one job; again when its worker died or was stopped in the middle."""
    database: Database = context.additional_context[DATABASE_KEY]
    sealer: Sealer = context.additional_context[SEALER_KEY]
    again = context.job.attempts > 0
    await asyncio.to_thread(run_match, database, sealer, county, job_id, actor, again=again)


def run_match(database: Database, sealer: Sealer, county: str, job_id: int, actor: str, *, again: bool = False) -> None:
    """Match as the owner; an account that was disabled meanwhile, or is of another county now, gets nothing.

    again: it was begun before; broken off once more, it ends as failed.
    """
    with database.platform() as connection:
        account = find_account(connection, actor)
    if account is None or account.county != county:
        log.warning("match.ownerless", county=county, job=job_id)
        return
    run_job(database, sealer, account.scope, job_id, again=again)
    log.info("match.done", county=county, job=job_id)


def hand_in_import(queue: App, county: str, batch_id: int) -> bool:
    """Ask for a received file to be imported; False when it waits already. A county's files come in the order they were sent."""
    lock, turn = f"import-{county}-{batch_id}", f"imports-{county}"
    return hand_in(queue, IMPORT_FILE, lock=lock, turn=turn, line=IMPORTS, county=county, batch_id=batch_id)


async def import_one_file(context: JobContext, county: str, batch_id: int) -> None:
    """Import one received file; also when a worker died over it."""
    database: Database = context.additional_context[DATABASE_KEY]
    sealer: Sealer = context.additional_context[SEALER_KEY]
    await asyncio.to_thread(run_import, database, sealer, county, batch_id)


def run_import(database: Database, sealer: Sealer, county: str, batch_id: int) -> None:
    """Import with the rights that the asker had and still has; what was published is followed up.

    Raises only what is worth another start: a database that is away, a fault of ours.
    """
    system = Scope.of_system(county, "import")
    with database.transaction(system) as connection:
        upload = begin_upload(connection, batch_id)
    if upload is not None:
        _import(database, sealer, county, upload)
    with database.transaction(system) as connection:
        published = is_published(connection, batch_id)
    if published:  # also when a worker died between the commit and this
        with queue_app(database.url).open() as queue:
            hand_in_after_import(queue, county)


def _import(database: Database, sealer: Sealer, county: str, upload: Upload) -> None:
    scope = Scope(county, upload.actor, upload.request.role, upload.request.prefixes)
    why = _rights_lost(database, scope)
    if why is not None:
        with database.transaction(Scope.of_system(county, "import")) as connection:
            refuse_upload(connection, upload, why)
        log.warning("import.rights_lost", county=county, batch=upload.batch_id)
        return
    try:
        report = import_upload(database, scope, sealer, upload)
    except OnemapError as error:  # the batch says it in full
        log.info("import.ended", county=county, batch=upload.batch_id, code=error.code)
    else:
        log.info("import.done", county=county, batch=upload.batch_id, state=report.state)


def _rights_lost(database: Database, scope: Scope) -> str | None:
    """Why an account may no longer do what it asked for with this scope; None when it may."""
    with database.platform() as connection:
        account = find_account(connection, scope.actor)
    if account is None:
        return "账号已停用 / the account is disabled"
    same = (account.county, account.role, account.prefixes) == (scope.county, scope.role, scope.prefixes)
    if not same or permissions.IMPORTS_WRITE not in permissions.permissions_of(account.role):
        return (
            "账号的角色或范围已变，请重新上传 / the role or the scope of the account has changed; send the file again"
        )
    return None


async def sweep_counties(context: JobContext, timestamp: int) -> None:
    """Every minute: end or take up the jobs and imports whose process died, remove old match jobs with their files."""
    del timestamp
    await asyncio.to_thread(run_sweeps, context.additional_context[DATABASE_KEY])


def run_sweeps(database: Database) -> None:
    """Sweep every county; also done when a worker starts."""
    for county in county_codes(database):
        with database.unless_away(county):
            run_sweep(database, county)


def run_sweep(database: Database, county: str) -> None:
    """Sweep the match jobs and imports of one county."""
    with database.transaction(Scope.of_system(county, "sweep")) as connection:
        sweep_jobs(connection)
        dead = sweep_batches(connection) + give_up_old(connection)
        waiting = orphans(connection)
    if dead:
        log.warning("sweep.imports", county=county, failed=dead)
    if waiting:
        _take_up(database, county, waiting)


def _take_up(database: Database, county: str, batches: list[int]) -> None:
    """Upload files that no job of the queue is about: the server died between keeping a file and handing it in."""
    with database.platform() as connection:
        in_queue = set(connection.scalars(_IN_QUEUE, {"task": f"{NAMESPACE}:{IMPORT_FILE}", "county": county}))
    lost = [batch_id for batch_id in batches if batch_id not in in_queue]
    if lost:
        with queue_app(database.url).open() as queue:
            for batch_id in lost:
                hand_in_import(queue, county, batch_id)
        log.warning("sweep.taken_up", county=county, batches=lost)


async def check_quality(context: JobContext, county: str, actor: str) -> None:
    """Run every quality rule over one county's addresses. actor: who asked, as shown with the run."""
    database: Database = context.additional_context[DATABASE_KEY]
    await asyncio.to_thread(run_check, database, county, actor)


def run_check(database: Database, county: str, actor: str) -> None:
    """Check one county as a whole, whatever the asker sees: rules compare addresses of neighbouring villages."""
    report = check_county(database, Scope.of_system(county, actor))
    log.info("quality.done", county=county, run=report.run_id, addresses=report.addresses_n)


async def scan_county(context: JobContext, county: str) -> None:
    """Run every anomaly rule over one county."""
    database: Database = context.additional_context[DATABASE_KEY]
    await asyncio.to_thread(run_scan, database, county)


async def collect_county(context: JobContext, county: str) -> None:
    """Put the texts of records without a standard address into the queue of corrections."""
    database: Database = context.additional_context[DATABASE_KEY]
    await asyncio.to_thread(run_collect, database, county)


async def in_every_county(context: JobContext, run: Callable[..., None], *more: object) -> None:
    """One county after the other; run: takes the database, whatever more, and the county. One whose own server is away is left out."""
    database: Database = context.additional_context[DATABASE_KEY]

    def run_one(county: str) -> None:
        with database.unless_away(county):
            run(database, *more, county)

    for county in await asyncio.to_thread(county_codes, database):
        await asyncio.to_thread(run_one, county)


async def scan_all_counties(context: JobContext, timestamp: int) -> None:
    """Every morning at five: what days alone can make abnormal, such as a visit that did not happen."""
    del timestamp
    await in_every_county(context, run_scan)


async def refresh_county_elevations(context: JobContext, county: str) -> None:
    """After an import: its addresses have an elevation within minutes, not the next morning."""
    database: Database = context.additional_context[DATABASE_KEY]
    await asyncio.to_thread(run_elevations, database, get_settings().rasters_folder, county)


async def refresh_all_elevations(context: JobContext, timestamp: int) -> None:
    """Every night at half past three: the elevation of addresses that are new, have moved, or are of an older model."""
    del timestamp
    await in_every_county(context, run_elevations, get_settings().rasters_folder)


def run_elevations(database: Database, folder: Path, county: str) -> None:
    """Refresh the elevations of one county; a county without an elevation model has none."""
    try:
        report = refresh_elevations(database, Scope.of_system(county, "elevations"), folder)
    except (NoElevationModel, RasterFileMissing) as error:
        log.info("elevations.none", county=county, reason=error.code)
        return
    log.info("elevations.done", county=county, raster=report.raster, read=report.read_n, empty=report.empty_n)


async def draw_all_contours(context: JobContext, timestamp: int) -> None:
    """Every night at ten to four: the contours of counties whose elevation model is new."""
    del timestamp
    await in_every_county(context, run_contours, get_settings().rasters_folder)


def run_contours(database: Database, folder: Path, county: str) -> None:
    """Draw the contours of one county if they are not of its model; surveyed ones that were imported stay."""
    scope = Scope.of_system(county, "contours")
    try:
        with database.transaction(scope) as connection:
            if not contours_are_due(connection, find_dem(connection).id):
                return
        report = draw_contours(database, scope, folder)
    except (NoElevationModel, RasterFileMissing) as error:
        log.info("contours.none", county=county, reason=error.code)
        return
    log.info("contours.done", county=county, raster=report.raster, interval_m=report.interval_m, lines=report.lines_n)


async def reread_all_addresses(context: JobContext, timestamp: int) -> None:
    """Every night at twenty to four in China: addresses whose keys are not what their text gives, as after an upgrade."""
    del timestamp
    await in_every_county(context, run_reread)


def run_reread(database: Database, county: str) -> None:
    """Read the addresses of one county again, in one transaction."""
    with database.transaction(Scope.of_system(county, "reread")) as connection:
        done = reread(connection)
    log.info("reread.done", county=county, addresses=done.addresses_n, changed=done.changed_n)


async def refresh_all_outlines(context: JobContext, timestamp: int) -> None:
    """Every minute: generalise the outlines of a county where some are new or have changed; otherwise only look."""
    del timestamp
    await in_every_county(context, run_outlines)


def run_outlines(database: Database, county: str) -> None:
    """Make the generalised outlines of the layers that lack some."""
    with database.transaction(Scope.of_system(county, "outlines")) as connection:
        missing = missing_shapes(connection)
        if missing:
            made = refresh_shapes(connection, tuple(one.layer for one in missing))
            log.info("outlines.done", county=county, made=made)


def run_scan(database: Database, county: str) -> None:
    """Scan one county as of today in China, in one transaction."""
    with database.transaction(Scope.of_system(county, "scan")) as connection:
        report = scan(connection, current_day(connection))
    log.info("scan.done", county=county, counts=report.counts)


def run_collect(database: Database, county: str) -> None:
    """Collect the uncertain texts of one county, in one transaction."""
    with database.transaction(Scope.of_system(county, "collect")) as connection:
        joined = collect_uncertain(connection)
    log.info("collect.done", county=county, joined=joined)


async def write_audit_heads(context: JobContext, timestamp: int) -> None:
    """Every night at ten past two in China: what the audit trails end with, into the file of heads."""
    del timestamp
    database: Database = context.additional_context[DATABASE_KEY]
    heads = await asyncio.to_thread(lambda: write_current_heads(database, county_codes(database), get_settings()))
    log.info("audit.heads", chains=[head["chain"] for head in heads])


def county_codes(database: Database) -> list[str]:
    """The counties of this server."""
    with database.platform() as connection:
        return all_county_codes(connection)
