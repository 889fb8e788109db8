"""The check after a job or an undo: every written record's history is read once."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bot.effects.context import Context
from bot.reassign import histories
from bot.reassign.batch import Batch
from bot.reassign.crew import carry_out
from bot.reassign.gate import Gate
from bot.reassign.histories import Told
from bot.reassign.meter import Meter, Teller
from bot.store.base import LedgerRow

THREADS = 8


def check(
    context: Context,
    run_id: str,
    rows: Iterable[LedgerRow],
    verdict: Callable[[LedgerRow, Told], LedgerRow],
    *,
    gate: Gate,
    meter: Meter,
    teller: Teller,
    stop: Callable[[], None],
) -> None:
    """Write into the ledger what the histories of *rows* say.

    Raises:
        Held: it must not go on now; what was not read is read next time.
        VendorError: HubSpot cannot be used.
    """

    def do(batch: Batch) -> None:
        gate.check()
        told = histories.read(context.hubspot, batch.rows)
        seen = [verdict(row, told) for row in batch.rows]
        context.store.write(lambda transaction: transaction.write_ledger(run_id, seen))
        meter.add(len(seen))

    carry_out(
        histories.batches(rows), do, threads=THREADS, stop=stop, tick=lambda: teller.tell(meter)
    )
    teller.tell(meter, now=True)
    gate.check()
