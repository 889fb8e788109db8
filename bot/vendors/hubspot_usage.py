"""The day's API budget, as HubSpot's answers tell it on the way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from bot.ports import DailyUsage
from bot.vendors.hubspot_limits import number


class Usage:
    """The latest word on the day's requests. Safe to share between threads.

    The headers tell limit and rest but not when the day ends; that is told by the account's usage,
    when it was asked for (facts/hubspot.md, "Limits").
    """

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._known: tuple[int, int] | None = None
        self._known_at = now()
        self._by_headers = False
        self._resets_at: datetime | None = None

    def observe(self, headers: Mapping[str, str]) -> None:
        """Read the headers of any answer."""
        limit = number(headers, "X-HubSpot-RateLimit-Daily")
        remaining = number(headers, "X-HubSpot-RateLimit-Daily-Remaining")
        if limit and remaining is not None:
            self._know(limit, max(limit - remaining, 0), by_headers=True)

    def told(self, usage: DailyUsage) -> None:
        """Take in the account's usage; where headers tell (not for OAuth apps) they are fresher."""
        with self._lock:
            self._resets_at = usage.resets_at
            by_headers = self._by_headers
        if not by_headers or self.known() is None:
            self._know(usage.limit, usage.used, by_headers=False)

    def _know(self, limit: int, used: int, *, by_headers: bool) -> None:
        with self._lock:
            self._known, self._known_at = (limit, used), self._now()
            self._by_headers = by_headers

    def known(self) -> DailyUsage | None:
        """Return what is known of the present day; None if that is nothing."""
        with self._lock:
            if self._known is None:
                return None
            resets_at = self._resets_at
            if resets_at is not None and resets_at <= self._now():
                if self._known_at < resets_at:
                    return None
                resets_at = None  # that was yesterday's end
            return DailyUsage(*self._known, resets_at)

    def seconds_to_reset(self) -> float | None:
        """Return the seconds until the day's requests are counted anew, if that is known."""
        with self._lock:
            left = (self._resets_at - self._now()).total_seconds() if self._resets_at else 0.0
        return left if left > 0 else None
