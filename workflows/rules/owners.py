"""Step 2: mapping, reassignment, undo, and the Salesforce owners' deletion (P2)."""

from __future__ import annotations

import hashlib
from datetime import datetime

from workflows import commands as c
from workflows import events as e
from workflows.digest import canonical
from workflows.errors import Refused
from workflows.run import Run
from workflows.states import State
from workflows.text import N_
from workflows.values import Owner


def record(run: Run, action: c.RecordOwners, command: c.Command, now: datetime) -> list[e.Event]:
    """Take a fresh count in; where nothing is left, skip what is not needed."""
    if run.state is State.DISCONNECTING and not run.disconnect_checked:
        return []
    if run.state is State.REASSIGNING and run.job_state in {"running", "paused", "undoing"}:
        return []
    if run.cleanup_reported_at is not None and action.reading.at < run.cleanup_reported_at:
        return []
    counted = e.OwnersCounted(owners=action.owners, reading=action.reading)
    nothing = not sum(owned.total for owned in action.owners)
    if nothing and run.state is State.DISCONNECTING:
        return [counted, e.NothingToReassign()]
    return [counted]


def map_owner(run: Run, action: c.MapOwner, command: c.Command, now: datetime) -> list[e.Event]:
    """Choose the HubSpot owner for one Salesforce-only owner."""
    owned = run.owner(action.owner_id)
    if owned is None:
        raise Refused(
            "unknown_owner",
            N_("This owner is not among the Salesforce-only owners of this run."),
            N_("Open the list again; it may have changed."),
        )
    _refuse_salesforce_only(run, action.target)
    if run.mapping.get(action.owner_id) == action.target:
        return []
    return [_mapped(owned.owner, action.target)]


def map_remaining(
    run: Run, action: c.MapRemaining, command: c.Command, now: datetime
) -> list[e.Event]:
    """Give everything that has no target yet to one HubSpot owner."""
    _refuse_salesforce_only(run, action.target)
    if not run.unmapped:
        raise _nothing_unmapped()
    return [_mapped(owned.owner, action.target) for owned in run.unmapped]


def take_suggestions(
    run: Run, action: c.Action, command: c.Command, now: datetime
) -> list[e.Event]:
    """Take every suggestion for owners without a target."""
    taken = [
        _mapped(owned.owner, owned.suggestion.target)
        for owned in run.unmapped
        if owned.suggestion is not None
    ]
    if not taken:
        raise Refused(
            "no_suggestions",
            N_("There are no suggestions for the owners that are left."),
            N_("Choose their HubSpot owners with the pickers."),
        )
    return [*taken]


def confirm_mapping(
    run: Run, action: c.ConfirmMapping, command: c.Command, now: datetime
) -> list[e.Event]:
    """Start the job with exactly the mapping that is shown."""
    if action.shown != run.mapping_version:
        raise Refused(
            "mapping_changed",
            N_("The mapping was changed after this message was shown to you."),
            N_("Read the refreshed message, then confirm it."),
        )
    if run.unmapped:
        raise Refused(
            "mapping_incomplete",
            N_("{count} owners have no HubSpot owner yet.", count=len(run.unmapped)),
            N_("Choose one for each, or give all that are left to one owner."),
        )
    mapping = {owned.owner.id: run.mapping[owned.owner.id].id for owned in run.to_map}
    return [
        e.MappingConfirmed(digest=mapping_digest(mapping), mapping=mapping, job=run.job + 1),
    ]


def mapping_digest(mapping: dict[str, str]) -> str:
    """SHA-256 of the canonical JSON of old owner id -> new owner id."""
    return hashlib.sha256(canonical(mapping).encode()).hexdigest()


def pause(run: Run, action: c.Action, command: c.Command, now: datetime) -> list[e.Event]:
    """Hold the job."""
    _needs_job(run, "running")
    return [e.ReassignmentPaused()]


def resume(run: Run, action: c.Action, command: c.Command, now: datetime) -> list[e.Event]:
    """Let the job go on."""
    _needs_job(run, "paused")
    return [e.ReassignmentResumed()]


def finished(
    run: Run, action: c.RecordReassigned, command: c.Command, now: datetime
) -> list[e.Event]:
    """Take the job's result in; a fresh count follows."""
    if action.job != run.job or run.job_state not in {"running", "paused"}:
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
    _needs_job(run, "finished", "paused")
    return [e.MappingReopened()]


def undo(run: Run, action: c.Action, command: c.Command, now: datetime) -> list[e.Event]:
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
        _needs_job(run, "finished", "paused")
    return [e.UndoStarted(job=run.job + 1)]


def undone(run: Run, action: c.RecordUndone, command: c.Command, now: datetime) -> list[e.Event]:
    """Note what was given back; the owners are counted anew."""
    if action.job != run.job or run.job_state != "undoing":
        raise Refused(
            "job_not_running", N_("This job is not running."), N_("Nothing needs to be done.")
        )
    return [
        e.ReassignmentUndone(job=action.job, restored=action.restored, left_alone=action.left_alone)
    ]


def report_deleted(run: Run, action: c.Action, command: c.Command, now: datetime) -> list[e.Event]:
    """Take in that P2c–e are done; offered only while a fresh count finds nothing left."""
    if run.cleanup_reported_at is not None:
        raise Refused(
            "already_reported",
            N_("The deletion was reported already; the bot is checking it."),
            N_("Wait for the result in the thread."),
        )
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
    """Take the reported deletion back: owners are still listed."""
    if run.cleanup_reported_at is None:
        return []
    return [e.OwnersRemain(owners=action.owners, reading=action.reading)]


def _mapped(old: Owner, target: Owner) -> e.OwnerMapped:
    return e.OwnerMapped(owner_id=old.id, owner_name=old.label, target=target)


def _refuse_salesforce_only(run: Run, target: Owner) -> None:
    if run.owner(target.id) is not None:
        raise Refused(
            "target_is_salesforce_only",
            N_("{name} exists in Salesforce alone.", name=target.label),
            N_("Choose an owner who is an active HubSpot user."),
        )


def _nothing_unmapped() -> Refused:
    return Refused(
        "nothing_unmapped",
        N_("Every owner has a HubSpot owner already."),
        N_("Check the list, then confirm it."),
    )


def _needs_job(run: Run, *states: str) -> None:
    if run.job_state not in states:
        raise Refused(
            "job_state",
            N_("The job is not in a state that allows this (it is: {state}).", state=run.job_state),
            N_("Look at the latest message in the thread."),
        )
