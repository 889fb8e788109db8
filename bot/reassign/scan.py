"""Finding the records: several cursors by ``hs_object_id`` at once, each over some of the owners.

A cursor stays right while records leave the result, and passes the search's limit of 10,000 results
(facts/hubspot.md, "Search"). Searches are the scarce calls: a cursor asks for many owners
together, so that pages are full; there are several of them only where there is enough to find.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from bot.ports import HubSpotPort, RecordPage

OWNERS_TOGETHER = 100
CURSORS = 4
WORTH_A_CURSOR = 4_000
PAGES_AHEAD = 64
"""Searches are never held up by the writing: an unused one cannot be made up for."""
LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Cursor:
    """What one cursor looks for."""

    object_type: str
    owner_ids: tuple[str, ...]


def share(counts: Mapping[str, Mapping[str, int]]) -> list[Cursor]:
    """Make cursors for *counts* (object type -> owner id -> records), the longest first.

    A few together keep the searches busy however long an answer takes. More would cost searches:
    the last page of each is not full.
    """
    numbers = {
        kind: ceil(len(owners) / OWNERS_TOGETHER) for kind, owners in counts.items() if owners
    }
    while numbers and sum(numbers.values()) < CURSORS:
        loads = {kind: sum(counts[kind].values()) / number for kind, number in numbers.items()}
        most = max(loads, key=lambda kind: loads[kind])
        if loads[most] < WORTH_A_CURSOR or numbers[most] >= len(counts[most]):
            break
        numbers[most] += 1
    shared = [
        (load, Cursor(kind, owners))
        for kind, number in numbers.items()
        for load, owners in _evenly(counts[kind], number)
    ]
    return [cursor for _, cursor in sorted(shared, key=lambda item: -item[0])]


def _evenly(counts: Mapping[str, int], number: int) -> list[tuple[int, tuple[str, ...]]]:
    """Share owners out among *number* cursors, of about the same load each."""
    shares: list[list[str]] = [[] for _ in range(number)]
    loads = [0] * number
    for owner in sorted(counts, key=lambda one: (-counts[one], one)):
        open_ones = [n for n, some in enumerate(shares) if len(some) < OWNERS_TOGETHER]
        least = min(open_ones, key=lambda n: loads[n])
        shares[least].append(owner)
        loads[least] += counts[owner]
    return [(load, tuple(some)) for load, some in zip(loads, shares, strict=True) if some]


class Scan:
    """Reads the pages of several cursors in a few threads, a little ahead of who takes them."""

    def __init__(
        self, hubspot: HubSpotPort, wanted: Sequence[Cursor], go: Callable[[], bool]
    ) -> None:
        self._hubspot = hubspot
        self._go = go
        self._waiting: queue.SimpleQueue[Cursor] = queue.SimpleQueue()
        for cursor in wanted:
            self._waiting.put(cursor)
        self._pages: queue.Queue[tuple[str, RecordPage] | BaseException | None]
        self._pages = queue.Queue(PAGES_AHEAD)
        self._ended = threading.Event()
        self.held = False
        """Whether a cursor was left before its end, because the job must not go on."""
        self._threads = [
            threading.Thread(target=self._read, name="reassign-scan", daemon=True)
            for _ in range(min(CURSORS, len(wanted)))
        ]

    def pages(self) -> Iterator[tuple[str, RecordPage] | None]:
        """Yield (object type, page) until all cursors have ended; None while there is no page.

        Ends early when the job must not go on; :attr:`held` says so. Raises what a search raised.
        """
        for thread in self._threads:
            thread.start()
        alive = len(self._threads)
        try:
            while alive:
                try:
                    found = self._pages.get(timeout=LOOK_SECONDS)
                except queue.Empty:
                    yield None
                    continue
                if found is None:
                    alive -= 1
                elif isinstance(found, BaseException):
                    raise found
                else:
                    yield found
        finally:
            self._ended.set()

    def _read(self) -> None:
        try:
            while not self._ended.is_set():
                try:
                    cursor = self._waiting.get_nowait()
                except queue.Empty:
                    break
                self._follow(cursor)
        except BaseException as error:
            self._put(error)
        self._put(None)

    def _follow(self, cursor: Cursor) -> None:
        after = ""
        while not self._ended.is_set():
            if not self._go():
                self.held = True
                return
            page = self._hubspot.records_of(cursor.object_type, cursor.owner_ids, after)
            if page.owners:
                self._put((cursor.object_type, page))
                after = max(page.owners, key=int)
            # A page may be short of its limit; how many there are after the cursor decides.
            if not page.owners or page.total <= len(page.owners):
                return

    def _put(self, found: tuple[str, RecordPage] | BaseException | None) -> None:
        while not self._ended.is_set():
            try:
                self._pages.put(found, timeout=LOOK_SECONDS)
            except queue.Full:
                continue
            return
