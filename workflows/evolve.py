"""What each event means for a run. The state is the fold of the events; nothing else changes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from workflows import events as e
from workflows.rules.package import inventory_digest
from workflows.run import BackupTask, Block, Deploying, Run
from workflows.states import State
from workflows.values import Assignment, Evidence, Waiver

Change = dict[str, Any]
_APPLY: dict[type[e.Event], Callable[[Run, Any, e.Recorded], Change]] = {}


def _on(kind: type[e.Event]) -> Callable[[Callable[[Run, Any, e.Recorded], Change]], None]:
    def register(function: Callable[[Run, Any, e.Recorded], Change]) -> None:
        _APPLY[kind] = function

    return register


def evolve(run: Run | None, recorded: e.Recorded) -> Run:
    """Return the run as it is after *recorded*.

    Raises:
        ValueError: if the first event is not ``RunStarted``, a later one is, or a number is
            skipped or repeated.
    """
    event = recorded.event
    if isinstance(event, e.RunStarted):
        if run is not None or recorded.seq != 1:
            raise ValueError("a run starts once, with event 1")
        return Run(
            id=event.run_id,
            account=event.account,
            policy=event.policy,
            reason=event.reason,
            note=event.note,
            requester=recorded.actor.id,
            responsible=recorded.actor.id,
            approvers=event.approvers,
            eligible_approvers=event.eligible_approvers,
            started_at=recorded.at,
            since=recorded.at,
            version=1,
            prompt_version=1,
        )
    if run is None:
        raise ValueError("a run's first event must be RunStarted")
    if recorded.seq != run.version + 1:
        raise ValueError(f"event {recorded.seq} cannot follow event {run.version}")
    change = _APPLY[type(event)](run, event, recorded)
    change["version"] = recorded.seq
    if change.pop("asks", False):
        change["prompt_version"] = recorded.seq
        change["since"] = recorded.at
        change["lapse_noticed"] = False
        change["blocked"] = None
    return run.model_copy(update=change)


def fold(history: Iterable[e.Recorded]) -> Run:
    """Return the run that *history* makes; an empty one is a :class:`ValueError`."""
    run: Run | None = None
    for recorded in history:
        run = evolve(run, recorded)
    if run is None:
        raise ValueError("no events")
    return run


def _to(state: State, **change: Any) -> Change:
    """Enter *state* and ask its first question."""
    return {"state": state, "asks": True, **change}


def _proof(run: Run, step: str, kind: str, by: e.Recorded, reading: Any = None) -> dict[str, Any]:
    evidence = Evidence(kind=kind, at=by.at, by=by.actor, reading=reading)
    return {**run.evidence, step: evidence}


def _ended(recorded: e.Recorded) -> Change:
    return {"ended_at": recorded.at, "blocked": None, "frozen": False, "waits_until": None}


# --- plan and approval -----------------------------------------------------------------------


@_on(e.PlanRequested)
def _plan_requested(run: Run, event: e.PlanRequested, recorded: e.Recorded) -> Change:
    before = run.plan or run.plan_before
    return _to(State.PLANNING, votes={}, plan=None, plan_digest="", plan_before=before)


@_on(e.PlanRecorded)
def _plan_recorded(run: Run, event: e.PlanRecorded, recorded: e.Recorded) -> Change:
    seen = run.last_seen_at
    if event.plan.inventory is not None:
        seen = event.plan.taken_at
    return _to(
        State.AWAITING_APPROVAL,
        plan=event.plan,
        plan_digest=event.digest,
        owners=event.plan.owners,
        last_seen_at=seen,
        votes={},
    )


@_on(e.AdviceAcknowledged)
def _advice(run: Run, event: e.AdviceAcknowledged, recorded: e.Recorded) -> Change:
    return {"advice_acknowledged": True, "asks": True}


@_on(e.Approved)
def _approved(run: Run, event: e.Approved, recorded: e.Recorded) -> Change:
    person = recorded.actor.id
    return {
        "votes": {**run.votes, person: event.digest},
        "vote_groups": {**run.vote_groups, person: event.groups},
    }


@_on(e.ApprovalWithdrawn)
def _withdrawn(run: Run, event: e.ApprovalWithdrawn, recorded: e.Recorded) -> Change:
    return _without(run, recorded.actor.id)


@_on(e.ApprovalVoided)
def _voided(run: Run, event: e.ApprovalVoided, recorded: e.Recorded) -> Change:
    return _without(run, event.person)


def _without(run: Run, person: str) -> Change:
    """Leave out one person's approval."""
    return {"votes": {one: digest for one, digest in run.votes.items() if one != person}}


