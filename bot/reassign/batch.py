"""One batch: written down, changed, settled; what is unclear is asked again until it is clear."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.errors import VendorError
from bot.ports import HubSpotPort, Swap, Swapped
from bot.reassign.gate import Gate, Held
from bot.store.base import LedgerRow, Store

TRIES = 6
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0


@dataclass(frozen=True)
class Batch:
    """Up to 100 ledger rows of one object type. ``again``: they may have been sent before."""

    object_type: str
    rows: Sequence[LedgerRow]
    again: bool = False


@dataclass(frozen=True)
class Verdicts:
    """What each outcome means for a ledger row; ``settle`` returns the rows that are settled."""

    swap: Callable[[LedgerRow], Swap]
    settle: Callable[[dict[str, LedgerRow], Swapped, bool], list[LedgerRow]]


@dataclass(frozen=True)
class Changer:
    """Carries batches out against HubSpot and the ledger.

    ``written_now``: rows that are open were written for this attempt, unless their batch is sent
    again.
    """

    store: Store
    hubspot: HubSpotPort
    run_id: str
    gate: Gate
    verdicts: Verdicts
    settled: Callable[[Sequence[LedgerRow]], None]
    written_now: bool = True
    quit: threading.Event = field(default_factory=threading.Event)

    def carry_out(self, batch: Batch) -> None:
        """Settle every row of *batch*.

        Raises:
            Held: the job must not go on; what is not settled stays written down as open.
            VendorError: HubSpot could not be used, for as long as is bearable.
        """
        open_rows = {row.record_id: row for row in batch.rows}
        again = batch.again
        for attempt in range(TRIES):
            swaps = [self.verdicts.swap(row) for row in open_rows.values()]
            outcome = self.hubspot.swap_owners(batch.object_type, swaps, self.gate)
            self._save(self.verdicts.settle(open_rows, outcome, again))
            open_rows = {one: open_rows[one] for one in outcome.unclear}
            if not open_rows:
                return
            if outcome.error is None:
                if self.written_now and not again:
                    self._forget(open_rows.values())
                raise Held
            self._breathe(attempt, outcome.error)
            again = True
        raise AssertionError("the last attempt returns or raises")

    def _save(self, rows: Sequence[LedgerRow]) -> None:
        if rows:
            self.store.write(lambda transaction: transaction.write_ledger(self.run_id, rows))
            self.settled(rows)

    def _forget(self, rows: Iterable[LedgerRow]) -> None:
        """Take back what was written down and then not let go: it will be found again."""
        never_sent = list(rows)
        self.store.write(lambda transaction: transaction.forget_ledger(self.run_id, never_sent))

    def _breathe(self, attempt: int, error: VendorError) -> None:
        """Wait before the next attempt, unless that is too long to wait here."""
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt)
        pause *= random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing
        if error.retry_after is not None:
            pause = max(pause, error.retry_after)
        if attempt + 1 >= TRIES or pause > 2 * LONGEST_PAUSE or not error.retryable:
            raise error
        if self.quit.wait(pause):
            raise Held


def forward(row: LedgerRow) -> Swap:
    """Give the record to its new owner."""
    return Swap(row.record_id, row.old_owner, row.new_owner)


def settle_forward(rows: dict[str, LedgerRow], outcome: Swapped, again: bool) -> list[LedgerRow]:
    """Settle the rows of a reassignment.

    A record that has its new owner already was changed by us if it was sent before, else by others.
    """
    return [
        *(replace(rows[one], state="changed") for one in outcome.changed),
        *(
            replace(rows[one], state="changed")
            if again
            else replace(rows[one], state="left_alone", found=rows[one].new_owner)
            for one in outcome.already
        ),
        *(
            replace(rows[one], state="left_alone", found=owner or "")
            for one, owner in outcome.elsewhere.items()
        ),
        *(replace(rows[one], state="gone") for one in outcome.gone),
        # A record was merged in that moment, and the write went to the one it was merged into: it
        # is ours to account for, and its history tells whom it belonged to.
        *(
            replace(_like(rows, owner), record_id=one, state="changed")
            for one, owner in outcome.strays.items()
        ),
        *(
            replace(rows[bad.record_id], state="failed", error=bad.reason, reference=bad.reference)
            for bad in outcome.rejected
        ),
    ]


def _as_changed(state: str) -> str:
    return "changed" if state == "written" else state


def _like(rows: Mapping[str, LedgerRow], new_owner: str) -> LedgerRow:
    return next(row for row in rows.values() if row.new_owner == new_owner)


def back(row: LedgerRow) -> Swap:
    """Give the record back to whom it belonged right before our write."""
    return Swap(row.record_id, row.new_owner, row.found or row.old_owner)


def settle_back(job: int) -> Callable[[dict[str, LedgerRow], Swapped, bool], list[LedgerRow]]:
    """Return what settles the rows of the undo *job*.

    A row that is still open (its job was interrupted) was changed only if the record has its new
    owner: where it does not, there is nothing to give back.
    """

    def kept(row: LedgerRow, owner: str | None) -> LedgerRow:
        if row.state == "written":
            return replace(row, state="left_alone", found=owner or "")
        return replace(row, state="kept", undo=job, found=owner or "", error="", reference="")

    def undone(row: LedgerRow) -> LedgerRow:
        return replace(row, state="undone", undo=job, error="", reference="", checked=False)

    def settle(rows: dict[str, LedgerRow], outcome: Swapped, again: bool) -> list[LedgerRow]:
        there = [rows[one] for one in outcome.already]
        return [
            *(undone(rows[one]) for one in outcome.changed),
            *(undone(row) for row in there if again or row.state != "written"),
            *(kept(row, row.old_owner) for row in there if not again and row.state == "written"),
            *(kept(rows[one], owner) for one, owner in outcome.elsewhere.items()),
            *(kept(rows[one], None) for one in outcome.gone),
            *(
                replace(
                    rows[bad.record_id],
                    # HubSpot was asked to change it back, so it had been changed.
                    state=_as_changed(rows[bad.record_id].state),
                    undo=job,
                    error=bad.reason,
                    reference=bad.reference,
                )
                for bad in outcome.rejected
            ),
        ]

    return settle
