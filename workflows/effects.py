"""What should happen outside after an event. Effects are data: the worker carries them out.

An effect's ``key`` is unique in its run: asking for the same effect again while it is pending
changes nothing but its time. Effects of one ``lane`` are carried out one after the other, in order.
"""

from __future__ import annotations

from typing import Literal

from workflows import events as e
from workflows.base import Value
from workflows.rules.package import same_listing
from workflows.run import Run
from workflows.states import State
from workflows.timers import reminders

Lane = Literal["audit", "thread", "job", "reminders"]


class Effect(Value):
    """One thing to do outside: its kind, its key in the run, its lane, and its arguments."""

    kind: str
    key: str
    lane: Lane
    data: dict[str, str | int] = {}


def effects(before: Run | None, recorded: e.Recorded, after: Run) -> list[Effect]:
    """Return what *recorded* asks for, given the run before and after it."""
    event = recorded.event
    result = [_audit(recorded)]
    if before is None:
        return [*result, _card(), _prompt(after), *_work(event, after)]
    if not same_listing(before.inventory, after.inventory) and after.inventory is not None:
        result.append(_file("inventory_file", f"inventory_file:{recorded.seq}"))
    moved = after.prompt_version != before.prompt_version
    if moved:
        result.append(
            Effect(
                kind="close_prompt",
                key=f"close_prompt:{before.prompt_version}",
                lane="thread",
                data={"version": before.prompt_version, "by": recorded.seq},
            )
        )
        result.append(_prompt(after))
    elif _shows(event):
        result.append(_prompt(after))
    result.extend(_notices(recorded))
    result.append(_card())
    result.extend(_work(event, after))
    if before.blocked and not after.blocked and not isinstance(event, e.Recovered):
        # A block ends its work, however it was answered.
        asked = {effect.key for effect in result}
        result.extend(effect for effect in _lasting(after) if effect.key not in asked)
    if after.state.final and not before.state.final:
        result.append(_file("report_file", "report_file"))
    if isinstance(event, e.HandedOver):
        result.extend(_hand_over_reminders(before, after))
    return result


def _audit(recorded: e.Recorded) -> Effect:
    seq = recorded.seq
    return Effect(kind="audit_line", key=f"audit:{seq}", lane="audit", data={"seq": seq})


def _card() -> Effect:
    return Effect(kind="card", key="card", lane="thread")


def _prompt(run: Run) -> Effect:
    """Post or refresh the message of the prompt now in force."""
    version = run.prompt_version
    return Effect(kind="prompt", key=f"prompt:{version}", lane="thread", data={"version": version})


def _shows(event: e.Event) -> bool:
    """Say whether an event that asks nothing new still changes what the prompt's message shows."""
    return isinstance(
        event,
        e.Approved
        | e.ApprovalWithdrawn
        | e.ApprovalVoided
        | e.ConsentGiven
        | e.OwnerMapped
        | e.OwnersCounted
        | e.InventoryReread
        | e.OwnerExcluded
        | e.OwnerIncluded
        | e.ObjectsChosen
        | e.ReassignmentWaits
        | e.ReassignmentGoesOn
        | e.RemovalRehearsed
        | e.RemovalDeploying
        | e.RemovalHeld
        | e.RemovalDeployed
        | e.Blocked
        | e.Retried
        | e.Recovered
        | e.Frozen
        | e.Unfrozen
        | e.HandedOver
        | e.CapabilityMissing
        | e.ReminderDue
        | e.RemindersMissed,
    )