@_on(e.ApprovalsLapseSoon)
def _lapse_soon(run: Run, event: e.ApprovalsLapseSoon, recorded: e.Recorded) -> Change:
    return {"lapse_noticed": True}


@_on(e.GatePassed)
def _gate_passed(run: Run, event: e.GatePassed, recorded: e.Recorded) -> Change:
    passed = {**run.passed, event.gate: event.approvers}
    proof = _proof(run, f"{event.gate}_approval", "attested", recorded)
    state = State.DISCONNECTING if event.gate == "plan" else State.REMOVING_PACKAGE
    fresh: Change = {"reconfirmed": False, "compared_at": None}
    approved = {**run.approved, event.gate: event.digest}
    return _to(state, votes={}, passed=passed, approved=approved, evidence=proof, **fresh)


@_on(e.Declined)
def _declined(run: Run, event: e.Declined, recorded: e.Recorded) -> Change:
    return _to(State.DECLINED, end_reason=event.reason, **_ended(recorded))


@_on(e.ApprovalsLapsed)
def _lapsed(run: Run, event: e.ApprovalsLapsed, recorded: e.Recorded) -> Change:
    left = {step: proof for step, proof in run.evidence.items() if step != "consent"}
    return {"votes": {}, "consent": False, "evidence": left, "asks": True}


@_on(e.RunExpired)
def _expired(run: Run, event: e.RunExpired, recorded: e.Recorded) -> Change:
    return _to(State.EXPIRED, **_ended(recorded))


# --- step 1: disconnect ----------------------------------------------------------------------


@_on(e.DisconnectReported)
def _disconnect_reported(run: Run, event: e.DisconnectReported, recorded: e.Recorded) -> Change:
    return {
        "disconnect_reported_at": recorded.at,
        "irreversible": _add(run.irreversible, "disconnected"),
        "evidence": _proof(run, "disconnect", "attested", recorded),
        "asks": True,
    }


@_on(e.DisconnectVerified)
def _disconnect_verified(run: Run, event: e.DisconnectVerified, recorded: e.Recorded) -> Change:
    return {
        "disconnect_checked": True,
        "evidence": _proof(run, "disconnect", "verified", recorded, event.reading),
        "asks": True,
    }


@_on(e.DisconnectUnverifiable)
def _unverifiable(run: Run, event: e.DisconnectUnverifiable, recorded: e.Recorded) -> Change:
    return {"disconnect_checked": True, "asks": True}


@_on(e.DisconnectRefuted)
def _disconnect_refuted(run: Run, event: e.DisconnectRefuted, recorded: e.Recorded) -> Change:
    left = {step: proof for step, proof in run.evidence.items() if step != "disconnect"}
    return {
        "disconnect_reported_at": None,
        "evidence": left,
        "irreversible": tuple(code for code in run.irreversible if code != "disconnected"),
        "asks": True,
    }


# --- step 2: owners --------------------------------------------------------------------------


