"""What must hold after every job, whatever went wrong: the ledger told against the truth."""

from __future__ import annotations

from collections import Counter, defaultdict

from bot.store.base import LedgerRow
from tests.reassign.stage import Stage
from tests.reassign.witness import Key, Write
from workflows import events as e

NOT_WRITTEN = ("failed", "left_alone", "gone")


def key_of(row: LedgerRow) -> Key:
    return row.object_type, row.record_id


def ours(stage: Stage, job: int) -> dict[Key, list[Write]]:
    """What the bot wrote in one job, record by record."""
    since = stage.jobs[job]
    until = min((mark for mark in stage.jobs.values() if mark > since), default=None)
    found: dict[Key, list[Write]] = {}
    for key, writes in stage.witness.writes.items():
        some = [
            one
            for one in writes
            if one.ours and one.number > since and (until is None or one.number < until)
        ]
        if some:
            found[key] = some
    return found


def last_reading(stage: Stage, key: Key, before: int | None = None) -> str | None:
    """The owner that the last reading of a record told before some moment."""
    told = [
        (number, owner)
        for number, owner in stage.witness.readings[key]
        if before is None or number < before
    ]
    assert told, f"{key} was never read"
    return told[-1][1]


def written_only_as_planned(stage: Stage, job: int) -> None:
    """Nothing is written but what the ledger names, once, on a reading that allowed it."""
    rows = {key_of(row): row for row in stage.rows(job)}
    for key, writes in ours(stage, job).items():
        assert key in rows, f"{key} is nobody's to change"
        row = rows[key]
        assert len(writes) == 1, f"{key} was written {len(writes)} times: {writes}"
        assert writes[0].new == row.new_owner
        assert last_reading(stage, key, writes[0].number) == row.old_owner, key


def accounted_for(stage: Stage, job: int) -> None:
    """Every row says what is true of its record."""
    writes = ours(stage, job)
    for row in stage.rows(job):
        key = key_of(row)
        mine = [write for write in writes.get(key, ()) if write.old != write.new]
        told = f"{row}, {stage.witness.writes.get(key)}, {stage.witness.readings.get(key)}"
        assert row.state != "written", told
        if row.state == "changed":
            assert mine, told
            # What is gone before its history is read can contradict nothing any more.
            assert mine[0].old == row.old_owner or stage.gone(key), told
        elif row.state == "overwritten":
            assert mine, told
            assert mine[0].old != row.old_owner, told
            assert (mine[0].old or "") == row.found, told
        elif row.state == "gone":
            assert stage.gone(key), told
        else:
            assert row.state in NOT_WRITTEN, told
            # Our write's answer was lost, and then somebody gave the record away.
            taken = row.state == "left_alone" and any(
                one.number > write.number and not one.ours
                for write in mine
                for one in stage.witness.writes[key]
            )
            assert taken or not mine, told
            assert taken or all(write.old == row.old_owner for write in mine), told
        if row.state == "left_alone":
            assert row.found != row.old_owner, told
            assert (last_reading(stage, key) or "") == row.found, told
        if row.state == "failed":
            assert row.error, told


def nothing_forgotten(stage: Stage, job: int) -> None:
    """Every record that was planned is in the ledger, unless somebody took it before we looked."""
    rows = {key_of(row) for row in stage.rows(job)}
    for key, old in stage.planned[job].items():
        if key not in rows:
            assert stage.gone(key) or stage.owner(key) != old, f"{key} of {old} was forgotten"
    for key in rows:
        assert key in stage.witness.seen, f"{key} was never found"


def dealt_as_planned(stage: Stage, job: int, *, evenly: bool) -> None:
    """Each record was to go to whom the mapping says; in turn where nothing interrupted."""
    shares: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in stage.rows(job):
        shares[row.old_owner, row.object_type][row.new_owner] += 1
    for (old, kind), share in shares.items():
        wanted = [owner.id for owner in stage.run.mapping[old].of(kind)]
        assert share.keys() <= set(wanted)
        counts = [share[one] for one in wanted]
        assert not evenly or max(counts) - min(counts) <= 1, (old, kind, share)


def told_truly(stage: Stage, job: int) -> None:
    """The recorded result adds up to the ledger."""
    (told,) = [one for one in stage.happened(e.ReassignmentFinished) if one.job == job]
    states = Counter(row.state for row in stage.rows(job))
    assert sum(one.changed for one in told.tallies) == states["changed"]
    assert sum(one.overwritten for one in told.tallies) == states["overwritten"]
    assert sum(one.left_alone for one in told.tallies) == states["left_alone"] + states["gone"]
    assert told.failure_count == states["failed"]


def nobody_else_was_touched(stage: Stage) -> None:
    """What never belonged to a planned owner was never written, and nobody was left out."""
    rows = {key_of(row) for row in stage.rows()}
    for key, writes in stage.witness.writes.items():
        for write in writes:
            if write.ours:
                assert key in rows, key
                assert write.new, f"{key} was left without an owner"


def counted_truly(stage: Stage) -> None:
    """What the run says is left is what is left."""
    truth = Counter(stage.owned(stage.run.mapping).values())
    for owned in stage.run.candidates:
        assert owned.total == truth[owned.owner.id], owned.owner.label


def job_holds(stage: Stage, job: int, *, whole: bool = True, interrupted: bool = False) -> None:
    """Check all of this for a job that has ended; not *whole*: it was stopped on the way."""
    written_only_as_planned(stage, job)
    accounted_for(stage, job)
    dealt_as_planned(stage, job, evenly=whole and not interrupted)
    told_truly(stage, job)
    nobody_else_was_touched(stage)
    if whole:
        nothing_forgotten(stage, job)
    counted_truly(stage)


def undo_holds(stage: Stage, job: int, *, settled: bool = True) -> dict[str, int]:
    """Check an undo: only what was ours is given back, once, and to whom it had belonged.

    Return how many rows it settled in each state.
    """
    rows: dict[Key, list[LedgerRow]] = defaultdict(list)
    for row in stage.rows():
        if row.job < job:
            rows[key_of(row)].append(row)
    for key, writes in ours(stage, job).items():
        for write in writes:
            before = last_reading(stage, key, write.number)
            fitting = [
                row
                for row in rows[key]
                if row.new_owner == before and write.new == (row.found or row.old_owner)
            ]
            assert fitting, f"{key}: {write}, read {before}, {rows[key]}"
        assert len(writes) <= len(rows[key]), f"{key} was written too often: {writes}"
    nobody_else_was_touched(stage)
    if settled:
        (told,) = [one for one in stage.happened(e.ReassignmentUndone) if one.job == job]
        mine = Counter(row.state for row in stage.rows() if row.undo == job)
        assert told.restored == mine["undone"]
        assert told.left_alone == sum(mine.values()) - mine["undone"]
        return dict(mine)
    return {}
