"""Events: what happened. They are the truth and the audit log at once.

Each class is one kind of event; ``Recorded`` puts number, time and actor around it. Events are
only ever added; a field that is added later must have a default, so that old runs still load.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter

from workflows.base import Instant, Value
from workflows.text import Text
from workflows.values import (
    CORE_OBJECTS,
    Account,
    Actor,
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
    Tally,
)

Gate = Literal["plan", "removal"]


class Event(Value):
    """The base of all events."""


class RunStarted(Event):
    """A run was started; the settings in force are written down with it."""

    type: Literal["run_started"] = "run_started"
    run_id: str
    account: Account
    reason: Reason
    note: str = ""
    approvers: tuple[str, ...] = ()
    eligible_approvers: tuple[str, ...] = ()
    policy: Policy


class AdviceAcknowledged(Event):
    """The requester insists although the reason is a sync problem (P0c)."""

    type: Literal["advice_acknowledged"] = "advice_acknowledged"


class PlanRequested(Event):
    """A new plan is asked for; approvals given so far lapse."""

    type: Literal["plan_requested"] = "plan_requested"


class PlanRecorded(Event):
    """The plan was made; approvals are bound to its digest."""

    type: Literal["plan_recorded"] = "plan_recorded"
    plan: Plan
    digest: str


class Approved(Event):
    """One person's approval of what one digest stands for."""

    type: Literal["approved"] = "approved"
    gate: Gate
    digest: str
    groups: tuple[str, ...] = ()
    """The groups that this person can stand for."""


class ApprovalWithdrawn(Event):
    """Somebody took their approval back."""

    type: Literal["approval_withdrawn"] = "approval_withdrawn"
    gate: Gate


class ApprovalVoided(Event):
    """An approval no longer counts: who gave it may not approve any more.

    Or is no longer in the groups *left*, for which it stood; then they may approve anew.
    """

    type: Literal["approval_voided"] = "approval_voided"
    gate: Gate
    person: str
    left: tuple[str, ...] = ()


class ApprovalsLapseSoon(Event):
    """The time for approvals is nearly over, and ``wanted`` have not answered."""

    type: Literal["approvals_lapse_soon"] = "approvals_lapse_soon"
    gate: Gate
    lapse_at: Instant
    wanted: tuple[str, ...]


class GatePassed(Event):
    """The quorum is reached."""

    type: Literal["gate_passed"] = "gate_passed"
    gate: Gate
    digest: str
    approvers: tuple[str, ...]


class Declined(Event):
    """An approver declined; the run is over."""

    type: Literal["declined"] = "declined"
    gate: Gate
    reason: str


class ApprovalsLapsed(Event):
    """Nobody completed the quorum in time."""

    type: Literal["approvals_lapsed"] = "approvals_lapsed"
    gate: Gate


class DisconnectReported(Event):
    """A person says that P1a–e are done."""

    type: Literal["disconnect_reported"] = "disconnect_reported"
    reason: str
    phrase: str
    saved_mappings: tuple[str, ...] = ()


class DisconnectVerified(Event):
    """Nothing was synchronised after the reported disconnect."""

    type: Literal["disconnect_verified"] = "disconnect_verified"
    reading: Reading


class DisconnectRefuted(Event):
    """The sync still ran after the reported disconnect."""

    type: Literal["disconnect_refuted"] = "disconnect_refuted"
    reading: Reading
    last_sync: Instant


class DisconnectUnverifiable(Event):
    """The sync's traces cannot be read; the disconnect stays attested."""

    type: Literal["disconnect_unverifiable"] = "disconnect_unverifiable"
    why: Text


class OwnersCounted(Event):
    """The Salesforce-only owners and their records, counted anew."""

    type: Literal["owners_counted"] = "owners_counted"
    owners: tuple[OwnedRecords, ...]
    reading: Reading


class NothingToReassign(Event):
    """No record belongs to a Salesforce-only owner; step 2 is not needed."""

    type: Literal["nothing_to_reassign"] = "nothing_to_reassign"


class OwnerMapped(Event):
    """An owner's records will go to a HubSpot owner."""

    type: Literal["owner_mapped"] = "owner_mapped"
    owner_id: str
    owner_name: str
    target: Owner
    others: tuple[Owner, ...] = ()
    kinds: dict[str, Owner] = {}


class MappingFileRequested(Event):
    """Somebody wants the mapping as a file."""

    type: Literal["mapping_file_requested"] = "mapping_file_requested"