@_on(e.OwnersCounted)
def _owners_counted(run: Run, event: e.OwnersCounted, recorded: e.Recorded) -> Change:
    listed = {owned.owner.id for owned in event.owners}
    owners = tuple(owned.split(run.objects) for owned in event.owners)
    change: Change = {
        "owners": owners,
        "owners_counted": True,
        # Who is no Salesforce-only owner any more keeps their records, whatever was picked before.
        "mapping": {old: target for old, target in run.mapping.items() if old in listed},
    }
    if any(owned.total for owned in owners if owned.owner.id not in run.excluded):
        if run.state is State.REASSIGNING and run.job_state != "recounting":
            return {**change, "job_state": "finished", "asks": True}
        return _to(
            State.MAPPING_OWNERS,
            job_state="",
            # Whoever still owns records was not deleted, whatever was reported.
            cleanup_reported_at=None,
            irreversible=tuple(code for code in run.irreversible if code != "owners_deleted"),
            evidence={
                step: proof
                for step, proof in run.evidence.items()
                if step not in {"reassign", "cleanup"}
            },
            **change,
        )
    if run.state in {State.MAPPING_OWNERS, State.REASSIGNING}:
        proof = _proof(run, "reassign", "verified", recorded, event.reading)
        return _to(State.CLEANING_UP_OWNERS, evidence=proof, job_state="finished", **change)
    return change


@_on(e.NothingToReassign)
def _nothing(run: Run, event: e.NothingToReassign, recorded: e.Recorded) -> Change:
    evidence = dict(run.evidence)
    for step in ("reassign", "cleanup"):
        evidence[step] = Evidence(kind="skipped", at=recorded.at, by=recorded.actor)
    return _to(State.CHOOSING_DATA_COPY, evidence=evidence)


@_on(e.OwnerMapped)
def _owner_mapped(run: Run, event: e.OwnerMapped, recorded: e.Recorded) -> Change:
    targets = (event.target, *event.others)
    assignment = Assignment(targets=targets, kinds=event.kinds)
    return {
        "mapping": {**run.mapping, event.owner_id: assignment},
        "mapping_version": recorded.seq,
    }


@_on(e.MappingFileRequested)
def _file_requested(run: Run, event: e.MappingFileRequested, recorded: e.Recorded) -> Change:
    return {}


@_on(e.OwnerExcluded)
def _excluded(run: Run, event: e.OwnerExcluded, recorded: e.Recorded) -> Change:
    return {"excluded": run.excluded | {event.owner_id}, "mapping_version": recorded.seq}


@_on(e.OwnerIncluded)
def _included(run: Run, event: e.OwnerIncluded, recorded: e.Recorded) -> Change:
    return {"excluded": run.excluded - {event.owner_id}, "mapping_version": recorded.seq}


@_on(e.ObjectsChosen)
def _objects_chosen(run: Run, event: e.ObjectsChosen, recorded: e.Recorded) -> Change:
    return {
        "objects": event.objects,
        "owners": tuple(owned.split(event.objects) for owned in run.owners),
        "mapping_version": recorded.seq,
    }


@_on(e.MappingConfirmed)
def _mapping_confirmed(run: Run, event: e.MappingConfirmed, recorded: e.Recorded) -> Change:
    return _to(
        State.REASSIGNING,
        job=event.job,
        job_state="running",
        confirmed=event.mapping,
        **_no_results(),
    )


@_on(e.ReassignmentRetried)
def _retried_job(run: Run, event: e.ReassignmentRetried, recorded: e.Recorded) -> Change:
    return {"job": event.job, "job_state": "running", "asks": True, **_no_results()}


@_on(e.ReassignmentPaused)
def _paused(run: Run, event: e.ReassignmentPaused, recorded: e.Recorded) -> Change:
    return {"job_state": "paused", "waits_until": None, "asks": True}


@_on(e.ReassignmentResumed)
def _resumed(run: Run, event: e.ReassignmentResumed, recorded: e.Recorded) -> Change:
    return {"job_state": "running", "asks": True}


@_on(e.ReassignmentStopped)
def _job_stopped(run: Run, event: e.ReassignmentStopped, recorded: e.Recorded) -> Change:
    ends = "ending_undo" if run.job_state == "undoing" else "stopping"
    return {"job_state": ends, "waits_until": None, "asks": True}


