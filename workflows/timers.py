"""What falls due later. Derived from the run alone, so it can be rebuilt at any time."""

from __future__ import annotations

from datetime import datetime, timedelta

from workflows.base import Instant, Value
from workflows.run import Run
from workflows.states import State

LAPSE_NOTICE = timedelta(hours=6)
COMPARED_FOR = timedelta(days=1)
COMPARED_FOR_WITHOUT_COPY = timedelta(hours=1)
"""So long a comparison with what was approved counts for a person who presses *Uninstall*.

Where no copy is kept, what is written after the backup is lost for good: less long.
"""


class Timer(Value):
    """Something that falls due; unique in its run by kind and time."""

    kind: str
    due: Instant


def timers(run: Run) -> list[Timer]:
    """Return the timers that are set in the run's present state, soonest first."""
    if run.state in {State.AWAITING_APPROVAL, State.AWAITING_REMOVAL_APPROVAL}:
        lapse = run.since + timedelta(seconds=run.policy.approval_ttl)
        soon = Timer(kind="approvals_lapse_soon", due=lapse - notice_before(run))
        return [*([] if run.lapse_noticed else [soon]), Timer(kind="approvals_lapse", due=lapse)]
    lapses = comparison_lapses(run)
    if lapses is not None:
        return [Timer(kind="comparison_lapses", due=lapses)]
    if run.state is not State.DATA_COPY_WINDOW or run.deadline is None:
        return []
    due = [
        Timer(kind=f"reminder:{before}", due=run.deadline - timedelta(seconds=before))
        for before in reminders(run)
        if before not in run.reminders_done
    ]
    due.append(Timer(kind="window_end", due=window_end(run, run.deadline)))
    return sorted(due, key=lambda timer: timer.due)


def notice_before(run: Run) -> timedelta:
    """Return how long before the approvals lapse it is said that they will."""
    return min(LAPSE_NOTICE, timedelta(seconds=run.policy.approval_ttl // 4))


def comparison_lapses(run: Run) -> datetime | None:
    """Return until when the comparison counts; None where nobody is to press anything."""
    waits = run.state is State.REMOVING_PACKAGE and run.reconfirmed
    pressed = run.uninstall_reported_at is not None or run.bot_removing
    if not waits or pressed or run.compared_at is None:
        return None
    return run.compared_at + (COMPARED_FOR if run.keep_copy else COMPARED_FOR_WITHOUT_COPY)


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
