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
from procrastinate.worker import Worker
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from database.connection.engine import Database
from database.connection.jobs import LINES, worker_app
from database.connection.work import work_of_jobs
from mapserver.server.context import Context
from mapserver.server.jobs import DATABASE_KEY, SEALER_KEY, make_tasks, run_sweeps

log = structlog.get_logger()

#: A worker says that it lives so often, and is taken for dead after so long without; then its jobs are taken up.
HEARTBEAT_S = 2.0
DEAD_S = 12.0
#: How often a job may be begun: one that kills its worker each time is marked failed.
MOST_STARTS = 3
#: So many looks in a row that find no sign of life of this worker, and it is begun again.
MOST_SILENT = 3
#: How long the queue's connections, and a worker that was told to end, are waited for.
CLOSE_S = 5.0
_SIGN = text(
    "SELECT count(*) FROM platform.procrastinate_workers "
    "WHERE id = ANY(:ids) AND last_heartbeat > now() - make_interval(secs => :seconds)"
)
#: Between a worker that ended and the next one.
AGAIN_S = (0.2, 1.0, 2.0)


class JobWorker:
    """One for a process, with a worker for each line of jobs. Runs on connections of its own, so that requests and jobs do not wait for each other."""

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
        database = Database(url, pool_size=1 + len(LINES), work=work_of_jobs(self._context.settings))
        queue = worker_app(url, make_tasks())
        workers = [
            Worker(
                queue,
                queues=[line],
                install_signal_handlers=False,
                concurrency=1,
                shutdown_graceful_timeout=self._stop_s,
                update_heartbeat_interval=HEARTBEAT_S,
                stalled_worker_timeout=DEAD_S,
                additional_context={DATABASE_KEY: database, SEALER_KEY: self._context.sealer},
            )
            for line in LINES
        ]
        try:
            # also a first look: the pool of the queue waits ever longer for a database that is away
            await asyncio.to_thread(run_sweeps, database)
            await queue.open_async()
            await self._until_one_ends(queue, workers)
        finally:
            with suppress(Exception):
                async with asyncio.timeout(CLOSE_S):
                    await queue.close_async()
            await asyncio.to_thread(database.end)

    @property
    def _stop_s(self) -> float:
        return float(self._context.settings.stop_seconds)

    async def _until_one_ends(self, queue: App, workers: list[Worker]) -> None:
        """Until a worker ends, or gives no sign of life although the database answers; one that hangs is left behind."""
        works = [asyncio.create_task(worker.run()) for worker in workers]  # type: ignore[no-untyped-call]
        watch = asyncio.create_task(self._watch(queue, workers))
        self.running = True
        try:
            await asyncio.wait({*works, watch}, return_when=asyncio.FIRST_COMPLETED)
            ended = [work for work in works if work.done()]
            for work in ended:
                work.result()
            if not ended:
                log.error("worker.hangs")
        finally:
            self.running = False
            for task in (watch, *works):
                task.cancel()
            _, left = await asyncio.wait({*works, watch}, timeout=self._stop_s + CLOSE_S)
            if left:
                log.error("worker.left", tasks=len(left))

    async def _watch(self, queue: App, workers: list[Worker]) -> None:
        """Take up the jobs of the dead every few seconds; returns when one of these workers is among them, or has ended."""
        silent = 0
        while silent < MOST_SILENT:
            await asyncio.sleep(HEARTBEAT_S)
            if not self.running:
                return  # a cancellation may get lost in a connection that breaks
            await take_up_stalled(queue)
            try:
                alive = await asyncio.to_thread(self._gave_sign, [worker.worker_id for worker in workers])
                silent = 0 if alive else silent + 1
            except SQLAlchemyError:
                silent = 0  # the database is away: nobody can give a sign

    def _gave_sign(self, workers: list[int | None]) -> bool:
        """Whether each of these workers did lately."""
        with self._context.database.platform() as connection:
            alive = connection.scalar(_SIGN, {"ids": workers, "seconds": DEAD_S})
        return bool(alive == len(workers))


async def take_up_stalled(queue: App) -> None:
    """Jobs whose worker died are begun again, once for each death; the third time they are marked failed."""
    try:
        for job in await queue.job_manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_S):
            await _take_up(queue, job)
    except ConnectorException as error:  # the worker itself says so too, and is begun again
        log.info("worker.stalled_unknown", error=type(error).__name__)


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