@_on(e.ReassignmentWaits)
def _waits(run: Run, event: e.ReassignmentWaits, recorded: e.Recorded) -> Change:
    return {"waits_until": event.until}


@_on(e.ReassignmentGoesOn)
def _goes_on(run: Run, event: e.ReassignmentGoesOn, recorded: e.Recorded) -> Change:
    return {"waits_until": None}


@_on(e.ReassignmentFinished)
def _finished(run: Run, event: e.ReassignmentFinished, recorded: e.Recorded) -> Change:
    return {
        "job_state": "counting",
        "tallies": event.tallies,
        "failures": event.failures,
        "failure_count": event.failure_count,
        "records_changed": run.records_changed
        + sum(one.changed + one.overwritten for one in event.tallies),
        "waits_until": None,
        "asks": True,
    }


@_on(e.MappingReopened)
def _mapping_reopened(run: Run, event: e.MappingReopened, recorded: e.Recorded) -> Change:
    left = {step: proof for step, proof in run.evidence.items() if step != "reassign"}
    return _to(State.MAPPING_OWNERS, job_state="", evidence=left)


@_on(e.UndoStarted)
def _undo_started(run: Run, event: e.UndoStarted, recorded: e.Recorded) -> Change:
    left = {step: proof for step, proof in run.evidence.items() if step != "reassign"}
    return _to(
        State.REASSIGNING,
        job=event.job,
        job_state="undoing",
        waits_until=None,
        undo_owner=event.owner_id,
        undo_object=event.object_type,
        evidence=left,
    )


@_on(e.ReassignmentUndone)
def _undone(run: Run, event: e.ReassignmentUndone, recorded: e.Recorded) -> Change:
    still = event.left_alone if event.still_changed is None else event.still_changed
    return {
        "job_state": "recounting",
        "records_changed": still,
        "waits_until": None,
        "asks": True,
        **_no_results(),
    }


@_on(e.OwnersDeletionReported)
def _deletion_reported(run: Run, event: e.OwnersDeletionReported, recorded: e.Recorded) -> Change:
    return {
        "cleanup_reported_at": recorded.at,
        "evidence": _proof(run, "cleanup", "attested", recorded),
        "irreversible": _add(run.irreversible, "owners_deleted"),
        "asks": True,
    }


@_on(e.OwnersRemain)
def _owners_remain(run: Run, event: e.OwnersRemain, recorded: e.Recorded) -> Change:
    left = {step: proof for step, proof in run.evidence.items() if step != "cleanup"}
    return {
        "remaining_owners": event.owners,
        "cleanup_reported_at": None,
        "irreversible": tuple(code for code in run.irreversible if code != "owners_deleted"),
        "evidence": left,
        "asks": True,
    }


@_on(e.OwnersDeletionVerified)
def _deletion_verified(run: Run, event: e.OwnersDeletionVerified, recorded: e.Recorded) -> Change:
    return _to(
        State.CHOOSING_DATA_COPY,
        remaining_owners=(),
        irreversible=_add(run.irreversible, "owners_deleted"),
        evidence=_proof(run, "cleanup", "verified", recorded, event.reading),
    )


# --- step 3: the package ---------------------------------------------------------------------


@_on(e.InventoryRecorded)
def _inventory(run: Run, event: e.InventoryRecorded, recorded: e.Recorded) -> Change:
    return {
        "inventory": event.inventory,
        "inventory_digest": event.digest,
        "last_seen_at": event.reading.at,
        "evidence": _proof(run, "inventory", "verified", recorded, event.reading),
        "asks": True,
    }


@_on(e.PackageAbsent)
def _absent(run: Run, event: e.PackageAbsent, recorded: e.Recorded) -> Change:
    evidence = _proof(run, "removal", "verified", recorded, event.reading)
    for step in ("inventory", "data_copy", "removal_approval", "download"):
        evidence[step] = Evidence(kind="skipped", at=recorded.at, by=recorded.actor)
    return {"inventory": None, "evidence": evidence}


