"""Who owns which record at HubSpot, and who must: the walk's own reckoning, record by record.

Nothing here asks the bot: the sandbox's records say what is, its log what others did meanwhile.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sandbox.client import Page

CORE = ("contacts", "companies", "deals")
MOST = 1_000_000
"""Records of one type that are looked at."""
_BATCH = re.compile(r"/objects/([^/]+)/batch/")

Truth = dict[str, dict[str, str]]
"""Object type -> record id -> owner id, '' for nobody."""
Record = tuple[str, str]
"""Object type and id: the ids alone are not unique."""


@dataclass(frozen=True)
class Goal:
    """Who gets an owner's records: *targets* in turn, and of some object types somebody else."""

    targets: tuple[str, ...]
    kinds: Mapping[str, str] = field(default_factory=dict)

    def of(self, kind: str) -> tuple[str, ...]:
        """Return who may have the records of one object type."""
        own = self.kinds.get(kind)
        return self.targets if own is None else (own,)


@dataclass(frozen=True)
class Meanwhile:
    """What others did to records in the very moment in which the bot handled them."""

    given: dict[Record, str]
    """Record -> the owner that somebody gave it to."""
    archived: frozenset[Record]

    @property
    def records(self) -> frozenset[Record]:
        """All of them."""
        return frozenset(self.given) | self.archived


def read(page: Page, kinds: Iterable[str]) -> Truth:
    """Read the owner of every record of these object types."""
    return {kind: owners(page, kind) for kind in kinds}


def owners(page: Page, kind: str) -> dict[str, str]:
    """Read the owner of every record of one object type."""
    found = page.hubspot.records(kind, limit=MOST)
    return {one["id"]: str(one["properties"].get("hubspot_owner_id") or "") for one in found}


def of_owner(truth: Truth, owner: str, kinds: Iterable[str]) -> set[Record]:
    """Return an owner's records of these object types."""
    return {
        (kind, record)
        for kind in kinds
        for record, found in truth.get(kind, {}).items()
        if found == owner
    }


def meanwhile(page: Page) -> Meanwhile:
    """Read from HubSpot's log what others did."""
    given: dict[Record, str] = {}
    archived: set[Record] = set()
    for entry in page.log("hubspot"):
        found = _BATCH.search(entry["request"])
        if found is None:
            continue
        interfered = entry["detail"].get("interfered") or {}
        given |= {(found[1], one): str(interfered["owner"]) for one in interfered.get("ids", ())}
        archived |= {(found[1], one) for one in entry["detail"].get("archived", ())}
    return Meanwhile(given, frozenset(archived))


@dataclass(frozen=True)
class Reckoning:
    """The records before and after, and what was chosen for them."""

    before: Truth
    after: Truth
    goals: Mapping[str, Goal]
    """Old owner id -> who gets the records."""
    kinds: frozenset[str]
    """The object types that were to be reassigned."""
    others: Meanwhile

    def planned(self) -> Iterator[tuple[Record, str]]:
        """Yield the records that were to be reassigned, with their old owners."""
        for kind in sorted(self.kinds):
            for record, old in self.before.get(kind, {}).items():
                if old in self.goals:
                    yield (kind, record), old

    def now(self, record: Record) -> str | None:
        """Return a record's owner now; None for one that is not there any more."""
        return self.after.get(record[0], {}).get(record[1])

    def strays(self) -> dict[Record, str | None]:
        """Return the planned records that are with nobody who may have them, with whom they are."""
        return {
            record: self.now(record)
            for record, old in self.planned()
            if not self._may(record, self.goals[old].of(record[0]))
        }

    def touched(self) -> dict[Record, str | None]:
        """Return the other records whose owner is not the one from before."""
        planned = {record for record, _ in self.planned()}
        return {
            (kind, key): self.now((kind, key))
            for kind, records in self.before.items()
            for key, owner in records.items()
            if (kind, key) not in planned and not self._may((kind, key), (owner,))
        }

    def _may(self, record: Record, wanted: tuple[str, ...]) -> bool:
        now = self.now(record)
        if now is None:
            return record in self.others.archived
        return now in wanted or now == self.others.given.get(record)

    def uneven(self, excused: frozenset[Record]) -> list[str]:
        """Name what was given to several in turn and is not split evenly.

        Each of the records *excused* (refused once, or taken by others) may make one difference.
        """
        dealt: dict[tuple[str, str], Counter[str]] = {}
        missed: Counter[tuple[str, str]] = Counter()
        for record, old in self.planned():
            several = self.goals[old].of(record[0])
            if len(several) > 1:
                group = dealt.setdefault((old, record[0]), Counter(dict.fromkeys(several, 0)))
                group[self.now(record) or ""] += 1
                missed[old, record[0]] += record in excused
        return [
            f"{old}, {kind}: {dict(group)}"
            for (old, kind), group in dealt.items()
            if max(group.values()) - min(group.values()) > 1 + missed[old, kind]
        ]

    def ownerless(self) -> list[Record]:
        """Return the records that had an owner and have none now."""
        return [
            (kind, record)
            for kind, records in self.before.items()
            for record, owner in records.items()
            if owner and self.now((kind, record)) == ""
        ]