class OwnerExcluded(Event):
    """An owner is not a Salesforce-only one after all; its records stay as they are."""

    type: Literal["owner_excluded"] = "owner_excluded"
    owner_id: str
    owner_name: str


class OwnerIncluded(Event):
    """An exclusion was taken back."""

    type: Literal["owner_included"] = "owner_included"
    owner_id: str
    owner_name: str


class ObjectsChosen(Event):
    """The object types whose records are to be reassigned."""

    type: Literal["objects_chosen"] = "objects_chosen"
    objects: tuple[str, ...]


class MappingConfirmed(Event):
    """The mapping was confirmed; the job runs exactly this.

    ``mapping`` holds the assignments' codes (:attr:`workflows.values.Assignment.code`).
    """

    type: Literal["mapping_confirmed"] = "mapping_confirmed"
    digest: str
    mapping: dict[str, str]
    objects: tuple[str, ...] = CORE_OBJECTS
    job: int


class ReassignmentPaused(Event):
    """The job is held."""

    type: Literal["reassignment_paused"] = "reassignment_paused"


class ReassignmentResumed(Event):
    """The job goes on."""

    type: Literal["reassignment_resumed"] = "reassignment_resumed"


class ReassignmentStopped(Event):
    """The job is ended early; what it did is checked and counted."""

    type: Literal["reassignment_stopped"] = "reassignment_stopped"


class ReassignmentWaits(Event):
    """The day's requests are used up but for the reserve; the job waits for the reset."""

    type: Literal["reassignment_waits"] = "reassignment_waits"
    job: int
    until: Instant
    remaining: int
    reserve: int


class ReassignmentGoesOn(Event):
    """The job waits no longer."""

    type: Literal["reassignment_goes_on"] = "reassignment_goes_on"
    job: int


class ReassignmentRetried(Event):
    """The confirmed mapping runs again over what is left."""

    type: Literal["reassignment_retried"] = "reassignment_retried"
    job: int


class ReassignmentFinished(Event):
    """The job ended; a fresh count follows."""

    type: Literal["reassignment_finished"] = "reassignment_finished"
    job: int
    tallies: tuple[Tally, ...]
    failures: tuple[Failure, ...] = ()
    failure_count: int = 0


class MappingReopened(Event):
    """Back to the pickers for what is left."""

    type: Literal["mapping_reopened"] = "mapping_reopened"


class UndoStarted(Event):
    """Records are being given back to their old owners."""

    type: Literal["undo_started"] = "undo_started"
    job: int
    owner_id: str = ""
    owner_name: str = ""
    object_type: str = ""


class ReassignmentUndone(Event):
    """The undo ended."""

    type: Literal["reassignment_undone"] = "reassignment_undone"
    job: int
    restored: int
    left_alone: int
    still_changed: int | None = None


class OwnersDeletionReported(Event):
    """A person says that P2c–e are done."""

    type: Literal["owners_deletion_reported"] = "owners_deletion_reported"


class OwnersRemain(Event):
    """Salesforce-only owners are still listed."""

    type: Literal["owners_remain"] = "owners_remain"
    owners: tuple[Owner, ...]
    reading: Reading


class OwnersDeletionVerified(Event):
    """No Salesforce-only owner is listed any more."""

    type: Literal["owners_deletion_verified"] = "owners_deletion_verified"
    reading: Reading


class InventoryRecorded(Event):
    """The package was read: what would be deleted, what blocks."""

    type: Literal["inventory_recorded"] = "inventory_recorded"
    inventory: Inventory
    digest: str
    reading: Reading


class PackageAbsent(Event):
    """The package is not installed; step 3 is not needed."""

    type: Literal["package_absent"] = "package_absent"
    reading: Reading


class NoCopyProposed(Event):
    """Somebody chose not to save a copy; it is asked a second time."""

    type: Literal["no_copy_proposed"] = "no_copy_proposed"
    own_backup: bool = False
    """Only in older histories: whether the person said to have a backup of their own."""


class BackupStarted(Event):
    """The bot backs the package's data up; ``of`` is the digest of the inventory."""

    type: Literal["backup_started"] = "backup_started"
    number: int
    of: str


class BackupStopped(Event):
    """A person ended the backup that was being made."""

    type: Literal["backup_stopped"] = "backup_stopped"


class BackupVerified(Event):
    """The backup is finished: read back and counted anew."""

    type: Literal["backup_verified"] = "backup_verified"
    number: int
    of: str
    backup: Backup
    reading: Reading


