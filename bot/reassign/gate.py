"""May the job go on? Asked before every batch leaves, and when its turn has come."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from math import ceil
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.effects.context import Context
from bot.errors import VendorError
from bot.ports import DailyUsage
from workflows.run import Run
from workflows.states import State

A_WHILE, MINUTES = timedelta(hours=1), timedelta(minutes=5)
UNTOLD = 25
"""Requests that may be spent before an answer tells of them: two of each thread that carries a
batch out, those of the searches (whose answers never tell), and a look at the owners."""


class Held(Exception):
    """The job must not go on now: paused, frozen, over, out of budget, or the program is ending."""


class Gate:
    """Open while the run wants this job, nothing is frozen, and the day's budget suffices.

    *urgent* may spend the reserve too: what a stopped job has begun is not left in the dark.
    ``exhausted`` says that it was the day's budget that closed it.
    """

    def __init__(
        self, context: Context, run_id: str, job: int, *job_states: str, urgent: bool = False
    ) -> None:
        self._x = context
        self._run_id = run_id
        self._job = job
        self._job_states = frozenset(job_states)
        self._closed = threading.Event()
        self.day = Day(context)
        self.exhausted = False
        self._urgent = urgent

    def __call__(self) -> bool:
        """Say whether the next batch may leave now."""
        if self._closed.is_set() or self._x.stopping():
            return False
        if not self.wanted() or self._x.run(self._run_id).frozen:
            return False
        if self._urgent or self.day.suffices():
            return True
        self.exhausted = True
        return False

    def wanted(self) -> bool:
        """Say whether the run still wants this job to run by itself."""
        run = self._x.run(self._run_id)
        here = run.state is State.REASSIGNING and run.job == self._job
        return here and run.job_state in self._job_states

    def check(self) -> None:
        """Raise :class:`Held` where the job must not go on."""
        if not self():
            raise Held

    def close(self) -> None:
        """Let nothing more leave: another batch failed for all of them."""
        self._closed.set()


class Day:
    """The account's requests of the day, less what is kept for its other integrations."""

    def __init__(self, context: Context) -> None:
        self._hubspot = context.hubspot
        self._share = context.settings.sunset_hubspot_reserve
        self._told: DailyUsage | None = None

    def look(self) -> DailyUsage | None:
        """Ask HubSpot; None where the account does not tell."""
        try:
            self._told = self._hubspot.daily_usage()
        except VendorError as error:
            if not error.missing:
                raise
            self._told = None
        return self._told

    @property
    def usage(self) -> DailyUsage | None:
        """What the latest answer said."""
        return self._hubspot.known_usage() or self._told

    @property
    def reserve(self) -> int:
        """Requests that are left to the account's other integrations."""
        return reserve_of(self.usage, self._share)

    def suffices(self) -> bool:
        """Say whether a batch may be spent without touching the reserve."""
        usage = self.usage
        return usage is None or usage.limit - usage.used >= self.reserve + UNTOLD

    def resets_at(self, run: Run, now: datetime) -> datetime:
        """Return when the day's budget is whole again: at the account's midnight.

        Right after a reset that HubSpot does not show yet, it is a matter of minutes.
        """
        told = self._told
        if told is not None and told.resets_at is not None:
            if told.resets_at > now:
                return told.resets_at
            if now - told.resets_at < A_WHILE:
                return now + MINUTES
        zone = _zone(run.account.time_zone)
        tomorrow = now.astimezone(zone).date() + timedelta(days=1)
        return datetime.combine(tomorrow, datetime.min.time(), zone).astimezone(UTC)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a directory, a name too long
        return ZoneInfo("UTC")


def reserve_of(usage: DailyUsage | None, share: float) -> int:
    """Return how many of a day's requests are kept for others."""
    return 0 if usage is None else ceil(usage.limit * share)
