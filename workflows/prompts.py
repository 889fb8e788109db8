"""What is asked now, of whom, by when, with which choices. Never how it looks."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Literal

from workflows import commands as c
from workflows.base import Instant, Value
from workflows.rules.approval import may_decide, needs_acknowledgement
from workflows.run import Run, waited_since
from workflows.states import State
from workflows.timers import timers


class Ask(StrEnum):
    """The kinds of prompt; each has one message in :mod:`handlers`."""

    WAIT_PLAN = "wait_plan"
    ACKNOWLEDGE_ADVICE = "acknowledge_advice"
    APPROVE_PLAN = "approve_plan"
    DISCONNECT = "disconnect"
    WAIT_SYNC = "wait_sync"
    WAIT_OWNERS = "wait_owners"
    MAP_OWNERS = "map_owners"
    WAIT_REASSIGNMENT = "wait_reassignment"
    REASSIGNMENT_PAUSED = "reassignment_paused"
    WAIT_STOP = "wait_stop"
    WAIT_COUNT = "wait_count"
    REASSIGNMENT_LEFT = "reassignment_left"
    WAIT_UNDO = "wait_undo"
    DELETE_OWNERS = "delete_owners"
    WAIT_OWNERS_GONE = "wait_owners_gone"
    WAIT_INVENTORY = "wait_inventory"
    CHOOSE_DATA_COPY = "choose_data_copy"
    CONFIRM_NO_COPY = "confirm_no_copy"
    WAIT_BACKUP = "wait_backup"
    APPROVE_REMOVAL = "approve_removal"
    WAIT_RECONFIRMATION = "wait_reconfirmation"
    COMPARE_AGAIN = "compare_again"
    REMOVE_PACKAGE = "remove_package"
    WAIT_REMOVAL = "wait_removal"
    DOWNLOAD_COPY = "download_copy"
    OVER = "over"


class Prompt(Value):
    """One question. ``choices`` are the names of the actions that may answer it."""

    ask: Ask
    version: int
    of: Literal["administrator", "approver", "bot", "nobody"]
    people: tuple[str, ...] = ()
    since: Instant
    due: Instant | None = None
    choices: tuple[str, ...] = ()


_CHOICES: dict[Ask, tuple[type[c.Action], ...]] = {
    Ask.ACKNOWLEDGE_ADVICE: (c.AcknowledgeAdvice,),
    Ask.APPROVE_PLAN: (c.Approve, c.WithdrawApproval, c.Decline, c.RetakePlan),
    Ask.DISCONNECT: (c.ReportDisconnected,),
    Ask.WAIT_SYNC: (c.CheckNow,),
    Ask.MAP_OWNERS: (
        c.MapOwner,
        c.MapRemaining,
        c.ImportMapping,
        c.RequestMappingFile,
        c.ExcludeOwner,
        c.IncludeOwner,
        c.ChooseObjects,
        c.TakeSuggestions,
        c.ConfirmMapping,
        c.CheckNow,
        c.UndoReassignment,
    ),
    Ask.WAIT_REASSIGNMENT: (c.PauseReassignment, c.StopReassignment),
    Ask.WAIT_UNDO: (c.StopReassignment,),
    # What a job did is checked and counted before its mapping is changed, or it is undone.
    Ask.REASSIGNMENT_PAUSED: (c.ResumeReassignment, c.StopReassignment),
    Ask.REASSIGNMENT_LEFT: (c.RetryReassignment, c.ChangeMapping, c.UndoReassignment),
    Ask.DELETE_OWNERS: (
        c.ReportOwnersDeleted,
        c.CheckNow,
        c.ChangeMapping,
        c.UndoReassignment,
    ),
    Ask.WAIT_OWNERS_GONE: (c.CheckNow,),
    Ask.CHOOSE_DATA_COPY: (c.ChooseDataCopy, c.StartBackup, c.CheckNow),
    Ask.CONFIRM_NO_COPY: (c.ConfirmNoCopy, c.StartBackup, c.WaiveBackup, c.ReconsiderDataCopy),
    Ask.WAIT_BACKUP: (c.StopBackup,),
    Ask.APPROVE_REMOVAL: (
        c.Approve,
        c.WithdrawApproval,
        c.Decline,
        c.GiveConsent,
        c.ReconsiderDataCopy,
        c.CheckNow,
    ),
    Ask.COMPARE_AGAIN: (c.CheckNow, c.ReconsiderDataCopy),
    Ask.REMOVE_PACKAGE: (c.ReportUninstalled, c.RemoveByBot, c.ReconsiderDataCopy, c.CheckNow),
    Ask.WAIT_REMOVAL: (c.CheckNow,),
    Ask.DOWNLOAD_COPY: (c.ConfirmDownloaded, c.AskWhoElse),
}
_OF_APPROVERS = {Ask.APPROVE_PLAN, Ask.APPROVE_REMOVAL}


def prompt(run: Run) -> Prompt:
    """Return what *run* asks now."""
    ask = _ask(run)
    deadlines = [timer.due for timer in timers(run) if not _only_tells(timer.kind)]
    people: tuple[str, ...] = ()
    of: Literal["administrator", "approver", "bot", "nobody"] = "administrator"
    if ask is Ask.OVER:
        of = "nobody"
    elif run.blocked is None and ask.value.startswith("wait_"):
        of = "bot"
    elif ask in _OF_APPROVERS and run.blocked is None:
        of = "approver"
        wanted = run.approvers or run.eligible_approvers
        people = tuple(
            person for person in wanted if person not in run.votes and may_decide(run, person)
        )
    else:
        people = (run.responsible,)
    return Prompt(
        ask=ask,
        version=run.prompt_version,
        of=of,
        people=people,
        since=waited_since(run),
        due=run.deadline if ask is Ask.DOWNLOAD_COPY else min(deadlines, default=None),
        choices=tuple(action.__name__ for action in _choices(run, ask)),
    )


def _only_tells(kind: str) -> bool:
    """Say whether a timer is about a deadline, and none itself."""
    return kind.startswith("reminder:") or kind == "approvals_lapse_soon"


def _choices(run: Run, ask: Ask) -> list[type[c.Action]]:
    """Return the actions that the rules would take now."""
    choices = list(_CHOICES.get(ask, ()))
    unwanted: set[type[c.Action]] = set()
    if not run.job or "owners_deleted" in run.irreversible:
        unwanted.add(c.UndoReassignment)
    if not run.suggested:
        unwanted.add(c.TakeSuggestions)
    if not run.candidates:
        unwanted |= {c.MapOwner, c.ImportMapping, c.ExcludeOwner}
    if not run.excluded_owners:
        unwanted.add(c.IncludeOwner)
    if ask is Ask.DELETE_OWNERS and not run.leaves_records:
        unwanted.add(c.ChangeMapping)
    if not run.unmapped:
        unwanted.add(c.MapRemaining)
    else:
        unwanted |= {c.ConfirmMapping, c.RetryReassignment}
    if not run.to_map:
        unwanted.add(c.ConfirmMapping)
    if run.unconfirmed:
        unwanted.add(c.RetryReassignment)
    if run.secured:
        unwanted |= {c.StartBackup, c.WaiveBackup}
    else:
        unwanted.add(c.ConfirmNoCopy)
    if run.keep_copy is not False or not run.secured:
        unwanted.add(c.RemoveByBot)
    if run.consent:
        unwanted.add(c.GiveConsent)
    if not run.votes:
        unwanted.add(c.WithdrawApproval)
    return [action for action in choices if action not in unwanted]


def _ask(run: Run) -> Ask:
    match run.state:
        case State.PLANNING:
            return Ask.WAIT_PLAN
        case State.AWAITING_APPROVAL:
            return Ask.ACKNOWLEDGE_ADVICE if needs_acknowledgement(run) else Ask.APPROVE_PLAN
        case State.DISCONNECTING:
            if run.disconnect_reported_at is None:
                return Ask.DISCONNECT
            return Ask.WAIT_OWNERS if run.disconnect_checked else Ask.WAIT_SYNC
        case State.MAPPING_OWNERS:
            return Ask.MAP_OWNERS
        case State.REASSIGNING:
            return {
                "running": Ask.WAIT_REASSIGNMENT,
                "stopping": Ask.WAIT_STOP,
                "ending_undo": Ask.WAIT_STOP,
                "paused": Ask.REASSIGNMENT_PAUSED,
                "undoing": Ask.WAIT_UNDO,
                "finished": Ask.REASSIGNMENT_LEFT,
            }.get(run.job_state, Ask.WAIT_COUNT)
        case State.CLEANING_UP_OWNERS:
            return Ask.DELETE_OWNERS if run.cleanup_reported_at is None else Ask.WAIT_OWNERS_GONE
        case State.CHOOSING_DATA_COPY:
            if run.inventory is None:
                return Ask.WAIT_INVENTORY
            if run.backing_up is not None:
                return Ask.WAIT_BACKUP
            return Ask.CONFIRM_NO_COPY if run.no_copy_proposed else Ask.CHOOSE_DATA_COPY
        case State.AWAITING_REMOVAL_APPROVAL:
            return Ask.APPROVE_REMOVAL
        case State.REMOVING_PACKAGE:
            if not run.reconfirmed:
                lapsed = run.compared_at is not None
                return Ask.COMPARE_AGAIN if lapsed else Ask.WAIT_RECONFIRMATION
            waiting = run.uninstall_reported_at is not None or run.bot_removing
            return Ask.WAIT_REMOVAL if waiting else Ask.REMOVE_PACKAGE
        case State.DATA_COPY_WINDOW:
            return Ask.DOWNLOAD_COPY
        case _:
            return Ask.OVER


def time_left(run: Run, now: Instant) -> timedelta | None:
    """Return how long the data copy can still be downloaded, or None where there is none."""
    return None if run.deadline is None else run.deadline - now
