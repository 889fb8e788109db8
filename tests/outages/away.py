"""A vendor that does not answer for a while, and an hour that passes quickly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from bot.errors import VendorError
from tests.bot.faults import Fault, Faulty, vendor_error
from tests.bot.rig import Rig
from workflows.timers import timers

KINDS: dict[str, dict[str, Any]] = {
    "connection refused": {"code": "unreachable"},
    "time-out": {"code": "timeout", "unknown": True},
    "5xx": {"code": "unavailable", "unknown": True},
    "429 for 20 minutes": {"code": "rate_limited", "retry_after": 1_200.0},
}
"""How a vendor is away, in the words of its adapter's errors."""
HOUR = timedelta(hours=1)
MOST_STEPS = 2_000


def error_of(vendor: Faulty, kind: str) -> VendorError:
    """Return what every call to a vendor that is away in this way ends with."""
    given = dict(KINDS[kind])
    return vendor_error(vendor.vendor, f"{vendor.vendor}_{given.pop('code')}", **given)


@contextmanager
def away(vendor: Faulty, kind: str) -> Iterator[list[str]]:
    """Let every call to *vendor* fail; yields the calls that were made meanwhile."""
    answered = vendor.strike
    error, before = error_of(vendor, kind), len(vendor.calls)
    asked: list[str] = []
    vendor.strike = lambda *_: Fault(error)  # type: ignore[method-assign]  # for a while
    try:
        yield asked
    finally:
        vendor.strike = answered  # type: ignore[method-assign]  # as it was
        asked += vendor.calls[before:]


def passes(rig: Rig, span: timedelta, longest: timedelta = HOUR) -> None:
    """Let *span* pass, stopping wherever something falls due; leaps of *longest* at the most.

    A leap skips what is due in between, as a machine that sleeps does.
    """
    end = rig.clock.now() + span
    for _ in range(MOST_STEPS):
        rig.settle()
        left = (end - rig.clock.now()).total_seconds()
        dues = [(one.due - rig.clock.now()).total_seconds() for one in timers(rig.run)]
        # What is due already and was not done stands behind something that waits.
        due = rig.store.next_due(rig.wall())
        dues += [] if due is None else [due - rig.wall()]
        step = min([*dues, left, longest.total_seconds()])
        if step >= left:
            rig.advance(timedelta(seconds=left))
            return
        rig.advance(timedelta(seconds=max(step, 0.0) + 0.001))
    raise AssertionError(f"time does not get on: {rig.effects('pending', 'leased')}")


def leaps(rig: Rig, span: timedelta, steps: int) -> None:
    """Let *span* pass in so many leaps of the same length."""
    for _ in range(steps):
        rig.advance(span / steps)
