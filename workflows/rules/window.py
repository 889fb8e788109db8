"""The data copy's 48 hours, and every timer (P4)."""

from __future__ import annotations

from datetime import datetime, timedelta

from workflows import commands as c
from workflows import events as e
from workflows.errors import Refused
from workflows.rules.approval import lapse, lapse_soon
from workflows.run import Run
from workflows.text import N_
from workflows.timers import timers

LATE = timedelta(minutes=5)
"""A reminder that is sent later than this after its time says that it was missed."""


def downloaded(
    run: Run, action: c.ConfirmDownloaded, command: c.Command, now: datetime
) -> list[e.Event]:
    """Note where the copy was put, and complete the run."""
    if not action.where.strip():
        raise Refused(
            "location_missing",
            N_("It is not said where the copy was put."),
            N_("Enter a place that a colleague finds a year from now."),
        )
    return [e.DownloadConfirmed(where=action.where.strip()), e.RunCompleted()]


def who_else(run: Run, action: c.Action, command: c.Command, now: datetime) -> list[e.Event]:
    """Ask the other administrators."""
    return [e.HelpRequested()]


def fire(run: Run, action: c.FireTimers, command: c.Command, now: datetime) -> list[e.Event]:
    """Let what is due have its effect; several at once become one notice.

    What is due is taken from the run, not from the caller: a timer that is named too early, twice,
    or for an earlier question does nothing, and none is lost that was not named.
    """
    due = [timer for timer in timers(run) if timer.due <= now]
    if any(timer.kind == "approvals_lapse" for timer in due):
        return lapse(run)
    if any(timer.kind == "approvals_lapse_soon" for timer in due):
        return lapse_soon(run)
    if any(timer.kind == "comparison_lapses" for timer in due):
        return [e.ComparisonLapsed()]
    ended = any(timer.kind == "window_end" for timer in due)
    reminders = [
        (timer.due, int(timer.kind.removeprefix("reminder:")))
        for timer in due
        if timer.kind.startswith("reminder:") and (ended or not run.frozen)
    ]
    over = ended or (run.deadline is not None and now >= run.deadline)
    happened = _reminders(reminders, now, over=over)
    return [*happened, e.WindowEnded(), e.RunCompleted()] if ended else happened


def _reminders(due: list[tuple[datetime, int]], now: datetime, *, over: bool) -> list[e.Event]:
    if not due:
        return []
    last_at, last = due[-1]
    on_time = not over and now - last_at <= LATE
    late = due[:-1] if on_time else due
    events: list[e.Event] = []
    if late:
        events.append(
            e.RemindersMissed(
                missed=tuple(before for _, before in late), dues=tuple(at for at, _ in late)
            )
        )
    if on_time:
        events.append(e.ReminderDue(before=last, due=last_at))
    return events
