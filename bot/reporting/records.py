"""Step 2 in figures: records by owner before and after, who received them, what each job did."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from bot.reporting.collect import Material
from bot.reporting.model import FailedRecord, Job, OwnerRow, Received, Records
from bot.store.base import LedgerFlow
from handlers.views import words
from workflows import events as e
from workflows.base import Instant
from workflows.run import Run
from workflows.values import OwnedRecords, Owner

Counted: TypeAlias = tuple[Instant | None, tuple[OwnedRecords, ...]]
_HELD = frozenset({"changed", "overwritten"})
"""Ledger rows whose records carry the owner that was written, as far as is known."""
_OUTCOMES = {
    "written": "unsettled",
    "undone": "given_back",
    "undone_over": "given_back",
}
_NAMED = frozenset({"changed", "failed", "left_alone", "gone", "overwritten", "kept"})


def records(material: Material, history: Sequence[e.Recorded], run: Run) -> Records:
    """Return the figures; nothing is counted anew for them."""
    counted_before, before = _before(history, run)
    counted_after, after = _after(history)
    rows = tuple(_rows(before, after, counted_after is not None, run))
    kinds = {kind for row in rows for kind in (*row.before, *(row.after or {}), *row.others)}
    return Records(
        types=tuple(words.ordered(kinds.union(run.objects))),
        counted_before=counted_before,
        counted_after=counted_after,
        rows=rows,
        received=tuple(_received(material.flows, _owners(history))),
        jobs=tuple(_jobs(history, material.flows)),
        failed=tuple(
            FailedRecord(
                job=one.row.job,
                object_type=one.row.object_type,
                record_id=one.row.record_id,
                old_owner=one.row.old_owner,
                reason=one.row.error,
                reference=one.row.reference,
                ended=one.ended,
            )
            for one in material.failed
        ),
        failed_count=sum(flow.rows for flow in material.flows if flow.state == "failed"),
    )


def _before(history: Sequence[e.Recorded], run: Run) -> Counted:
    """Return the last count before the first job; the plan's, where there was none."""
    found: Counted = (None, ())
    for one in history:
        if isinstance(one.event, e.MappingConfirmed) and found[0] is not None:
            return found
        if isinstance(one.event, e.OwnersCounted):
            found = (one.event.reading.at, one.event.owners)
    if found[0] is None and run.plan is not None:
        return run.plan.taken_at, run.plan.owners
    return found


def _after(history: Sequence[e.Recorded]) -> Counted:
    """Return the last count after a job; nothing where none followed the last job."""
    found: Counted = (None, ())
    worked = False
    for one in history:
        if isinstance(one.event, e.MappingConfirmed | e.ReassignmentRetried | e.UndoStarted):
            worked, found = True, (None, ())
        if worked and isinstance(one.event, e.OwnersCounted):
            found = (one.event.reading.at, one.event.owners)
    return found


def _rows(
    before: tuple[OwnedRecords, ...], after: tuple[OwnedRecords, ...], counted: bool, run: Run
) -> Iterator[OwnerRow]:
    left = {owned.owner.id: owned for owned in after}
    known = {owned.owner.id: owned for owned in (*after, *before)}
    first = {owned.owner.id: owned for owned in before}
    deleted = "cleanup" in run.evidence and run.evidence["cleanup"].kind == "verified"
    for owner_id, owned in sorted(known.items(), key=lambda one: (-one[1].total, one[0])):
        now = left.get(owner_id)
        target = run.mapping.get(owner_id)
        excluded = owner_id in run.excluded
        yield OwnerRow(
            owner=owned.owner,
            why=owned.why,
            excluded=excluded,
            before=dict(first[owner_id].counts) if owner_id in first else {},
            after=(dict(now.counts) if now else {}) if counted else None,
            gone=(deleted and not excluded) or (counted and now is None),
            others=dict((now or owned).other_counts),
            goes_to=tuple(target.owners) if target and not excluded else (),
        )


def _owners(history: Sequence[e.Recorded]) -> dict[str, Owner]:
    """Return every HubSpot owner that was ever chosen."""
    found: dict[str, Owner] = {}
    for one in history:
        if isinstance(one.event, e.OwnerMapped):
            chosen = (one.event.target, *one.event.others, *one.event.kinds.values())
            found |= {owner.id: owner for owner in chosen}
    return found


def _received(flows: Sequence[LedgerFlow], known: Mapping[str, Owner]) -> Iterator[Received]:
    got: dict[str, Counter[str]] = defaultdict(Counter)
    for flow in flows:
        if flow.state in _HELD:
            got[flow.new_owner][flow.object_type] += flow.rows
    for owner_id, counts in sorted(got.items(), key=lambda one: (-one[1].total(), one[0])):
        yield Received(owner=known.get(owner_id, Owner(id=owner_id)), counts=dict(counts))


def _jobs(history: Sequence[e.Recorded], flows: Sequence[LedgerFlow]) -> Iterator[Job]:
    """Yield each job and each undo, with how the ledger's rows that it settled last ended."""
    ended = {
        one.event.job: one.at
        for one in history
        if isinstance(one.event, e.ReassignmentFinished | e.ReassignmentUndone)
    }
    for one in history:
        event = one.event
        if isinstance(event, e.MappingConfirmed | e.ReassignmentRetried | e.UndoStarted):
            undo = isinstance(event, e.UndoStarted)
            tally: Counter[str] = Counter()
            for flow in flows:
                if (flow.undo if undo else flow.job) == event.job:
                    outcome = _OUTCOMES.get(flow.state, flow.state)
                    tally[outcome if outcome in {*_NAMED, *_OUTCOMES.values()} else "failed"] += (
                        flow.rows
                    )
            yield Job(
                number=event.job,
                undo=undo,
                began=one.at,
                ended=ended.get(event.job),
                by=one.actor,
                **tally,
            )
