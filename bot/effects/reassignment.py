"""The effects `reassign` and `undo`: one job of a run at a time, held, waiting, resumed (P2b)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from bot.effects.context import Context
from bot.effects.telling import Telling
from bot.errors import VendorError
from bot.reassign.forward import Forward
from bot.reassign.gate import Gate, Held
from bot.reassign.meter import Teller
from bot.reassign.undo import Undo
from bot.store.base import QueuedEffect
from bot.worker import Again, Done
from workflows import commands as c
from workflows.run import Run

PAUSE_WHEN_HELD = 0.5
LOOK_SECONDS = 15.0
"""How often a job that waits for the daily limit's reset looks at the clock."""
DAILY_LIMIT = "hubspot_daily_limit"

Job = Callable[[Run, int, Gate], c.Action]


class Reassignment:
    """Runs reassignment jobs and undoes them."""

    def __init__(self, context: Context) -> None:
        self._x = context
        self._running: set[str] = set()
        self._tellers: dict[str, Teller] = {}
        self._running_lock = threading.Lock()

    def reassign(self, effects: list[QueuedEffect]) -> Done | Again:
        """Give every planned record its new owner; record what became of each."""
        return self._alone(effects[0], self._forward, "running", "stopping")

    def undo(self, effects: list[QueuedEffect]) -> Done | Again:
        """Give back every record whose owner is still the one that the bot wrote."""
        return self._alone(effects[0], self._back, "undoing", "ending_undo")

    def _forward(self, run: Run, job: int, gate: Gate) -> c.Action:
        stopping = run.job_state == "stopping"
        return Forward(self._x, run, job, gate, self._teller(run.id)).work(scan=not stopping)

    def _back(self, run: Run, job: int, gate: Gate) -> c.Action:
        undo = Undo(self._x, run, job, gate, self._teller(run.id))
        return undo.result() if run.job_state == "ending_undo" else undo.work()

    def _alone(self, effect: QueuedEffect, job: Job, *job_states: str) -> Done | Again:
        """Let one job of a run write at a time: the last batch of a paused one may still be out."""
        with self._running_lock:
            if effect.run_id in self._running:
                return Again(PAUSE_WHEN_HELD, effect.memo)
            self._running.add(effect.run_id)
        try:
            return self._one(effect, job, *job_states)
        finally:
            with self._running_lock:
                self._running.discard(effect.run_id)

    def _one(self, effect: QueuedEffect, work: Job, *job_states: str) -> Done | Again:
        job = int(effect.data["job"])
        run = self._x.run(effect.run_id)
        # Who presses *stop* ends this execution too: another one brings to its end what was begun.
        ends = run.job_state in {"stopping", "ending_undo"}
        gate = Gate(self._x, run.id, job, *{run.job_state}.intersection(job_states), urgent=ends)
        if not gate.wanted():
            return Done()
        until = effect.memo.get("until")
        # A job that was paused while it waited, and resumed, looks anew and says what it waits for.
        if until and run.waits_until is not None:
            if self._x.clock.now() < datetime.fromisoformat(until):
                return Again(LOOK_SECONDS, effect.memo)
            return Again(0.0, {}, (c.RecordReassignmentGoesOn(job=job),))
        try:
            gate.day.look()
            return Done(commands=(work(run, job, gate),))
        except Held:
            if gate.exhausted and gate.wanted():
                return self._wait(run, gate)
            return Again(PAUSE_WHEN_HELD) if gate.wanted() else Done()
        except VendorError as error:
            if error.code != DAILY_LIMIT:
                raise
            return self._wait(run, gate)

    def _wait(self, run: Run, gate: Gate) -> Again:
        """Pause at the reserve until the day's budget is whole again."""
        until = gate.day.resets_at(run, self._x.clock.now())
        usage = gate.day.usage
        left = max(0, usage.limit - usage.used) if usage else 0
        waiting = c.RecordReassignmentWaiting(
            job=run.job, until=until, remaining=left, reserve=gate.day.reserve
        )
        return Again(LOOK_SECONDS, {"until": until.isoformat()}, (waiting,))

    def _teller(self, run_id: str) -> Teller:
        # One for each run: a job that is held and goes on does not tell more often for it.
        telling = Telling(self._x, run_id)
        return self._tellers.setdefault(run_id, Teller(telling.save, telling.show))
