"""The records of one object type, as they are and as the search index sees them.

Made for hundreds of thousands of records: what can be made up from a record's id is not stored,
and the search view keeps, in order, the ids of each owner and the ids by their last sync.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sandbox.clock import Clock
from sandbox.hubspot.schema import Schema, Value, text


@dataclass(slots=True)
class Record:
    """One record; `other` holds the values that differ from the made-up ones. Times in ms."""

    id: int
    owner: str | None
    created: int
    modified: int
    synced: int | None = None
    other: dict[str, str | None] | None = None


class Table:
    """All records of one object type.

    A write is true at once for reads by id; search sees it `lag` seconds later.
    """

    def __init__(self, schema: Schema, clock: Clock, lag: float) -> None:
        self.schema = schema
        self._clock = clock
        self._lag = lag
        self.records: dict[int, Record] = {}
        self.ids: list[int] = []
        self.by_owner: dict[str, list[int]] = {}
        self._by_sync: dict[int, None] = {}
        self._seen: dict[int, dict[str, Value]] = {}
        self._waiting: dict[int, int] = {}
        self._pending: deque[tuple[float, int, dict[str, Value]]] = deque()
        self._owned: dict[str, int] = {}

    def add(self, record: Record) -> None:
        """Put in a record that was there from the beginning; ids must grow."""
        if self.ids and record.id <= self.ids[-1]:
            raise ValueError("records are added in the order of their ids")
        self.records[record.id] = record
        self.ids.append(record.id)
        if record.owner:
            self.by_owner.setdefault(record.owner, []).append(record.id)
            self._owned[record.owner] = self._owned.get(record.owner, 0) + 1
        if record.synced is not None:
            self._by_sync[record.id] = None

    def owned(self, owner: str) -> int:
        """How many records *owner* truly has now."""
        return self._owned.get(owner, 0)

    def value(self, record: Record, name: str) -> Value:
        """Return the true value of the property *name*."""
        match name:
            case "hs_object_id":
                return record.id
            case "hubspot_owner_id":
                return record.owner
            case "salesforcelastsynctime":
                return record.synced
            case self.schema.created:
                return record.created
            case self.schema.modified:
                return record.modified
        if record.other and name in record.other:
            return record.other[name]
        made_up = self.schema.made_up.get(name)
        return made_up(record.id) if made_up else None

    def seen(self, record: Record, name: str) -> Value:
        """Return the value of the property *name* that the search index knows."""
        stale = self._seen.get(record.id)
        if stale is not None and name in stale:
            return stale[name]
        return self.value(record, name)

    def shown(self, record: Record, names: list[str], by_search: bool) -> dict[str, str | None]:
        """Return the properties *names* that exist, as they stand in an answer."""
        read = self.seen if by_search else self.value
        found: dict[str, str | None] = {}
        for name in names:
            kind = self.schema.kind(name)
            if kind is not None or (record.other and name in record.other):
                found[name] = text(kind, read(record, name))
        return found

    def write(self, record: Record, changes: Mapping[str, Value]) -> None:
        """Set properties now; tell the search index in `lag` seconds."""
        changes = {self.schema.modified: int(self._clock.timestamp() * 1000), **changes}
        stale = self._seen.setdefault(record.id, {})
        for name, value in changes.items():
            stale.setdefault(name, self.value(record, name))
            self._set(record, name, value)
        self._waiting[record.id] = self._waiting.get(record.id, 0) + 1
        self._pending.append((self._clock.timestamp() + self._lag, record.id, dict(changes)))

    def _set(self, record: Record, name: str, value: Value) -> None:
        if name == "hubspot_owner_id":
            if record.owner:
                self._owned[record.owner] -= 1
            record.owner = str(value) if value else None
            if record.owner:
                self._owned[record.owner] = self._owned.get(record.owner, 0) + 1
        elif name == "salesforcelastsynctime":
            record.synced = int(value) if value is not None else None
        elif name == self.schema.modified:
            record.modified = int(value or 0)
        else:
            record.other = {**(record.other or {}), name: None if value is None else str(value)}

    def index(self) -> None:
        """Let the search index see the writes that are old enough."""
        now = self._clock.timestamp()
        while self._pending and self._pending[0][0] <= now:
            _, key, changes = self._pending.popleft()
            stale = self._seen[key]
            if "hubspot_owner_id" in changes:
                self._move(key, stale["hubspot_owner_id"], changes["hubspot_owner_id"])
            if "salesforcelastsynctime" in changes:
                self._by_sync.pop(key, None)
                if changes["salesforcelastsynctime"] is not None:
                    self._by_sync[key] = None
            stale.update(changes)
            self._waiting[key] -= 1
            if not self._waiting[key]:
                del self._waiting[key], self._seen[key]

    def _move(self, key: int, old: Value, new: Value) -> None:
        if old:
            ids = self.by_owner[str(old)]
            del ids[bisect_left(ids, key)]
        if new:
            insort(self.by_owner.setdefault(str(new), []), key)

    def latest_synced(self) -> Iterator[int]:
        """Yield the ids that search knows as synced, latest first."""
        return reversed(self._by_sync)

    @property
    def synced(self) -> int:
        """How many records search knows as synced."""
        return len(self._by_sync)


def span(ids: list[int], above: int | None, below: int | None) -> tuple[int, int]:
    """Return the positions [start, end) in the sorted *ids* that lie strictly between the two."""
    start = 0 if above is None else bisect_right(ids, above)
    end = len(ids) if below is None else bisect_left(ids, below)
    return start, max(start, end)
