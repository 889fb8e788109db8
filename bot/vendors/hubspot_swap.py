"""Changing owners only where the old one still stands, so that every record is accounted for.

HubSpot has no compare-and-set. The records are read and, in the next moment, those that still have
their old owner are written: the window in which somebody else's change can be overwritten is the
way of one answer and one request. Both calls leave without waiting for the limits between them,
and neither is tried again: a second write would rest on a reading that has grown old.

HubSpot can refuse a whole batch for one record, answer with part failures, or answer with nothing
about a record (facts/hubspot.md, "Batch update"). What is not plainly done or plainly refused is
read back; what cannot be read back is *unclear*.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence

from bot.errors import VendorError
from bot.ports import Rejected, Swap, Swapped
from bot.vendors.hubspot_errors import unreadable
from bot.vendors.hubspot_http import HubSpotClient
from bot.vendors.hubspot_records import (
    UNSAID,
    Batch,
    Complaint,
    read_owners,
    read_question,
    update_question,
)

Piece = tuple[Swap, ...]

_ABOUT_RECORDS = frozenset({"hubspot_refused", "hubspot_not_found"})
_UNCHANGED = "HubSpot accepted the request but left the owner as it was."
_LOG = logging.getLogger(__name__)


class OwnerSwap:
    """The swaps of one batch, for one call of :meth:`run`."""

    def __init__(self, client: HubSpotClient, object_type: str, go: Callable[[], bool]) -> None:
        self._client = client
        self._object_type = object_type
        self._go = go
        self._waiting: deque[Piece] = deque()
        self._changed: list[str] = []
        self._strays: dict[str, str] = {}
        self._already: list[str] = []
        self._elsewhere: dict[str, str | None] = {}
        self._gone: list[str] = []
        self._rejected: list[Rejected] = []
        self._unclear: list[str] = []
        self._error: VendorError | None = None
        self._stopped = False

    def run(self, swaps: Iterable[Swap]) -> Swapped:
        """Swap, and account for each record.

        Raises :class:`VendorError` when no retry can mend it and nothing was changed; ``unknown``
        then says whether something may have been.
        """
        whole = tuple({swap.record_id: swap for swap in swaps}.values())
        if not all(swap.new for swap in whole):
            raise ValueError("a record is never left without an owner")
        if whole:
            self._waiting.append(whole)
        while self._waiting and not self._stopped:
            self._attempt(self._waiting.popleft())
        self._unclear += (swap.record_id for piece in self._waiting for swap in piece)
        return Swapped(
            changed=tuple(self._changed),
            already=tuple(self._already),
            elsewhere=self._elsewhere,
            gone=tuple(self._gone),
            rejected=tuple(self._rejected),
            strays=self._strays,
            unclear=tuple(self._unclear),
            error=self._error,
        )

    def _attempt(self, piece: Piece) -> None:
        exchanged = self._exchange(piece)
        if exchanged is None:
            return
        there, todo, updated = exchanged
        silent = self._sort(piece, there)
        if isinstance(updated, VendorError):
            self._after_refusal(todo, updated)
        elif updated is not None:
            self._reconcile(todo, updated)
        self._look_again(silent)

    def _exchange(self, piece: Piece) -> tuple[Batch, Piece, Batch | VendorError | None] | None:
        """Read *piece* and at once write what still has its old owner.

        Return the reading, what was to be written, and how that ended (None: nothing to write); or
        None when there was no reading.
        """
        with self._client.budget.take(calls=2) as pair:
            if not self._go():
                self._stop(piece, None)
                return None
            ids = [swap.record_id for swap in piece]
            try:
                there = self._client.once(read_question(self._client, self._object_type, ids), pair)
            except VendorError as error:
                self._after_refused_reading(piece, error)
                return None
            todo = tuple(swap for swap in piece if _to_write(swap, there))
            if not todo:
                return there, (), None
            owners = {swap.record_id: swap.new for swap in todo}
            question = update_question(self._client, self._object_type, owners)
            try:
                return there, todo, self._client.once(question, pair)
            except VendorError as error:
                return there, todo, error

    def _sort(self, piece: Piece, there: Batch) -> Piece:
        """Settle those that the reading showed to need no write; return those it left out."""
        about = there.about(swap.record_id for swap in piece)
        silent = []
        for swap in piece:
            key = swap.record_id
            if key in there.owners:
                if there.owners[key] == swap.new:
                    self._already.append(key)
                elif not _to_write(swap, there):
                    self._elsewhere[key] = there.owners[key]
            elif key in about:
                self._complain(key, about[key])
            else:
                silent.append(swap)
        # A record that was merged answers under the survivor's id: it is never written through.
        others = there.owners.keys() - {swap.record_id for swap in piece}
        if len(silent) <= len(others):
            self._gone += (swap.record_id for swap in silent)
            return ()
        return tuple(silent)

    def _complain(self, key: str, complaint: Complaint) -> None:
        if complaint.unknown:
            self._gone.append(key)
        else:
            self._rejected.append(Rejected(key, complaint.reason, complaint.reference))

    def _look_again(self, silent: Piece) -> None:
        """Look a second time for records about which the reading said nothing at all."""
        if not silent:
            return
        owners = self._read_again(silent)
        if owners is None:
            return
        self._gone += (swap.record_id for swap in silent if swap.record_id not in owners)
        there = [swap for swap in silent if swap.record_id in owners]
        if there:
            self._stop(there, unreadable(self._object_type))

    def _reconcile(self, todo: Piece, updated: Batch) -> None:
        """Compare the ids that went in with those that came out; read the difference back."""
        about = updated.about(swap.record_id for swap in todo)
        targets = {swap.new for swap in todo}
        left = []
        for swap in todo:
            key = swap.record_id
            if updated.owners.get(key, UNSAID) == swap.new:
                self._changed.append(key)
            elif key in about:
                self._complain(key, about[key])
            else:
                left.append(swap)
        if others := updated.owners.keys() - {swap.record_id for swap in todo}:
            _LOG.warning("HubSpot changed other %s than asked: %s", self._object_type, others)
            found = {key: updated.owners[key] for key in others}
            self._strays |= {key: owner for key, owner in found.items() if owner in targets}
        if left:
            said = [one.reason for one in updated.complaints if not one.ids]
            self._read_back(left, " ".join(said) or _UNCHANGED, updated.reference)

    def _read_back(self, left: Sequence[Swap], reason: str, reference: str) -> None:
        owners = self._read_again(left)
        if owners is None:
            return
        for swap in left:
            key = swap.record_id
            if key not in owners:
                self._gone.append(key)
            elif owners[key] == swap.new:
                self._changed.append(key)
            elif (owners[key] or "") == swap.old:
                self._rejected.append(Rejected(key, reason, reference))
            else:
                self._elsewhere[key] = owners[key]

    def _read_again(self, swaps: Sequence[Swap]) -> Mapping[str, str | None] | None:
        """Read with patience; None when even that failed and the swaps are unclear."""
        ids = [swap.record_id for swap in swaps]
        if self._stopped:
            self._unclear += ids
            return None
        try:
            return read_owners(self._client, self._object_type, ids)
        except VendorError as error:
            error.unknown = True
            self._give_up(swaps, error)
            return None

    def _after_refused_reading(self, piece: Piece, error: VendorError) -> None:
        if error.code == "hubspot_not_found":  # records that are not there refuse no reading
            self._give_up(piece, error)
        else:
            self._after_refusal(piece, error)

    def _after_refusal(self, piece: Sequence[Swap], error: VendorError) -> None:
        """Halve what was refused until the culprits are alone; each half is read anew."""
        targets = list(dict.fromkeys(swap.new for swap in piece))
        if error.code == "hubspot_invalid_owner" and len(targets) > 1:
            first = frozenset(targets[: len(targets) // 2])
            self._again(
                [swap for swap in piece if swap.new in first],
                [swap for swap in piece if swap.new not in first],
            )
        elif error.code == "hubspot_invalid_owner":
            self._reject(piece, error)
        elif error.code not in _ABOUT_RECORDS:
            self._give_up(piece, error)
        elif len(piece) > 1:
            middle = len(piece) // 2
            self._again(piece[:middle], piece[middle:])
        elif error.code == "hubspot_not_found":
            self._read_back(piece, _why(error), error.reference)
        else:
            self._reject(piece, error)

    def _again(self, *halves: Sequence[Swap]) -> None:
        self._waiting.extendleft(tuple(half) for half in reversed(halves))

    def _reject(self, piece: Sequence[Swap], error: VendorError) -> None:
        self._rejected += (Rejected(swap.record_id, _why(error), error.reference) for swap in piece)

    def _give_up(self, piece: Sequence[Swap], error: VendorError) -> None:
        """Leave *piece* unclear, or raise *error* if nothing can mend it and nothing is lost."""
        if not (error.retryable or self._changed or self._rejected):
            raise error
        self._stop(piece, error)

    def _stop(self, piece: Sequence[Swap], error: VendorError | None) -> None:
        """Let nothing more go: who failed once would fail again, and go() said no for all."""
        self._unclear += (swap.record_id for swap in piece)
        self._error = self._error or error
        self._stopped = True


def _to_write(swap: Swap, there: Batch) -> bool:
    if swap.record_id not in there.owners or swap.old == swap.new:
        return False
    return (there.owners[swap.record_id] or "") == swap.old


def _why(error: VendorError) -> str:
    """Return HubSpot's own words, without the sentence around them."""
    return str(error.problem.args.get("message") or error.problem)
