"""What the engine needs of a database. One contract test suite holds for every implementation.

All writing goes through :meth:`Store.write`: the given function runs inside one serialised
transaction, which is durable before ``write`` returns. Several functions may share one commit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

from bot.store.chain import Chain
from handlers.ports import Progress
from workflows.effects import Effect
from workflows.events import Recorded
from workflows.run import Run
from workflows.timers import Timer

T = TypeVar("T")


@dataclass(frozen=True)
class Link:
    """An event in a run's hash chain, as stored; ``text`` is what was hashed, where it is known."""

    recorded: Recorded
    prev: str
    hash: str
    text: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True)
class Delivery:
    """A delivery that was carried out: its run and the numbers of its events (first, last)."""

    run_id: str
    first: int
    last: int


@dataclass(frozen=True)
class QueuedEffect:
    """An effect that is leased.

    ``attempts`` counts the ones in a row whose end was bad or is unknown; above 0, what the last
    one did has to be looked up. ``lease`` counts all leases, so that each has a number of its own.
    ``damaged``: its data or memo cannot be read; both are empty then.
    """

    id: int
    run_id: str
    seq: int
    kind: str
    key: str
    lane: str
    data: dict[str, Any]
    memo: dict[str, Any]
    lease: int
    attempts: int
    damaged: bool = False


@dataclass(frozen=True)
class Waiting:
    """An effect that did not succeed yet and is tried again at ``due`` (epoch seconds).

    ``error`` is the code of what it met last, in ``attempts`` attempts in a row.
    """

    kind: str
    error: str
    attempts: int
    due: float


@dataclass(frozen=True)
class PostedMessage:
    """Where a message of a run lies in Slack, and the digest of what it shows."""

    slot: str
    channel: str
    ts: str
    digest: str = ""


@dataclass(frozen=True)
class ScheduledMessage:
    """A message that lies scheduled in Slack; ``post_at`` in seconds since the epoch."""

    key: str
    channel: str
    scheduled_id: str
    post_at: int


@dataclass(frozen=True)
class LedgerRow:
    """One record of a reassignment job.

    ``state``: written (before the call), changed, failed, left_alone (its owner was not the planned
    one), gone (deleted, archived or merged away), overwritten (changed, but the owner's history
    shows that somebody had given it to ``found`` right before), undone, undone_over (given back,
    though somebody had given it to ``found`` right before), kept (an undo found that the value is
    not ours any more). ``found`` is the unplanned owner that a record had ('': nobody,
    or unknown). ``error`` is HubSpot's reason, ``reference`` its correlation id.
    ``checked``: the history was read. ``undo`` is the undo that settled it last; 0: none.
    """

    job: int
    object_type: str
    record_id: str
    old_owner: str
    new_owner: str
    state: str
    error: str = ""
    reference: str = ""
    checked: bool = False
    found: str = ""
    undo: int = 0


@dataclass(frozen=True)
class LedgerCount:
    """How many ledger rows of a run are alike in this."""

    job: int
    object_type: str
    old_owner: str
    state: str
    undo: int
    checked: bool
    rows: int


@dataclass(frozen=True)
class LedgerFlow:
    """How many ledger rows of a run went from one owner to another and ended alike."""

    job: int
    object_type: str
    old_owner: str
    new_owner: str
    state: str
    undo: int
    rows: int


@dataclass(frozen=True)
class DueTimers:
    """The timers of one run that fell due."""

    run_id: str
    timers: tuple[Timer, ...] = field(default=())