@_on(e.NoCopyProposed)
def _no_copy(run: Run, event: e.NoCopyProposed, recorded: e.Recorded) -> Change:
    return {"no_copy_proposed": True, "asks": True}


@_on(e.BackupStarted)
def _backup_started(run: Run, event: e.BackupStarted, recorded: e.Recorded) -> Change:
    task = BackupTask(number=event.number, started_at=recorded.at, of=event.of)
    return {"backups": event.number, "backing_up": task, "asks": True}


@_on(e.BackupStopped)
def _backup_stopped(run: Run, event: e.BackupStopped, recorded: e.Recorded) -> Change:
    return {"backing_up": None, "blocked": None, "asks": True}


@_on(e.BackupVerified)
def _backup_verified(run: Run, event: e.BackupVerified, recorded: e.Recorded) -> Change:
    return {
        "backing_up": None,
        "backup": event.backup,
        "backup_of": event.of,
        "evidence": _proof(run, "backup", "verified", recorded, event.reading),
        "asks": True,
    }


@_on(e.BackupWaived)
def _backup_waived(run: Run, event: e.BackupWaived, recorded: e.Recorded) -> Change:
    waiver = Waiver(by=recorded.actor.id, at=recorded.at, reason=event.reason)
    return {"waiver": waiver, "waiver_of": event.of, "asks": True}


@_on(e.BackupOutdated)
def _backup_outdated(run: Run, event: e.BackupOutdated, recorded: e.Recorded) -> Change:
    evidence = {step: proof for step, proof in run.evidence.items() if step != "backup"}
    return _choosing_again(
        run,
        no_copy_proposed=True,
        backup=None,
        backup_of="",
        evidence=_without_choice(evidence),
    )


@_on(e.DataCopyChosen)
def _copy_chosen(run: Run, event: e.DataCopyChosen, recorded: e.Recorded) -> Change:
    evidence = _proof(run, "data_copy", "attested", recorded)
    if not event.keep:
        evidence["download"] = Evidence(kind="skipped", at=recorded.at, by=recorded.actor)
    return _to(
        State.AWAITING_REMOVAL_APPROVAL,
        keep_copy=event.keep,
        no_copy_proposed=False,
        removal_digest=event.digest,
        votes={},
        consent=False,
        evidence=evidence,
    )


@_on(e.DataCopyReopened)
def _copy_reopened(run: Run, event: e.DataCopyReopened, recorded: e.Recorded) -> Change:
    return _choosing_again(run, no_copy_proposed=False, evidence=_without_choice(run.evidence))


@_on(e.ConsentGiven)
def _consent(run: Run, event: e.ConsentGiven, recorded: e.Recorded) -> Change:
    return {"consent": True, "evidence": _proof(run, "consent", "attested", recorded)}


@_on(e.InventoryReconfirmed)
def _reconfirmed(run: Run, event: e.InventoryReconfirmed, recorded: e.Recorded) -> Change:
    seen = event.reading.at
    compared = event.reading.at
    return {"reconfirmed": True, "compared_at": compared, "last_seen_at": seen, "asks": True}


@_on(e.ComparisonLapsed)
def _comparison_lapsed(run: Run, event: e.ComparisonLapsed, recorded: e.Recorded) -> Change:
    return {"reconfirmed": False, "asks": True}


@_on(e.InventoryReread)
def _reread(run: Run, event: e.InventoryReread, recorded: e.Recorded) -> Change:
    return {
        "inventory": event.inventory,
        "last_seen_at": event.reading.at,
        "removal_problems": event.inventory.blockers if run.removal_problems else (),
    }


