"""One plausible example of every action, as the bot or a person would send it now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from tests.workflows import samples
from tests.workflows.driver import START_QUESTIONS
from tests.workflows.people import BELA, CARL
from workflows import commands as c
from workflows.rules.approval import shown
from workflows.rules.disconnect import PHRASE
from workflows.run import Run
from workflows.text import N_
from workflows.timers import timers
from workflows.values import BOT, CORE_OBJECTS, Actor, Assignment, Policy, Reading, Reason, Role

Example = Callable[[Run, datetime], c.Action]


def all_actions(of: type[c.Action] = c.Action) -> Iterator[type[c.Action]]:
    """Return every concrete action class there is."""
    for kind in of.__subclasses__():
        if kind.__subclasses__():
            yield from all_actions(kind)
        elif kind.__module__ == c.__name__:
            yield kind


def example(kind: type[c.Action], run: Run, now: datetime) -> c.Action:
    """Return an example of *kind* that fits *run*."""
    return EXAMPLES[kind](run, now)


def command(action: c.Action, run: Run, person: str = "UFRESH") -> c.Command:
    """Return *action* as sent by somebody who may do it, on the prompt in force."""
    if action.by == "bot":
        return c.Command(actor=BOT, action=action)
    if isinstance(action, c.WithdrawApproval):
        person = next(iter(run.votes), person)
    return c.Command(
        actor=Actor(kind="person", id=person),
        roles=frozenset(Role),
        version=run.prompt_version,
        action=action,
    )


def _start(run: Run, now: datetime) -> c.Action:
    return c.StartRun(
        run_id="R2",
        account=samples.ACCOUNT,
        reason=Reason.OTHER,
        confirmed=START_QUESTIONS,
        eligible_approvers=(CARL, BELA),
        policy=Policy(),
    )


def _reading(now: datetime) -> Reading:
    return Reading(at=now, source="GET /somewhere", says="as it is")


def _candidate(run: Run) -> str:
    """Return an owner whom a person would see in the list; the first of the samples if none."""
    return next((owned.owner.id for owned in run.candidates), samples.SAM.id)


def _excluded(run: Run) -> str:
    return next((owned.owner.id for owned in run.excluded_owners), samples.SAM.id)


def _import(run: Run, now: datetime) -> c.Action:
    both = Assignment(targets=(samples.HUGO, samples.HELEN))
    return c.ImportMapping(assignments={_candidate(run): both})


def _due(run: Run, now: datetime) -> c.Action:
    return c.FireTimers(
        due=tuple(
            c.DueTimer(kind=timer.kind, due=timer.due) for timer in timers(run) if timer.due <= now
        )
    )


EXAMPLES: dict[type[c.Action], Example] = {
    c.StartRun: _start,
    c.AcknowledgeAdvice: lambda run, now: c.AcknowledgeAdvice(),
    c.RetakePlan: lambda run, now: c.RetakePlan(),
    c.Approve: lambda run, now: c.Approve(shown=shown(run) or "0" * 12),
    c.WithdrawApproval: lambda run, now: c.WithdrawApproval(),
    c.Decline: lambda run, now: c.Decline(reason="no"),
    c.ReportDisconnected: lambda run, now: c.ReportDisconnected(
        reason="moving", phrase=PHRASE, saved_mappings=frozenset(CORE_OBJECTS)
    ),
    c.MapOwner: lambda run, now: c.MapOwner(owner_id=_candidate(run), target=samples.HELEN),
    c.ImportMapping: _import,
    c.RequestMappingFile: lambda run, now: c.RequestMappingFile(),
    c.ExcludeOwner: lambda run, now: c.ExcludeOwner(owner_id=_candidate(run)),
    c.IncludeOwner: lambda run, now: c.IncludeOwner(owner_id=_excluded(run)),
    c.ChooseObjects: lambda run, now: c.ChooseObjects(others=run.counted_types),
    c.MapRemaining: lambda run, now: c.MapRemaining(target=samples.HUGO),
    c.TakeSuggestions: lambda run, now: c.TakeSuggestions(),
    c.ConfirmMapping: lambda run, now: c.ConfirmMapping(shown=run.mapping_version),
    c.PauseReassignment: lambda run, now: c.PauseReassignment(),
    c.ResumeReassignment: lambda run, now: c.ResumeReassignment(),
    c.StopReassignment: lambda run, now: c.StopReassignment(),
    c.RetryReassignment: lambda run, now: c.RetryReassignment(),
    c.ChangeMapping: lambda run, now: c.ChangeMapping(),
    c.UndoReassignment: lambda run, now: c.UndoReassignment(),
    c.ReportOwnersDeleted: lambda run, now: c.ReportOwnersDeleted(),
    c.ChooseDataCopy: lambda run, now: c.ChooseDataCopy(keep=True),
    c.StartBackup: lambda run, now: c.StartBackup(),
    c.StopBackup: lambda run, now: c.StopBackup(),
    c.WaiveBackup: lambda run, now: c.WaiveBackup(reason="nothing of ours is in it"),
    c.ConfirmNoCopy: lambda run, now: c.ConfirmNoCopy(),
    c.ReconsiderDataCopy: lambda run, now: c.ReconsiderDataCopy(),
    c.GiveConsent: lambda run, now: c.GiveConsent(),
    c.ReportUninstalled: lambda run, now: c.ReportUninstalled(),
    c.RemoveByBot: lambda run, now: c.RemoveByBot(),
    c.ConfirmDownloaded: lambda run, now: c.ConfirmDownloaded(where="the vault"),
    c.CheckNow: lambda run, now: c.CheckNow(),
    c.AskWhoElse: lambda run, now: c.AskWhoElse(),
    c.Retry: lambda run, now: c.Retry(),
    c.Cancel: lambda run, now: c.Cancel(reason="enough"),
    c.HandOver: lambda run, now: c.HandOver(to=BELA, to_roles=frozenset({Role.ADMINISTRATOR})),
    c.Freeze: lambda run, now: c.Freeze(),
    c.Unfreeze: lambda run, now: c.Unfreeze(),
    c.RecordPlan: lambda run, now: c.RecordPlan(plan=samples.plan(now)),
    c.RecordSyncQuiet: lambda run, now: c.RecordSyncQuiet(reading=_reading(now)),
    c.RecordSyncRunning: lambda run, now: c.RecordSyncRunning(reading=_reading(now), last_sync=now),
    c.RecordSyncUnreadable: lambda run, now: c.RecordSyncUnreadable(why=N_("No such property.")),
    c.RecordOwners: lambda run, now: c.RecordOwners(owners=samples.OWNERS, reading=_reading(now)),
    c.RecordReassigned: lambda run, now: c.RecordReassigned(job=run.job, tallies=()),
    c.RecordReassignmentWaiting: lambda run, now: c.RecordReassignmentWaiting(
        job=run.job, until=now + timedelta(hours=9), remaining=100, reserve=100
    ),
    c.RecordReassignmentGoesOn: lambda run, now: c.RecordReassignmentGoesOn(job=run.job),
    c.RecordUndone: lambda run, now: c.RecordUndone(
        job=run.job, restored=1, left_alone=0, still_changed=0
    ),
    c.RecordOwnersGone: lambda run, now: c.RecordOwnersGone(reading=_reading(now)),
    c.RecordOwnersRemain: lambda run, now: c.RecordOwnersRemain(
        owners=(samples.SAM,), reading=_reading(now)
    ),
    c.RecordInventory: lambda run, now: c.RecordInventory(
        inventory=samples.inventory(), reading=_reading(now)
    ),
    c.RecordBackup: lambda run, now: c.RecordBackup(
        number=run.backups, backup=samples.backup(run.backups, began=now), reading=_reading(now)
    ),
    c.RecordBackupOutdated: lambda run, now: c.RecordBackupOutdated(
        changed=3, reading=_reading(now)
    ),
    c.RecordPackageAbsent: lambda run, now: c.RecordPackageAbsent(reading=_reading(now)),
    c.RecordPackageGone: lambda run, now: c.RecordPackageGone(
        last_seen_at=now - timedelta(minutes=1), reading=_reading(now)
    ),
    c.RecordRemovalStalled: lambda run, now: c.RecordRemovalStalled(
        blockers=(samples.BLOCKER,), reading=_reading(now)
    ),
    c.RecordRehearsal: lambda run, now: c.RecordRehearsal(
        attempt=run.bot_removal, outcome="passed", reference="0Af0"
    ),
    c.RecordRemovalDeploying: lambda run, now: c.RecordRemovalDeploying(
        attempt=run.bot_removal, known=("0Af0",), user="005BOT"
    ),
    c.RecordRemovalHeld: lambda run, now: c.RecordRemovalHeld(attempt=run.bot_removal),
    c.RecordRemovalDeployed: lambda run, now: c.RecordRemovalDeployed(
        attempt=run.bot_removal, reference="0Af1"
    ),
    c.RecordRemovalFailed: lambda run, now: c.RecordRemovalFailed(problems=(samples.BLOCKER,)),
    c.RecordBlocked: lambda run, now: c.RecordBlocked(
        code="token_refused", problem=N_("Refused."), remedy=N_("Mend it.")
    ),
    c.RecordRecovered: lambda run, now: c.RecordRecovered(),
    c.RecordCapabilityMissing: lambda run, now: c.RecordCapabilityMissing(
        capability="audit_logs", problem=N_("Not granted.")
    ),
    c.FireTimers: _due,
}