class Transaction(Protocol):
    """What can be done inside one transaction."""

    def delivery(self, key: str) -> Delivery | None:
        """Return the delivery with this key, if it was carried out."""
        ...

    def add_delivery(self, key: str, delivery: Delivery, at: datetime) -> None:
        """Remember that a delivery was carried out."""
        ...

    def load(self, run_id: str) -> tuple[Run, str] | None:
        """Return a run with the hash of its last event, or None."""
        ...

    def append(self, run: Run, links: Iterable[Link]) -> None:
        """Add events to a run's history; *run* is the run after them.

        Raises:
            workflows.errors.Refused: code `run_active`, when the account has another active run.
        """
        ...

    def add_effects(self, run_id: str, seq: int, effects: Iterable[Effect], due: float) -> None:
        """Queue effects; one that is pending already under the same key is at most made due sooner.

        In the lane `thread` what was never tried and is not due yet holds nobody up: a refresh that
        was put off a little, to show several changes at once.
        """
        ...

    def set_timers(self, run_id: str, timers: Iterable[Timer]) -> None:
        """Make these the run's set timers; others that were set and not fired are lifted."""
        ...

    def fire_timer(self, run_id: str, timer: Timer) -> bool:
        """Claim a timer; False if it is no longer set."""
        ...

    def lease(
        self, owner: str, until: float, now: float, busy: frozenset[tuple[str, str]]
    ) -> list[QueuedEffect]:
        """Lease the effects that may be carried out now, at most one for each (run, lane).

        Effects of the lanes `audit` and `thread` leave in the order they were queued; audit lines
        that wait are leased together. *busy* are the (run id, lane or key) under way here.
        """
        ...

    def settle(self, effect_id: int, state: str, error: str = "") -> None:
        """End a leased effect: `done` or `failed`."""
        ...

    def postpone(
        self,
        effect_id: int,
        due: float,
        memo: dict[str, Any],
        *,
        failed: bool = False,
        error: str = "",
    ) -> None:
        """Give a leased effect back, to be carried out again at *due*; *error* is what it met."""
        ...

    def save_message(self, run_id: str, message: PostedMessage) -> None:
        """Remember where a message lies."""
        ...

    def save_scheduled(self, run_id: str, message: ScheduledMessage) -> None:
        """Remember a scheduled message."""
        ...

    def drop_scheduled(self, run_id: str, key: str) -> None:
        """Forget a scheduled message."""
        ...

    def write_ledger(self, run_id: str, rows: Iterable[LedgerRow]) -> None:
        """Insert or settle ledger rows."""
        ...

    def forget_ledger(self, run_id: str, rows: Iterable[LedgerRow]) -> None:
        """Remove ledger rows that were written and never sent."""
        ...

    def save_progress(self, run_id: str, progress: Progress) -> None:
        """Remember how far a run's job is, for those who look at the database alone."""
        ...


class Store(Protocol):
    """A database of runs; ``chain`` says how their events are hashed."""

    chain: Chain

    def write(self, function: Callable[[Transaction], T]) -> T:
        """Run *function* in a transaction and return its result once it is durable.

        Raises:
            bot.errors.StoreError: nothing was written.
        """
        ...

    def run(self, run_id: str) -> Run | None:
        """Return a run."""
        ...

    def active_run_id(self, account: str) -> str | None:
        """Return the id of the account's active run."""
        ...

    def run_ids(self, account: str | None = None) -> list[str]:
        """Return the ids of all runs, newest first."""
        ...

    def history(self, run_id: str) -> list[Link]:
        """Return a run's events, oldest first, as stored."""
        ...

    def events(self, run_id: str, numbers: Iterable[int]) -> list[Link]:
        """Return those of a run's events that have these numbers, oldest first, as stored."""
        ...

    def problems(self, run_id: str) -> list[str]:
        """Recompute the chain; return a sentence for each thing that does not fit."""
        ...

    def require_keys(self) -> None:
        """Make sure that every active run's chain can be gone on with.

        Raises:
            bot.store.chain.KeyMissing: the key of one is not in the settings.
        """
        ...

    def due_timers(self, now: datetime) -> list[DueTimers]:
        """Return the set timers that are due, by run; reminders of frozen runs are held back."""
        ...

    def next_due(self, after: float = -1.0) -> float | None:
        """Return when the next pending effect is due that is due after *after* (epoch seconds)."""
        ...

    def waiting(self, run_id: str) -> list[Waiting]:
        """Return what a run waits for because it failed, the oldest first."""
        ...

    def message(self, run_id: str, slot: str) -> PostedMessage | None:
        """Return where a message lies."""
        ...

    def waiting_lines(self, run_id: str) -> set[int]:
        """Return the numbers of the events whose audit lines are still to be posted."""
        ...

    def scheduled(self, run_id: str, key: str) -> ScheduledMessage | None:
        """Return a scheduled message."""
        ...

    def ledger(
        self, run_id: str, job: int | None = None, *states: str, unchecked: bool = False
    ) -> Iterable[LedgerRow]:
        """Yield ledger rows of a job (or of all), oldest job first, by object type and record.

        They are read some at a time: what is settled meanwhile may or may not be seen.
        """
        ...

    def ledger_open(self, run_id: str, job: int) -> list[LedgerRow]:
        """Return some of a job's rows that were written and not settled; empty: there are none."""
        ...

    def ledger_states(
        self, run_id: str, job: int, object_type: str, record_ids: Sequence[str]
    ) -> dict[str, str]:
        """Return the state of those of these records that are in a job's ledger."""
        ...

    def ledger_tally(self, run_id: str) -> list[LedgerCount]:
        """Add a run's ledger up."""
        ...

    def ledger_flows(self, run_id: str) -> list[LedgerFlow]:
        """Add a run's ledger up by who had the records and to whom they went, jobs in order."""
        ...

    def progress(self, run_id: str) -> Progress | None:
        """Return how far a run's job was when it last told."""
        ...

    def reclaim(self) -> int:
        """Give back what a dead process had leased; return how many. Call once, at the start."""
        ...

    def close(self) -> None:
        """Finish what is being written, then close."""
        ...