@_on(e.InventoryChanged)
def _inventory_changed(run: Run, event: e.InventoryChanged, recorded: e.Recorded) -> Change:
    evidence = _proof(run, "inventory", "verified", recorded, event.reading)
    fresh: Change = {
        "inventory": event.inventory,
        "inventory_digest": inventory_digest(event.inventory),
        "last_seen_at": event.reading.at,
    }
    if not event.digest:
        # The backup, or its waiver, was of another package: it is asked for again. In histories
        # of before there is a digest here: the choice stood, and was approved anew.
        evidence = _without_choice(evidence)
        return _choosing_again(run, no_copy_proposed=True, evidence=evidence, **fresh)
    without = {"consent", "removal_approval"}
    return _to(
        State.AWAITING_REMOVAL_APPROVAL,
        removal_digest=event.digest,
        votes={},
        consent=False,
        bot_removing=False,
        passed=_without_removal(run),
        removal_before=run.asked_removal or run.removal_before,
        evidence={step: proof for step, proof in evidence.items() if step not in without},
        **fresh,
    )


def _choosing_again(run: Run, **changes: Any) -> Change:
    """Open the data-copy choice again; approvals and consent lapse."""
    return _to(
        State.CHOOSING_DATA_COPY,
        keep_copy=None,
        votes={},
        consent=False,
        bot_removing=False,
        passed=_without_removal(run),
        removal_digest="",
        removal_before=run.asked_removal or run.removal_before,
        **changes,
    )


def _without_removal(run: Run) -> dict[str, tuple[str, ...]]:
    return {gate: who for gate, who in run.passed.items() if gate != "removal"}


def _without_choice(evidence: dict[str, Evidence]) -> dict[str, Evidence]:
    without = {"data_copy", "download", "consent", "removal_approval"}
    return {step: proof for step, proof in evidence.items() if step not in without}


@_on(e.UninstallReported)
def _uninstall_reported(run: Run, event: e.UninstallReported, recorded: e.Recorded) -> Change:
    return {
        "uninstall_reported_at": recorded.at,
        "evidence": _proof(run, "removal", "attested", recorded),
        "removal_problems": (),
        "asks": True,
    }


@_on(e.BotRemovalStarted)
def _bot_removal(run: Run, event: e.BotRemovalStarted, recorded: e.Recorded) -> Change:
    return {
        "bot_removal": event.attempt,
        "bot_removing": True,
        "rehearsal": "",
        "deploying": None,
        "deployed_at": None,
        "removal_problems": (),
        "asks": True,
    }


@_on(e.RemovalRehearsed)
def _rehearsed(run: Run, event: e.RemovalRehearsed, recorded: e.Recorded) -> Change:
    return {"rehearsal": event.outcome}


@_on(e.RemovalDeploying)
def _deploying(run: Run, event: e.RemovalDeploying, recorded: e.Recorded) -> Change:
    return {"deploying": Deploying(at=recorded.at, known=event.known, user=event.user)}


@_on(e.RemovalHeld)
def _held(run: Run, event: e.RemovalHeld, recorded: e.Recorded) -> Change:
    return {"deploying": None}


@_on(e.RemovalDeployed)
def _deployed(run: Run, event: e.RemovalDeployed, recorded: e.Recorded) -> Change:
    return {"deployed_at": recorded.at}


@_on(e.RemovalStalled)
def _stalled(run: Run, event: e.RemovalStalled, recorded: e.Recorded) -> Change:
    left = {step: proof for step, proof in run.evidence.items() if step != "removal"}
    return {
        "uninstall_reported_at": None,
        "bot_removing": False,
        "removal_problems": event.blockers,
        "deploying": None,
        "deployed_at": None,
        "last_seen_at": event.reading.at,
        "evidence": left,
        "asks": True,
    }


@_on(e.RemovalFailed)
def _removal_failed(run: Run, event: e.RemovalFailed, recorded: e.Recorded) -> Change:
    return {
        "bot_removing": False,
        "deploying": None,
        "deployed_at": None,
        "removal_problems": event.problems,
        "failed_removals": run.failed_removals | {event.reference},
        "asks": True,
    }


