"""Reminders of the data copy's end (P4): each comes once, even when the bot is down.

Every reminder is laid in Slack (``chat.scheduleMessage``) for a little after its time. At its time
the bot takes the scheduled message back and posts its own, which has buttons. Where it cannot take
it back, Slack has posted it: then the bot posts nothing. So each reminder comes exactly once, from
whichever of the two is alive. What neither of them sent is owned up to, once to each recipient.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import structlog

from bot.effects.context import CARD, Context
from bot.effects.scheduled import NO_THREAD, Fate, Place, Reminder, Scheduled, of_a_place
from bot.errors import VendorError
from bot.store.base import PostedMessage, QueuedEffect, ScheduledMessage
from bot.vendors.slack import Posted
from bot.worker import Again, Done
from handlers import render
from handlers.i18n import Translator, translator
from handlers.render import Message
from handlers.views.messages.window import unreached
from workflows.effects import recipients
from workflows.events import HandedOver, RemindersMissed
from workflows.rules.window import LATE
from workflows.run import Run
from workflows.timers import reminders

log = structlog.get_logger(__name__)
POSTED = "posted"
"""Stands for the id of a scheduled message that Slack has posted."""
SOON = timedelta(seconds=70)
"""Slack refuses a time that is not ahead; what is nearer than this is left to the bot alone."""
CHANNEL = "channel"


class Reminders:
    """Lays reminders in Slack, sends them, takes them back."""

    def __init__(self, context: Context) -> None:
        self._x = context
        self._scheduled = Scheduled(context)

    # --- in Slack beforehand ---------------------------------------------------------------------

    def lay(self, effects: list[QueuedEffect]) -> Done | Again:
        """Lay one reminder for one recipient in Slack."""
        effect, reminder = self._about(effects)
        if self._x.store.scheduled(reminder.run.id, reminder.key):
            return Done()
        if not effect.attempts and not self._worth_laying(reminder):
            return Done()
        try:
            place = self._place(reminder.run, reminder.to)
            return self._laid_before(effect, reminder, place) or self._lay(reminder, place)
        except VendorError as error:
            return self._unreached(effect, reminder.run, reminder.to, error)

    def _laid_before(self, effect: QueuedEffect, reminder: Reminder, place: Place) -> Done | None:
        """Find what an attempt whose end is unknown has laid, or Slack has posted meanwhile."""
        if not effect.attempts:
            return None
        laid = self._scheduled.find(reminder, place)
        if laid is None:
            shown = self._scheduled.shown(reminder.run, place) or ()
            return _lies(reminder, place, POSTED) if reminder.before in shown else None
        # Whoever lifts what is over has been here already, and did not know of this one.
        if not reminder.wanted and self._scheduled.take_back(place.channel, laid):
            return Done()
        return _lies(reminder, place, laid)

    def _lay(self, reminder: Reminder, place: Place) -> Done:
        if not self._worth_laying(reminder):
            return Done()
        text = render.scheduled_reminder(
            reminder.run, reminder.before, self._translator(reminder.to)
        )
        channel, thread_ts = place
        schedule = self._x.slack.schedule
        try:
            laid = schedule(channel, text, reminder.post_at, thread_ts)
        except VendorError as error:
            if error.code != NO_THREAD or thread_ts is None:
                raise
            laid = schedule(channel, text, reminder.post_at, None)
        return _lies(reminder, place, laid)

    def _worth_laying(self, reminder: Reminder) -> bool:
        return reminder.wanted and reminder.post_at > (self._x.clock.now() + SOON).timestamp()

    def lift(self, effects: list[QueuedEffect]) -> Done | Again:
        """Take one scheduled reminder back, unless it is needed again meanwhile."""
        _, reminder = self._about(effects)
        lying = self._x.store.scheduled(reminder.run.id, reminder.key)
        if lying is None or reminder.wanted:
            return Done()
        self._scheduled.take_back(lying.channel, lying.scheduled_id)
        return Done(unscheduled=(reminder.key,))

    # --- at its time -----------------------------------------------------------------------------

    def send(self, effects: list[QueuedEffect]) -> Done | Again:
        """Send one reminder to one recipient, unless Slack has."""
        effect, reminder = self._about(effects)
        run, to = reminder.run, reminder.to
        if run.state.final and run.downloaded is not False:
            return self.lift(effects)
        try:
            place = self._place(run, to)
            if not effect.memo.get("ours"):
                return self._decide(effect, reminder, place)
            if self._too_late(reminder):
                return self._own_up(effect, run, to, (reminder.before,))
            key = f"{run.id}:reminder:{reminder.before}:{to}"
            if not (effect.attempts and self._posted(run, place, key)):
                message = render.reminder(run, reminder.before, self._translator(to))
                self._post(place, message, key, broadcast=to == CHANNEL)
        except VendorError as error:
            return self._unreached(effect, run, to, error, reminder.key)
        return Done(unscheduled=(reminder.key,))

    def _decide(self, effect: QueuedEffect, reminder: Reminder, place: Place) -> Done | Again:
        """Find out who sends a reminder."""
        match self._scheduled.fate(reminder, place, tried=_tried(effect)):
            case Fate.SLACKS:
                return Done(unscheduled=(reminder.key,))
            case Fate.UNSURE:
                return Again(self._scheduled.wait(reminder), {"unsure": True})
            case Fate.OURS:
                # Recorded before anything is posted: then only our own post is in question.
                return Again(0.0, {"ours": True})

    # --- missed ----------------------------------------------------------------------------------

    def settle_missed(self, effects: list[QueuedEffect]) -> Done | Again:
        """Say once, to each recipient, which reminders neither the bot nor Slack sent them."""
        effect, run = effects[0], self._x.run(effects[0].run_id)
        (link,) = self._x.store.events(run.id, [int(effect.data["seq"])])
        event = link.recorded.event
        if not isinstance(event, RemindersMissed):
            raise TypeError(f"{effect.key} belongs to {event.type}")
        messages: list[PostedMessage] = []
        unscheduled: list[str] = []
        for to, missed in self._whose(run, event).items():
            try:
                told = self._own_up(effect, run, to, missed)
            except VendorError as error:
                told = self._unreached(effect, run, to, error)
            if isinstance(told, Again):
                return told
            messages += told.messages
            unscheduled += told.unscheduled
        return Done(messages=tuple(messages), unscheduled=tuple(unscheduled))

    def _whose(self, run: Run, event: RemindersMissed) -> dict[str, list[int]]:
        """Return what each recipient missed; nothing from before somebody took the run over."""
        history = [link.recorded for link in self._x.store.history(run.id)]
        whose: dict[str, list[int]] = {}
        for before, due in zip(event.missed, event.dues, strict=True):
            later = [one.event for one in history if one.at > due]
            was = [one.was for one in later if isinstance(one, HandedOver)]
            then = run.model_copy(update={"responsible": (*was, run.responsible)[0]})
            for to in recipients(run, before):
                if to in recipients(then, before):
                    whose.setdefault(to, []).append(before)
        return whose

    def _own_up(
        self, effect: QueuedEffect, run: Run, to: str, missed: Iterable[int]
    ) -> Done | Again:
        """Say in one message which of *missed*, and of all that are as late, did not come.

        So what could not be sent for a while becomes one message, whichever of them is first.
        """
        place = self._place(run, to)
        shown = self._scheduled.shown(run, place)
        among = {before: Reminder(run, before, to) for before in missed}
        if shown is not None:
            among |= {one.before: one for one in self._waiting(run, to) if self._too_late(one)}
        unsent: list[int] = []
        for before in sorted(among.keys() - (shown or frozenset()), reverse=True):
            fate = self._scheduled.fate(among[before], place, tried=_tried(effect), shown=shown)
            if fate is Fate.UNSURE:
                return Again(self._scheduled.wait(among[before]), {**effect.memo, "unsure": True})
            if fate is Fate.OURS:
                unsent.append(before)
        if unsent:
            message = render.missed_reminders(run, tuple(unsent), self._translator(to))
            leads = ",".join(str(before) for before in unsent)
            key = f"{run.id}:missed:{unsent[0]}:{to}"
            self._post(place, message, key, broadcast=to == CHANNEL, leads=leads)
        return Done(unscheduled=tuple(one.key for one in among.values()))

    def _waiting(self, run: Run, to: str) -> list[Reminder]:
        """Return a recipient's reminders whose time has come, and who sent them is open."""
        done = [before for before in reminders(run) if before in run.reminders_done]
        come = [Reminder(run, before, to) for before in done]
        return [one for one in come if self._x.store.scheduled(run.id, one.key)]

    def _too_late(self, reminder: Reminder) -> bool:
        """Say whether a reminder that comes now would not say the truth any more."""
        run, now = reminder.run, self._x.clock.now()
        if run.state.final or run.deadline is None or reminder.due is None:
            return True
        return now >= run.deadline or now - reminder.due > LATE

    # --- whom, where, what -----------------------------------------------------------------------

    def _about(self, effects: list[QueuedEffect]) -> tuple[QueuedEffect, Reminder]:
        effect = effects[0]
        run = self._x.run(effect.run_id)
        return effect, Reminder(run, int(effect.data["before"]), str(effect.data["to"]))

    def _place(self, run: Run, to: str) -> Place:
        if to != CHANNEL:
            return Place(self._x.slack.direct(to))
        root = self._x.store.message(run.id, CARD)
        return Place(self._x.settings.sunset_channel, root.ts if root else None)

    def _translator(self, to: str) -> Translator:
        """A person is written to in their own language, the channel in the setting's."""
        if to == CHANNEL:
            return self._x.translator
        return translator(self._x.people.own_locale(to))

    def _posted(self, run: Run, place: Place, key: str) -> Posted | None:
        """Look for what an attempt of ours whose end is unknown may have posted."""

        def look() -> Posted | None:
            posted = self._scheduled.messages(run, place)
            return next((one for one in posted if one.own and one.key == key), None)

        return self._x.look(look, otherwise=None)

    def _post(
        self, place: Place, message: Message, key: str, *, broadcast: bool, **payload: str
    ) -> Posted:
        """Post into the thread, or into the channel where somebody has deleted the thread."""
        channel, thread_ts = place
        post = self._x.slack.post
        try:
            return post(
                channel,
                message,
                key,
                thread_ts=thread_ts,
                broadcast=broadcast and thread_ts is not None,
                payload=payload,
            )
        except VendorError as error:
            if error.code != NO_THREAD or thread_ts is None:
                raise
            return post(channel, message, key, payload=payload)

    def _unreached(
        self, effect: QueuedEffect, run: Run, to: str, error: VendorError, *lifted: str
    ) -> Done:
        """Say in the thread, once in a run, that a person cannot be written to.

        Raises:
            VendorError: the same, where it is not about this person; the worker knows what to do.
        """
        if to == CHANNEL or not of_a_place(error):
            raise error
        slot = f"unreached:{to}"
        log.warning("person_unreached", run=run.id, person=to, code=error.code)
        if run.state.final or self._x.store.message(run.id, slot):
            return Done(unscheduled=lifted)
        place, key = self._place(run, CHANNEL), f"{run.id}:{slot}"
        posted = self._posted(run, place, key) if effect.attempts else None
        if posted is None:
            reason = error.code.removeprefix("slack_")
            message = unreached(run, to, reason, self._x.translator)
            posted = self._post(place, message, key, broadcast=True)
        told = PostedMessage(slot, posted.channel, posted.ts)
        return Done(messages=(told,), unscheduled=lifted)


def _lies(reminder: Reminder, place: Place, scheduled_id: str) -> Done:
    """Record that a reminder lies in Slack."""
    lying = ScheduledMessage(reminder.key, place.channel, scheduled_id, reminder.post_at)
    return Done(scheduled=(lying,))


def _tried(effect: QueuedEffect) -> bool:
    """Say whether an attempt, whose end is unknown, may have taken a reminder back."""
    return bool(effect.attempts or effect.memo)
