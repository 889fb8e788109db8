"""HubSpot's rate limits (facts/hubspot.md, "Limits")."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.clock import Clock
from sandbox.hubspot.errors import HubSpotError, rate_limited
from sandbox.scenario import Account

PER_TEN_SECONDS = {"starter": 100, "professional": 190, "enterprise": 190}
PER_DAY = {"starter": 250_000, "professional": 625_000, "enterprise": 1_000_000}
SEARCHES_PER_SECOND = 5


class Window:
    """At most `limit` calls in any `seconds`, measured by a real monotonic clock."""

    def __init__(self, limit: int, seconds: float, clock: Callable[[], float]) -> None:
        self.limit = limit
        self._seconds = seconds
        self._clock = clock
        self._calls: deque[float] = deque()

    @property
    def remaining(self) -> int:
        """Calls that may still be made now."""
        since = self._clock() - self._seconds
        while self._calls and self._calls[0] <= since:
            self._calls.popleft()
        return self.limit - len(self._calls)

    def take(self) -> bool:
        """Count a call, if it may be made."""
        if self.remaining <= 0:
            return False
        self._calls.append(self._clock())
        return True


class Limits:
    """All the limits of one account; a refused call does not count."""

    def __init__(
        self, account: Account, clock: Clock, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._account = account
        self._clock = clock
        self._zone = ZoneInfo(account.time_zone)
        self._today = self._now().date()
        self.per_day = account.per_day or PER_DAY[account.plan]
        self._used = account.daily_used
        burst = account.per_ten_seconds or PER_TEN_SECONDS[account.plan]
        self.burst = Window(burst, 10.0, monotonic)
        self.search = Window(account.searches_per_second or SEARCHES_PER_SECOND, 1.0, monotonic)

    def _now(self) -> datetime:
        return self._clock.now().astimezone(self._zone)

    @property
    def used_today(self) -> int:
        """Calls since midnight in the account's time zone, by the sandbox's clock."""
        today = self._now().date()
        if today != self._today:
            self._today, self._used = today, 0
        return self._used

    def use(self, calls: int) -> None:
        """Let the account's integrations have made so many calls today."""
        self._today, self._used = self._now().date(), calls

    @property
    def resets_at(self) -> datetime:
        """The next midnight of the account."""
        now = self._now()
        return datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), self._zone)

    def take(self, search: bool) -> None:
        """Count one call, or raise the :class:`HubSpotError` of the limit that it meets."""
        if self.used_today >= self.per_day:
            raise self._refusal("DAILY")
        window = self.search if search else self.burst
        if not window.take():
            raise self._refusal("SECONDLY" if search else "TEN_SECONDLY_ROLLING")
        self._used += 1

    def _refusal(self, policy: str) -> HubSpotError:
        error = rate_limited(policy, self._group(policy))
        if policy != "SECONDLY":
            error.headers.update(self.headers())
        return error

    def _group(self, policy: str) -> str:
        kind = policy.lower().replace("_", "-")
        return f"publicapi:private-apps-api-calls:{kind}:{self._account.portal_id}"

    def refusal(self, search: bool) -> HubSpotError:
        """Return the 429 of a fault, as :meth:`take` would raise it."""
        return self._refusal("SECONDLY" if search else "TEN_SECONDLY_ROLLING")

    def headers(self) -> dict[str, str]:
        """The headers that come with every answer but search's."""
        return {
            "X-HubSpot-RateLimit-Max": str(self.burst.limit),
            "X-HubSpot-RateLimit-Remaining": str(self.burst.remaining),
            "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
            "X-HubSpot-RateLimit-Daily": str(self.per_day),
            "X-HubSpot-RateLimit-Daily-Remaining": str(max(0, self.per_day - self.used_today)),
        }

    def state(self) -> dict[str, Any]:
        """What the control API shows."""
        return {
            "plan": self._account.plan,
            "ten_seconds": {"limit": self.burst.limit, "remaining": self.burst.remaining},
            "search_per_second": {"limit": self.search.limit, "remaining": self.search.remaining},
            "day": {
                "limit": self.per_day,
                "used": self.used_today,
                "resets_at": self.resets_at.isoformat(),
            },
        }