class BackupWaived(Event):
    """An approver lets the package go without a copy and without a complete backup."""

    type: Literal["backup_waived"] = "backup_waived"
    of: str
    reason: str


class BackupOutdated(Event):
    """Records were written after the backup: it no longer holds what would be deleted."""

    type: Literal["backup_outdated"] = "backup_outdated"
    changed: int
    reading: Reading


class DataCopyChosen(Event):
    """The data-copy choice is made; removal approvals are bound to the digest."""

    type: Literal["data_copy_chosen"] = "data_copy_chosen"
    keep: bool
    digest: str
    own_backup: bool = False
    """Only in older histories, as in :class:`NoCopyProposed`."""


class DataCopyReopened(Event):
    """The data-copy choice is open again; removal approvals lapse."""

    type: Literal["data_copy_reopened"] = "data_copy_reopened"


class ConsentGiven(Event):
    """The sentence of consent was ticked (P3e)."""

    type: Literal["consent_given"] = "consent_given"
    digest: str


class InventoryReconfirmed(Event):
    """Read again right before the removal: unchanged since it was approved."""

    type: Literal["inventory_reconfirmed"] = "inventory_reconfirmed"
    digest: str
    reading: Reading


class ComparisonLapsed(Event):
    """The comparison with what was approved is too old for pressing Uninstall."""

    type: Literal["comparison_lapsed"] = "comparison_lapsed"


class InventoryReread(Event):
    """Read again: what goes is the same, what blocks it or hangs on it is not."""

    type: Literal["inventory_reread"] = "inventory_reread"
    inventory: Inventory
    reading: Reading


class InventoryChanged(Event):
    """Read again right before the removal: it is not what was approved."""

    type: Literal["inventory_changed"] = "inventory_changed"
    inventory: Inventory
    digest: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    reading: Reading


class UninstallReported(Event):
    """A person says that Uninstall was pressed in Setup (P3f)."""

    type: Literal["uninstall_reported"] = "uninstall_reported"


class BotRemovalStarted(Event):
    """The bot removes the package through the Metadata API."""

    type: Literal["bot_removal_started"] = "bot_removal_started"
    attempt: int


class RemovalRehearsed(Event):
    """The check-only run before the removal is over: a rehearsal, and no proof."""

    type: Literal["removal_rehearsed"] = "removal_rehearsed"
    attempt: int
    outcome: Literal["passed", "not_possible"]
    reference: str = ""
    why: str = ""


class RemovalDeploying(Event):
    """The deployment leaves the bot now: from here on it cannot be stopped.

    ``known`` are the deployments that were there before it, ``user`` is who the bot is to
    Salesforce: both tell it from others if its answer is lost.
    """

    type: Literal["removal_deploying"] = "removal_deploying"
    attempt: int
    known: tuple[str, ...] = ()
    user: str = ""


class RemovalHeld(Event):
    """No deployment came of it: it did not leave the bot, or Salesforce did not take it."""

    type: Literal["removal_held"] = "removal_held"
    attempt: int


class RemovalDeployed(Event):
    """Salesforce says that the bot's deployment succeeded; the package's absence will prove it."""

    type: Literal["removal_deployed"] = "removal_deployed"
    attempt: int
    reference: str


class RemovalStalled(Event):
    """The package is still there a while after Uninstall was pressed."""

    type: Literal["removal_stalled"] = "removal_stalled"
    blockers: tuple[Blocker, ...]
    reading: Reading


class RemovalFailed(Event):
    """Salesforce refused the removal; nothing changed."""

    type: Literal["removal_failed"] = "removal_failed"
    problems: tuple[Blocker, ...]
    reference: str = ""
    rehearsal: bool = False


class PackageRemoved(Event):
    """The package was there and is gone."""

    type: Literal["package_removed"] = "package_removed"
    last_seen_at: Instant
    reading: Reading
    deadline: Instant | None = None


class ReminderDue(Event):
    """A reminder of the data copy's deadline fell due."""

    type: Literal["reminder_due"] = "reminder_due"
    before: int
    due: Instant


class RemindersMissed(Event):
    """Reminders fell due while nobody could send them."""

    type: Literal["reminders_missed"] = "reminders_missed"
    missed: tuple[int, ...]
    dues: tuple[Instant, ...]


class HelpRequested(Event):
    """Somebody asks who else can download the copy."""

    type: Literal["help_requested"] = "help_requested"


