"""The records of one object type, as they truly are.

Made for a million records: owner and times are held in columns, what can be made up from a
record's id is not held at all, and only what was written has a history.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sandbox.clock import Clock
from sandbox.hubspot.history import Entry, History, Source
from sandbox.hubspot.ids import Ids
from sandbox.hubspot.index import Index
from sandbox.hubspot.schema import ID, OWNER, SYNC, Schema, Value, iso, text

FIRST_RECORD_ID = 1_001
_HOUR, _DAY = 3_600_000, 86_400_000
_APART = 1_000
_AGE = 200 * _DAY
Reader = Callable[[int], str | None]


@dataclass
class Dirty:
    """A record whose owner cannot be changed, since another value of it breaks a rule.

    `left` is how often it refuses until somebody puts it right; None is for ever.
    """

    whole_batch: bool = False
    left: int | None = None


class Table:
    """All records of one object type; *owners* are theirs, in the order of their ids.

    A write is true at once for reads by id; search sees it *lag* seconds later.
    """

    def __init__(
        self, schema: Schema, clock: Clock, lag: float, owners: Sequence[str | None] = ()
    ) -> None:
        self.schema = schema
        self._clock = clock
        self._range = range(FIRST_RECORD_ID, FIRST_RECORD_ID + len(owners))
        self._begun = int(clock.timestamp() * 1000)
        self._people: list[str | None] = [None]
        self._numbers: dict[str | None, int] = {None: 0}
        self._owner = array("I", (self._number(owner) for owner in owners))
        start = self._begun - _HOUR - len(owners) * _APART
        self._modified = array("q", range(start, self._begun - _HOUR, _APART))
        self._synced = array("q", self._modified) if schema.synced else None
        self._other: dict[str, dict[int, str | None]] = {}
        self._gone: dict[int, int | None] = {}
        self._owned: dict[str, int] = {}
        self.made_up: dict[str, Reader] = dict(schema.made_up)
        self.history = History(schema)
        self.dirty: dict[int, Dirty] = {}
        self.index = Index(clock, lag, self.value, self._range.start, owners)
        for owner, found in self.index.by_owner.items():
            self._owned[owner] = len(found)

    def _number(self, owner: str | None) -> int:
        number = self._numbers.get(owner)
        if number is None:
            number = self._numbers[owner] = len(self._people)
            self._people.append(owner)
        return number

    @property
    def ids(self) -> Ids:
        """The ids that search knows, in order."""
        return self.index.ids

    @property
    def size(self) -> int:
        """How many records there were at the beginning."""
        return len(self._range)

    def nth(self, number: int) -> int:
        """Return the id of the record *number* of the beginning, counted round and round."""
        return self._range[number % len(self._range)]

    def owned(self, owner: str) -> int:
        """How many records *owner* truly has now."""
        return self._owned.get(owner, 0)

    def find(self, key: int) -> int | None:
        """Return the id of the record that *key* leads to now; None when it leads nowhere.

        The id of a record that was merged leads to the one that survived.
        """
        while key in self._gone:
            survivor = self._gone[key]
            if survivor is None:
                return None
            key = survivor
        return key if key in self._range else None

    def alive(self, owner: str | None = None, since: int = 0) -> Iterator[int]:
        """Yield the ids from *since* on that are true now, of *owner* if given."""
        number = None if owner is None else self._numbers.get(owner, -1)
        first = self._range.start
        for key in self._range[max(0, since - first) :]:
            if (number is None or self._owner[key - first] == number) and key not in self._gone:
                yield key

    def owner_of(self, key: int) -> str | None:
        """Return the true owner of the record *key*."""
        return self._people[self._owner[key - self._range.start]]

    def created(self, key: int) -> int:
        """Return when the record was created, in milliseconds."""
        return self._begun - _AGE - (self._range.stop - key) * _APART

    def value(self, key: int, name: str) -> Value:
        """Return the true value of the property *name*."""
        if name == OWNER:
            return self.owner_of(key)
        if name == self.schema.modified:
            return self._modified[key - self._range.start]
        if name == SYNC and self._synced is not None:
            return self._synced[key - self._range.start]
        if name == ID:
            return key
        if name == self.schema.created:
            return self.created(key)
        if (written := self._other.get(name)) is not None and key in written:
            return written[key]
        made_up = self.made_up.get(name)
        return made_up(key) if made_up else None

    def reader(self, name: str) -> Reader | None:
        """Return what reads *name* as it stands in an answer; None when there is no such thing."""
        kind = self.schema.kind(name)
        if kind is None:
            return None
        if name == OWNER:
            return self.owner_of
        if name == ID:
            return str
        if name == self.schema.modified:
            first, modified = self._range.start, self._modified
            return lambda key: iso(modified[key - first])
        if name == self.schema.created:
            return lambda key: iso(self.created(key))
        return lambda key: text(kind, self.value(key, name))

    def search_reader(self, name: str) -> Reader | None:
        """Return the same for what search knows."""
        kind = self.schema.kind(name)
        return None if kind is None else lambda key: text(kind, self.index.seen(key, name))

    def write(self, keys: Sequence[int], changes: Mapping[str, Value], source: Source) -> None:
        """Set properties of the records *keys* now, each named once."""
        now = int(self._clock.timestamp() * 1000)
        untold = (SYNC, self.schema.modified)
        entries = [
            Entry(name, value, now, source) for name, value in changes.items() if name not in untold
        ]
        changes = {self.schema.modified: now, **changes}
        self.index.expect(keys, changes)
        for key in keys:
            for entry in entries:
                self.history.add(key, self.value(key, entry.name), entry)
            for name, value in changes.items():
                self._set(key, name, value)

    def preset(self, key: int, name: str, value: str) -> None:
        """Give a property a value that was there from the beginning."""
        self._other.setdefault(name, {})[key] = value

    def _set(self, key: int, name: str, value: Value) -> None:
        place = key - self._range.start
        if name == OWNER:
            self._count(self.owner_of(key), -1)
            owner = str(value) if value else None
            self._owner[place] = self._number(owner)
            self._count(owner, +1)
        elif name == self.schema.modified:
            self._modified[place] = int(value or 0)
        elif name == SYNC:
            if self._synced is not None:
                self._synced[place] = int(value or 0)
        else:
            self._other.setdefault(name, {})[key] = None if value is None else str(value)

    def _count(self, owner: str | None, by: int) -> None:
        if owner:
            self._owned[owner] = self._owned.get(owner, 0) + by

    def archive(self, key: int) -> None:
        """Put the record *key* into the recycle bin."""
        self._lose(key, None)

    def merge(self, key: int, into: int) -> None:
        """Let the record *key* go up in the record *into*."""
        self._lose(key, into)

    def _lose(self, key: int, survivor: int | None) -> None:
        self._gone[key] = survivor
        self._count(self.owner_of(key), -1)
        self.dirty.pop(key, None)
        self.index.lose(key)

    def refuses(self, key: int) -> Dirty | None:
        """Return the dirt that refuses a change of the owner now, and count the refusal."""
        dirty = self.dirty.get(key)
        if dirty is None:
            return None
        if dirty.left is not None:
            dirty.left -= 1
            if dirty.left <= 0:
                del self.dirty[key]
        return dirty
