"""The check after the write: did somebody change the owner between our reading and our write?

HubSpot has no compare-and-set, so a change that falls into the milliseconds between the reading of
a batch and its write is written over, and no present value tells of it. The owner's history
does: right before our value stands the planned old owner, or another one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from more_itertools import chunked

from bot.ports import OwnerChange
from bot.reassign.batch import Batch
from bot.store.base import LedgerRow

HISTORY_BATCH = 50
"""What HubSpot takes in one reading of histories (docs/reassignment.md)."""
NOT_OURS = frozenset({"CRM_UI", "IMPORT", "SALESFORCE", "AUTOMATION_PLATFORM"})
"""Sources of values that no call of an API has; what an access token writes has another."""


def checked(row: LedgerRow, history: Sequence[OwnerChange]) -> LedgerRow:
    """Return *row* with what the history (newest first) says of our write.

    The newest place where our value was set, and not by somebody else, is our write: earlier ones
    may be those of earlier jobs. If it was somebody else alone who set it, the record was given to
    the planned owner before our write arrived. A history that does not reach back far enough, or
    a record that is gone, contradicts nothing.
    """
    told = [
        (change, earlier) for change, earlier in pairwise(history) if change.owner == row.new_owner
    ]
    before = [earlier.owner for change, earlier in told if change.source not in NOT_OURS]
    if told and not before:
        return replace(row, state="left_alone", found=row.new_owner, checked=True)
    if not before or before[0] == row.old_owner:
        return replace(row, checked=True)
    return replace(row, state="overwritten", found=before[0] or "", checked=True)


def arrived(row: LedgerRow, history: Sequence[OwnerChange]) -> LedgerRow:
    """Return *row*, whose write may never have arrived, with what the history (newest first) says.

    It is `changed` where our value was set since the planned owner had the record, `gone` where
    there is no history any more, and else still `written`: nothing arrived.
    """
    if not history:
        return replace(row, state="gone")
    for change in history:
        if change.owner == row.old_owner:
            break
        if change.owner == row.new_owner and change.source not in NOT_OURS:
            return replace(row, state="changed")
    return row


def batches(rows: Iterable[LedgerRow]) -> Iterator[Batch]:
    """Share rows out in batches of one object type each."""
    waiting: dict[str, list[LedgerRow]] = {}
    for row in rows:
        some = waiting.setdefault(row.object_type, [])
        some.append(row)
        if len(some) == HISTORY_BATCH:
            yield Batch(row.object_type, waiting.pop(row.object_type))
    for kind, rest in waiting.items():
        for some in chunked(rest, HISTORY_BATCH):
            yield Batch(kind, some)
