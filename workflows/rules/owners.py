"""Step 2: the count, the job, its undo, and the Salesforce owners' deletion (P2b–e)."""

from __future__ import annotations

from datetime import datetime

from workflows import commands as c
from workflows import events as e
from workflows.errors import Refused
from workflows.rules.mapping import unknown_object_type, unknown_owner
from workflows.run import Run
from workflows.states import State
from workflows.text import N_

WRITING = frozenset({"running", "paused", "stopping", "undoing", "ending_undo"})
"""The states of a job whose count would be out of date before it is taken in."""


def record(run: Run, action: c.RecordOwners, command: c.Command, now: datetime) -> list[e.Event]:
    """Take a fresh count in; where nothing is left, skip what is not needed."""
    if run.state is State.DISCONNECTING and not run.disconnect_checked:
        return []
    if run.state is State.REASSIGNING and (
        run.job_state in WRITING or action.reading.at < run.since
    ):
        return []
    if run.cleanup_reported_at is not None and action.reading.at < run.cleanup_reported_at:
        return []
    counted = e.OwnersCounted(owners=action.owners, reading=action.reading)
    nothing = not sum(owned.split(run.objects).total for owned in action.owners)
    if nothing and run.state is State.DISCONNECTING:
        return [counted, e.NothingToReassign()]
    return [counted]


def pause(run: Run, action: c.Action, command: c.Command, now: datetime) -> list[e.Event]:
    """Hold the job."""
    _needs_job(run, "running")
    return [e.ReassignmentPaused()]


def resume(run: Run, action: c.Action, command: c.Command, now: datetime) -> list[e.Event]:
    """Let the job go on."""
    _needs_job(run, "paused")
    return [e.ReassignmentResumed()]


def stop(run: Run, action: c.Action, command: c.Command, now: datetime) -> list[e.Event]:
    """End the job or the undo here; what it did is checked and counted."""
    _needs_job(run, "running", "paused", "undoing")
    return [e.ReassignmentStopped()]


def waiting(
    run: Run, action: c.RecordReassignmentWaiting, command: c.Command, now: datetime
) -> list[e.Event]:
    """Note that the job waits for the daily limit's reset."""
    if action.job != run.job or run.job_state not in {"running", "undoing"}:
        return []
    if run.waits_until == action.until:
        return []
    return [
        e.ReassignmentWaits(
            job=action.job,
            until=action.until,
            remaining=action.remaining,
            reserve=action.reserve,
        )
    ]


def goes_on(
    run: Run, action: c.RecordReassignmentGoesOn, command: c.Command, now: datetime
) -> list[e.Event]:
    """Note that the job waits no longer."""
    if action.job != run.job or run.waits_until is None:
        return []
    return [e.ReassignmentGoesOn(job=action.job)]


def finished(
    run: Run, action: c.RecordReassigned, command: c.Command, now: datetime
) -> list[e.Event]:
    """Take the job's result in; a fresh count follows."""
    if action.job != run.job or run.job_state not in {"running", "paused", "stopping"}:
        raise Refused(
            "job_not_running",
            N_("This job is not running."),
            N_("Nothing needs to be done."),
        )
    return [
        e.ReassignmentFinished(
            job=action.job,
            tallies=action.tallies,
            failures=action.failures,
            failure_count=action.failure_count,
        )
    ]


def retry(run: Run, action: c.Action, command: c.Command, now: datetime) -> list[e.Event]:
    """Run the confirmed mapping over what is left."""
    _needs_job(run, "finished")
    if run.unmapped:
        raise Refused(
            "mapping_incomplete",
            N_("{count} owners have no HubSpot owner yet.", count=len(run.unmapped)),
            N_("Go back to the mapping and choose one for each."),
        )
    if run.unconfirmed:
        raise Refused(
            "mapping_unconfirmed",
            N_("Owners whose choice was never confirmed: {count}.", count=len(run.unconfirmed)),
            N_("Go back to the mapping, check it, and confirm it."),
        )
    return [e.ReassignmentRetried(job=run.job + 1)]


