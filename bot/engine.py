"""How a command becomes history: one transaction for delivery, events, effects and timers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import structlog

from bot.errors import StoreError
from bot.ports import Clock
from bot.store.base import Delivery, DueTimers, Link, Store, Transaction
from bot.store.chain import body
from handlers.ports import AuditEntry, Outcome, Progress
from workflows.commands import Command, DueTimer, FireTimers
from workflows.decide import decide
from workflows.effects import Effect, effects
from workflows.errors import Refused
from workflows.events import Recorded
from workflows.evolve import evolve
from workflows.run import Run
from workflows.timers import timers
from workflows.values import BOT

log = structlog.get_logger(__name__)

REFRESH_PAUSE = 0.5
"""Seconds between two refreshes of a run's messages while people keep clicking."""


@dataclass
class ProgressBoard:
    """How far the running jobs are; held in memory, the ledger is what counts."""

    jobs: dict[str, Progress] = field(default_factory=dict)


class Engine:
    """The one way to change a run (:class:`handlers.ports.Engine`)."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        account: str,
        *,
        wall: Callable[[], float] = time.time,
        refresh_pause: float = 0.0,
    ) -> None:
        self._store = store
        self._clock = clock
        self._account = account
        self._wall = wall
        self._refresh_pause = refresh_pause
        self._next_refresh: dict[str, float] = {}
        self._listeners: list[Callable[[], None]] = []
        self._unreadable: set[str] = set()
        self.board = ProgressBoard()
        self.link_of: Callable[[str], str | None] = lambda _: None

    def on_commit(self, listener: Callable[[], None]) -> None:
        """Call *listener* after every commit that may have queued effects."""
        self._listeners.append(listener)

    def execute(self, run_id: str, command: Command, delivery_key: str) -> Outcome:
        """Carry out *command* once for *delivery_key*; durable when it returns."""
        outcome = self._store.write(
            lambda transaction: self.apply(transaction, run_id, command, delivery_key)
        )
        self.committed()
        return outcome

    def committed(self) -> None:
        """Tell those who wait for effects."""
        for listener in self._listeners:
            listener()

    def apply(
        self, transaction: Transaction, run_id: str, command: Command, delivery_key: str
    ) -> Outcome:
        """Carry out *command* inside *transaction*; see :meth:`execute`."""
        before = transaction.delivery(delivery_key)
        if before is not None:
            known = transaction.load(before.run_id)
            if known is None:
                raise AssertionError(f"delivery {delivery_key} belongs to no run")
            return Outcome(run=known[0], repeated=True)
        stored = transaction.load(run_id)
        run, last_hash = stored if stored else (None, self._store.chain.genesis)
        now = self._clock.now()
        events = decide(run, command, now)
        first = (run.version if run else 0) + 1
        links: list[Link] = []
        wanted: list[tuple[int, float, list[Effect]]] = []
        for number, event in enumerate(events, start=first):
            recorded = Recorded(seq=number, at=now, actor=command.actor, event=event)
            after = evolve(run, recorded)
            text = body(run_id, recorded)
            digest = self._store.chain.link(last_hash, text)
            links.append(Link(recorded, last_hash, digest, text))
            asked = effects(run, recorded, after)
            wanted += self._when(run, number, asked)
            run, last_hash = after, digest
        if run is None:
            raise AssertionError("a command made no run and was not refused")
        if links:
            transaction.append(run, links)
            for number, due, asked in wanted:
                transaction.add_effects(run_id, number, asked, due)
            transaction.set_timers(run_id, timers(run))
        last = first + len(links) - 1
        transaction.add_delivery(delivery_key, Delivery(run_id, first, last), now)
        return Outcome(run=run, events=tuple(item.recorded for item in links))

    def _when(
        self, before: Run | None, number: int, asked: list[Effect]
    ) -> list[tuple[int, float, list[Effect]]]:
        """Say when effects are due: at once, but of many refreshes of one message only some."""
        now = self._wall()
        if before is None or not self._refresh_pause:
            return [(number, now, asked)]
        shown = {"card", f"prompt:{before.prompt_version}"}
        refreshes = [effect for effect in asked if effect.key in shown]
        others = [effect for effect in asked if effect.key not in shown]
        due = max(now, self._next_refresh.get(before.id, now))
        if due == now and refreshes:
            self._next_refresh[before.id] = now + self._refresh_pause
        return [(number, now, others), (number, due, refreshes)]

    def fire_due_timers(self) -> int:
        """Let every timer that is due have its effect, once; return how many fired."""
        fired = 0
        for due in self._store.due_timers(self._clock.now()):
            try:
                fired += self._store.write(partial(self._fire, due=due))
            except StoreError as error:
                self._pass_over(due.run_id, error)
        if fired:
            self.committed()
        return fired

    def _pass_over(self, run_id: str, error: StoreError) -> None:
        """Let the other runs' timers fire where it is only about this run."""
        if not error.lasting:
            raise error
        if run_id not in self._unreadable:
            self._unreadable.add(run_id)
            log.error("timers_held", run=run_id, code=error.code, reason=str(error.problem))

    def _fire(self, transaction: Transaction, due: DueTimers) -> int:
        run_id = due.run_id
        claimed = [timer for timer in due.timers if transaction.fire_timer(run_id, timer)]
        if not claimed:
            return 0
        action = FireTimers(due=tuple(DueTimer(kind=t.kind, due=t.due) for t in claimed))
        keys = ",".join(f"{timer.kind}@{timer.due.isoformat()}" for timer in claimed)
        try:
            self.apply(
                transaction, run_id, Command(actor=BOT, action=action), f"timer:{run_id}:{keys}"
            )
        except Refused as refusal:
            log.info("timer_refused", run=run_id, timers=keys, code=refusal.code)
        return len(claimed)

    # --- looking -------------------------------------------------------------------------------

    def run(self, run_id: str) -> Run | None:
        """Return a run."""
        return self._store.run(run_id)

    def active_run(self) -> Run | None:
        """Return the account's run that is not over."""
        run_id = self._store.active_run_id(self._account)
        return self._store.run(run_id) if run_id else None

    def runs(self) -> list[Run]:
        """Return all runs of the account, newest first."""
        found = (self._store.run(run_id) for run_id in self._store.run_ids(self._account))
        return [run for run in found if run is not None]

    def audit(self, run_id: str) -> list[AuditEntry]:
        """Return a run's history with its hashes."""
        return [AuditEntry(item.recorded, item.hash) for item in self._store.history(run_id)]

    def audit_problems(self, run_id: str) -> list[str]:
        """Recompute a run's hash chain and return what does not fit."""
        return self._store.problems(run_id)

    def progress(self, run_id: str) -> Progress | None:
        """Return how far what the run is at now is."""
        known = self.board.jobs.get(run_id) or self._store.progress(run_id)
        run = self._store.run(run_id)
        return known if known and run and known.of(run) else None

    def message_link(self, run_id: str) -> str | None:
        """Return a permalink to the run's thread, once it was posted."""
        return self.link_of(run_id)
