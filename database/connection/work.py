"""How long a transaction may take, by what it is for: no statement, no lock and no idle hand holds a connection for ever."""

from __future__ import annotations

from dataclasses import dataclass

from database.installation.settings import Settings


@dataclass(frozen=True, slots=True)
class Work:
    """A kind of work. Seconds: of one statement, of waiting for a lock, of a transaction that does nothing."""

    name: str
    statement_s: float
    lock_s: float
    idle_s: float

    @property
    def limits(self) -> dict[str, str]:
        """PostgreSQL's settings, in milliseconds."""
        return {
            "statement_timeout": f"{self.statement_s * 1000:.0f}",
            "lock_timeout": f"{self.lock_s * 1000:.0f}",
            "idle_in_transaction_session_timeout": f"{self.idle_s * 1000:.0f}",
        }


def work_of_requests(settings: Settings) -> Work:
    """What somebody waits for in front of a screen."""
    return Work(
        "request", settings.request_statement_seconds, settings.request_lock_seconds, settings.request_idle_seconds
    )


def work_of_tiles(settings: Settings) -> Work:
    """One map tile."""
    return Work("tile", settings.tile_statement_seconds, settings.request_lock_seconds, settings.request_idle_seconds)


def work_of_jobs(settings: Settings) -> Work:
    """Imports, exports, commands and background jobs."""
    return Work("job", settings.job_statement_seconds, settings.job_lock_seconds, settings.job_idle_seconds)