def _notices(recorded: e.Recorded) -> list[Effect]:
    """Return messages of their own in the thread, besides the prompt."""
    event = recorded.event
    told = (
        e.HandedOver
        | e.Frozen
        | e.Unfrozen
        | e.Blocked
        | e.CapabilityMissing
        | e.DisconnectRefuted
        | e.DisconnectUnverifiable
        | e.OwnersRemain
        | e.NothingToReassign
        | e.PackageAbsent
        | e.ReassignmentWaits
        | e.ReassignmentFinished
        | e.ReassignmentUndone
        | e.InventoryChanged
        | e.BackupWaived
        | e.BackupOutdated
        | e.RemovalRehearsed
        | e.RemovalStalled
        | e.RemovalFailed
        | e.HelpRequested
        | e.WindowEnded
        | e.ApprovalsLapsed
        | e.ApprovalsLapseSoon
        | e.ApprovalWithdrawn
        | e.ApprovalVoided
    )
    if not isinstance(event, told):
        return []
    seq = recorded.seq
    return [Effect(kind="notice", key=f"notice:{seq}", lane="thread", data={"seq": seq})]


def _job(kind: str, key: str = "", **data: str | int) -> Effect:
    return Effect(kind=kind, key=key or kind, lane="job", data=data)


def _work(event: e.Event, run: Run) -> list[Effect]:
    """Return what the bot does by itself after *event*."""
    match event:
        case e.RunStarted() | e.PlanRequested():
            return [_job("take_plan")]
        case e.DisconnectReported():
            return [_job("watch_sync")]
        case e.DisconnectVerified() | e.DisconnectUnverifiable():
            return [_job("count_owners")]
        case e.ReassignmentFinished() | e.ReassignmentUndone():
            return [_job("count_owners"), *_result_file(event)]
        case e.OwnerExcluded() | e.ObjectsChosen() if not run.to_map:
            return [_job("count_owners")]
        case e.MappingFileRequested():
            return [_file("mapping_file", f"mapping_file:{run.version}")]
        case e.MappingConfirmed() | e.ReassignmentRetried():
            return [_job("reassign", f"reassign:{run.job}", job=run.job)]
        case e.ReassignmentStopped() if run.job_state == "ending_undo":
            return [_job("undo", f"undo:{run.job}", job=run.job)]
        case e.ReassignmentResumed() | e.ReassignmentStopped():
            return [_job("reassign", f"reassign:{run.job}", job=run.job)]
        case e.UndoStarted():
            return [_job("undo", f"undo:{run.job}", job=run.job)]
        case e.OwnersDeletionReported():
            return [_job("watch_owners_gone")]
        case e.OwnersDeletionVerified() | e.NothingToReassign():
            return [_job("take_inventory")]
        case e.GatePassed(gate="removal"):
            return [_job("take_inventory")]
        case e.InventoryRecorded() | e.DataCopyReopened() | e.BackupOutdated():
            return [_job("watch_package")]
        case e.BackupStarted():
            return [_back_up(event.number)]
        case e.InventoryReconfirmed() | e.UninstallReported():
            return [_job("watch_package")]
        case e.BotRemovalStarted():
            return [
                _job("remove_package", f"remove_package:{event.attempt}", attempt=event.attempt),
                _job("watch_package"),
            ]
        case e.PackageRemoved() if run.deadline is not None:
            return _lay_reminders(run)
        case e.DownloadConfirmed() | e.Cancelled():
            return _lift_reminders(run)
        case e.ReminderDue():
            return [
                _reminder("send_reminder", event.before, person)
                for person in recipients(run, event.before)
            ]
        case e.RemindersMissed():
            seq = run.version
            key = f"settle_missed:{seq}"
            return [Effect(kind="settle_missed", key=key, lane="reminders", data={"seq": seq})]
        case e.CheckRequested() | e.Retried():
            return _again(run)
        case _:
            return []


def _back_up(number: int) -> Effect:
    return _job("back_up", f"back_up:{number}", number=number)


def _result_file(event: e.ReassignmentFinished | e.ReassignmentUndone) -> list[Effect]:
    """List what a job did not do, record by record, where there is any."""
    if isinstance(event, e.ReassignmentUndone):
        missed = event.left_alone
    else:
        missed = sum(one.failed + one.left_alone + one.overwritten for one in event.tallies)
    return [_file("result_file", f"result_file:{event.job}", job=event.job)] if missed else []


