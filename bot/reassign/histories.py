"""The check after the write: did somebody change the owner between our reading and our write?

HubSpot has no compare-and-set, so a change that falls into the milliseconds between the reading of
a batch and its write is written over, and no present value tells of it. The owner's history
does: right before our value stands the planned old owner, or another one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from more_itertools import chunked

from bot.errors import VendorError
from bot.ports import HubSpotPort, OwnerChange
from bot.reassign.batch import Batch
from bot.store.base import LedgerRow

HISTORY_BATCH = 50
"""What HubSpot takes in one reading of histories (docs/reassignment.md)."""
NOT_OURS = frozenset(
    {
        *("CRM_UI", "CRM_UI_BULK_ACTION", "MOBILE_ANDROID", "MOBILE_IOS", "CONTACTS_WEB"),
        *("IMPORT", "SALESFORCE", "AUTOMATION_PLATFORM", "WORKFLOWS", "BCC_TO_CRM", "FORM"),
        *("MERGE_OBJECTS", "MERGE_CONTACTS", "MEETINGS", "CONVERSATIONS", "BOT", "SALES"),
    }
)
"""Sources of values that no call with an access token has: people, imports, the sync, workflows.
HubSpot does not document the list; a source that is missing here counts as ours."""


@dataclass(frozen=True)
class Told:
    """Owner histories of some records, newest first, and why others could not be read."""

    histories: Mapping[str, tuple[OwnerChange, ...]]
    unreadable: Mapping[str, str]

    def of(self, row: LedgerRow) -> tuple[OwnerChange, ...]:
        """Return the history of a row's record; empty where there is none."""
        return self.histories.get(row.record_id, ())


def read(hubspot: HubSpotPort, rows: Sequence[LedgerRow]) -> Told:
    """Read the histories of up to 50 rows of one object type.

    What is refused as a whole is halved, so that one record does not hide the others.
    Raises :class:`VendorError` where HubSpot cannot be used (for now, or without a right).
    """
    ids = [row.record_id for row in rows]
    try:
        return Told(hubspot.owner_histories(rows[0].object_type, ids), {})
    except VendorError as error:
        if error.retryable or error.missing:
            raise
        if len(rows) == 1:
            return Told({}, {ids[0]: str(error.problem)})
    middle = len(rows) // 2
    first, second = read(hubspot, rows[:middle]), read(hubspot, rows[middle:])
    return Told({**first.histories, **second.histories}, {**first.unreadable, **second.unreadable})


def _before(history: Sequence[OwnerChange], ours: str) -> tuple[bool, str | None]:
    """Return whether our value was set by somebody else alone, and what stood before it.

    The newest place where our value was set, and not by somebody else, is our write: earlier ones
    may be those of earlier jobs. A history that does not reach back far enough tells nothing.
    """
    told = [(change, earlier) for change, earlier in pairwise(history) if change.owner == ours]
    before = [earlier.owner for change, earlier in told if change.source not in NOT_OURS]
    if before:
        return False, before[0] or ""
    return bool(told), None


def checked(row: LedgerRow, told: Told) -> LedgerRow:
    """Return a changed *row* with what its record's history says of our write.

    If it was somebody else alone who set our value, the record was given to the planned owner
    before our write arrived. A record that is gone contradicts nothing.
    """
    theirs, before = _before(told.of(row), row.new_owner)
    if theirs:
        return replace(row, state="left_alone", found=row.new_owner, checked=True)
    if before is None or before == row.old_owner:
        return replace(row, checked=True, error=told.unreadable.get(row.record_id, row.error))
    return replace(row, state="overwritten", found=before, checked=True)


def checked_back(row: LedgerRow, told: Told) -> LedgerRow:
    """Return an undone *row* with what its record's history says of our giving back."""
    _, before = _before(told.of(row), row.found or row.old_owner)
    if before is None or before == row.new_owner:
        return replace(row, checked=True)
    return replace(row, state="undone_over", found=before, checked=True)


def arrived(row: LedgerRow, told: Told) -> LedgerRow:
    """Return *row*, whose write may never have arrived, with what its record's history says.

    It is `changed` where our value was set since the planned owner had the record, `gone` where
    there is no history any more, and else still `written`: nothing arrived.
    """
    if row.record_id in told.unreadable:
        return replace(row, state="failed", error=told.unreadable[row.record_id])
    history = told.of(row)
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
