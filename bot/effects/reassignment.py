"""The job that gives records a HubSpot owner, and its undo (P2b).

Every record is written into the ledger before the call and settled after it. Right before each
batch the records' present owners are read: only those that still have the planned old owner are
changed (HubSpot has no compare-and-set; what changes between this reading and the write, some
milliseconds later, is found by the fresh count that follows the job). A killed process goes on from
the ledger: what was settled is not written again, what was under way is read back first.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from more_itertools import chunked

from bot.effects.context import Context
from bot.store.base import LedgerRow, QueuedEffect
from bot.worker import Again, Done
from handlers.ports import Progress
from workflows import commands as c
from workflows.effects import Effect
from workflows.errors import SunsetError
from workflows.run import Run
from workflows.states import State
from workflows.text import N_
from workflows.values import CORE_OBJECTS, Failure, Owner, Tally

BATCH = 100
SEARCH_PAGE = 200
OWNERS_TOGETHER = 100
"""What one call takes (facts/hubspot.md): records to update, results, values to filter by."""
FAILURES_KEPT = 100
SECONDS_BETWEEN_UPDATES = 3.0
PAUSE_WHEN_HELD = 0.5


class Held(Exception):
    """The job must not go on now: paused, frozen, over, or the program is ending."""


class Reassignment:
    """Runs reassignment jobs and undoes them."""

    def __init__(self, context: Context) -> None:
        self._x = context
        self._running: set[str] = set()
        self._running_lock = threading.Lock()

    def reassign(self, effects: list[QueuedEffect]) -> Done | Again:
        """Give every planned record its new owner; record what became of each."""
        return self._alone(effects[0], self._reassign)

    def undo(self, effects: list[QueuedEffect]) -> Done | Again:
        """Give back every record whose owner is still the one that the bot wrote."""
        return self._alone(effects[0], self._undo)

    def _alone(
        self, effect: QueuedEffect, job: Callable[[QueuedEffect], Done | Again]
    ) -> Done | Again:
        """Let one job of a run write at a time: the last batch of a paused one may still be out."""
        with self._running_lock:
            if effect.run_id in self._running:
                return Again(PAUSE_WHEN_HELD)
            self._running.add(effect.run_id)
        try:
            return job(effect)
        finally:
            with self._running_lock:
                self._running.discard(effect.run_id)

    # --- forward -------------------------------------------------------------------------------

    def _reassign(self, effect: QueuedEffect) -> Done | Again:
        run = self._x.run(effect.run_id)
        job = int(effect.data["job"])
        try:
            self._go_on(run.id, job, "running")
            self._check_targets(run)
            meter = self._meter(run, job, run.records_left)
            self._read_back(run, job, meter)
            settled = self._settled(run.id, job)
            for kind in CORE_OBJECTS:
                self._kind(run, job, meter, kind, settled[kind])
        except Held:
            return self._held(run.id, job)
        return Done(commands=(self._result(run, job),))

    def _check_targets(self, run: Run) -> None:
        """Targets must be active HubSpot owners now, not only when they were chosen."""
        self._x.owners.refresh()
        for target in _targets(run).values():
            if self._x.owners.get(target.id) is None:
                raise SunsetError(
                    "target_inactive",
                    N_("{name} is no longer an active HubSpot owner.", name=target.label),
                    N_("Pause, change the mapping, and choose somebody else."),
                )

    def _read_back(self, run: Run, job: int, meter: _Meter) -> None:
        """Settle what was under way when the last process ended."""
        open_rows = list(self._x.store.ledger(run.id, job, "written"))
        for rows in chunked(open_rows, BATCH):
            for kind in {row.object_type for row in rows}:
                some = [row for row in rows if row.object_type == kind]
                self._settle_by_reading(run, some, meter)

    def _settle_by_reading(self, run: Run, rows: Sequence[LedgerRow], meter: _Meter) -> None:
        present = self._x.hubspot.owners_of(rows[0].object_type, [row.record_id for row in rows])
        arrived = [row for row in rows if present.get(row.record_id) == row.new_owner]
        again = [row for row in rows if present.get(row.record_id) == row.old_owner]
        known = {row.record_id for row in (*arrived, *again)}
        rest = [row for row in rows if row.record_id not in known]
        self._save(run.id, [replace(row, state="changed") for row in arrived])
        self._save(run.id, [replace(row, state="left_alone") for row in rest])
        meter.add(len(arrived) + len(rest))
        by_target: dict[str, list[LedgerRow]] = {}
        for row in again:
            by_target.setdefault(row.new_owner, []).append(row)
        for some in by_target.values():
            self._write(run.id, some, meter)

    def _settled(self, run_id: str, job: int) -> dict[str, set[str]]:
        """Return the records that this job has settled before it was interrupted, by type."""
        settled: dict[str, set[str]] = {kind: set() for kind in CORE_OBJECTS}
        for row in self._x.store.ledger(run_id, job):
            settled[row.object_type].add(row.record_id)
        return settled

    def _kind(self, run: Run, job: int, meter: _Meter, kind: str, settled: set[str]) -> None:
        """Reassign the records of one type, in batches that go to one target each."""
        waiting: dict[str, list[LedgerRow]] = {}
        targets = _targets(run)
        for record_id, old in self._owned(kind, list(targets)):
            if record_id in settled or old not in targets:
                continue
            new = targets[old].id
            rows = waiting.setdefault(new, [])
            rows.append(LedgerRow(job, kind, record_id, old, new, "written"))
            if len(rows) == BATCH:
                self._whole_batch(run.id, job, waiting.pop(new), meter)
        for rows in waiting.values():
            self._whole_batch(run.id, job, rows, meter)

    def _whole_batch(self, run_id: str, job: int, rows: Sequence[LedgerRow], meter: _Meter) -> None:
        self._go_on(run_id, job, "running")
        self._batch(run_id, rows, meter)
        self._tell(run_id, meter)

    def _owned(self, kind: str, owners: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Yield the records of *owners* with their owner, page by page, by ascending id."""
        for some in chunked(owners, OWNERS_TOGETHER):
            after = ""
            while page := self._x.hubspot.record_ids(kind, some, after):
                yield from page.items()
                after = list(page)[-1]
                if len(page) < SEARCH_PAGE:
                    break

    def _batch(self, run_id: str, rows: Sequence[LedgerRow], meter: _Meter) -> None:
        present = self._x.hubspot.owners_of(rows[0].object_type, [row.record_id for row in rows])
        ours = [row for row in rows if present.get(row.record_id) == row.old_owner]
        others = [row for row in rows if present.get(row.record_id) != row.old_owner]
        self._save(run_id, [*ours, *(replace(row, state="left_alone") for row in others)])
        meter.add(len(others))
        if ours:
            self._write(run_id, ours, meter)

    def _write(self, run_id: str, rows: Sequence[LedgerRow], meter: _Meter) -> None:
        """Change the records of *rows*, which are in the ledger, and settle them."""
        by_id = {row.record_id: row for row in rows}
        outcome = self._x.hubspot.reassign(rows[0].object_type, list(by_id), rows[0].new_owner)
        settled = [replace(by_id[one], state="changed") for one in outcome.changed]
        settled += [
            replace(by_id[bad.record_id], state="failed", error=bad.reason, reference=bad.reference)
            for bad in outcome.rejected
        ]
        self._save(run_id, settled)
        meter.add(len(settled), len(outcome.rejected))

    def _result(self, run: Run, job: int) -> c.RecordReassigned:
        tallies: dict[tuple[str, str], Tally] = {}
        failures: list[Failure] = []
        failed = 0
        for row in self._x.store.ledger(run.id, job):
            place = (row.old_owner, row.object_type)
            tally = tallies.get(place) or Tally(owner_id=place[0], object_type=place[1])
            if row.state == "failed":
                failed += 1
                if len(failures) < FAILURES_KEPT:
                    failures.append(
                        Failure(
                            object_type=row.object_type,
                            record_id=row.record_id,
                            reason=row.error,
                            reference=row.reference,
                        )
                    )
            count = getattr(tally, row.state)
            tallies[place] = tally.model_copy(update={row.state: count + 1})
        return c.RecordReassigned(
            job=job,
            tallies=tuple(tallies.values()),
            failures=tuple(failures),
            failure_count=failed,
        )

    # --- back ------------------------------------------------------------------------------------

    def _undo(self, effect: QueuedEffect) -> Done | Again:
        run = self._x.run(effect.run_id)
        job = int(effect.data["job"])
        # What was under way when a job was interrupted may have arrived: it is read like the rest.
        rows = list(self._x.store.ledger(run.id, None, "changed", "written"))
        meter = self._meter(run, job, len(rows), key="undo")
        try:
            for group in _alike(rows):
                for some in chunked(group, BATCH):
                    self._go_on(run.id, job, "undoing")
                    self._give_back(run.id, job, some, meter)
                    self._tell(run.id, meter)
        except Held:
            return self._held(run.id, job)
        undone = self._x.store.ledger(run.id, None, "undone")
        restored = sum(row.reference == _mark(job) for row in undone)
        kept = sum(1 for _ in self._x.store.ledger(run.id, None, "changed"))
        done = c.RecordUndone(job=job, restored=restored, left_alone=kept)
        return Done(commands=(done,))

    def _give_back(self, run_id: str, job: int, rows: Sequence[LedgerRow], meter: _Meter) -> None:
        kind, old = rows[0].object_type, rows[0].old_owner
        present = self._x.hubspot.owners_of(kind, [row.record_id for row in rows])
        there = [row for row in rows if present.get(row.record_id) == row.old_owner]
        ours = {row.record_id: row for row in rows if present.get(row.record_id) == row.new_owner}
        # Given back by an undo whose end is unknown, or never changed by an interrupted job.
        self._save(run_id, [_undone(row, job) for row in there if row.state == "changed"])
        self._save(
            run_id, [replace(row, state="left_alone") for row in there if row.state == "written"]
        )
        if ours:
            outcome = self._x.hubspot.reassign(kind, list(ours), old)
            self._save(run_id, [_undone(ours[one], job) for one in outcome.changed])
        meter.add(len(rows))

    # --- both ------------------------------------------------------------------------------------

    def _go_on(self, run_id: str, job: int, job_state: str) -> None:
        run = self._x.run(run_id)
        here = run.state is State.REASSIGNING and run.job == job and run.job_state == job_state
        if not here or run.frozen or self._x.stopping():
            raise Held

    def _held(self, run_id: str, job: int) -> Done | Again:
        """Give the effect back where the job is to go on later by itself."""
        run = self._x.run(run_id)
        moved_on = run.state is not State.REASSIGNING or run.job != job
        if moved_on or run.job_state not in {"running", "undoing"}:
            return Done()
        return Again(PAUSE_WHEN_HELD)

    def _save(self, run_id: str, rows: Sequence[LedgerRow]) -> None:
        if rows:
            self._x.store.write(lambda transaction: transaction.write_ledger(run_id, rows))

    def _meter(self, run: Run, job: int, total: int, key: str = "reassign") -> _Meter:
        counts = self._x.store.ledger_counts(run.id, job) if key == "reassign" else {}
        done = sum(count for state, count in counts.items() if state != "written")
        return _Meter(done, max(total, done), counts.get("failed", 0))

    def _tell(self, run_id: str, meter: _Meter) -> None:
        """Let the thread show the progress, at most every few seconds; the job does not wait."""
        self._x.engine.board.jobs[run_id] = meter.progress()
        if not meter.due():
            return
        run = self._x.run(run_id)
        version = run.prompt_version
        refresh = Effect(
            kind="prompt", key=f"prompt:{version}", lane="thread", data={"version": version}
        )
        self._x.store.write(
            lambda transaction: transaction.add_effects(run_id, run.version, [refresh], time.time())
        )
        self._x.engine.committed()