def change_mapping(run: Run, action: c.Action, command: c.Command, now: datetime) -> list[e.Event]:
    """Go back to the pickers."""
    if run.state is State.REASSIGNING:
        _needs_job(run, "finished")
        return [e.MappingReopened()]
    if run.cleanup_reported_at is not None:
        raise _already_reported()
    if not run.leaves_records:
        raise Refused(
            "nothing_left_out",
            N_("No records were left out of the reassignment."),
            N_("Delete the Salesforce owners, as the message in the thread says."),
        )
    return [e.MappingReopened()]


def undo(run: Run, action: c.UndoReassignment, command: c.Command, now: datetime) -> list[e.Event]:
    """Give back what the bot changed, until the Salesforce owners are deleted."""
    if "owners_deleted" in run.irreversible:
        raise Refused(
            "owners_deleted",
            N_("The Salesforce owners are deleted; records cannot be given back to them."),
            N_("Reassign single records in HubSpot where you need to."),
        )
    if not run.job:
        raise Refused(
            "nothing_to_undo",
            N_("The bot has changed no record yet."),
            N_("Nothing needs to be undone."),
        )
    if run.state is State.REASSIGNING:
        _needs_job(run, "finished")
    owned = run.owner(action.owner_id) if action.owner_id else None
    if action.owner_id and owned is None:
        raise unknown_owner()
    if action.object_type and action.object_type not in run.known_types:
        raise unknown_object_type(action.object_type)
    return [
        e.UndoStarted(
            job=run.job + 1,
            owner_id=action.owner_id,
            owner_name=owned.owner.label if owned else "",
            object_type=action.object_type,
        )
    ]


def undone(run: Run, action: c.RecordUndone, command: c.Command, now: datetime) -> list[e.Event]:
    """Note what was given back; the owners are counted anew."""
    if action.job != run.job or run.job_state not in {"undoing", "ending_undo"}:
        raise Refused(
            "job_not_running", N_("This job is not running."), N_("Nothing needs to be done.")
        )
    return [
        e.ReassignmentUndone(
            job=action.job,
            restored=action.restored,
            left_alone=action.left_alone,
            still_changed=action.still_changed,
        )
    ]


def report_deleted(run: Run, action: c.Action, command: c.Command, now: datetime) -> list[e.Event]:
    """Take in that P2c–e are done; offered only while a fresh count finds nothing left."""
    if run.cleanup_reported_at is not None:
        raise _already_reported()
    if run.records_left:
        raise Refused(
            "records_left",
            N_("{count} records still belong to Salesforce owners.", count=run.records_left),
            N_("Reassign them before the Salesforce owners are deleted."),
        )
    return [e.OwnersDeletionReported()]


def gone(run: Run, action: c.RecordOwnersGone, command: c.Command, now: datetime) -> list[e.Event]:
    """Note that no Salesforce-only owner is listed any more."""
    if run.cleanup_reported_at is not None and action.reading.at < run.cleanup_reported_at:
        return []
    return [e.OwnersDeletionVerified(reading=action.reading)]


def remain(
    run: Run, action: c.RecordOwnersRemain, command: c.Command, now: datetime
) -> list[e.Event]:
    """Take the reported deletion back: owners are still listed; excluded ones may be."""
    if run.cleanup_reported_at is None:
        return []
    left = tuple(owner for owner in action.owners if owner.id not in run.excluded)
    if not left:
        return gone(run, c.RecordOwnersGone(reading=action.reading), command, now)
    return [e.OwnersRemain(owners=left, reading=action.reading)]


def _already_reported() -> Refused:
    return Refused(
        "already_reported",
        N_("The deletion was reported already; the bot is checking it."),
        N_("Wait for the result in the thread."),
    )


def _needs_job(run: Run, *states: str) -> None:
    if run.job_state not in states:
        raise Refused(
            "job_state",
            N_("The job is not in a state that allows this (it is: {state}).", state=run.job_state),
            N_("Look at the latest message in the thread."),
        )
