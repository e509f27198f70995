"""Work done in the background: the anomaly scan, after every publish and every morning."""

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

log = structlog.get_logger()

DATABASE_KEY = "database"
SCAN_COUNTY = "scan_county"


def make_tasks() -> Blueprint:
    """The tasks a worker knows, as a new blueprint."""
    tasks = Blueprint()
    tasks.task(name=SCAN_COUNTY, pass_context=True, retry=3)(scan_county)
    every_morning = tasks.task(name="scan_all_counties", pass_context=True)(scan_all_counties)
    tasks.periodic(cron="0 5 * * *")(every_morning)
    return tasks


def hand_in_scan(queue: App, county: str) -> bool:
    """Ask for a scan of one county; False when one waits already, which will see the same rows."""
    return hand_in(queue, SCAN_COUNTY, lock=f"scan-{county}", county=county)


async def scan_county(context: JobContext, county: str) -> None:
    """Run every anomaly rule over one county."""
    database: Database = context.additional_context[DATABASE_KEY]
    await asyncio.to_thread(run_scan, database, county)


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


def county_codes(database: Database) -> list[str]:
    """The counties of this server."""
    with database.platform() as connection:
        return list(connection.scalars(text("SELECT code FROM platform.county ORDER BY code")))
