"""Work done in the background: the anomaly scan after every publish and every morning; the queue of corrections; the quality check."""

from __future__ import annotations

import asyncio
from datetime import date

import structlog
from procrastinate import App, Blueprint, JobContext
from sqlalchemy import text

from database.engine import Database
from database.jobs import hand_in
from database.scope import Scope
from layers.anomaly.scan import scan
from layers.quality import check_county
from layers.uncertain import collect_uncertain

log = structlog.get_logger()

DATABASE_KEY = "database"
SCAN_COUNTY = "scan_county"
COLLECT_UNCERTAIN = "collect_uncertain"
CHECK_QUALITY = "check_quality"


def make_tasks() -> Blueprint:
    """The tasks a worker knows, as a new blueprint."""
    tasks = Blueprint()
    tasks.task(name=SCAN_COUNTY, pass_context=True, retry=3)(scan_county)
    tasks.task(name=COLLECT_UNCERTAIN, pass_context=True, retry=3)(collect_county)
    tasks.task(name=CHECK_QUALITY, pass_context=True, retry=1)(check_quality)
    every_morning = tasks.task(name="scan_all_counties", pass_context=True)(scan_all_counties)
    tasks.periodic(cron="0 5 * * *")(every_morning)
    return tasks


def hand_in_scan(queue: App, county: str) -> bool:
    """Ask for a scan of one county; False when one waits already, which will see the same rows."""
    return hand_in(queue, SCAN_COUNTY, lock=f"scan-{county}", county=county)


def hand_in_collect(queue: App, county: str) -> bool:
    """Ask for the uncertain texts of one county to join the queue of corrections; False when one waits already."""
    return hand_in(queue, COLLECT_UNCERTAIN, lock=f"collect-{county}", county=county)


def hand_in_check(queue: App, county: str, actor: str) -> bool:
    """Ask for a run of all quality rules over one county; False when one waits already, which will see the same rows."""
    return hand_in(queue, CHECK_QUALITY, lock=f"quality-{county}", county=county, actor=actor)


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


async def scan_all_counties(context: JobContext, timestamp: int) -> None:
    """Every morning at five: what days alone can make abnormal, such as a visit that did not happen."""
    del timestamp
    database: Database = context.additional_context[DATABASE_KEY]
    for county in await asyncio.to_thread(county_codes, database):
        await asyncio.to_thread(run_scan, database, county)


def run_scan(database: Database, county: str) -> None:
    """Scan one county as of today, in one transaction."""
    with database.transaction(Scope.of_system(county, "scan")) as connection:
        report = scan(connection, date.today())
    log.info("scan.done", county=county, counts=report.counts)


def run_collect(database: Database, county: str) -> None:
    """Collect the uncertain texts of one county, in one transaction."""
    with database.transaction(Scope.of_system(county, "collect")) as connection:
        joined = collect_uncertain(connection)
    log.info("collect.done", county=county, joined=joined)


def county_codes(database: Database) -> list[str]:
    """The counties of this server."""
    with database.platform() as connection:
        return list(connection.scalars(text("SELECT code FROM platform.county ORDER BY code")))
