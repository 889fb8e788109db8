"""Who speaks to a run in these tests: people, and the bot. Each method is something they say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from tests.workflows import samples
from tests.workflows.people import APPROVERS, ROLES
from workflows import commands as c
from workflows import events as e
from workflows.rules.approval import shown
from workflows.rules.disconnect import PHRASE
from workflows.text import N_
from workflows.timers import timers
from workflows.values import (
    BOT,
    CORE_OBJECTS,
    Actor,
    Assignment,
    Blocker,
    Inventory,
    OwnedRecords,
    Owner,
    Policy,
    Reading,
    Reason,
    Role,
    SuggestionKind,
)

if TYPE_CHECKING:
    from tests.workflows.driver import Conversation

START_QUESTIONS = frozenset({"P0a", "P0b", "P0c"})
NOW = "now"


class Person:
    """Somebody who speaks to the run; each method is something they do."""

    def __init__(self, talk: Conversation, actor: Actor, roles: frozenset[Role]) -> None:
        self.talk = talk
        self.actor = actor
        self.roles = roles

    def does(self, action: c.Action, version: int | str | None = NOW) -> list[e.Event]:
        """Do *action*, answering the prompt now in force unless another version is named."""
        if version == NOW:
            version = self.talk.run.prompt_version if self.talk.started else None
        assert not isinstance(version, str)
        return self.talk.execute(
            c.Command(actor=self.actor, roles=self.roles, version=version, action=action)
        )

    def starts(
        self,
        reason: Reason = Reason.LEAVING_SALESFORCE,
        *,
        confirmed: frozenset[str] = START_QUESTIONS,
        approvers: tuple[str, ...] = (),
        eligible: tuple[str, ...] = APPROVERS,
        policy: Policy | None = None,
    ) -> list[e.Event]:
        return self.does(
            c.StartRun(
                run_id="R1",
                account=samples.ACCOUNT,
                reason=reason,
                confirmed=confirmed,
                approvers=approvers,
                eligible_approvers=eligible,
                group_members=dict.fromkeys((policy or Policy()).groups, eligible),
                policy=policy or Policy(),
            )
        )

    def insists(self) -> list[e.Event]:
        return self.does(c.AcknowledgeAdvice())

    def asks_for_a_new_plan(self) -> list[e.Event]:
        return self.does(c.RetakePlan())

    def approves(self) -> list[e.Event]:
        return self.does(c.Approve(shown=shown(self.talk.run)))

    def declines(self, reason: str = "Not this quarter") -> list[e.Event]:
        return self.does(c.Decline(reason=reason))

    def reports_the_disconnect(
        self,
        phrase: str = PHRASE,
        reason: str = "Switching systems",
        saved: tuple[str, ...] = CORE_OBJECTS,
    ) -> list[e.Event]:
        return self.does(
            c.ReportDisconnected(reason=reason, phrase=phrase, saved_mappings=frozenset(saved))
        )

    def maps(self, owner: Owner, target: Owner, *others: Owner, **kinds: Owner) -> list[e.Event]:
        """Give the owner's records to *target* and the *others* in turn, but *kinds* to one."""
        return self.does(
            c.MapOwner(owner_id=owner.id, target=target, others=others, kinds=kinds),
        )

    def imports(self, assignments: Mapping[Owner, Assignment]) -> list[e.Event]:
        by_id = {owner.id: assignment for owner, assignment in assignments.items()}
        return self.does(c.ImportMapping(assignments=by_id))

    def asks_for_the_file(self) -> list[e.Event]:
        return self.does(c.RequestMappingFile())

    def excludes(self, owner: Owner) -> list[e.Event]:
        return self.does(c.ExcludeOwner(owner_id=owner.id))

    def includes(self, owner: Owner) -> list[e.Event]:
        return self.does(c.IncludeOwner(owner_id=owner.id))

    def chooses(self, *others: str) -> list[e.Event]:
        """Choose these object types besides the procedure's own."""
        return self.does(c.ChooseObjects(others=frozenset(others)))

    def maps_the_rest_to(self, target: Owner) -> list[e.Event]:
        return self.does(c.MapRemaining(target=target))

    def takes_the_suggestions(self, why: SuggestionKind | None = None) -> list[e.Event]:
        return self.does(c.TakeSuggestions(why=why or ""))

    def confirms_the_mapping(self, shown: int | None = None) -> list[e.Event]:
        """Confirm the mapping as it is now, or as it was when this version of it was shown."""
        version = self.talk.run.mapping_version if shown is None else shown
        return self.does(c.ConfirmMapping(shown=version))

    def pauses(self) -> list[e.Event]:
        return self.does(c.PauseReassignment())

    def resumes(self) -> list[e.Event]:
        return self.does(c.ResumeReassignment())

    def stops(self) -> list[e.Event]:
        return self.does(c.StopReassignment())

    def tries_the_rest_again(self) -> list[e.Event]:
        return self.does(c.RetryReassignment())

    def changes_the_mapping(self) -> list[e.Event]:
        return self.does(c.ChangeMapping())

    def undoes(self, owner: Owner | None = None, object_type: str = "") -> list[e.Event]:
        """Give back all, or what is the owner's, or of the type, or both."""
        owner_id = owner.id if owner else ""
        return self.does(c.UndoReassignment(owner_id=owner_id, object_type=object_type))

    def reports_the_owners_deleted(self) -> list[e.Event]:
        return self.does(c.ReportOwnersDeleted())

    def keeps_a_copy(self) -> list[e.Event]:
        return self.does(c.ChooseDataCopy(keep=True))

    def keeps_no_copy(self) -> list[e.Event]:
        return self.does(c.ChooseDataCopy(keep=False))

    def starts_a_backup(self) -> list[e.Event]:
        return self.does(c.StartBackup())

    def stops_the_backup(self) -> list[e.Event]:
        return self.does(c.StopBackup())

    def waives_the_backup(self, reason: str = "Nothing in it is ours") -> list[e.Event]:
        return self.does(c.WaiveBackup(reason=reason))

    def confirms_no_copy(self) -> list[e.Event]:
        return self.does(c.ConfirmNoCopy())

    def reconsiders(self) -> list[e.Event]:
        return self.does(c.ReconsiderDataCopy())

    def consents(self) -> list[e.Event]:
        return self.does(c.GiveConsent())

    def reports_the_uninstall(self) -> list[e.Event]:
        return self.does(c.ReportUninstalled())

    def lets_the_bot_remove_it(self) -> list[e.Event]:
        return self.does(c.RemoveByBot())

    def downloaded(self, where: str = "the vault, shelf 3") -> list[e.Event]:
        return self.does(c.ConfirmDownloaded(where=where))

    def asks_who_else_can(self) -> list[e.Event]:
        return self.does(c.AskWhoElse())

    def asks_to_check(self) -> list[e.Event]:
        return self.does(c.CheckNow())

    def retries(self) -> list[e.Event]:
        return self.does(c.Retry())

    def cancels(self, reason: str = "") -> list[e.Event]:
        return self.does(c.Cancel(reason=reason))

    def hands_over_to(self, user_id: str, *more: Role) -> list[e.Event]:
        """Hand over to somebody with the roles that they have, and *more*."""
        return self.does(c.HandOver(to=user_id, to_roles=ROLES[user_id] | {*more}))

    def freezes(self) -> list[e.Event]:
        return self.does(c.Freeze(reason="audit week"))

    def unfreezes(self) -> list[e.Event]:
        return self.does(c.Unfreeze())


