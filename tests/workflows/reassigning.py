"""The promises of step 2, as checks of each event and of a run: who gets which records."""

from __future__ import annotations

from tests.workflows.driver import Conversation
from workflows import commands as c
from workflows import events as e
from workflows.rules.mapping import mapping_digest
from workflows.run import Run
from workflows.states import State
from workflows.values import CORE_OBJECTS

STATES_OF_A_JOB = {
    State.MAPPING_OWNERS: {""},
    State.REASSIGNING: {
        *("running", "paused", "stopping", "counting", "finished"),
        *("undoing", "ending_undo", "recounting"),
    },
    State.CLEANING_UP_OWNERS: {"finished"},
}
"""What a run's job may be doing, by the run's state."""


class JobWatch:
    """Follows what was confirmed, and what a job may have written, event by event."""

    def __init__(self) -> None:
        self.confirmed: dict[str, str] = {}
        """The mapping that was confirmed last."""
        self.job = 0
        self.doing = ""
        """reassigning or undoing, while a job may write."""
        self.changed = 0
        """Records that were given a new owner, and not given back."""

    def check(self, before: Run, event: e.Event, run: Run, action: c.Action | None) -> None:
        """Check one event of step 2 against the run before and after it."""
        match event:
            case e.OwnerMapped():
                assert event.owner_id in ids(before) - before.excluded
                targets = {event.target, *event.others, *event.kinds.values()}
                assert not {target.id for target in targets} & alone(before)
            case e.OwnersCounted():
                self._check_count(before, event, action)
            case e.NothingToReassign():
                assert not any(sum(owned.counts.values()) for owned in before.owners)
            case e.OwnersDeletionReported():
                assert records_of(before, alone(before)) == 0
            case e.OwnersRemain():
                named = {owner.id for owner in event.owners}
                assert named
                assert not named & before.excluded
            case _:
                self._check_start(before, event, action)
                self._check_job(event, run)

    def _check_start(self, before: Run, event: e.Event, action: c.Action | None) -> None:
        """A job runs exactly the mapping that was shown and confirmed, one job at a time."""
        match event:
            case e.MappingConfirmed():
                assert isinstance(action, c.ConfirmMapping | None)
                assert action is None or action.shown == before.mapping_version
                check_mapping(before, event.mapping)
                assert event.objects == before.objects
                assert event.digest == mapping_digest(event.mapping, event.objects)
                self.confirmed = event.mapping
                self._begin(event.job, "reassigning")
            case e.ReassignmentRetried():
                check_mapping(before, {old: self.confirmed[old] for old in to_map(before)})
                self._begin(event.job, "reassigning")
            case e.UndoStarted():
                assert "owners_deleted" not in before.irreversible
                self._begin(event.job, "undoing")
            case e.MappingReopened():
                assert not self.doing
            case _:
                pass

    def _begin(self, job: int, doing: str) -> None:
        assert not self.doing, "two jobs write at a time"
        assert job == self.job + 1
        self.job, self.doing = job, doing

    def _check_job(self, event: e.Event, run: Run) -> None:
        """Results are those of the job that runs."""
        match event:
            case e.ReassignmentWaits() | e.ReassignmentGoesOn():
                assert event.job == self.job
                assert self.doing
            case e.ReassignmentFinished():
                assert (event.job, self.doing) == (self.job, "reassigning")
                self.changed += sum(tally.changed + tally.overwritten for tally in event.tallies)
                self.doing = ""
            case e.ReassignmentUndone():
                assert (event.job, self.doing) == (self.job, "undoing")
                self.changed = event.left_alone
                if event.still_changed is not None:
                    self.changed = event.still_changed
                self.doing = ""
            case _:
                return
        if not self.doing:
            assert run.records_changed == self.changed

    def _check_count(self, before: Run, event: e.OwnersCounted, action: c.Action | None) -> None:
        """What was counted while a job wrote says nothing about its end."""
        assert not self.doing
        assert isinstance(action, c.RecordOwners | None)
        if before.state is State.REASSIGNING:
            assert event.reading.at >= before.since


def ids(run: Run) -> set[str]:
    """Return the ids of all listed owners."""
    return {owned.owner.id for owned in run.owners}


def alone(run: Run) -> set[str]:
    """Return the ids of those who exist in Salesforce alone: listed, and not excluded."""
    return ids(run) - run.excluded


def records_of(run: Run, owner_ids: set[str]) -> int:
    """Count the records of the chosen types that belong to these owners."""
    every = [
        {**owned.other_counts, **owned.counts}
        for owned in run.owners
        if owned.owner.id in owner_ids
    ]
    return sum(counts.get(kind, 0) for counts in every for kind in run.objects)


def to_map(run: Run) -> list[str]:
    """Return the ids of the owners that need a target."""
    return [one for one in sorted(alone(run)) if records_of(run, {one})]


def check_mapping(before: Run, confirmed: dict[str, str]) -> None:
    """Every owner with records has a confirmed target, and none exists in Salesforce alone."""
    planned = {old: before.mapping[old] for old in to_map(before)}
    assert planned
    assert confirmed == {old: assignment.code for old, assignment in planned.items()}
    targets = {
        target.id
        for assignment in planned.values()
        for kind in (*before.objects, "any other")
        for target in assignment.of(kind)
    }
    assert not targets & alone(before)


def check_owners_of(run: Run) -> None:
    """The owners, who of them is left out, and what is counted of them fit together."""
    assert run.objects[: len(CORE_OBJECTS)] == CORE_OBJECTS
    assert len(set(run.objects)) == len(run.objects)
    assert run.records_left == records_of(run, alone(run))
    assert {owned.owner.id for owned in run.to_map} == set(to_map(run))
    if run.owners_counted:
        assert set(run.mapping) <= ids(run)
        assert all(set(owned.counts) == set(run.objects) for owned in run.owners)
    if run.state in STATES_OF_A_JOB:
        assert run.job_state in STATES_OF_A_JOB[run.state]
    if run.state is State.CLEANING_UP_OWNERS:
        assert run.records_left == 0
    if run.waits_until is not None:
        assert run.state is State.REASSIGNING
        assert run.job_state in {"running", "undoing"}


def check_work_of(talk: Conversation) -> None:
    """A run that waits for the bot has asked for the work since it asked its question."""
    if talk.asked.of != "bot":
        return
    for effect in reversed(talk.effects):
        if effect.lane == "job":
            return
        assert effect.key != f"audit:{talk.run.prompt_version}", "nobody is at work"
    raise AssertionError("nobody is at work")
