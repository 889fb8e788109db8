"""Waiting for Salesforce, gently, and no longer than told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bot.backup.errors import stopped


@dataclass(frozen=True)
class Waiting:
    """How a query job is waited for. All times in seconds.

    Each look at it costs an API request: the pauses grow from ``first`` to ``longest``.
    """

    first: float = 0.5
    growth: float = 1.5
    longest: float = 10.0
    total: float = 7_200.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def rounds(self, go: Callable[[], bool]) -> Iterator[None]:
        """Yield for each look; end when the time is over. Raises *stopped* when *go* says no."""
        deadline = self.clock() + self.total
        pause = self.first
        while True:
            if not go():
                raise stopped()
            yield
            left = deadline - self.clock()
            if left <= 0:
                return
            self._pause(min(pause, left), go)
            pause = min(self.longest, pause * self.growth)

    def _pause(self, seconds: float, go: Callable[[], bool]) -> None:
        """Sleep, but no longer than a second at a time without asking."""
        while seconds > 0 and go():
            self.sleep(min(1.0, seconds))
            seconds -= 1.0
