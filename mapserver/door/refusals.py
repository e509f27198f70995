"""What accounts were refused, in the audit trail: each in a transaction of its own, for that of the request is taken back.

Identical refusals (same account, route and reason) within a minute become one row with their number, so that a flood of them
fills no disk; the first stands in the trail at once.
"""

from __future__ import annotations

import asyncio
import re
import time
from contextvars import Context as Variables
from contextvars import copy_context
from dataclasses import dataclass

import structlog
from starlette.requests import Request

from access.accounts.accounts import Account
from access.accounts.permissions import ADMINISTRATORS
from access.audit.record import record, record_platform
from access.audit.words import action_words
from database.errors import OnemapError
from layers.raster.errors import PointNotVisible, RasterTileOutOfRange
from layers.tiles.tile import TileOutOfRange
from mapserver.door import problems
from mapserver.door.door import ACCOUNT, Door

log = structlog.get_logger()
WINDOW_S = 60.0
SWEEP_S = 15.0
#: Account, route and reason; more than so many at once are counted under one reason.
MOST_KEYS = 10_000
REFUSED = frozenset({403, 404, 429})
#: Asked for by every map that is moved over an edge: no attempt at anything.
HARMLESS = (TileOutOfRange, RasterTileOutOfRange, PointNotVisible)
_PERSONAL = re.compile(r"\d{11,}")  # someone may write a number of a person where the number of a record belongs

Key = tuple[str, str, str]
#: Before the kind of error that was the answer: the act of a refusal.
REFUSAL = "refused:"


def words_of(action: str) -> str:
    """An act of a trail in Chinese; of a refusal why it was refused."""
    if action.startswith(REFUSAL):
        code = action.removeprefix(REFUSAL)
        return f"被拒绝：{problems.title_of(code) or code}"
    return action_words(action)


@dataclass(slots=True)
class Refusal:
    """Identical refusals: since when, the last one's words, how many are not in the trail yet."""

    account: Account
    action: str
    target: str
    context: Variables
    began: float
    waiting: int = 0


class Refusals:
    """Opened with the application; one for the process."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._open: dict[Key, Refusal] = {}
        self._sweeper = asyncio.create_task(self._sweep())

    async def note(self, request: Request, status: int, error: OnemapError) -> None:
        """Record that a signed-in account was refused; of identical ones the first at once, the others by number later."""
        account: Account | None = request.scope.get(ACCOUNT)
        if account is None or status not in REFUSED or isinstance(error, HARMLESS):
            return
        route = getattr(request.scope.get("route"), "path", "")
        key = (account.username, f"{request.method} {route}", error.code)
        now = time.monotonic()
        previous = self._open.get(key)
        target = f"{request.method} {_PERSONAL.sub('…', request.url.path)[:200]}"
        if previous is not None and now - previous.began < WINDOW_S:
            previous.waiting += 1
            previous.target = target
            return
        if previous is None and len(self._open) >= MOST_KEYS:
            log.warning("audit.refusals_full", keys=len(self._open))
            return
        refusal = Refusal(account, f"{REFUSAL}{error.code}", target, copy_context(), now)
        self._open[key] = refusal
        await self._write(
            [(refusal, 1)] + ([(previous, previous.waiting)] if previous is not None and previous.waiting else [])
        )

    async def close(self) -> None:
        """Write what waits, and stop."""
        self._sweeper.cancel()
        await self.flush(everything=True)

    async def flush(self, *, everything: bool = False) -> None:
        """Write the numbers of those whose minute is over."""
        now = time.monotonic()
        over = [key for key, one in self._open.items() if everything or now - one.began >= WINDOW_S]
        ended = [self._open.pop(key) for key in over]
        await self._write([(one, one.waiting) for one in ended if one.waiting])

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            await self.flush()

    async def _write(self, rows: list[tuple[Refusal, int]]) -> None:
        database = self._door.context.database

        def write(one: Refusal, times: int) -> None:
            if one.account.role in ADMINISTRATORS:  # they enter no county
                about = one.target if times == 1 else f"{one.target} ×{times}"
                with database.platform() as connection:
                    record_platform(
                        connection,
                        one.action,
                        actor=one.account.username,
                        target=about,
                        allowed=False,
                        county=one.account.county,
                    )
                return
            with database.transaction(one.account.scope) as connection:
                record(connection, one.action, target=one.target, allowed=False, times=times)

        for one, times in rows:
            try:
                await self._door.looks.run(lambda one=one, times=times: one.context.copy().run(write, one, times))  # type: ignore[misc]
            except Exception as error:  # the answer is given all the same
                one.waiting += times
                log.error("audit.refusal_not_recorded", error=type(error).__name__, times=times)
