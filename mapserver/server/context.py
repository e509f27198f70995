"""What a running process holds: settings, the database pool, the sealer, the signer, the job queue."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from procrastinate import App

from database.connection.engine import Database
from database.connection.jobs import queue_app
from database.connection.work import work_of_requests
from database.embedded import ensure_database, keep_database, release_database
from database.installation.processes import share_of
from database.installation.settings import Settings, load_secrets
from database.installation.workspace import leave_temporary_folder, use_private_temporary_folder
from database.secrets.seal import Sealer
from database.secrets.sign import Signer
from mapserver.server import metadata  # noqa: F401 - the tables of every floor, and every kind of record
from mapserver.server.logs import install_structlog


@dataclass(frozen=True)
class Connections:
    """How many connections this process may use at the same time, by what for (`mapserver/door/door.py`): its part of the server's.

    Two more of each process listen, and one hands jobs in.
    """

    work: int
    long: int
    looks: int
    public: int

    @classmethod
    def of(cls, settings: Settings) -> Connections:
        """The part of this process."""
        return cls(
            work=share_of(settings.pool_size, least=2),
            long=share_of(settings.uploads_at_once),
            looks=share_of(3, least=2),
            public=share_of(4),
        )


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
    connections = Connections.of(settings)
    return Context(
        settings=settings,
        database=Database(
            urls.app,
            pool_size=connections.work,
            spare=connections.long + connections.looks + connections.public,
            work=work_of_requests(settings),
        ),
        sealer=Sealer.from_secrets(secrets),
        signer=Signer.of_plates(secrets),
        queue=queue,
        temporary=temporary,
    )
