"""The door of one process: its gates, its limits, and who asks."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import HTTPConnection

from access.accounts.accounts import Account
from access.audit.asker import asker_address
from access.sign_in.limits import Limit, TooManyRequests
from database.connection.work import work_of_jobs
from database.installation.processes import share_of
from mapserver.door.account_cache import AccountCache
from mapserver.door.gate import Gate
from mapserver.door.streams import Streams
from mapserver.server.context import Connections, Context

#: Under this key of the ASGI scope stands who asks: an account, or None for a stranger.
ACCOUNT = "onemap.account"
STREAM_RETRY_S = 30


class Door:
    """Opened with the application. Each gate has as many threads as it may use connections; together they are the pool.

    work: requests of accounts, and tiles. public: what strangers may ask for (signing in, scanned plates), so that no flood
    of it takes the work's place. long: uploads and large downloads. looks: who asks, and what changed; always short.
    With several processes each has its part of the connections and of the queue; limits and streams are counted together.
    """

    def __init__(self, context: Context) -> None:
        settings = context.settings
        slots = Connections.of(settings)
        queue, patience_s = share_of(settings.queue_length, least=0), settings.queue_seconds
        self.context = context
        self.jobs = work_of_jobs(settings)
        self.work = Gate("work", slots.work, queue=queue, patience_s=patience_s)
        self.public = Gate("public", slots.public, queue=queue // 4, patience_s=patience_s)
        self.long = Gate("long", slots.long, queue=2 * slots.long, patience_s=patience_s)
        self.looks = Gate("look", slots.looks, queue=queue, patience_s=patience_s)
        self.scans = Limit("scans", settings.scans_per_address, moving=False)
        self._strangers = Limit("strangers", settings.strangers_per_address, moving=False)
        self._addresses = Limit("address", settings.requests_per_address, moving=False)
        self._accounts = Limit("account", settings.requests_per_account, moving=False)
        self.accounts = AccountCache(context, self.looks, self._strangers)
        self._streams = Streams()

    def close(self) -> None:
        """Take no more work."""
        for gate in (self.work, self.public, self.long, self.looks):
            gate.close()

    def wait(self, seconds: float) -> int:
        """Wait for the threads of every gate; returns how many pieces of work have not ended."""
        until = time.monotonic() + seconds
        gates = (self.work, self.public, self.long, self.looks)
        return sum(gate.wait(until - time.monotonic()) for gate in gates)

    async def identify(self, request: HTTPConnection) -> Account | None:
        """Who asks; remembered in the ASGI scope. Raises TooManyRequests, ServerBusy."""
        address = asker()
        self._addresses.hit(address)
        headers = request.headers
        cookie, authorization = headers.get("cookie"), headers.get("authorization")
        account = await self.accounts.find(
            None if cookie is None else cookie.encode("latin-1"),
            None if authorization is None else authorization.encode("latin-1"),
            # an event stream does not keep a session from idling, however often it comes back
            counts=not headers.get("accept", "").startswith("text/event-stream"),
        )
        if account is None:
            self._strangers.hit(address)
        else:
            self._accounts.hit(account.username)
        request.scope[ACCOUNT] = account
        return account

    def refuse_more_streams(self, account: Account) -> None:
        """Raises TooManyRequests when the account has as many open streams as it may."""
        most = self.context.settings.streams_per_account
        if self._streams.count(account.username) >= most:
            raise TooManyRequests(
                f"同时打开的实时更新不超过 {most} 个 / at most {most} open streams", retry_after_s=STREAM_RETRY_S
            )

    @contextmanager
    def stream(self, account: Account) -> Iterator[None]:
        """An open stream of this account. Raises TooManyStreams when others were opened meanwhile."""
        with self._streams.open(account.username, self.context.settings.streams_per_account):
            yield


def asker() -> str:
    """The asker's address for limits: of IPv6 the network of 64 bits, for a household has 2^64 of them."""
    address = asker_address() or "unknown"
    if ":" not in address:
        return address
    try:
        return str(ipaddress.ip_network(f"{address.partition('%')[0]}/64", strict=False))
    except ValueError:
        return address
