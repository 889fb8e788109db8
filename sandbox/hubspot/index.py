"""The search index of one object type: it learns of a write some moments later.

It keeps, in order, the ids of each owner and the ids by their last sync.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sandbox.clock import Clock
from sandbox.hubspot.ids import Ids
from sandbox.hubspot.schema import OWNER, SYNC, Value

Read = Callable[[int, str], Value]


class _Pending(NamedTuple):
    """A write that search does not know yet; without `changes` the records are gone."""

    due: float
    keys: Sequence[int]
    changes: Mapping[str, Value] | None


class Index:
    """What search sees: the truth (*read*) as it was *lag* seconds ago.

    *owners* are those of the ids from *first* on, at the beginning.
    """

    def __init__(
        self, clock: Clock, lag: float, read: Read, first: int, owners: Sequence[str | None]
    ) -> None:
        self._clock = clock
        self._lag = lag
        self._read = read
        self._range = range(first, first + len(owners))
        self._stale: dict[int, dict[str, Value]] = {}
        self._waiting: dict[int, int] = {}
        self._pending: deque[_Pending] = deque()
        self._touched: dict[int, None] = {}
        self._dropped: set[int] = set()
        self.ids = Ids(self._range)
        self.by_owner = _dealt(self._range, owners)

    def seen(self, key: int, name: str) -> Value:
        """Return the value of the property *name* that search knows."""
        stale = self._stale.get(key)
        if stale is not None and name in stale:
            return stale[name]
        return self._read(key, name)

    def lags(self, key: int) -> bool:
        """Say whether search may know less of the record than is true."""
        return key in self._stale

    def expect(self, keys: Sequence[int], changes: Mapping[str, Value]) -> None:
        """Note what will be written to the records *keys*, each named once, before it is done."""
        self.catch_up()
        for key in keys:
            stale = self._stale.setdefault(key, {})
            for name in changes:
                if name not in stale:
                    stale[name] = self._read(key, name)
            self._waiting[key] = self._waiting.get(key, 0) + 1
        self._pending.append(_Pending(self._clock.timestamp() + self._lag, keys, changes))

    def lose(self, key: int) -> None:
        """Note that the record *key* is archived or merged now."""
        self._pending.append(_Pending(self._clock.timestamp() + self._lag, (key,), None))

    def catch_up(self) -> None:
        """Let search see the writes that are old enough."""
        now = self._clock.timestamp()
        while self._pending and self._pending[0].due <= now:
            _, keys, changes = self._pending.popleft()
            if changes is None:
                self._drop(keys)
            else:
                self._learn(keys, changes)

    def _learn(self, keys: Sequence[int], changes: Mapping[str, Value]) -> None:
        for key in keys:
            stale = self._stale[key]
            if OWNER in changes:
                self._move(key, stale[OWNER], changes[OWNER])
            if SYNC in changes:
                self._touched.pop(key, None)
                self._touched[key] = None
            self._waiting[key] -= 1
            if self._waiting[key]:
                stale.update(changes)
            else:
                del self._waiting[key], self._stale[key]

    def _move(self, key: int, old: Value, new: Value) -> None:
        if old == new:
            return
        if old:
            self.by_owner[str(old)].remove(key)
        if new:
            if new not in self.by_owner:
                self.by_owner[str(new)] = Ids()
            self.by_owner[str(new)].add(key)

    def _drop(self, keys: Sequence[int]) -> None:
        for key in keys:
            self._move(key, self.seen(key, OWNER), None)
            self.ids.remove(key)
            self._touched.pop(key, None)
            self._dropped.add(key)

    def latest_synced(self) -> Iterator[int]:
        """Yield the ids by their last sync, latest first; at the beginning it is the id's order."""
        yield from reversed(self._touched)
        for key in reversed(self._range):
            if key not in self._touched and key not in self._dropped:
                yield key


def _dealt(keys: range, owners: Sequence[str | None]) -> dict[str, Ids]:
    dealt: dict[str, array[int]] = {}
    for key, owner in zip(keys, owners, strict=True):
        if owner:
            if owner not in dealt:
                dealt[owner] = array("q")
            dealt[owner].append(key)
    return {owner: Ids(found) for owner, found in dealt.items()}
