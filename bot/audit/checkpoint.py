"""Checkpoints: once a day the end of each run's chain goes to every approver, and into the log.

They lie outside the database, in people's direct messages: who rewrites the history cannot take
them back. One for each day that has passed since the run began, the newest alone; one more at its
end. A checkpoint whose sending was cut off is looked for before it is sent again.
"""

from __future__ import annotations

from datetime import timedelta

import structlog

from bot.errors import StoreError, VendorError
from bot.ports import Clock
from bot.store.base import PostedMessage, Store
from bot.vendors.slack import Slack
from handlers.i18n import Translator
from handlers.render import Message, checkpoint
from workflows.run import Run

log = structlog.get_logger(__name__)
EVERY = timedelta(days=1)
LOOK_SECONDS = 60.0
END_DAYS = timedelta(days=7)
"""So long after its end the last checkpoint of a run is still worth sending."""


class Checkpoints:
    """Sends what is due; called every minute."""

    def __init__(self, store: Store, slack: Slack, clock: Clock, translator: Translator) -> None:
        self._store = store
        self._slack = slack
        self._clock = clock
        self._translator = translator
        self._logged: set[str] = set()
        self._over: set[str] = set()

    def look(self) -> None:
        """Send every checkpoint that is due and was not sent."""
        for run_id in self._store.run_ids():
            # A run that is over stays as it is: it need not be folded every minute.
            try:
                run = None if run_id in self._over else self._store.run(run_id)
            except StoreError as error:
                if not error.lasting:
                    raise
                # It holds up no other run's checkpoint.
                log.warning("checkpoint_not_made", run=run_id, code=error.code)
                self._over.add(run_id)
                continue
            if run is not None and not run.frozen:
                self._send(run)

    def _send(self, run: Run) -> None:
        slot = self._due(run)
        people = run.approvers or run.eligible_approvers
        wanted = [one for one in people if not self._sent(run.id, f"{slot}:{one}")]
        if not slot or not wanted:
            if run.ended_at is not None:
                self._over.add(run.id)
            return
        last = self._store.events(run.id, [run.version])[0]
        if f"{run.id}:{slot}" not in self._logged:
            self._logged.add(f"{run.id}:{slot}")
            at = last.recorded.at.isoformat()
            log.info("checkpoint", run=run.id, number=run.version, hash=last.hash, at=at)
        message = checkpoint(run, last.recorded, last.hash, self._translator)
        for person in wanted:
            try:
                self._to(run, person, f"{slot}:{person}", message)
            except VendorError as error:
                log.warning("checkpoint_not_sent", run=run.id, person=person, code=error.code)
                if not error.retryable:
                    self._keep(run.id, PostedMessage(f"{slot}:{person}", person, "-"))

    def _due(self, run: Run) -> str:
        """Name the checkpoint that is due now; '' for none."""
        now = self._clock.now()
        if run.ended_at is not None:
            return "checkpoint:end" if now - run.ended_at < END_DAYS else ""
        days = (now - run.started_at) // EVERY
        return f"checkpoint:{days}" if days > 0 else ""

    def _sent(self, run_id: str, slot: str) -> bool:
        message = self._store.message(run_id, slot)
        return message is not None and bool(message.ts)

    def _to(self, run: Run, person: str, slot: str, message: Message) -> None:
        channel = self._slack.direct(person)
        key = f"{run.id}:{slot}"
        if self._store.message(run.id, slot) is not None:
            oldest = run.started_at.timestamp()
            try:
                found = self._slack.find(channel, key, thread_ts=None, oldest=oldest)
            except VendorError as error:
                if not error.missing:
                    raise
                # Without the right to look, two are better than none.
                found = None
            if found is not None:
                self._keep(run.id, PostedMessage(slot, channel, found.ts))
                return
        # Without a time: it is being sent.
        self._keep(run.id, PostedMessage(slot, channel, ""))
        posted = self._slack.post(channel, message, key)
        self._keep(run.id, PostedMessage(slot, channel, posted.ts))

    def _keep(self, run_id: str, message: PostedMessage) -> None:
        self._store.write(lambda transaction: transaction.save_message(run_id, message))
