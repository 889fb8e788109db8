"""HubSpot's request limits, used to the full on our side so that they are never met on theirs.

Limits and headers: facts/hubspot.md, "Limits" and "Search". Why a limit can be used to the full:
:mod:`bot.vendors.hubspot_window`.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from bot.vendors.hubspot_window import Window

DEFAULT_MAXIMUM = 190
"""Calls in ten seconds on Professional and Enterprise; the first answer's headers correct it."""

SEARCHES = 5
"""Searches in a second, for the whole account."""

Wait = Callable[[threading.Condition, float | None], object]
"""Waits until the condition is notified, or so many seconds; the one place where time passes."""


class _Line:
    """A window, and those who wait for it: first come, first served."""

    def __init__(self, window: Window, lock: threading.RLock) -> None:
        self.window = window
        self._lock = lock
        self._waiting: deque[threading.Condition] = deque()

    def take(self, calls: int, clock: Callable[[], float], wait: Wait) -> None:
        """Wait for *calls* slots and hold them; the lock must be held."""
        turn = threading.Condition(self._lock)
        self._waiting.append(turn)
        try:
            while True:
                seconds = self.window.wait(clock(), calls) if self._waiting[0] is turn else None
                if seconds == 0:
                    self.window.start(calls)
                    return
                wait(turn, seconds)
        finally:
            self._waiting.remove(turn)
            self.look()

    def look(self) -> None:
        """Let the first in the line look again: something has changed."""
        if self._waiting:
            self._waiting[0].notify()


class Budget:
    """When the next calls may leave. Safe to share between threads.

    Searches have a window of their own and are not counted in the ten seconds (whether HubSpot
    does so is not documented); if HubSpot's headers say that fewer calls remain than ours explain,
    the difference is believed. One budget belongs to one access token; other integrations of the
    account can still make HubSpot answer 429 to a search, which closes the window for a while.
    """

    def __init__(
        self,
        maximum: int = DEFAULT_MAXIMUM,
        *,
        clock: Callable[[], float] = time.monotonic,
        wait: Wait = threading.Condition.wait,
    ) -> None:
        self._lock = threading.RLock()
        self._clock = clock
        self._wait = wait
        self._calls = _Line(Window(maximum, 10.0), self._lock)
        self._searches = _Line(Window(SEARCHES, 1.0), self._lock)

    def take(self, *, search: bool = False, calls: int = 1) -> Slots:
        """Wait until *calls* may leave together, all or none, and return their slots."""
        line = self._searches if search else self._calls
        with self._lock:
            line.take(calls, self._clock, self._wait)
            return Slots(self, calls, search, self._calls.window.mark(self._clock()))

    def refused(self, policy: str, retry_after: float | None, *, search: bool) -> float:
        """Take note of a 429 under *policy*; return the seconds for which nothing should be sent.

        ``Retry-After`` is not promised, so each policy has a pause of its own. ``search`` says
        whether a search was refused.
        """
        secondly = policy == "SECONDLY"
        with self._lock:
            pause = 1.0 if secondly else self._calls.window.interval / 5
            pause = pause if retry_after is None else retry_after
            closed = (self._searches,) if secondly and search else (self._searches, self._calls)
            for line in closed:
                line.window.close(self._clock() + pause)
                line.look()
        return pause

    def _answered(self, search: bool, headers: Mapping[str, str], mark: int) -> None:
        with self._lock:
            now = self._clock()
            line = self._searches if search else self._calls
            line.window.end(now)
            self._observe(headers, now, mark)
            line.look()
            self._calls.look()

    def _observe(self, headers: Mapping[str, str], now: float, mark: int) -> None:
        """Learn the real limit and what is left of it; a search's answer says neither."""
        window = self._calls.window
        if maximum := number(headers, "X-HubSpot-RateLimit-Max"):
            window.limit = maximum
        if milliseconds := number(headers, "X-HubSpot-RateLimit-Interval-Milliseconds"):
            window.interval = milliseconds / 1000
        remaining = number(headers, "X-HubSpot-RateLimit-Remaining")
        if maximum and remaining is not None:
            window.learn(now, remaining, mark)

    def _give_back(self, search: bool, calls: int) -> None:
        line = self._searches if search else self._calls
        with self._lock:
            line.window.give_back(calls)
            line.look()


class Slots:
    """The right to send some calls now; leaving the ``with`` block gives back the unused."""

    def __init__(self, budget: Budget, calls: int, search: bool, mark: int) -> None:
        self._budget = budget
        self._left = calls
        self._search = search
        self._mark = mark

    def answered(self, headers: Mapping[str, str]) -> None:
        """Note that one of the calls was answered, with *headers*, or lost, with none."""
        self._left -= 1
        self._budget._answered(self._search, headers, self._mark)

    def give_back(self) -> None:
        """Free the slots that were not used."""
        left, self._left = self._left, 0
        if left:
            self._budget._give_back(self._search, left)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.give_back()


def number(headers: Mapping[str, str], name: str) -> int | None:
    """Read a header that should be a whole number; anything else is None."""
    value = headers.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 16 else None
