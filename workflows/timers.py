"""What falls due later. Derived from the run alone, so it can be rebuilt at any time."""

from __future__ import annotations

from datetime import datetime, timedelta

from workflows.base import Instant, Value
from workflows.run import Run
from workflows.states import State


class Timer(Value):
    """Something that falls due; unique in its run by kind and time."""

    kind: str
    due: Instant


def timers(run: Run) -> list[Timer]:
    """Return the timers that are set in the run's present state, soonest first."""
    if run.state in {State.AWAITING_APPROVAL, State.AWAITING_REMOVAL_APPROVAL}:
        lapse = run.since + timedelta(seconds=run.policy.approval_ttl)
        return [Timer(kind="approvals_lapse", due=lapse)]
    if run.state is not State.DATA_COPY_WINDOW or run.deadline is None:
        return []
    due = [
        Timer(kind=f"reminder:{before}", due=run.deadline - timedelta(seconds=before))
        for before in reminders(run)
        if before not in run.reminders_done
    ]
    due.append(Timer(kind="window_end", due=window_end(run, run.deadline)))
    return sorted(due, key=lambda timer: timer.due)


def window_end(run: Run, deadline: datetime) -> datetime:
    """Return when the copy is surely gone.

    The deadline counts from the last reading that saw the package; the true one lies between that
    and the window's length after the reading that no longer saw it.
    """
    if run.missing_at is None:
        return deadline
    return max(deadline, run.missing_at + timedelta(seconds=run.policy.window))


def reminders(run: Run) -> list[int]:
    """Return the seconds before the deadline at which is reminded, largest first.

    One that would lie before the removal was noticed is left out: a window shorter than a
    reminder's lead cannot be reminded of that early.
    """
    noticed = run.missing_at or run.removed_at
    if run.deadline is None or noticed is None:
        return []
    span = (run.deadline - noticed).total_seconds()
    return sorted({before for before in run.policy.reminders if before < span}, reverse=True)
