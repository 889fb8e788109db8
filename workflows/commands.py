"""Commands: what somebody asks of a run; each is decided by :mod:`workflows.decide`.

Actions whose class has ``answers = True`` answer a prompt and must say which version of it.
Actions whose class has ``by`` say who may: an administrator, an approver, either of them, or the
bot itself.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from workflows.base import Instant, Value
from workflows.text import Text
from workflows.values import (
    Account,
    Actor,
    Assignment,
    Backup,
    Blocker,
    Failure,
    Inventory,
    OwnedRecords,
    Owner,
    Plan,
    Policy,
    Reading,
    Reason,
    Role,
    SuggestionKind,
    Tally,
)

Who = Literal["administrator", "approver", "either", "bot"]


SHOWN_CHARACTERS = 12
"""Of a digest, in messages and buttons: enough that nobody finds another plan with the same."""


class Action(Value):
    """What is asked, apart from who and when."""

    answers: ClassVar[bool] = False
    by: ClassVar[Who] = "administrator"


# --- by people ---------------------------------------------------------------------------------


class StartRun(Action):
    """Start a run (`/uninstall-salesforce`): P0a–c have been read and confirmed."""

    run_id: str
    account: Account
    reason: Reason
    note: str = Field("", max_length=2_000)
    confirmed: frozenset[str] = frozenset()
    approvers: tuple[str, ...] = ()
    eligible_approvers: tuple[str, ...] = ()
    group_members: dict[str, tuple[str, ...]] = {}
    """Who of those who may approve is in which of the policy's groups."""
    policy: Policy = Policy()


class AcknowledgeAdvice(Action):
    """Insist on the uninstall although the stated reason is a sync problem (P0c)."""

    answers = True


class RetakePlan(Action):
    """Look again; approvals given so far lapse."""

    answers = True


class Approve(Action):
    """Approve what the prompt shows (plan, or inventory and data-copy choice).

    ``shown`` is the beginning of the digest of what the approver's message showed.
    """

    answers = True
    by = "approver"
    shown: str = Field(min_length=SHOWN_CHARACTERS, max_length=64)


class WithdrawApproval(Action):
    """Take one's own approval back, while the gate is open."""

    answers = True
    by = "approver"


class Decline(Action):
    """Refuse approval; this ends the run."""

    answers = True
    by = "approver"
    reason: str = Field(max_length=2_000)


class ReportDisconnected(Action):
    """P1a–e are done in HubSpot."""

    answers = True
    reason: str = Field(max_length=500)
    phrase: str = Field(max_length=200)
    saved_mappings: frozenset[str] = frozenset()


class MapOwner(Action):
    """Give one Salesforce-only owner's records to a HubSpot owner (P2b)."""

    answers = True
    owner_id: str
    target: Owner
    others: tuple[Owner, ...] = ()
    """Further targets: the records go to all of them in turn."""
    kinds: dict[str, Owner] = {}
    """Object types that go to an owner of their own."""


class ImportMapping(Action):
    """Take a whole file of choices in, or none of it: Salesforce-only owner id -> assignment."""

    answers = True
    assignments: dict[str, Assignment]


class RequestMappingFile(Action):
    """Ask for the mapping as a file that can be filled in."""

    answers = True


class ExcludeOwner(Action):
    """Say that an owner is not a Salesforce-only one after all; its records stay as they are."""

    answers = True
    owner_id: str


class IncludeOwner(Action):
    """Take an exclusion back."""

    answers = True
    owner_id: str


class ChooseObjects(Action):
    """Choose further object types whose records are to be reassigned too."""

    answers = True
    others: frozenset[str]


class MapRemaining(Action):
    """Give all that are left to one HubSpot owner."""

    answers = True
    target: Owner


class TakeSuggestions(Action):
    """Take every suggestion of one kind ('': of all) for owners that have no target yet."""

    answers = True
    why: SuggestionKind | Literal[""] = ""


class ConfirmMapping(Action):
    """Start the reassignment with the mapping that is shown.

    ``shown`` is the mapping version that the person saw; somebody else may have changed it since.
    """

    answers = True
    shown: int


