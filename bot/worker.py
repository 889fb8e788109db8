"""Carries out effects: leases them, does each so that twice does no harm, records the result.

An effect's handler returns :class:`Done` (with the commands that record what was found),
:class:`Again` (look later), or raises. What it raises decides what happens next:

- a :class:`VendorError` that is ``retryable``: the effect is tried again, later and later; after
  :data:`TELL_AFTER` attempts the run says what it waits for, and the worker keeps trying;
- a :class:`StoreError`: nothing could be recorded; the effect is tried again until it can be;
- any other :class:`SunsetError`: the run is blocked with its problem and remedy;
- anything else: an incident, logged with an id, tried again a few times, then blocked.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol

import structlog

from bot import metrics
from bot import worker_words as words
from bot.engine import Engine
from bot.errors import StoreError, VendorError
from bot.store.base import PostedMessage, QueuedEffect, ScheduledMessage, Store, Transaction
from bot.store.trouble import damaged_row
from workflows import commands as c
from workflows.errors import Refused, SunsetError
from workflows.values import BOT

log = structlog.get_logger(__name__)

LEASE_SECONDS = 300.0
TELL_AFTER = 3
GIVE_UP_AFTER = 5
LONGEST_PAUSE = 60.0
THREADS = 8
BREATH_SECONDS = 0.01
"""Between two looks of which the first found nothing: every click wakes the worker."""
STOP_SECONDS = 8.0
RECORD_AGAIN_SECONDS = 1.0


@dataclass(frozen=True)
class Done:
    """The effect is carried out; what is to be recorded with its end, in one transaction."""

    commands: tuple[c.Action, ...] = ()
    messages: tuple[PostedMessage, ...] = ()
    scheduled: tuple[ScheduledMessage, ...] = ()
    unscheduled: tuple[str, ...] = ()


@dataclass(frozen=True)
class Again:
    """Look again after so many seconds; ``memo`` is given back then. Commands are recorded now."""

    after: float
    memo: dict[str, Any] = field(default_factory=dict)
    commands: tuple[c.Action, ...] = ()
    failed: bool = False
    recovers: bool = True
    """False: what failed before is not tried yet, this only leads up to it."""
    error: str = ""
    """The code of what it failed with."""


@dataclass(frozen=True)
class Failed:
    """It failed with *error*; what is to be remembered and recorded with that.

    For handlers that raise nothing because they know more. ``attempts`` are those in a row that
    failed alike; None: as counted by the store.
    """

    error: SunsetError
    memo: dict[str, Any] = field(default_factory=dict)
    commands: tuple[c.Action, ...] = ()
    attempts: int | None = None


class Handler(Protocol):
    """Carries out one kind of effect; gets all effects that were leased together."""

    def __call__(self, effects: list[QueuedEffect]) -> Done | Again | Failed:
        """Do it."""
        ...


class Worker:
    """Leases effects and carries them out in a few threads."""

    def __init__(
        self,
        store: Store,
        engine: Engine,
        handlers: Mapping[str, Handler],
        *,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._engine = engine
        self._handlers = handlers
        self._wall = wall
        self._owner = secrets.token_hex(4)
        self._trouble = ""
        self._busy: set[tuple[str, str]] = set()
        self._busy_lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._free = threading.BoundedSemaphore(THREADS)
        self._thread = threading.Thread(target=self._run, name="effects", daemon=True)

    @property
    def stopping(self) -> bool:
        """Whether the program is about to end; long jobs look at this between batches."""
        return self._stopping.is_set()

    @property
    def alive(self) -> bool:
        """Whether it looks for work."""
        return self._thread.is_alive() and not self.stopping

    def start(self) -> None:
        """Take back what a dead process had leased, and begin."""
        taken_back = self._store.reclaim()
        if taken_back:
            log.info("effects_reclaimed", count=taken_back)
        self._thread.start()

    def wake(self) -> None:
        """Look for work now."""
        self._wake.set()

    def stop(self, patience: float = STOP_SECONDS) -> None:
        """Take no more work and let what is under way finish, for at most *patience* seconds.

        What is still waiting for a vendor then stays leased: the next start takes it back and looks
        up what became of it, as after a crash.
        """
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        until = time.monotonic() + patience
        while self._under_way() and time.monotonic() < until:
            self._wake.wait(0.05)
            self._wake.clear()
        for run_id, what in self._under_way():
            log.warning("effect_left_behind", run=run_id, effect=what)

    def _under_way(self) -> frozenset[tuple[str, str]]:
        with self._busy_lock:
            return frozenset(self._busy)

    def idle(self) -> bool:
        """Say whether nothing is under way and nothing is due (for tests and clean ends)."""
        busy = self._under_way()
        due = self._store.next_due()
        return not busy and (due is None or due > self._wall())

    def _run(self) -> None:
        while not self.stopping:
            self._wake.clear()
            now, found = self._wall(), True
            try:
                found = self._dispatch(now)
                # What is due but was not leased waits for something that will wake this thread.
                due = self._store.next_due(now)
                self._trouble = ""
            except StoreError as error:
                if self._trouble != error.code:
                    log.warning("dispatch_failed", code=error.code, reason=str(error.problem))
                self._trouble = error.code
                due = now + RECORD_AGAIN_SECONDS
            except Exception:
                # Whatever it is, the bot must not go on looking alive while nothing happens.
                log.exception("dispatch_failed")
                due = now + 1.0
            if not found:
                self._stopping.wait(BREATH_SECONDS)
            self._wake.wait(1.0 if due is None else min(1.0, max(0.0, due - self._wall())))

    def _dispatch(self, now: float) -> bool:
        """Lease what may be done at *now* and begin with it; say whether there was anything."""
        busy = self._under_way()
        leased = self._store.write(
            lambda transaction: transaction.lease(self._owner, now + LEASE_SECONDS, now, busy)
        )
        together: dict[tuple[str, str], list[QueuedEffect]] = {}
        for effect in leased:
            together.setdefault(_place(effect), []).append(effect)
        for place, effects in together.items():
            with self._busy_lock:
                self._busy.add(place)
            # Daemon threads: one that waits for a vendor must not keep the process from ending.
            while not self._free.acquire(timeout=0.1):
                if self.stopping:
                    # What is leased is taken back at the next start.
                    with self._busy_lock:
                        self._busy.discard(place)
                    return False
            threading.Thread(
                target=self._carry_out,
                args=(place, effects),
                name=f"effect-{place[1]}",
                daemon=True,
            ).start()
        return bool(leased)

    def _carry_out(self, place: tuple[str, str], effects: list[QueuedEffect]) -> None:
        first = effects[0]
        bound = log.bind(run=first.run_id, effect=first.key)
        try:
            self._settle(effects, self._result(effects, bound), bound)
        finally:
            with self._busy_lock:
                self._busy.discard(place)
            self._free.release()
            self._wake.set()

    def _settle(
        self, effects: list[QueuedEffect], result: Done | Again | Failed, bound: Any
    ) -> None:
        """Record the result, as often as it takes: what was done outside must not be forgotten."""
        told = False
        while True:
            try:
                self._store.write(partial(self._record, effects=effects, result=result))
            except StoreError as error:
                if not told:
                    bound.error("result_not_recorded", code=error.code, reason=str(error.problem))
                told = True
                # What stays leased is taken back at the next start, and looked up then.
                if error.lasting or self._stopping.wait(RECORD_AGAIN_SECONDS):
                    return
            except Exception:
                incident = secrets.token_hex(4)
                bound.exception("incident", incident=incident)
                if isinstance(result, Failed):
                    return
                result = Failed(words.incident(incident))
            else:
                outcome = type(result).__name__.lower()
                for effect in effects:
                    metrics.EFFECTS.labels(effect.kind, outcome).inc()
                self._engine.committed()
                return

    def _result(self, effects: list[QueuedEffect], bound: Any) -> Done | Again | Failed:
        handler = self._handlers.get(effects[0].kind)
        if handler is None:
            return Failed(words.unknown(effects[0].kind))
        if effects[0].damaged:
            return Failed(damaged_row(f"effect {effects[0].id}"))
        try:
            result = handler(effects)
            if isinstance(result, Failed):
                return self._failed(effects[0], result, bound)
            return self._recovered(effects[0], result)
        except StoreError as error:
            bound.warning("effect_interrupted", code=error.code)
            return Again(_pause(effects[0].attempts), effects[0].memo, failed=True)
        except SunsetError as error:
            return self._failed(effects[0], Failed(error, effects[0].memo), bound)
        except Exception:
            incident = secrets.token_hex(4)
            bound.exception("incident", incident=incident)
            if effects[0].attempts + 1 < GIVE_UP_AFTER:
                return Again(_pause(effects[0].attempts), effects[0].memo, failed=True)
            return Failed(words.incident(incident))

    @staticmethod
    def _recovered(effect: QueuedEffect, result: Done | Again) -> Done | Again:
        """Say that what could not go on for a while goes on."""
        if (
            effect.lane != "job"
            or not effect.attempts
            or (isinstance(result, Again) and (result.failed or not result.recovers))
        ):
            return result
        return replace(result, commands=(c.RecordRecovered(job=effect.key), *result.commands))

    @staticmethod
    def _failed(effect: QueuedEffect, failed: Failed, bound: Any) -> Again | Failed:
        """Try again later what may go on by itself; a person has to mend the rest."""
        error = failed.error
        if not isinstance(error, VendorError):
            bound.warning("effect_refused", code=error.code)
            return failed
        attempts = effect.attempts if failed.attempts is None else failed.attempts
        bound.warning(
            "vendor_failed",
            vendor=error.vendor,
            code=error.code,
            reference=error.reference,
            retryable=error.retryable,
            attempt=attempts + 1,
        )
        if not error.retryable and (not error.mendable or effect.lane == "job"):
            return failed
        pause = max(_pause(attempts), error.retry_after or 0.0)
        told = failed.commands
        lasting = attempts + 1 >= TELL_AFTER or pause > LONGEST_PAUSE
        if effect.lane == "job" and lasting:
            told = (*told, words.blocked(error, effect))
        return Again(pause, failed.memo, told, failed=True, error=error.code)

    def _record(
        self,
        transaction: Transaction,
        effects: list[QueuedEffect],
        result: Done | Again | Failed,
    ) -> None:
        first = effects[0]
        for number, action in enumerate(result.commands):
            self._command(transaction, first, action, number)
        if isinstance(result, Failed):
            error = result.error
            for effect in effects:
                transaction.settle(effect.id, "failed", error.code)
            number = len(result.commands)
            if first.lane == "job":
                self._command(transaction, first, words.blocked(error, first), number)
            elif isinstance(error, VendorError) and error.missing:
                self._command(transaction, first, words.without(error), number)
            return
        if isinstance(result, Again):
            due = self._wall() + result.after
            for effect in effects:
                transaction.postpone(
                    effect.id, due, result.memo, failed=result.failed, error=result.error
                )
            return
        for message in result.messages:
            transaction.save_message(first.run_id, message)
        for scheduled in result.scheduled:
            transaction.save_scheduled(first.run_id, scheduled)
        for key in result.unscheduled:
            transaction.drop_scheduled(first.run_id, key)
        for effect in effects:
            transaction.settle(effect.id, "done")
        if first.lane == "thread" and first.attempts >= TELL_AFTER:
            transaction.add_effects(first.run_id, first.seq, [words.late(first)], self._wall())

    def _command(
        self, transaction: Transaction, effect: QueuedEffect, action: c.Action, number: int
    ) -> None:
        key = f"effect:{effect.id}:{effect.lease}:{number}"
        try:
            self._engine.apply(transaction, effect.run_id, c.Command(actor=BOT, action=action), key)
        except Refused as refusal:
            # The run has moved on: what was found no longer matters to it.
            log.info("result_refused", run=effect.run_id, effect=effect.key, code=refusal.code)


def _place(effect: QueuedEffect) -> tuple[str, str]:
    return effect.run_id, effect.key if effect.lane == "job" else effect.lane


def _pause(attempts: int) -> float:
    # The jitter spreads what failed together; it guards nothing.
    steps: float = min(LONGEST_PAUSE, 2.0 ** min(attempts, 10))
    return steps * (0.75 + secrets.randbelow(500) / 1000)
