"""Trying again, for a bounded time, what a vendor could not do just now."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import TypeVar

from bot.errors import VendorError

T = TypeVar("T")


@dataclass(frozen=True)
class Patience:
    """How long, and how often, a retryable :class:`VendorError` is answered with another try.

    All times in seconds. No try starts later than ``total`` after the first, except that a first
    failure is always tried once more: a call that used up its own time-out deserves one. Answers
    that cannot be read (``..._unreadable``) are seldom better later: they get fewer tries.
    """

    total: float = 30.0
    first_pause: float = 0.5
    longest_pause: float = 8.0
    tries: int = 6
    tries_unreadable: int = 3
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def call(self, function: Callable[[], T], *, even_if_unknown: bool = True) -> T:
        """Call *function* until it succeeds, fails for good, or the patience is used up.

        ``even_if_unknown=False`` is for what must not be done twice: a try that may have been
        applied is then the last one.

        The error that is raised says ``unknown`` if any of the tries may have been applied: a
        later refusal does not undo an earlier success whose reply was lost.
        """
        started = self.clock()
        unknown = False
        for attempt in count(1):
            try:
                return function()
            except VendorError as error:
                unknown = error.unknown = unknown or error.unknown
                pause = self._pause(attempt, error)
                late = attempt > 1 and self.clock() - started + pause > self.total
                again = error.retryable and (even_if_unknown or not error.unknown)
                if not again or attempt >= self._tries(error) or pause > self.total or late:
                    raise
            self.sleep(pause)
        raise AssertionError("count() does not end")

    def _tries(self, error: VendorError) -> int:
        return self.tries_unreadable if error.code.endswith("_unreadable") else self.tries

    def _pause(self, attempt: int, error: VendorError) -> float:
        """Full jitter above half: many workers that failed together do not come back together."""
        longest: float = min(self.longest_pause, self.first_pause * 2 ** (attempt - 1))
        pause = longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing
        return pause if error.retry_after is None else max(pause, error.retry_after)