class PauseReassignment(Action):
    """Hold the job; nothing is lost."""

    answers = True


class ResumeReassignment(Action):
    """Let a paused job go on."""

    answers = True


class StopReassignment(Action):
    """End the job here; what it did is checked, counted and stays."""

    answers = True


class RetryReassignment(Action):
    """Run the confirmed mapping again over what is left."""

    answers = True


class ChangeMapping(Action):
    """Go back to the pickers for what is left."""

    answers = True


class UndoReassignment(Action):
    """Give back every record whose owner is still the one that the bot wrote.

    All, or those of one Salesforce-only owner, or of one object type, or of both ('': all).
    """

    answers = True
    owner_id: str = ""
    object_type: str = ""


class ReportOwnersDeleted(Action):
    """P2c–e are done: the Salesforce owners were deleted on the cleanup page."""

    answers = True


class ChooseDataCopy(Action):
    """P3d: keep a copy for 48 hours, or not."""

    answers = True
    keep: bool


class StartBackup(Action):
    """Let the bot back the package's data up."""

    answers = True


class StopBackup(Action):
    """End the backup that is being made; what it has taken stays on the disk."""

    answers = True


class WaiveBackup(Action):
    """Let the package go without a copy and without a complete backup."""

    answers = True
    by = "approver"
    reason: str = Field(max_length=2_000)


class ConfirmNoCopy(Action):
    """The second confirmation of *do not save a copy*."""

    answers = True


class ReconsiderDataCopy(Action):
    """Go back to the data-copy choice; removal approvals lapse."""

    answers = True


class GiveConsent(Action):
    """P3e: tick the sentence of consent."""

    answers = True


class ReportUninstalled(Action):
    """P3f: *Uninstall* was pressed in Salesforce Setup."""

    answers = True


class RemoveByBot(Action):
    """Let the bot remove the package through the Metadata API (only where no copy is kept)."""

    answers = True


class ConfirmDownloaded(Action):
    """P4: the copy of the package's data was downloaded."""

    answers = True
    where: str = Field(max_length=500)


class CheckNow(Action):
    """Look at the vendor now instead of at the next poll."""

    answers = True


class AskWhoElse(Action):
    """Ask the other administrators to take the download over."""

    answers = True


class Retry(Action):
    """Try again what was blocked."""


class Cancel(Action):
    """End the run; what is already irreversible stays so."""

    reason: str = Field("", max_length=2_000)


class HandOver(Action):
    """Make another administrator responsible."""

    to: str
    to_roles: frozenset[Role] = frozenset()
    group_members: dict[str, tuple[str, ...]] | None = None
    """Who of those who may approve is in which group now; None: nobody asked."""


class Freeze(Action):
    """Let nothing leave the bot until unfrozen."""

    reason: str = Field("", max_length=2_000)


class Unfreeze(Action):
    """Lift the freeze."""

    by = "either"


# --- by the bot: what it found out ---------------------------------------------------------------


class BotAction(Action):
    """A result that the bot reports about the world."""

    by = "bot"


class RecordPlan(BotAction):
    """The plan is made."""

    plan: Plan


class RecordSyncQuiet(BotAction):
    """Nothing was synchronised after the reported disconnect, in two readings."""

    reading: Reading


class RecordSyncRunning(BotAction):
    """Something was synchronised after the reported disconnect."""

    reading: Reading
    last_sync: Instant


class RecordSyncUnreadable(BotAction):
    """The sync's traces cannot be read here; the disconnect stays attested."""

    why: Text


class RecordOwners(BotAction):
    """The Salesforce-only owners, counted anew."""

    owners: tuple[OwnedRecords, ...]
    reading: Reading


class RecordReassigned(BotAction):
    """The job ended."""

    job: int
    tallies: tuple[Tally, ...]
    failures: tuple[Failure, ...] = ()
    failure_count: int = 0


class RecordReassignmentWaiting(BotAction):
    """The job waits: the day's requests are used up, but for the reserve."""

    job: int
    until: Instant
    remaining: int
    reserve: int


