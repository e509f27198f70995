"""How often something may be done: windows in the memory of this process (library ``limits``)."""

from __future__ import annotations

import math
import time

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter, RateLimiter

from database.errors import TooMany


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
        kind = MovingWindowRateLimiter if moving else FixedWindowRateLimiter
        self._windows: RateLimiter = kind(MemoryStorage())

    def hit(self, key: str) -> None:
        """Count one act of this key. Raises TooManyRequests when the window is full."""
        if not self._windows.hit(self._rate, self._name, key):
            raise self.refusal(key)

    def is_open(self, key: str) -> bool:
        """True while another act of this key would be taken; counts nothing."""
        return bool(self._windows.test(self._rate, self._name, key))

    def refusal(self, key: str) -> TooManyRequests:
        """The error that says how long to wait."""
        ends_at = self._windows.get_window_stats(self._rate, self._name, key).reset_time
        seconds = max(1, math.ceil(ends_at - time.time()))
        return TooManyRequests(f"请在 {seconds} 秒后再试 / try again in {seconds} s", retry_after_s=seconds)