class DownloadConfirmed(Event):
    """The copy was downloaded."""

    type: Literal["download_confirmed"] = "download_confirmed"
    where: str


class WindowEnded(Event):
    """The 48 hours are over and no download was confirmed."""

    type: Literal["window_ended"] = "window_ended"


class RunCompleted(Event):
    """The procedure is over."""

    type: Literal["run_completed"] = "run_completed"


class Cancelled(Event):
    """The run was cancelled; what is irreversible stays so."""

    type: Literal["cancelled"] = "cancelled"
    reason: str = ""
    irreversible: tuple[str, ...] = ()


class RunExpired(Event):
    """Nobody approved in time; nothing was touched."""

    type: Literal["run_expired"] = "run_expired"


class HandedOver(Event):
    """Another administrator is responsible now."""

    type: Literal["handed_over"] = "handed_over"
    to: str
    was: str


class Frozen(Event):
    """Nothing leaves the bot until unfrozen."""

    type: Literal["frozen"] = "frozen"
    reason: str = ""


class Unfrozen(Event):
    """The freeze was lifted."""

    type: Literal["unfrozen"] = "unfrozen"


class Blocked(Event):
    """The present step cannot go on until somebody mends something."""

    type: Literal["blocked"] = "blocked"
    code: str
    problem: Text
    remedy: Text
    reference: str = ""
    job: str = ""


class Retried(Event):
    """What was blocked is tried again."""

    type: Literal["retried"] = "retried"


class Recovered(Event):
    """What could not go on for a while goes on by itself."""

    type: Literal["recovered"] = "recovered"


class CheckRequested(Event):
    """Somebody asks to look at the vendor now."""

    type: Literal["check_requested"] = "check_requested"


class CapabilityMissing(Event):
    """Something that the procedure can do without is not granted here."""

    type: Literal["capability_missing"] = "capability_missing"
    capability: str
    problem: Text


AnyEvent = Annotated[
    RunStarted
    | AdviceAcknowledged
    | PlanRequested
    | PlanRecorded
    | Approved
    | ApprovalWithdrawn
    | ApprovalVoided
    | ApprovalsLapseSoon
    | GatePassed
    | Declined
    | ApprovalsLapsed
    | DisconnectReported
    | DisconnectVerified
    | DisconnectRefuted
    | DisconnectUnverifiable
    | OwnersCounted
    | NothingToReassign
    | OwnerMapped
    | MappingFileRequested
    | OwnerExcluded
    | OwnerIncluded
    | ObjectsChosen
    | MappingConfirmed
    | ReassignmentPaused
    | ReassignmentResumed
    | ReassignmentStopped
    | ReassignmentWaits
    | ReassignmentGoesOn
    | ReassignmentRetried
    | ReassignmentFinished
    | MappingReopened
    | UndoStarted
    | ReassignmentUndone
    | OwnersDeletionReported
    | OwnersRemain
    | OwnersDeletionVerified
    | InventoryRecorded
    | PackageAbsent
    | NoCopyProposed
    | BackupStarted
    | BackupStopped
    | BackupVerified
    | BackupWaived
    | BackupOutdated
    | DataCopyChosen
    | DataCopyReopened
    | ConsentGiven
    | InventoryReconfirmed
    | ComparisonLapsed
    | InventoryReread
    | InventoryChanged
    | UninstallReported
    | BotRemovalStarted
    | RemovalRehearsed
    | RemovalDeploying
    | RemovalHeld
    | RemovalDeployed
    | RemovalStalled
    | RemovalFailed
    | PackageRemoved
    | ReminderDue
    | RemindersMissed
    | HelpRequested
    | DownloadConfirmed
    | WindowEnded
    | RunCompleted
    | Cancelled
    | RunExpired
    | HandedOver
    | Frozen
    | Unfrozen
    | Blocked
    | Retried
    | Recovered
    | CheckRequested
    | CapabilityMissing,
    Field(discriminator="type"),
]


class Recorded(Value):
    """An event in its place in a run's history: number (from 1), time, actor."""

    seq: int
    at: Instant
    actor: Actor
    event: AnyEvent


_LATER = ConfigDict(defer_build=True)
ANY_EVENT: TypeAdapter[Event] = TypeAdapter(AnyEvent, config=_LATER)
HISTORY: TypeAdapter[list[Recorded]] = TypeAdapter(list[Recorded], config=_LATER)