class RecordReassignmentGoesOn(BotAction):
    """The job waits no longer."""

    job: int


class RecordUndone(BotAction):
    """The undo ended; *still_changed* records carry what the bot wrote, in its scope or not."""

    job: int
    restored: int
    left_alone: int
    still_changed: int


class RecordOwnersGone(BotAction):
    """No Salesforce-only owner is listed any more."""

    reading: Reading


class RecordOwnersRemain(BotAction):
    """Salesforce-only owners are still listed after their deletion was reported."""

    owners: tuple[Owner, ...]
    reading: Reading


class RecordInventory(BotAction):
    """The package, read anew."""

    inventory: Inventory
    reading: Reading
    version: int | None = None
    """The run's version when the reading began; None: by its time."""


class RecordPackageAbsent(BotAction):
    """The package is not installed before anything was removed.

    ``last_seen_at`` is the last reading that saw it, where the bot knows a later one than the run.
    """

    reading: Reading
    last_seen_at: Instant | None = None
    absent_since: Instant | None = None
    """The first reading that did not see it."""


class RecordBackup(BotAction):
    """The backup is finished and verified."""

    number: int
    backup: Backup
    reading: Reading


class RecordBackupOutdated(BotAction):
    """Records were written after the backup was made, right before the package would go."""

    changed: int
    reading: Reading


class RecordPackageGone(BotAction):
    """The package was there and is gone, in two readings.

    ``last_seen_at`` is the last reading that saw it: the data copy's deadline counts from there.
    """

    last_seen_at: Instant
    reading: Reading
    absent_since: Instant | None = None
    """The first reading that did not see it."""


class RecordRemovalStalled(BotAction):
    """The package is still there a while after *Uninstall* was pressed."""

    blockers: tuple[Blocker, ...]
    reading: Reading


class RecordRemovalFailed(BotAction):
    """The removal through the Metadata API was refused; nothing changed."""

    problems: tuple[Blocker, ...]
    reference: str = ""
    rehearsal: bool = False
    """Refused in the check-only run: nothing was deployed at all."""


class RecordRehearsal(BotAction):
    """The check-only run before the removal is over; ``why`` are Salesforce's words."""

    attempt: int
    outcome: Literal["passed", "not_possible"]
    reference: str = ""
    why: str = Field("", max_length=1_000)


class RecordRemovalDeploying(BotAction):
    """The deployment is about to leave; *known* were there before it, *user* is the bot's."""

    attempt: int
    known: tuple[str, ...] = ()
    user: str = ""


class RecordRemovalHeld(BotAction):
    """No deployment came of what was about to leave."""

    attempt: int


class RecordRemovalDeployed(BotAction):
    """Salesforce says that the bot's deployment succeeded; the proof is the package's absence."""

    attempt: int
    reference: str


class RecordBlocked(BotAction):
    """The present step cannot go on; a person has to mend something first."""

    code: str
    problem: Text
    remedy: Text
    reference: str = ""
    job: str = ""
    """The key of the effect that cannot go on."""


class RecordRecovered(BotAction):
    """What could not go on for a while goes on again: the effect *job*, and it alone."""

    job: str = ""


class RecordCapabilityMissing(BotAction):
    """Something that the procedure can do without is not granted here."""

    capability: str
    problem: Text


class DueTimer(Value):
    """A timer that fell due."""

    kind: str
    due: Instant


class FireTimers(BotAction):
    """Timers fell due; several at once after a long sleep."""

    due: tuple[DueTimer, ...]


class Command(Value):
    """An action with who asks it, in which roles, and which prompt version it answers."""

    actor: Actor
    roles: frozenset[Role] = frozenset()
    groups: frozenset[str] = frozenset()
    """The groups of approvers that the person is in now."""
    approvers_now: frozenset[str] | None = None
    """Who may approve now; None: nobody asked, and earlier votes are taken as they are."""
    members_now: dict[str, tuple[str, ...]] | None = None
    """Who of them is in which group now; None: nobody asked."""
    version: int | None = None
    action: Action

    @property
    def name(self) -> str:
        """The action's name, as in the transition table."""
        return type(self.action).__name__