class Bot:
    """What the bot finds out; readings are taken ``ago`` before they are recorded."""

    def __init__(self, talk: Conversation) -> None:
        self.talk = talk

    def does(self, action: c.Action) -> list[e.Event]:
        return self.talk.execute(c.Command(actor=BOT, action=action))

    def reads(self, says: str, ago: timedelta = timedelta()) -> Reading:
        return Reading(at=self.talk.now - ago, source="GET /somewhere", says=says)

    def plans(
        self, owners: tuple[OwnedRecords, ...] = samples.OWNERS, *, installed: bool = True
    ) -> list[e.Event]:
        plan = samples.plan(self.talk.now, owners, installed=installed)
        return self.does(c.RecordPlan(plan=plan))

    def finds_the_sync_quiet(self, ago: timedelta = timedelta()) -> list[e.Event]:
        return self.does(c.RecordSyncQuiet(reading=self.reads("no record changed", ago)))

    def finds_the_sync_running(self) -> list[e.Event]:
        reading = self.reads("a contact was synchronised")
        return self.does(c.RecordSyncRunning(reading=reading, last_sync=self.talk.now))

    def cannot_read_the_sync(self) -> list[e.Event]:
        return self.does(c.RecordSyncUnreadable(why=N_("The property does not exist.")))

    def counts(
        self, owners: tuple[OwnedRecords, ...] = samples.OWNERS, ago: timedelta = timedelta()
    ) -> list[e.Event]:
        return self.does(c.RecordOwners(owners=owners, reading=self.reads("counted", ago)))

    def finishes_the_job(
        self, failures: int = 0, job: int | None = None, changed: int = 0
    ) -> list[e.Event]:
        number = self.talk.run.job if job is None else job
        tallies = samples.tallies(changed)
        return self.does(c.RecordReassigned(job=number, tallies=tallies, failure_count=failures))

    def waits_for_the_limit(
        self, until: datetime | None = None, job: int | None = None
    ) -> list[e.Event]:
        """Wait for the daily limit's reset: until midnight, or else until another time."""
        midnight = (self.talk.now + timedelta(days=1)).replace(hour=0, minute=0)
        number = self.talk.run.job if job is None else job
        return self.does(
            c.RecordReassignmentWaiting(
                job=number, until=until or midnight, remaining=125_000, reserve=125_000
            )
        )

    def goes_on(self, job: int | None = None) -> list[e.Event]:
        number = self.talk.run.job if job is None else job
        return self.does(c.RecordReassignmentGoesOn(job=number))

    def finishes_the_undo(
        self, left_alone: int = 0, still_changed: int | None = None, job: int | None = None
    ) -> list[e.Event]:
        """End the undo; what it left alone still carries what the bot wrote, or as many as said."""
        return self.does(
            c.RecordUndone(
                job=self.talk.run.job if job is None else job,
                restored=4,
                left_alone=left_alone,
                still_changed=left_alone if still_changed is None else still_changed,
            )
        )

    def finds_the_owners_gone(self, ago: timedelta = timedelta()) -> list[e.Event]:
        return self.does(c.RecordOwnersGone(reading=self.reads("no owner listed", ago)))

    def finds_owners_remaining(self, *owners: Owner) -> list[e.Event]:
        left = owners or (samples.SAM,)
        return self.does(c.RecordOwnersRemain(owners=left, reading=self.reads("still listed")))

    def reads_the_package(
        self, inventory: Inventory | None = None, ago: timedelta = timedelta()
    ) -> list[e.Event]:
        found = inventory or samples.inventory()
        return self.does(c.RecordInventory(inventory=found, reading=self.reads("installed", ago)))

    def backs_up(
        self, *, number: int | None = None, hidden: int = 0, ago: timedelta = timedelta()
    ) -> list[e.Event]:
        """Finish the backup that is being made, or another; *hidden* things are not in it."""
        made = self.talk.run.backups if number is None else number
        backup = samples.backup(made, hidden=hidden, began=self.talk.now - ago)
        reading = self.reads("counted anew", ago)
        return self.does(c.RecordBackup(number=made, backup=backup, reading=reading))

    def finds_the_backup_outdated(
        self, changed: int = 3, ago: timedelta = timedelta()
    ) -> list[e.Event]:
        reading = self.reads("written since", ago)
        return self.does(c.RecordBackupOutdated(changed=changed, reading=reading))

    def finds_no_package(self, last_seen: timedelta | None = None) -> list[e.Event]:
        """Find none; it was *last_seen* that long ago, where the bot knows more than the run."""
        at = None if last_seen is None else self.talk.now - last_seen
        reading = self.reads("not installed")
        return self.does(c.RecordPackageAbsent(reading=reading, last_seen_at=at))

    def finds_the_package_gone(self, last_seen: timedelta = timedelta(minutes=1)) -> list[e.Event]:
        return self.does(
            c.RecordPackageGone(
                last_seen_at=self.talk.now - last_seen, reading=self.reads("not installed")
            )
        )

    def finds_the_removal_stalled(
        self, *blockers: Blocker, ago: timedelta = timedelta()
    ) -> list[e.Event]:
        reading = self.reads("still installed", ago)
        return self.does(c.RecordRemovalStalled(blockers=blockers, reading=reading))

    def rehearses(
        self, outcome: Literal["passed", "not_possible"] = "passed", attempt: int | None = None
    ) -> list[e.Event]:
        number = self.talk.run.bot_removal if attempt is None else attempt
        why = "" if outcome == "passed" else "checkOnly is not supported"
        return self.does(
            c.RecordRehearsal(attempt=number, outcome=outcome, reference="0Af0", why=why)
        )

    def begins_to_deploy(self, attempt: int | None = None) -> list[e.Event]:
        """Pass the point of no return."""
        number = self.talk.run.bot_removal if attempt is None else attempt
        return self.does(c.RecordRemovalDeploying(attempt=number, known=("0Af0",), user="005BOT"))

    def holds_the_deployment(self, attempt: int | None = None) -> list[e.Event]:
        number = self.talk.run.bot_removal if attempt is None else attempt
        return self.does(c.RecordRemovalHeld(attempt=number))

    def deploys(self, attempt: int | None = None) -> list[e.Event]:
        """Hear from Salesforce that the deployment succeeded."""
        number = self.talk.run.bot_removal if attempt is None else attempt
        return self.does(c.RecordRemovalDeployed(attempt=number, reference="0Af1"))

    def fails_to_remove(self, *problems: Blocker, rehearsal: bool = False) -> list[e.Event]:
        return self.does(
            c.RecordRemovalFailed(problems=problems, reference="0Af1", rehearsal=rehearsal)
        )

    def is_blocked(self, code: str = "hubspot_forbidden") -> list[e.Event]:
        return self.does(
            c.RecordBlocked(
                code=code,
                problem=N_("HubSpot refuses the token."),
                remedy=N_("Give the private app its scopes."),
            )
        )

    def recovers(self) -> list[e.Event]:
        return self.does(c.RecordRecovered())

    def misses(self, capability: str) -> list[e.Event]:
        return self.does(
            c.RecordCapabilityMissing(capability=capability, problem=N_("Not granted here."))
        )

    def due(self) -> tuple[c.DueTimer, ...]:
        """Return the timers that have fallen due."""
        return tuple(
            c.DueTimer(kind=timer.kind, due=timer.due)
            for timer in timers(self.talk.run)
            if timer.due <= self.talk.now
        )

    def fires(self, *due: c.DueTimer) -> list[e.Event]:
        """Fire these timers, or else all that have fallen due."""
        return self.does(c.FireTimers(due=due or self.due()))
