"""Reminders that lie in Slack for a later time: when, by which name, and what became of them.

Slack tells neither when it posts a scheduled message nor that it lost one, and takes none back in
the last 60 seconds before its time. What became of one is found out here, so that the bot knows
whether it has to remind by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import NamedTuple

import structlog

from bot.effects.context import Context
from bot.errors import VendorError
from bot.vendors.slack import Posted
from handlers.views.messages.window import reminder_mark
from workflows.effects import recipients
from workflows.run import Run
from workflows.states import State
from workflows.timers import reminders

log = structlog.get_logger(__name__)
GRACE = timedelta(minutes=2)
"""A reminder lies in Slack for so long after its time: until then the bot may send its own."""
SHORTEST_GRACE = timedelta(seconds=75)
"""Of a shorter one, Slack's last 60 seconds leave too little to the bot."""
LOCKED = 60
POSTING = 30
"""Seconds after its time by which a message that Slack posts can surely be read."""
NO_THREAD = "slack_thread_not_found"
_OF_A_PLACE = frozenset(
    {
        "slack_channel_not_found",
        "slack_not_in_channel",
        "slack_is_archived",
        "slack_restricted_action",
    }
)


class Place(NamedTuple):
    """Where a recipient reads: the run's thread, or a person's direct messages."""

    channel: str
    thread_ts: str | None = None


@dataclass(frozen=True)
class Reminder:
    """One reminder for one recipient; ``before`` in seconds before the deadline."""

    run: Run
    before: int
    to: str

    @property
    def key(self) -> str:
        """Under which its scheduled message is remembered in the run."""
        return f"{self.before}:{self.to}"

    @property
    def mark(self) -> str:
        """What its text says in every language, and no other text."""
        return reminder_mark(self.run, self.before)

    @property
    def due(self) -> datetime | None:
        """When the bot sends it; None for one that does not belong to the run."""
        if self.run.deadline is None or self.before not in reminders(self.run):
            return None
        return self.run.deadline - timedelta(seconds=self.before)

    @property
    def post_at(self) -> int:
        """When Slack is to post it (epoch seconds); 0: it is not laid in Slack.

        That is before the deadline, and late enough for the bot to take it back first. So one that
        is due in the last 75 seconds does not lie in Slack: it would come when the run is over.
        """
        lead = timedelta(seconds=self.before)
        after = max((one for one in reminders(self.run) if one < self.before), default=0)
        grace = min(GRACE, max(SHORTEST_GRACE, min(lead / 2, lead - timedelta(seconds=after))))
        if self.due is None or grace >= lead:
            return 0
        return int((self.due + grace).timestamp())

    @property
    def wanted(self) -> bool:
        """Whether it is still ahead, and for this recipient."""
        ahead = self.run.state is State.DATA_COPY_WINDOW
        ahead = ahead and self.before not in self.run.reminders_done
        return ahead and self.to in recipients(self.run, self.before)


class Fate(Enum):
    """What became of a reminder that lay in Slack, or should have."""

    OURS = auto()
    """It does not come from Slack: never laid, taken back, or lost."""
    SLACKS = auto()
    """Slack has posted it, or is about to."""
    UNSURE = auto()
    """It can be told a little later (:meth:`Scheduled.wait`)."""


def of_a_place(error: VendorError) -> bool:
    """Say whether Slack refused because of whom or where it was asked to write to.

    Not so where it may answer later, a scope is lacking, or the bot's token is refused.
    """
    if error.retryable or error.missing:
        return False
    return not error.mendable or error.code in _OF_A_PLACE


class Scheduled:
    """Finds out what became of scheduled reminders, and takes them back."""

    def __init__(self, context: Context) -> None:
        self._x = context

    def find(self, reminder: Reminder, place: Place) -> str | None:
        """Return the id of a reminder that lies in Slack, whether or not the bot knows of it."""
        lying = self._x.slack.scheduled_ids(place.channel)
        return next((found for found, (_, said) in lying.items() if reminder.mark in said), None)

    def take_back(self, channel: str, scheduled_id: str) -> bool:
        """Take back what is not needed any more; say whether that was possible."""
        try:
            return self._x.slack.unschedule(channel, scheduled_id)
        except VendorError as error:
            if not of_a_place(error):
                raise
            log.warning("reminder_not_lifted", channel=channel, code=error.code)
            return False

    def fate(
        self,
        reminder: Reminder,
        place: Place,
        *,
        tried: bool,
        shown: frozenset[int] | None = None,
    ) -> Fate:
        """Take a reminder back, so that only the bot sends it; say whether that was possible.

        ``tried``: an attempt of ours, whose end is unknown, may have taken it back already.
        ``shown``: what :meth:`shown` said, where it was asked for already.
        """
        lying = self._x.store.scheduled(reminder.run.id, reminder.key)
        if lying is None and not reminder.post_at:
            return Fate.OURS
        known = lying.scheduled_id if lying else self.find(reminder, place)
        channel = lying.channel if lying else place.channel
        if known is not None and self._x.slack.unschedule(channel, known):
            return Fate.OURS
        at = lying.post_at if lying else reminder.post_at
        now = self._x.clock.now().timestamp()
        if known is not None and known in self._x.slack.scheduled_ids(channel):
            # It comes in the next minute; whether it has come is looked at then.
            return Fate.UNSURE if now < at + POSTING else Fate.SLACKS
        if lying is None and now < at:
            return Fate.OURS
        shown = self.shown(reminder.run, place) if shown is None else shown
        if shown is None:
            return Fate.OURS if tried or lying is None else Fate.SLACKS
        if reminder.before in shown:
            return Fate.SLACKS
        if now < at + POSTING and not (tried and now < at - LOCKED):
            return Fate.UNSURE
        return Fate.OURS

    def wait(self, reminder: Reminder) -> float:
        """Return in how many seconds it can be told whether Slack has posted a reminder."""
        return max(1.0, reminder.post_at + POSTING - self._x.clock.now().timestamp())

    # --- what people see -------------------------------------------------------------------------

    def shown(self, run: Run, place: Place) -> frozenset[int] | None:
        """Return which reminders a place shows, or was told to be missed; None: unreadable."""
        marks = {reminder_mark(run, before): before for before in reminders(run)}

        def look() -> frozenset[int] | None:
            posted = self.messages(run, place)
            return frozenset(lead for one in posted if one.own for lead in _leads(run, one, marks))

        try:
            return self._x.look(look, otherwise=None)
        except VendorError as error:
            if not of_a_place(error):
                raise
            return None

    def messages(self, run: Run, place: Place) -> Iterator[Posted]:
        """Yield what a place shows since the window began; where the thread is gone, the channel's.

        A minute more is read: Slack's clock may differ from the bot's.
        """
        oldest = (run.removed_at or run.started_at).timestamp() - 60
        channel, thread_ts = place
        try:
            yield from self._x.slack.messages(channel, thread_ts=thread_ts, oldest=oldest)
        except VendorError as error:
            if error.code != NO_THREAD:
                raise
            yield from self._x.slack.messages(channel, oldest=oldest)


def _leads(run: Run, posted: Posted, marks: dict[str, int]) -> Iterator[int]:
    """Yield which reminders a message of ours is, or says to be missed."""
    if not posted.key:
        yield from (before for mark, before in marks.items() if mark in posted.text)
    elif found := re.fullmatch(rf"{re.escape(run.id)}:reminder:(\d+):.*", posted.key):
        yield int(found[1])
    elif posted.key.startswith(f"{run.id}:missed:"):
        told = str((posted.payload or {}).get("leads", ""))
        yield from (int(lead) for lead in told.split(",") if lead)
