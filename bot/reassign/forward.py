"""The job: find, write down, change, settle, check. A killed process goes on from the ledger."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice

from more_itertools import chunked

from bot.effects.context import Context
from bot.reassign import histories
from bot.reassign.batch import Batch, Changer, Verdicts, forward, settle_forward
from bot.reassign.checking import check
from bot.reassign.crew import carry_out
from bot.reassign.gate import Gate, Held
from bot.reassign.meter import Meter, Teller
from bot.reassign.scan import Cursor, Scan, share
from bot.reassign.targets import Targets
from bot.reassign.watch import TargetWatch
from bot.store.base import LedgerCount, LedgerRow, Transaction
from workflows import commands as c
from workflows.run import Run
from workflows.values import Failure, Tally

BATCH = 100
THREADS = 8
FAILURES_KEPT = 100


class Forward:
    """One execution of a run's reassignment job, until it ends or is held."""

    def __init__(self, context: Context, run: Run, job: int, gate: Gate, teller: Teller) -> None:
        self._x = context
        self._run = run
        self._job = job
        self._gate = gate
        self._teller = teller
        self._known = self._tally()
        self._targets = Targets(run, self._known)
        self._watch = TargetWatch(context.owners, self._targets.owners)
        self._quit = threading.Event()
        self._dealt: set[tuple[str, str]] = set()
        """Records that wait to be written down."""

    def work(self, *, scan: bool) -> c.RecordReassigned:
        """Do what is left of the job; without *scan* nothing more is written, only looked up.

        Raises:
            Held: it must not go on now.
            SunsetError: it cannot go on; the ledger holds what was done.
        """
        self._gate.check()
        tally = self._known
        known = sum(one.rows for one in tally)
        failed = sum(one.rows for one in tally if one.state == "failed")
        meter = Meter(
            "changing",
            max(self._run.records_left, known) if scan else known,
            job=self._job,
            done=sum(one.rows for one in tally if one.state != "written"),
            failed=failed,
        )
        if scan:
            with self._watch:
                self._change(self._open(), meter)
                self._change(self._found(), meter)
        else:
            self._read_back()
        self._check(meter.progress().failed)
        return self._result()

    # --- changing --------------------------------------------------------------------------------

    def _change(self, batches: Iterator[Batch | None], meter: Meter) -> None:
        def settled(rows: Sequence[LedgerRow]) -> None:
            failed = sum(row.state == "failed" for row in rows)
            meter.add(len(rows), failed)
            if failed:
                self._watch.suspect()

        changer = Changer(
            self._x.store,
            self._x.hubspot,
            self._run.id,
            self._gate,
            Verdicts(forward, settle_forward),
            settled,
            quit=self._quit,
        )
        self._carry_out(batches, changer, meter)

    def _carry_out(self, batches: Iterator[Batch | None], changer: Changer, meter: Meter) -> None:
        def do(batch: Batch) -> None:
            if not batch.again:
                rows = batch.rows
                self._x.store.write(
                    lambda transaction: transaction.write_ledger(self._run.id, rows)
                )
                self._dealt.difference_update((row.object_type, row.record_id) for row in rows)
            changer.carry_out(batch)

        def tick() -> None:
            self._watch.check()
            self._teller.tell(meter)

        self._teller.tell(meter, now=True)
        carry_out(batches, do, threads=THREADS, stop=self._stop, tick=tick)
        self._teller.tell(meter, now=True)
        self._gate.check()

    def _tally(self) -> list[LedgerCount]:
        return [one for one in self._x.store.ledger_tally(self._run.id) if one.job == self._job]

    def _stop(self) -> None:
        self._gate.close()
        self._quit.set()

    def _open(self) -> Iterator[Batch]:
        """Yield what was under way when the last process ended: its next reading tells."""
        seen: set[tuple[str, str]] = set()
        while rows := [
            row
            for row in self._x.store.ledger_open(self._run.id, self._job)
            if (row.object_type, row.record_id) not in seen
        ]:
            seen |= {(row.object_type, row.record_id) for row in rows}
            for kind in sorted({row.object_type for row in rows}):
                some = [row for row in rows if row.object_type == kind]
                yield from (Batch(kind, few, again=True) for few in chunked(some, BATCH))

    def _read_back(self) -> None:
        """Look up what became of what was under way when the job was stopped; write nothing."""
        while rows := self._x.store.ledger_open(self._run.id, self._job):
            for batch in histories.batches(rows):
                self._gate.check()
                told = histories.read(self._x.hubspot, batch.rows)
                seen = [histories.arrived(row, told) for row in batch.rows]
                never = [row for row in seen if row.state == "written"]
                self._x.store.write(partial(self._settle_read, seen, never))

    def _settle_read(
        self, seen: Sequence[LedgerRow], never: Sequence[LedgerRow], transaction: Transaction
    ) -> None:
        transaction.write_ledger(self._run.id, seen)
        transaction.forget_ledger(self._run.id, never)

    def _found(self) -> Iterator[Batch | None]:
        """Yield the planned records that this job has not seen yet, in full batches."""
        waiting: dict[str, list[LedgerRow]] = {}
        scan = Scan(self._x.hubspot, self._cursors(), self._gate)
        for found in scan.pages():
            if found is None:
                yield None
                continue
            kind, page = found
            known = self._x.store.ledger_states(self._run.id, self._job, kind, list(page.owners))
            rows = waiting.setdefault(kind, [])
            for record, old in page.owners.items():
                place = (kind, record)
                # Another cursor may just have found it with its other owner.
                if record in known or place in self._dealt:
                    continue
                if old in self._targets.old_owners:
                    self._dealt.add(place)
                    new = self._targets.deal(old, kind)
                    rows.append(LedgerRow(self._job, kind, record, old, new, "written"))
            while len(rows) >= BATCH:
                yield Batch(kind, rows[:BATCH])
                del rows[:BATCH]
        if scan.held:
            raise Held
        for kind, rows in waiting.items():
            if rows:
                yield Batch(kind, rows)

    def _cursors(self) -> list[Cursor]:
        wanted = self._targets.old_owners
        # An owner without records at the last count may have got some since.
        return share(
            {
                kind: {
                    owned.owner.id: max(1, owned.counts.get(kind, 0))
                    for owned in self._run.candidates
                    if owned.owner.id in wanted
                }
                for kind in self._run.objects
            }
        )

    # --- afterwards ------------------------------------------------------------------------------

    def _check(self, failed: int) -> None:
        """Read the histories of what was changed, and find what was changed by others between."""
        written = [one for one in self._tally() if one.state in {"changed", "overwritten"}]
        meter = Meter(
            "checking",
            sum(one.rows for one in written),
            job=self._job,
            done=sum(one.rows for one in written if one.checked),
            failed=failed,
        )
        check(
            self._x,
            self._run.id,
            self._x.store.ledger(self._run.id, self._job, "changed", unchecked=True),
            histories.checked,
            gate=self._gate,
            meter=meter,
            teller=self._teller,
            stop=self._stop,
        )

    def _result(self) -> c.RecordReassigned:
        tallies: dict[tuple[str, str], Tally] = {}
        failed = 0
        for count in self._tally():
            place = (count.old_owner, count.object_type)
            tally = tallies.get(place) or Tally(owner_id=place[0], object_type=place[1])
            if count.state not in Tally.model_fields and count.state != "gone":
                continue
            # A record that is gone needs no owner any more: it is left alone like the others.
            name = "left_alone" if count.state == "gone" else count.state
            had: int = getattr(tally, name)
            tallies[place] = tally.model_copy(update={name: had + count.rows})
            failed += count.rows if count.state == "failed" else 0
        rows = self._x.store.ledger(self._run.id, self._job, "failed")
        return c.RecordReassigned(
            job=self._job,
            tallies=tuple(tallies.values()),
            failures=tuple(failure(row) for row in islice(rows, FAILURES_KEPT)),
            failure_count=failed,
        )


def failure(row: LedgerRow) -> Failure:
    """Return what the run remembers of a record that HubSpot would not change."""
    return Failure(
        object_type=row.object_type,
        record_id=row.record_id,
        reason=row.error,
        reference=row.reference,
    )
