"""How far a job is, and when that is worth telling."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Literal

from handlers.ports import Progress

SECONDS_LOOKED_BACK = 20.0
"""The rate *now* is that of two windows of HubSpot's: within one, requests come in bursts."""

Phase = Literal["changing", "checking", "undoing"]


class Meter:
    """Counts records, from any thread."""

    def __init__(
        self,
        phase: Phase,
        total: int,
        *,
        job: int = 0,
        done: int = 0,
        failed: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._phase: Phase = phase
        self._job = job
        self._done = done
        self._total = total
        self._failed = failed
        self._clock = clock
        self._marks: deque[tuple[float, int]] = deque([(clock(), done)])
        self._lock = threading.Lock()

    def add(self, records: int, failed: int = 0) -> None:
        """Count records that are settled."""
        with self._lock:
            self._done += records
            self._failed += failed

    def progress(self) -> Progress:
        """Return how far the job is now."""
        with self._lock:
            now = self._clock()
            self._marks.append((now, self._done))
            while len(self._marks) > 2 and self._marks[1][0] < now - SECONDS_LOOKED_BACK:
                self._marks.popleft()
            since, done = self._marks[0]
            rate = (self._done - done) / max(now - since, 0.001)
            total = max(self._total, self._done)
            left = (total - self._done) / rate if rate > 0 else None
            return Progress(
                self._done,
                total,
                self._failed,
                round(rate, 1),
                self._phase,
                None if left is None else round(left, 1),
                self._job,
            )


class Teller:
    """Lets the thread and the database show a job's progress, without holding it up."""

    def __init__(
        self,
        save: Callable[[Progress], None],
        show: Callable[[], None],
        *,
        every: float = 1.0,
        show_every: float = 3.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._save = save
        self._show = show
        self._every = every
        self._show_every = show_every
        self._clock = clock
        self._saved = self._shown = float("-inf")

    def tell(self, meter: Meter, *, now: bool = False) -> None:
        """Tell where it is time to, or *now*."""
        at = self._clock()
        if now or at - self._saved >= self._every:
            self._saved = at
            self._save(meter.progress())
        if at - self._shown >= self._show_every:
            self._shown = at
            self._show()
