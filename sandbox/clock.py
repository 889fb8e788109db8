"""The sandbox's clock: real time plus an offset that only grows."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta


class Clock:
    """Real time plus an offset; shared by the three services, read by the bot over HTTP.

    Expiry rules that Slack measures in real seconds (3 s to acknowledge, 3 s for a trigger)
    use :func:`time.monotonic` and are not touched by moving this clock.
    """

    def __init__(self) -> None:
        self._offset = 0.0
        self._lock = threading.Lock()

    @property
    def offset(self) -> float:
        """Seconds that this clock is ahead of the real time."""
        return self._offset

    def timestamp(self) -> float:
        """Seconds since the epoch."""
        return time.time() + self._offset

    def now(self) -> datetime:
        """The time, aware, in UTC."""
        return datetime.fromtimestamp(self.timestamp(), UTC)

    def advance(self, by: timedelta) -> datetime:
        """Move ahead and return the new time; a negative *by* is a :class:`ValueError`."""
        if by < timedelta(0):
            raise ValueError("the sandbox clock only moves ahead")
        with self._lock:
            self._offset += by.total_seconds()
        return self.now()
