"""APScheduler wakes what falls due. It holds no truth: that is in the store."""

from __future__ import annotations

import logging
from collections.abc import Callable

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from bot.errors import StoreError

log = structlog.get_logger(__name__)
TICK_SECONDS = 1.0
PEOPLE_SECONDS = 45
OWNERS_SECONDS = 300


class Alarm:
    """Calls functions at intervals; one that fails is logged and called again."""

    def __init__(self) -> None:
        logging.getLogger("apscheduler").setLevel(logging.WARNING)
        # Coalescing: after a long sleep one call does for all that were missed.
        self._scheduler = BackgroundScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1}
        )

    def every(self, seconds: float, function: Callable[[], object], name: str) -> None:
        """Call *function* every *seconds* (real time)."""

        def guarded() -> None:
            try:
                function()
            except StoreError as error:
                # The store has told the log when that began; this is called every second.
                log.debug("alarm_failed", alarm=name, code=error.code)
            except Exception:
                log.exception("alarm_failed", alarm=name)

        self._scheduler.add_job(
            guarded, "interval", seconds=seconds, id=name, misfire_grace_time=None
        )

    @property
    def running(self) -> bool:
        """Whether it calls anything."""
        return bool(self._scheduler.running)

    def start(self) -> None:
        """Begin."""
        self._scheduler.start()

    def stop(self) -> None:
        """End; what is under way finishes."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)