def _file(kind: str, key: str, **data: str | int) -> Effect:
    return Effect(kind=kind, key=key, lane="thread", data=data)


def recipients(run: Run, before: int) -> list[str]:
    """Return who is reminded: the channel, the responsible person, later the approvers too."""
    people = ["channel", run.responsible]
    if before <= run.policy.approvers_from:
        people += [person for person in run.eligible_approvers if person not in people]
    return people


def _lay_reminders(run: Run) -> list[Effect]:
    """Lay every reminder in Slack too, so that it comes even when the bot is down."""
    return [
        _reminder("lay_reminder", before, person)
        for before in reminders(run)
        for person in recipients(run, before)
    ]


def _hand_over_reminders(before: Run, after: Run) -> list[Effect]:
    """Take back what lies in Slack for the one who was responsible; lay it for the one who is."""
    moved: list[Effect] = []
    for lead in reminders(after):
        if lead in after.reminders_done or after.state is not State.DATA_COPY_WINDOW:
            continue
        was, now = recipients(before, lead), recipients(after, lead)
        moved += [_reminder("lift_reminder", lead, to) for to in was if to not in now]
        moved += [_reminder("lay_reminder", lead, to) for to in now if to not in was]
    return moved


def _lift_reminders(run: Run) -> list[Effect]:
    return [
        _reminder("lift_reminder", before, person)
        for before in reminders(run)
        if before not in run.reminders_done
        for person in recipients(run, before)
    ]


def _reminder(kind: str, before: int, person: str) -> Effect:
    return Effect(
        kind=kind,
        key=f"{kind}:{before}:{person}",
        lane="reminders",
        data={"before": before, "to": person},
    )


def _again(run: Run) -> list[Effect]:
    """Return the work of the present state, to be done (again) now."""
    match run.state:
        case State.PLANNING:
            return [_job("take_plan")]
        case State.DISCONNECTING:
            if run.disconnect_reported_at is None:
                return []
            return [_job("count_owners" if run.disconnect_checked else "watch_sync")]
        case State.MAPPING_OWNERS:
            return [_job("count_owners")]
        case State.REASSIGNING:
            return _job_again(run)
        case State.CLEANING_UP_OWNERS:
            reported = run.cleanup_reported_at is not None
            return [_job("watch_owners_gone" if reported else "count_owners")]
        case State.CHOOSING_DATA_COPY if run.backing_up is not None:
            return _lasting(run)
        case State.CHOOSING_DATA_COPY | State.AWAITING_REMOVAL_APPROVAL:
            return [_job("take_inventory"), _job("watch_package")]
        case State.REMOVING_PACKAGE:
            if not run.reconfirmed:
                return [_job("take_inventory"), _job("watch_package")]
            if run.bot_removing and run.deployed_at is None:
                attempt = run.bot_removal
                return [
                    _job("remove_package", f"remove_package:{attempt}", attempt=attempt),
                    _job("watch_package"),
                ]
            if run.uninstall_reported_at is None and run.deployed_at is None:
                return [_job("take_inventory"), _job("watch_package")]
            return [_job("watch_package")]
        case _:
            return []


def _lasting(run: Run) -> list[Effect]:
    """Return the work that goes on whatever is asked meanwhile: a backup, and the watch."""
    watched = (State.CHOOSING_DATA_COPY, State.AWAITING_REMOVAL_APPROVAL, State.REMOVING_PACKAGE)
    if run.state not in watched:
        return []
    made = [_back_up(run.backing_up.number)] if run.backing_up is not None else []
    return [*made, _job("watch_package")]


def _job_again(run: Run) -> list[Effect]:
    if run.job_state in {"counting", "recounting"}:
        return [_job("count_owners")]
    if run.job_state in {"running", "stopping"}:
        return [_job("reassign", f"reassign:{run.job}", job=run.job)]
    if run.job_state in {"undoing", "ending_undo"}:
        return [_job("undo", f"undo:{run.job}", job=run.job)]
    return []
