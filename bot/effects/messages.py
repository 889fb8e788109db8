"""Messages: the control card, the prompts, the notices and the audit lines.

Slack has no idempotency key. Each message therefore carries a key in its metadata; when the last
attempt's end is unknown, the message is looked for before it is posted again (facts/slack.md).
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

import structlog

from bot.audit import channel
from bot.effects.context import CARD, Context
from bot.store.base import PostedMessage, QueuedEffect
from bot.worker import Again, Done
from handlers import render
from handlers.ports import AuditEntry
from handlers.render import Message
from workflows.digest import canonical
from workflows.events import Recorded
from workflows.run import Run

log = structlog.get_logger(__name__)

LATE = timedelta(minutes=5)
"""What was told within this time needs no excuse."""


class Messages:
    """Posts and updates what belongs to a run's thread, and its audit lines."""

    def __init__(self, context: Context) -> None:
        self._x = context

    # --- the thread ----------------------------------------------------------------------------

    def card(self, effects: list[QueuedEffect]) -> Done | Again:
        """Post or refresh the control card, the root of the run's thread."""
        effect = effects[0]
        run = self._x.run(effect.run_id)
        shown = render.card(run, self._x.translator, self._x.engine.progress(run.id))
        return self._show(effect, run, CARD, shown, thread_ts=None)

    def prompt(self, effects: list[QueuedEffect]) -> Done | Again:
        """Post or refresh the message of a prompt, unless the run has moved on."""
        effect = effects[0]
        run = self._x.run(effect.run_id)
        version = int(effect.data["version"])
        if version != run.prompt_version:
            # Answered meanwhile. If an earlier attempt posted it, it is closed next.
            posted = self._look_up(effect, run, f"prompt:{version}")
            return Done(messages=(posted,) if posted else ())
        shown = render.prompt_message(run, self._x.translator, self._x.engine.progress(run.id))
        return self._in_thread(effect, run, f"prompt:{version}", shown)

    def close_prompt(self, effects: list[QueuedEffect]) -> Done | Again:
        """Replace an answered prompt by what became of it; its buttons go."""
        effect = effects[0]
        run = self._x.run(effect.run_id)
        slot = f"prompt:{effect.data['version']}"
        posted = self._x.store.message(run.id, slot) or self._look_up(effect, run, slot)
        if posted is None:
            return Done()
        answer = self._event(run.id, int(effect.data["by"]))
        shown = render.closed_prompt(run, answer, self._x.translator)
        return self._replace(run, posted, shown) or Done()

    def notice(self, effects: list[QueuedEffect]) -> Done | Again:
        """Post a message of its own about an event."""
        effect = effects[0]
        run = self._x.run(effect.run_id)
        if "late" in effect.data:
            return self._late(effect, run, int(effect.data["late"]))
        seq = int(effect.data["seq"])
        shown = render.notice(run, self._event(run.id, seq), self._x.translator)
        return self._in_thread(effect, run, f"notice:{seq}", shown)

    def _late(self, effect: QueuedEffect, run: Run, seq: int) -> Done | Again:
        """Say that what the thread tells since an event came late: Slack had not answered."""
        since, tr = self._event(run.id, seq).at, self._x.translator
        if effect.attempts == 0 and self._x.clock.now() - since < LATE:
            return Done()
        return self._in_thread(effect, run, f"late:{seq}", render.late(since, tr))

    def _in_thread(self, effect: QueuedEffect, run: Run, slot: str, shown: Message) -> Done | Again:
        root = self._x.thread(run.id)
        return self._show(effect, run, slot, shown, thread_ts=root.ts)

    def _show(
        self,
        effect: QueuedEffect,
        run: Run,
        slot: str,
        shown: Message,
        *,
        thread_ts: str | None,
    ) -> Done | Again:
        posted = self._x.store.message(run.id, slot)
        if posted is None and effect.attempts:
            posted = self._look_up(effect, run, slot, thread_ts)
        if posted is not None and (done := self._replace(run, posted, shown)) is not None:
            return done
        main = self._x.settings.sunset_channel
        new = self._x.slack.post(main, shown, f"{run.id}:{slot}", thread_ts=thread_ts)
        return Done(messages=(PostedMessage(slot, new.channel, new.ts, _digest(shown)),))

    def _replace(self, run: Run, posted: PostedMessage, shown: Message) -> Done | None:
        """Update a message; None if somebody deleted it."""
        digest = _digest(shown)
        if posted.digest == digest:
            return Done()
        if not self._x.slack.update(posted.channel, posted.ts, shown):
            log.warning("message_deleted", run=run.id, slot=posted.slot)
            return None
        return Done(messages=(PostedMessage(posted.slot, posted.channel, posted.ts, digest),))

    def _look_up(
        self, effect: QueuedEffect, run: Run, slot: str, thread_ts: str | None = None
    ) -> PostedMessage | None:
        """Look for a message that an earlier attempt may have posted."""
        if not effect.attempts:
            return None
        if thread_ts is None and slot != CARD:
            root = self._x.store.message(run.id, CARD)
            thread_ts = root.ts if root else None
        found = self._x.look(
            lambda: self._x.slack.find(
                self._x.settings.sunset_channel,
                f"{run.id}:{slot}",
                thread_ts=thread_ts,
                oldest=run.started_at.timestamp() - 60,
            ),
            otherwise=None,
        )
        return PostedMessage(slot, found.channel, found.ts) if found else None

    # --- the audit channel ---------------------------------------------------------------------

    def audit_lines(self, effects: list[QueuedEffect]) -> Done | Again:
        """Post one line for each event; lines that wait are posted together, in order."""
        run_id = effects[0].run_id
        wanted = [int(effect.data["seq"]) for effect in effects]
        if any(effect.attempts for effect in effects):
            nothing: set[int] = set()
            there = self._x.look(lambda: self._audited(run_id), otherwise=nothing)
            wanted = [seq for seq in wanted if seq not in there]
        if not wanted:
            return Done()
        links = self._x.store.events(run_id, wanted)
        lines = [
            render.audit_line(AuditEntry(link.recorded, link.hash), run_id, self._x.translator).text
            for link in links
        ]
        text = "\n".join(lines)
        first, last = wanted[0], wanted[-1]
        self._x.slack.post(
            self._x.settings.sunset_audit_channel,
            Message(text=text, blocks=[]),
            f"{run_id}:audit:{first}-{last}",
            payload=channel.payload(run_id, {link.recorded.seq: link.hash for link in links}),
        )
        return Done()

    def _audited(self, run_id: str) -> set[int]:
        """Return the numbers of the events whose lines the audit channel shows."""
        run = self._x.run(run_id)
        shown: set[int] = set()
        audit = self._x.settings.sunset_audit_channel
        for posted in self._x.slack.messages(audit, oldest=run.started_at.timestamp() - 60):
            payload = posted.payload or {}
            if posted.own and payload.get("run") == run_id:
                shown |= {int(seq) for seq in str(payload.get("events", "")).split(",") if seq}
        return shown

    def _event(self, run_id: str, seq: int) -> Recorded:
        (link,) = self._x.store.events(run_id, [seq])
        return link.recorded


def _digest(message: Message) -> str:
    shown = canonical({"text": message.text, "blocks": message.blocks})
    return hashlib.sha256(shown.encode()).hexdigest()