@_on(e.PackageRemoved)
def _removed(run: Run, event: e.PackageRemoved, recorded: e.Recorded) -> Change:
    change: Change = {
        "removed_at": event.last_seen_at,
        "missing_at": event.reading.at,
        "deadline": event.deadline,
        "backing_up": None,
        "bot_removing": False,
        "deploying": None,
        "irreversible": _add(run.irreversible, "package_removed"),
        "evidence": _proof(run, "removal", "verified", recorded, event.reading),
    }
    if event.deadline is None:
        return change
    change["evidence"].pop("download", None)
    return _to(State.DATA_COPY_WINDOW, **change)


# --- the 48 hours ----------------------------------------------------------------------------


@_on(e.ReminderDue)
def _reminder(run: Run, event: e.ReminderDue, recorded: e.Recorded) -> Change:
    return {"reminders_done": run.reminders_done | {event.before}}


@_on(e.RemindersMissed)
def _reminders_missed(run: Run, event: e.RemindersMissed, recorded: e.Recorded) -> Change:
    return {"reminders_done": run.reminders_done | set(event.missed)}


@_on(e.HelpRequested)
def _help(run: Run, event: e.HelpRequested, recorded: e.Recorded) -> Change:
    return {}


@_on(e.DownloadConfirmed)
def _downloaded(run: Run, event: e.DownloadConfirmed, recorded: e.Recorded) -> Change:
    return {
        "downloaded": True,
        "copy_location": event.where,
        "evidence": _proof(run, "download", "attested", recorded),
    }


@_on(e.WindowEnded)
def _window_ended(run: Run, event: e.WindowEnded, recorded: e.Recorded) -> Change:
    return {
        "downloaded": False,
        "irreversible": _add(run.irreversible, "copy_gone"),
        "evidence": _proof(run, "download", "missed", recorded),
    }


@_on(e.RunCompleted)
def _completed(run: Run, event: e.RunCompleted, recorded: e.Recorded) -> Change:
    return _to(State.COMPLETED, **_ended(recorded))


# --- at any time -----------------------------------------------------------------------------


@_on(e.Cancelled)
def _cancelled(run: Run, event: e.Cancelled, recorded: e.Recorded) -> Change:
    stays = {"end_reason": event.reason, "irreversible": event.irreversible}
    return _to(State.CANCELLED, **stays, **_ended(recorded))


@_on(e.HandedOver)
def _handed_over(run: Run, event: e.HandedOver, recorded: e.Recorded) -> Change:
    votes = {person: digest for person, digest in run.votes.items() if person != event.to}
    return {
        "responsible": event.to,
        "were_responsible": run.were_responsible | {event.was},
        "votes": votes,
    }


@_on(e.Frozen)
def _frozen(run: Run, event: e.Frozen, recorded: e.Recorded) -> Change:
    return {"frozen": True, "frozen_by": recorded.actor.id}


@_on(e.Unfrozen)
def _unfrozen(run: Run, event: e.Unfrozen, recorded: e.Recorded) -> Change:
    return {"frozen": False, "frozen_by": "", "thawed_at": recorded.at}


@_on(e.Blocked)
def _blocked(run: Run, event: e.Blocked, recorded: e.Recorded) -> Change:
    block = Block(
        code=event.code,
        problem=event.problem,
        remedy=event.remedy,
        reference=event.reference,
        job=event.job,
        since=recorded.at,
    )
    return {"blocked": block}


@_on(e.Retried)
def _retried(run: Run, event: e.Retried, recorded: e.Recorded) -> Change:
    return {"blocked": None}


@_on(e.Recovered)
def _recovered(run: Run, event: e.Recovered, recorded: e.Recorded) -> Change:
    return {"blocked": None}


@_on(e.CheckRequested)
def _check(run: Run, event: e.CheckRequested, recorded: e.Recorded) -> Change:
    return {}


@_on(e.CapabilityMissing)
def _missing(run: Run, event: e.CapabilityMissing, recorded: e.Recorded) -> Change:
    return {"missing": run.missing | {event.capability}}


def _add(codes: tuple[str, ...], code: str) -> tuple[str, ...]:
    return codes if code in codes else (*codes, code)


def _no_results() -> Change:
    return {"tallies": (), "failures": (), "failure_count": 0}
