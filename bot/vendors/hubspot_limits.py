"""HubSpot's request limits, kept on our side so that they are rarely met on theirs.

Limits and headers: facts/hubspot.md, "Limits" and "Search".
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping

DEFAULT_MAXIMUM = 190
"""Requests in ten seconds on Professional and Enterprise; the first answer's headers correct it."""

MARGIN = 0.95
"""Part of an announced limit that is used: requests bunch up on their way."""

SEARCHES = 5
SEARCH_INTERVAL = 1.1
"""Five a second for the whole account, with a tenth of a second for requests that bunch up."""


class Window:
    """At most ``limit`` starts in any ``interval`` seconds (a rolling window)."""

    def __init__(self, limit: int, interval: float) -> None:
        self.limit = limit
        self.interval = interval
        self._starts: deque[float] = deque()
        self._closed_until = 0.0

    def wait(self, now: float) -> float:
        """Return how many seconds remain until one more start is allowed; 0 means now."""
        while self._starts and self._starts[0] <= now - self.interval:
            self._starts.popleft()
        wait = self._closed_until - now
        excess = len(self._starts) - self.limit
        if excess >= 0:
            wait = max(wait, self._starts[excess] + self.interval - now)
        return max(wait, 0.0)

    def start(self, now: float) -> None:
        """Count a start."""
        self._starts.append(now)

    def close(self, until: float) -> None:
        """Allow no start before *until*."""
        self._closed_until = max(self._closed_until, until)


class Budget:
    """When the next request may leave. Safe to share between threads.

    One budget belongs to one access token; the search window belongs to the whole account, so
    other integrations can still make HubSpot answer 429, which closes a window for a while.
    """

    def __init__(
        self,
        maximum: int = DEFAULT_MAXIMUM,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._all = Window(self._usable(maximum), 10.0)
        self._searches = Window(SEARCHES, SEARCH_INTERVAL)
        self._lock = threading.Lock()
        self._clock = clock
        self._sleep = sleep

    def take(self, *, search: bool = False) -> None:
        """Wait until one more request may leave, and count it."""
        windows = (self._all, self._searches) if search else (self._all,)
        while True:
            with self._lock:
                now = self._clock()
                wait = max(window.wait(now) for window in windows)
                if wait <= 0:
                    for window in windows:
                        window.start(now)
                    return
            self._sleep(wait)

    def observe(self, headers: Mapping[str, str]) -> None:
        """Learn the account's real limit from an answer (search answers do not tell it)."""
        maximum = _number(headers, "X-HubSpot-RateLimit-Max")
        milliseconds = _number(headers, "X-HubSpot-RateLimit-Interval-Milliseconds")
        remaining = _number(headers, "X-HubSpot-RateLimit-Remaining")
        with self._lock:
            if maximum:
                self._all.limit = self._usable(maximum)
            if milliseconds:
                self._all.interval = milliseconds / 1000
            if remaining == 0:
                self._all.close(self._clock() + self._all.interval / 10)

    def refused(self, policy: str, retry_after: float | None) -> float:
        """Take note of a 429 under *policy*; return the seconds for which nothing should be sent.

        ``Retry-After`` is not promised, so each policy has a pause of its own.
        """
        with self._lock:
            if policy == "SECONDLY":
                window, pause = self._searches, 1.0
            else:
                window, pause = self._all, self._all.interval / 5
            pause = pause if retry_after is None else retry_after
            window.close(self._clock() + pause)
        return pause

    @staticmethod
    def _usable(maximum: int) -> int:
        return max(1, int(maximum * MARGIN))


def _number(headers: Mapping[str, str], name: str) -> int | None:
    value = headers.get(name, "")
    return int(value) if value.isascii() and value.isdigit() else None
