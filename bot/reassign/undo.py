"""The undo: every record whose owner is still the one that we wrote is given back (P2b)."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

from bot.effects.context import Context
from bot.reassign import histories
from bot.reassign.batch import Batch, Changer, Verdicts, back, settle_back
from bot.reassign.checking import check
from bot.reassign.crew import carry_out
from bot.reassign.gate import Gate
from bot.reassign.meter import Meter, Teller
from bot.store.base import LedgerRow
from workflows import commands as c
from workflows.run import Run

BATCH = 100
THREADS = 8
OURS = ("changed", "overwritten", "written")
"""States in which a record may carry what the bot wrote; `written`: a job was interrupted."""


class Undo:
    """One execution of an undo, until it ends or is held. The newest job is undone first."""

    def __init__(self, context: Context, run: Run, job: int, gate: Gate, teller: Teller) -> None:
        self._x = context
        self._run = run
        self._job = job
        self._gate = gate
        self._teller = teller
        self._quit = threading.Event()

    def work(self) -> c.RecordUndone:
        """Give back what is left to be given back.

        Raises:
            Held: it must not go on now.
            SunsetError: it cannot go on; the ledger holds what was done.
        """
        self._gate.check()
        meter = Meter("undoing", self._wanted(), job=self._job)

        def settled(rows: Sequence[LedgerRow]) -> None:
            meter.add(len(rows), sum(row.state != "undone" for row in rows))

        changer = Changer(
            self._x.store,
            self._x.hubspot,
            self._run.id,
            self._gate,
            Verdicts(back, settle_back(self._job)),
            settled,
            written_now=False,
            quit=self._quit,
        )
        for earlier in range(self._job - 1, 0, -1):
            carry_out(
                self._batches(earlier),
                changer.carry_out,
                threads=THREADS,
                stop=self._stop,
                tick=lambda: self._teller.tell(meter),
            )
        self._teller.tell(meter, now=True)
        self._gate.check()
        self._check()
        return self.result()

    def _check(self) -> None:
        """Find what was given away by others between the undo's readings and its writes."""
        rows = self._x.store.ledger(self._run.id, None, "undone", unchecked=True)
        check(
            self._x,
            self._run.id,
            (row for row in rows if row.undo == self._job),
            histories.checked_back,
            gate=self._gate,
            meter=Meter("checking", self._unchecked(), job=self._job),
            teller=self._teller,
            stop=self._stop,
        )

    def _unchecked(self) -> int:
        return sum(
            count.rows
            for count in self._x.store.ledger_tally(self._run.id)
            if count.undo == self._job and count.state == "undone" and not count.checked
        )

    def _stop(self) -> None:
        self._gate.close()
        self._quit.set()

    def _in_scope(self, owner: str, object_type: str) -> bool:
        return self._run.undo_owner in {"", owner} and self._run.undo_object in {"", object_type}

    def _wanted(self) -> int:
        return sum(
            count.rows
            for count in self._x.store.ledger_tally(self._run.id)
            if count.state in OURS
            and count.undo != self._job
            and self._in_scope(count.old_owner, count.object_type)
        )

    def _batches(self, job: int) -> Iterator[Batch]:
        waiting: dict[str, list[LedgerRow]] = {}
        for row in self._x.store.ledger(self._run.id, job, *OURS):
            # What HubSpot refused to give back is not tried again by the same undo.
            if row.undo == self._job or not self._in_scope(row.old_owner, row.object_type):
                continue
            rows = waiting.setdefault(row.object_type, [])
            rows.append(row)
            if len(rows) == BATCH:
                yield Batch(row.object_type, waiting.pop(row.object_type))
        yield from (Batch(kind, rows) for kind, rows in waiting.items())

    def result(self) -> c.RecordUndone:
        """Return what this undo has done so far."""
        counts = self._x.store.ledger_tally(self._run.id)
        mine = [count for count in counts if count.undo == self._job]
        return c.RecordUndone(
            job=self._job,
            restored=sum(count.rows for count in mine if count.state == "undone"),
            left_alone=sum(count.rows for count in mine if count.state != "undone"),
            still_changed=sum(
                count.rows for count in counts if count.state in {"changed", "overwritten"}
            ),
        )
