"""Clocks: the system's, and one that is read from another process."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

import requests
import structlog

log = structlog.get_logger(__name__)
REFRESH_SECONDS = 0.5
TIMEOUT_SECONDS = 2.0


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present time in UTC."""
        return datetime.now(UTC)


class RemoteClock:
    """The machine's clock plus an offset in seconds that is read from *url* twice a second.

    For rehearsals, where two days must pass in two minutes. It never goes back.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._offset = 0.0
        self._stopped = threading.Event()
        self._refresh()
        threading.Thread(target=self._follow, name="remote-clock", daemon=True).start()

    def now(self) -> datetime:
        """Return the present time of the rehearsal in UTC."""
        return datetime.fromtimestamp(time.time() + self._offset, UTC)

    def close(self) -> None:
        """Stop reading."""
        self._stopped.set()

    def _follow(self) -> None:
        while not self._stopped.wait(REFRESH_SECONDS):
            self._refresh()

    def _refresh(self) -> None:
        try:
            answer = requests.get(self._url, timeout=TIMEOUT_SECONDS).json()
            self._offset = max(self._offset, float(answer["offset"]))
        except (requests.RequestException, ValueError, KeyError) as error:
            log.warning("remote_clock_unreadable", reason=type(error).__name__)
