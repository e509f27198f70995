"""The worker beside the server, or in a process of its own: works off the job queue for as long as the process lives.

The queue's own worker ends for good when it loses the database for a moment. Here it is begun again, and what a dead worker had
under way is taken up.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog
from procrastinate import App
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Job, Status

from database.engine import Database
from database.jobs import worker_app
from database.work import work_of_jobs
from mapserver.context import Context
from mapserver.jobs import DATABASE_KEY, SEALER_KEY, make_tasks, run_sweeps

log = structlog.get_logger()

#: A worker says that it lives so often, and is taken for dead after so long without; then its jobs are taken up.
HEARTBEAT_S = 2.0
DEAD_S = 12.0
#: How often a job may be begun: one that kills its worker each time is marked failed.
MOST_STARTS = 3
#: Between a worker that ended and the next one.
AGAIN_S = (0.2, 1.0, 2.0)


class JobWorker:
    """One for a process. Runs on connections of its own, so that requests and jobs do not wait for each other."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.running = False

    async def run(self) -> None:
        """Work off the queue until cancelled, whatever becomes of the database meanwhile."""
        failures = 0
        while True:
            try:
                await self._run_once()
                log.warning("worker.ended")
                failures = 0
            except Exception as error:
                if failures == 0:
                    log.warning("worker.lost", error=type(error).__name__)
                failures += 1
            await asyncio.sleep(AGAIN_S[min(failures, len(AGAIN_S) - 1)])

    async def _run_once(self) -> None:
        url = self._context.database.url
        database = Database(url, pool_size=2, work=work_of_jobs(self._context.settings))
        queue = worker_app(url, make_tasks())
        try:
            await asyncio.to_thread(
                run_sweeps, database
            )  # also: the pool of the queue waits ever longer for a database that is away
            async with queue.open_async():
                work = queue.run_worker_async(
                    install_signal_handlers=False,
                    concurrency=1,
                    shutdown_graceful_timeout=self._context.settings.stop_seconds,
                    update_heartbeat_interval=HEARTBEAT_S,
                    stalled_worker_timeout=DEAD_S,
                    additional_context={DATABASE_KEY: database, SEALER_KEY: self._context.sealer},
                )
                taking_up = asyncio.create_task(take_up_stalled(queue))
                self.running = True
                try:
                    await work
                finally:
                    self.running = False
                    taking_up.cancel()
                    with suppress(asyncio.CancelledError):
                        await taking_up
        finally:
            await asyncio.to_thread(database.end)


async def take_up_stalled(queue: App) -> None:
    """Every few seconds: jobs whose worker died are begun again, once for each death; the third time they are marked failed."""
    while True:
        try:
            for job in await queue.job_manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_S):
                await _take_up(queue, job)
        except ConnectorException as error:  # the worker itself says so too, and is begun again
            log.info("worker.stalled_unknown", error=type(error).__name__)
        await asyncio.sleep(HEARTBEAT_S)


async def _take_up(queue: App, job: Job) -> None:
    if job.attempts + 1 < MOST_STARTS:
        try:
            await queue.job_manager.retry_job(job)
        except UniqueViolation:
            pass  # one that was handed in later waits already, and will see the same rows
        except ConnectorException:
            return  # another worker was first
        else:
            log.warning("worker.taken_up", task=job.task_name, job=job.id)
            return
    await queue.job_manager.finish_job(job, Status.FAILED, delete_job=False)
    log.error("worker.given_up", task=job.task_name, job=job.id, starts=job.attempts + 1)
