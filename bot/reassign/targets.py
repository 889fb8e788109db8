"""Who gets a record: what was confirmed, in turn where there are several."""

from __future__ import annotations

from collections.abc import Iterable

from bot.store.base import LedgerCount
from workflows.run import Run
from workflows.values import Assignment, Owner


class Targets:
    """The confirmed assignments of a run, and whose turn it is."""

    def __init__(self, run: Run, dealt: Iterable[LedgerCount] = ()) -> None:
        self._assignments: dict[str, Assignment] = {
            old: assignment
            for old, assignment in run.mapping.items()
            if run.confirmed.get(old) == assignment.code and old not in run.excluded
        }
        self._turns: dict[tuple[str, str], int] = {}
        for count in dealt:
            place = (count.old_owner, count.object_type)
            self._turns[place] = self._turns.get(place, 0) + count.rows

    @property
    def old_owners(self) -> frozenset[str]:
        """The Salesforce-only owners whose records are given away."""
        return frozenset(self._assignments)

    @property
    def owners(self) -> tuple[Owner, ...]:
        """Everybody who may get records."""
        every = {
            owner.id: owner
            for assignment in self._assignments.values()
            for owner in assignment.owners
        }
        return tuple(every.values())

    def deal(self, old_owner: str, object_type: str) -> str:
        """Return who gets the next record of *old_owner*. Not safe to share between threads."""
        choices = self._assignments[old_owner].of(object_type)
        turn = self._turns.get((old_owner, object_type), 0)
        self._turns[old_owner, object_type] = turn + 1
        return choices[turn % len(choices)].id
