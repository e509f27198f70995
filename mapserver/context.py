"""What a running process holds: settings, the database pool, the sealer, the signer, the job queue."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from procrastinate import App

from database.embedded import ensure_database, keep_database, release_database
from database.engine import Database
from database.jobs import queue_app
from database.seal import Sealer
from database.settings import Settings, load_secrets
from database.sign import Signer
from database.work import work_of_requests
from database.workspace import leave_temporary_folder, use_private_temporary_folder
from mapserver.logs import install_structlog

#: Connections for looking up who asks and what changed, and for what strangers may ask (`mapserver/door/door.py`).
LOOK_SLOTS = 3
PUBLIC_SLOTS = 4
OTHER_CONNECTIONS = LOOK_SLOTS + PUBLIC_SLOTS


@dataclass(frozen=True)
class Context:
    """Opened once per process, closed at its end."""

    settings: Settings
    database: Database
    sealer: Sealer
    signer: Signer
    queue: App
    temporary: Path

    def close(self) -> None:
        """Give everything back; the last user of the embedded cluster stops it."""
        with ExitStack() as ends:  # each is given back, whatever becomes of the others
            ends.callback(leave_temporary_folder, self.temporary)
            ends.callback(release_database)
            ends.callback(self.database.close)
            ends.callback(self.queue.close)


def open_context(settings: Settings, *, lost: Callable[[Exception], None] | None = None) -> Context:
    """Connect as the application role, starting the embedded cluster when there is no other server; sweep what the dead have left.

    lost: the embedded cluster is started again whenever it dies; called from another thread when that fails for a minute.
    """
    install_structlog()
    urls = ensure_database(settings)
    if lost is not None:
        keep_database(settings, lost)
    temporary = use_private_temporary_folder()
    queue = queue_app(urls.app)
    queue.open()
    secrets = load_secrets(settings)
    return Context(
        settings=settings,
        database=Database(
            urls.app,
            pool_size=settings.pool_size,
            spare=settings.uploads_at_once + OTHER_CONNECTIONS,
            work=work_of_requests(settings),
        ),
        sealer=Sealer.from_secrets(secrets),
        signer=Signer.of_plates(secrets),
        queue=queue,
        temporary=temporary,
    )
