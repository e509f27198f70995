"""How often something may be done: windows in memory (library ``limits``), one for all processes of the server together."""

from __future__ import annotations

import math
import threading
import time

from limits import parse
from limits.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter, RateLimiter

from access.sign_in.shared_windows import SharedWindows
from database.errors import TooMany

#: How many keys of one limit are remembered; in moving windows so many times of acts, all keys together.
MOST_KEYS, MOST_TIMES = 65_536, 500_000
#: A moving window keeps the time of each act up to so many; beyond, it begins with its first act.
MOST_MOVING = 1_000


class TooManyRequests(TooMany):
    """请求过于频繁，请稍后再试 | Too many requests; try again later

    ``facts["retry_after_s"]``: whole seconds to wait; the map server sends it as ``Retry-After``.
    """


class Limit:
    """One kind of act and how often it may be done. rate: as ``limits`` writes it, ``30/minute`` or ``5 per 10 seconds``.

    moving: every window of this length counts, exactly, remembering each act; for what is rare. False: windows that begin with their
    first act, one number each, for what is done thousands of times.
    """

    def __init__(self, name: str, rate: str, *, moving: bool = True) -> None:
        self._name = name
        self._rate = parse(rate)
        self._moving = moving
        self._making = threading.Lock()
        self._made: RateLimiter | None = None

    @property
    def _windows(self) -> RateLimiter:
        """Made at the first act: when the processes of the server have taken their places."""
        if self._made is None:
            with self._making:
                if self._made is None:
                    self._made = self._make()
        return self._made

    def _make(self) -> RateLimiter:
        most = self._rate.amount
        moving = self._moving and most <= MOST_MOVING
        kind = MovingWindowRateLimiter if moving else FixedWindowRateLimiter
        keys = min(MOST_KEYS, MOST_TIMES // most) if moving else MOST_KEYS
        return kind(SharedWindows(f"{self._name} {self._rate}", most, moving=moving, keys=keys))

    def hit(self, key: str, acts: int = 1) -> None:
        """Count acts of this key. Raises TooManyRequests when the window is full."""
        if not self._windows.hit(self._rate, self._name, key, cost=acts):
            raise self.refusal(key)

    def is_open(self, key: str) -> bool:
        """True while another act of this key would be taken; counts nothing."""
        return bool(self._windows.test(self._rate, self._name, key))

    def refusal(self, key: str) -> TooManyRequests:
        """The error that says how long to wait."""
        ends_at = self._windows.get_window_stats(self._rate, self._name, key).reset_time
        seconds = max(1, math.ceil(ends_at - time.time()))
        return TooManyRequests(f"请在 {seconds} 秒后再试 / try again in {seconds} s", retry_after_s=seconds)