def _targets(run: Run) -> dict[str, Owner]:
    """Return what was confirmed, for those who still are Salesforce-only owners."""
    return {
        old: run.mapping[old]
        for old, new in run.confirmed.items()
        if old in run.mapping and run.mapping[old].id == new
    }


def _mark(job: int) -> str:
    return f"undo {job}"


def _undone(row: LedgerRow, job: int) -> LedgerRow:
    """Settle a row as given back, and say by which undo."""
    return replace(row, state="undone", reference=_mark(job))


class _Meter:
    """Counts records and says when the next progress update is due."""

    def __init__(self, done: int, total: int, failed: int) -> None:
        self._before = done
        self._done = done
        self._total = total
        self._failed = failed
        self._started = time.monotonic()
        self._told = self._started - SECONDS_BETWEEN_UPDATES

    def add(self, records: int, failed: int = 0) -> None:
        self._done += records
        self._failed += failed

    def due(self) -> bool:
        now = time.monotonic()
        if now - self._told < SECONDS_BETWEEN_UPDATES:
            return False
        self._told = now
        return True

    def progress(self) -> Progress:
        seconds = max(time.monotonic() - self._started, 0.001)
        rate = (self._done - self._before) / seconds
        return Progress(self._done, max(self._total, self._done), self._failed, round(rate, 1))


def _alike(rows: Iterable[LedgerRow]) -> Iterable[list[LedgerRow]]:
    """Group rows that one call can give back: same object type, same old owner."""
    groups: dict[tuple[str, str], list[LedgerRow]] = {}
    for row in rows:
        groups.setdefault((row.object_type, row.old_owner), []).append(row)
    return groups.values()
