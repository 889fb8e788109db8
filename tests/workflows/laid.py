"""Which reminders lie in Slack, by the effects that were asked for, and which should."""

from __future__ import annotations

from tests.workflows.driver import Conversation
from workflows import events as e
from workflows.effects import recipients
from workflows.states import State
from workflows.timers import reminders

Laid = set[tuple[int, str]]
"""Seconds before the deadline, and to whom."""


def laid(talk: Conversation) -> Laid:
    """Return the reminders that lie in Slack when all that was asked for is done."""
    there: Laid = set()
    for effect in talk.effects:
        if effect.kind == "settle_missed":
            settled = talk.events[int(effect.data["seq"]) - 1]
            assert isinstance(settled, e.RemindersMissed)
            there = {one for one in there if one[0] not in settled.missed}
        elif effect.lane == "reminders":
            one = (int(effect.data["before"]), str(effect.data["to"]))
            there = there | {one} if effect.kind == "lay_reminder" else there - {one}
    return there


def wanted(talk: Conversation) -> Laid:
    """Return the reminders that should lie there: those still to come, in a window that runs."""
    run = talk.run
    if run.state is not State.DATA_COPY_WINDOW:
        return set()
    return {
        (before, person)
        for before in reminders(run)
        if before not in run.reminders_done
        for person in recipients(run, before)
    }
