"""Reminders of the data copy's end (P4): each comes once, even when the bot is down.

Every reminder is laid in Slack (``chat.scheduleMessage``) for :data:`GRACE` after its time. At its
time the bot takes the scheduled message back and posts its own, which has buttons. Where it cannot
take it back, Slack has posted it: then the bot posts nothing. So each reminder comes exactly once,
from whichever of the two is alive. Slack refuses to take a message back in its last 60 seconds,
hence the grace.
"""

from __future__ import annotations

from datetime import timedelta

import structlog

from bot.effects.context import Context
from bot.store.base import QueuedEffect, ScheduledMessage
from bot.worker import Again, Done
from handlers import render
from handlers.i18n import Translator, translator
from handlers.render import Message
from workflows.effects import recipients
from workflows.events import RemindersMissed
from workflows.run import Run
from workflows.states import State
from workflows.timers import reminders

log = structlog.get_logger(__name__)
GRACE = timedelta(minutes=2)
POSTED = "posted"
"""Stands for the id of a scheduled message that Slack has posted."""
SOON = timedelta(seconds=70)
"""Slack refuses a time that is not ahead; what is nearer than this is left to the bot alone."""


class Reminders:
    """Lays reminders in Slack, sends them, takes them back."""

    def __init__(self, context: Context) -> None:
        self._x = context

    def lay(self, effects: list[QueuedEffect]) -> Done | Again:
        """Lay one reminder for one recipient in Slack."""
        effect, run = effects[0], self._x.run(effects[0].run_id)
        before, to = int(effect.data["before"]), str(effect.data["to"])
        key = _key(before, to)
        post_at = self._post_at(run, before)
        if self._x.store.scheduled(run.id, key):
            return Done()
        channel, thread_ts = self._place(run, to)
        text = render.scheduled_reminder(run, before, self._translator(to))
        over = (
            run.state is not State.DATA_COPY_WINDOW
            or before in run.reminders_done
            or to not in recipients(run, before)
        )
        if effect.attempts:
            laid = self._laid_before(run, channel, thread_ts, post_at, text)
            # Whoever lifts what is over has been here already, and did not know of this one.
            if laid is not None and over and self._x.slack.unschedule(channel, laid):
                return Done()
            if laid is not None:
                return Done(scheduled=(ScheduledMessage(key, channel, laid, post_at),))
        if over or post_at <= self._soon():
            return Done()
        scheduled_id = self._x.slack.schedule(channel, text, post_at, thread_ts)
        return Done(scheduled=(ScheduledMessage(key, channel, scheduled_id, post_at),))

    def _laid_before(
        self, run: Run, channel: str, thread_ts: str | None, post_at: int, text: str
    ) -> str | None:
        """Find what an attempt whose end is unknown has laid, or Slack has posted meanwhile."""
        for scheduled_id, (at, said) in self._x.slack.scheduled_ids(channel).items():
            if at == post_at and run.id in said:
                return scheduled_id
        return POSTED if self._posted(channel, thread_ts, post_at, text) else None

    def _posted(self, channel: str, thread_ts: str | None, post_at: int, text: str) -> bool:
        """Say whether Slack has posted a scheduled message."""
        oldest = post_at - GRACE.total_seconds() - 60
        return self._x.look(
            lambda: any(
                posted.own and not posted.key and _same(posted.text, text)
                for posted in self._x.slack.messages(channel, thread_ts=thread_ts, oldest=oldest)
            ),
            otherwise=False,
        )

    def lift(self, effects: list[QueuedEffect]) -> Done | Again:
        """Take one scheduled reminder back: it is no longer needed."""
        effect = effects[0]
        key = _key(int(effect.data["before"]), str(effect.data["to"]))
        lying = self._x.store.scheduled(effect.run_id, key)
        if lying is None:
            return Done()
        self._x.slack.unschedule(lying.channel, lying.scheduled_id)
        return Done(unscheduled=(key,))

    def send(self, effects: list[QueuedEffect]) -> Done | Again:
        """Send one reminder to one recipient, unless Slack has."""
        effect, run = effects[0], self._x.run(effects[0].run_id)
        before, to = int(effect.data["before"]), str(effect.data["to"])
        if run.state.final:
            return self.lift(effects)
        if self._slack_sent_it(effect, run, before, to):
            return Done(unscheduled=(_key(before, to),))
        message = render.reminder(run, before, self._translator(to))
        self._deliver(effect, run, to, f"{run.id}:reminder:{before}:{to}", message)
        return Done(unscheduled=(_key(before, to),))

    def settle_missed(self, effects: list[QueuedEffect]) -> Done | Again:
        """Say once, in the thread, which reminders neither the bot nor Slack sent."""
        effect, run = effects[0], self._x.run(effects[0].run_id)
        (link,) = self._x.store.events(run.id, [int(effect.data["seq"])])
        event = link.recorded.event
        if not isinstance(event, RemindersMissed):
            raise TypeError(f"{effect.key} belongs to {event.type}")
        lifted: list[str] = []
        unsent: list[int] = []
        for before in event.missed:
            sent = [self._slack_sent_it(effect, run, before, to) for to in recipients(run, before)]
            lifted += [_key(before, to) for to in recipients(run, before)]
            if not sent[0]:
                unsent.append(before)
        if not unsent:
            return Done(unscheduled=tuple(lifted))
        message = render.missed_reminders(run, tuple(unsent), self._x.translator)
        self._deliver(effect, run, "channel", f"{run.id}:missed:{event.missed[0]}", message)
        return Done(unscheduled=tuple(lifted))

    def _slack_sent_it(self, effect: QueuedEffect, run: Run, before: int, to: str) -> bool:
        """Take a scheduled reminder back; say whether it is too late for that."""
        lying = self._x.store.scheduled(run.id, _key(before, to))
        if lying is None:
            return False
        if self._x.slack.unschedule(lying.channel, lying.scheduled_id):
            return False
        if not effect.attempts:
            return True
        # It is gone: posted by Slack, or taken back by an attempt of ours whose end is unknown.
        if lying.scheduled_id in self._x.slack.scheduled_ids(lying.channel):
            return True
        text = render.scheduled_reminder(run, before, self._translator(to))
        return self._posted(lying.channel, self._place(run, to)[1], lying.post_at, text)

    def _deliver(self, effect: QueuedEffect, run: Run, to: str, key: str, message: Message) -> None:
        """Post *message*, unless an attempt of ours whose end is unknown did."""
        channel, thread_ts = self._place(run, to)
        if effect.attempts:
            oldest = run.started_at.timestamp()
            found = self._x.look(
                lambda: self._x.slack.find(channel, key, thread_ts=thread_ts, oldest=oldest),
                otherwise=None,
            )
            if found is not None:
                return
        self._x.slack.post(channel, message, key, thread_ts=thread_ts, broadcast=to == "channel")

    def _place(self, run: Run, to: str) -> tuple[str, str | None]:
        if to == "channel":
            root = self._x.store.message(run.id, "card")
            return self._x.settings.sunset_channel, root.ts if root else None
        return self._x.slack.direct(to), None

    def _translator(self, to: str) -> Translator:
        """A person is written to in their own language, the channel in the setting's."""
        return self._x.translator if to == "channel" else translator(self._x.people.locale(to))

    def _post_at(self, run: Run, before: int) -> int:
        if run.deadline is None or before not in reminders(run):
            return 0
        return int((run.deadline - timedelta(seconds=before) + GRACE).timestamp())

    def _soon(self) -> int:
        return int((self._x.clock.now() + SOON).timestamp())


def _key(before: int, to: str) -> str:
    return f"{before}:{to}"


def _same(shown: str, sent: str) -> bool:
    return "".join(shown.split()) == "".join(sent.split())
