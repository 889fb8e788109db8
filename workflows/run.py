"""A run: everything that is known about one uninstall, as a value."""

from __future__ import annotations

from datetime import datetime

from workflows.base import Instant, Value
from workflows.changes import Removal
from workflows.states import State
from workflows.text import Text
from workflows.values import (
    CORE_OBJECTS,
    OTHER_OBJECTS,
    Account,
    Assignment,
    Backup,
    Blocker,
    Evidence,
    Failure,
    Inventory,
    OwnedRecords,
    Owner,
    Plan,
    Policy,
    Reason,
    Tally,
    Waiver,
)


class Block(Value):
    """Why the present step cannot go on, and what to do about it."""

    code: str
    problem: Text
    remedy: Text
    reference: str = ""
    job: str = ""
    """The key of the effect that cannot go on; '' in older histories."""
    since: Instant


class BackupTask(Value):
    """A backup that is being made; ``of`` is the digest of the inventory it was begun with."""

    number: int
    started_at: Instant
    of: str


class Deploying(Value):
    """A deployment that has left the bot, or may have: what tells it from others."""

    at: Instant
    known: tuple[str, ...] = ()
    user: str = ""


class Run(Value):
    """Everything that is known about one uninstall.

    ``version`` is the number of the last event; ``prompt_version`` the number of the event that
    set what is asked now: an answer must name it. ``since`` is when the present prompt was set.
    """

    id: str
    account: Account
    policy: Policy
    reason: Reason
    note: str = ""
    requester: str
    responsible: str
    were_responsible: frozenset[str] = frozenset()
    approvers: tuple[str, ...] = ()
    eligible_approvers: tuple[str, ...] = ()
    started_at: Instant
    ended_at: Instant | None = None
    end_reason: str = ""
    """Why it was declined or cancelled, in that person's words."""

    state: State = State.PLANNING
    version: int = 0
    prompt_version: int = 0
    since: Instant

    plan: Plan | None = None
    plan_digest: str = ""
    plan_before: Plan | None = None
    """The plan that was asked about before this one: the message says what has changed."""
    advice_acknowledged: bool = False
    votes: dict[str, str] = {}
    """Who approved at the gate that is open now: Slack user id -> digest."""
    vote_groups: dict[str, tuple[str, ...]] = {}
    """The groups that those who approved can stand for."""
    lapse_noticed: bool = False
    """Whether it was said that the approvals lapse soon."""
    passed: dict[str, tuple[str, ...]] = {}
    """Gates passed: gate -> the approvers."""

    disconnect_reported_at: Instant | None = None
    disconnect_checked: bool = False
    owners: tuple[OwnedRecords, ...] = ()
    owners_counted: bool = False
    excluded: frozenset[str] = frozenset()
    """Owners of whom an administrator said that they are no Salesforce-only ones."""
    objects: tuple[str, ...] = CORE_OBJECTS
    """The object types whose records are to be reassigned."""
    mapping: dict[str, Assignment] = {}
    confirmed: dict[str, str] = {}
    """What was confirmed and may run: Salesforce-only owner id -> the assignment's code."""
    mapping_version: int = 0
    """The number of the last event that changed what a confirmation would confirm."""
    job: int = 0
    job_state: str = ""
    """'' (none), running, paused, stopping, counting, finished; undoing, ending_undo (stopped), or
    recounting (after an undo)."""
    waits_until: Instant | None = None
    """The job waits for the daily limit's reset."""
    undo_owner: str = ""
    undo_object: str = ""
    """What the undo under way is limited to."""
    tallies: tuple[Tally, ...] = ()
    failures: tuple[Failure, ...] = ()
    failure_count: int = 0
    records_changed: int = 0
    """Records that now carry the owner that the bot wrote."""
    cleanup_reported_at: Instant | None = None
    remaining_owners: tuple[Owner, ...] = ()

    inventory: Inventory | None = None
    inventory_digest: str = ""
    no_copy_proposed: bool = False
    keep_copy: bool | None = None
    backups: int = 0
    """How many backups were begun."""
    backing_up: BackupTask | None = None
    backup: Backup | None = None
    backup_of: str = ""
    """The digest of the inventory that the backup was begun with."""
    waiver: Waiver | None = None
    waiver_of: str = ""
    removal_digest: str = ""
    """What decides whether approvals of the removal stand: package, choice, backup, waiver."""
    removal_before: Removal | None = None
    """What was asked about before, where the removal has to be approved anew."""
    approved: dict[str, str] = {}
    """What was shown when a gate was passed: gate -> digest."""
    consent: bool = False
    reconfirmed: bool = False
    compared_at: Instant | None = None
    """When the package was last read and found to be what was approved."""
    uninstall_reported_at: Instant | None = None
    bot_removal: int = 0
    bot_removing: bool = False
    removal_problems: tuple[Blocker, ...] = ()
    failed_removals: frozenset[str] = frozenset()
    """Deployments of ours that Salesforce refused."""
    rehearsal: str = ""
    """How the rehearsal of the bot's present removal ended: '', passed, not_possible."""
    deploying: Deploying | None = None
    """The bot's deployment under way: the point of no return."""
    deployed_at: Instant | None = None
    """When Salesforce said that the bot's present removal succeeded."""
    last_seen_at: Instant | None = None
    """The reading that saw the package and was recorded last (a clock may have been set back)."""
    removed_at: Instant | None = None
    """The last reading that saw the package before it was gone."""
    missing_at: Instant | None = None
    """The reading that proved the package gone: the true removal lies between the two."""
    deadline: Instant | None = None
    reminders_done: frozenset[int] = frozenset()
    downloaded: bool | None = None
    copy_location: str = ""

    evidence: dict[str, Evidence] = {}
    irreversible: tuple[str, ...] = ()
    missing: frozenset[str] = frozenset()
    blocked: Block | None = None
    frozen: bool = False
    frozen_by: str = ""
    thawed_at: Instant | None = None

    def owner(self, owner_id: str) -> OwnedRecords | None:
        """Return the Salesforce-only owner with this id, if there is one."""
        return next((owned for owned in self.owners if owned.owner.id == owner_id), None)

    @property
    def candidates(self) -> tuple[OwnedRecords, ...]:
        """The Salesforce-only owners, less those that were excluded."""
        return tuple(owned for owned in self.owners if owned.owner.id not in self.excluded)

    @property
    def counted_types(self) -> frozenset[str]:
        """The object types of which records were counted, and those that are chosen."""
        kinds = {kind for owned in self.owners for kind in (*owned.counts, *owned.other_counts)}
        return frozenset(kinds.union(self.objects))

    @property
    def known_types(self) -> frozenset[str]:
        """The object types that may be spoken of: the usual ones, and what was counted."""
        return self.counted_types.union(CORE_OBJECTS, OTHER_OBJECTS)

    @property
    def to_map(self) -> tuple[OwnedRecords, ...]:
        """The owners that have records and therefore need a target."""
        return tuple(owned for owned in self.candidates if owned.total)

    @property
    def unmapped(self) -> tuple[OwnedRecords, ...]:
        """The owners that still need a target: none is chosen, or it exists in Salesforce alone."""
        alone = {owned.owner.id for owned in self.candidates}

        def chosen(owned: OwnedRecords) -> bool:
            assignment = self.mapping.get(owned.owner.id)
            return assignment is not None and alone.isdisjoint(one.id for one in assignment.owners)

        return tuple(owned for owned in self.to_map if not chosen(owned))

    @property
    def suggested(self) -> tuple[OwnedRecords, ...]:
        """The owners that need a target and have a suggestion that can be taken."""
        alone = {owned.owner.id for owned in self.candidates}
        return tuple(
            owned
            for owned in self.unmapped
            if owned.suggestion is not None and owned.suggestion.target.id not in alone
        )

    @property
    def excluded_owners(self) -> tuple[OwnedRecords, ...]:
        """The listed owners that were excluded."""
        return tuple(owned for owned in self.owners if owned.owner.id in self.excluded)

    @property
    def leaves_records(self) -> bool:
        """Whether records are left out: of excluded owners, or of types that are not chosen."""
        return bool(self.excluded_owners) or any(owned.other_counts for owned in self.candidates)

    @property
    def current_backup(self) -> Backup | None:
        """The backup, if the package still is what it was when that was begun."""
        return self.backup if self.backup_of == self.inventory_digest else None

    @property
    def current_waiver(self) -> Waiver | None:
        """The waiver, if the package still is what was shown when it was given."""
        return self.waiver if self.waiver_of == self.inventory_digest else None

    @property
    def asked_removal(self) -> Removal | None:
        """What the approvers of the removal are asked about, or were; None before they are."""
        if self.inventory is None or self.keep_copy is None:
            return None
        return Removal(
            inventory=self.inventory,
            keep=self.keep_copy,
            backup=self.current_backup,
            waiver=self.current_waiver,
        )

    @property
    def secured(self) -> bool:
        """Whether the package may go without a copy: its data is backed up, or that is waived."""
        backup = self.current_backup
        return self.current_waiver is not None or (backup is not None and not backup.hidden)

    @property
    def removal_begun(self) -> bool:
        """Whether the package's end was asked for and cannot be stopped, as far as is known."""
        # Histories of before hold no deploying, only its success.
        begun = (self.uninstall_reported_at, self.deploying, self.deployed_at)
        return any(one is not None for one in begun)

    @property
    def unconfirmed(self) -> tuple[OwnedRecords, ...]:
        """The owners with records whose target, as it is now, nobody has confirmed."""
        chosen = {old: assignment.code for old, assignment in self.mapping.items()}
        return tuple(
            owned
            for owned in self.to_map
            if chosen.get(owned.owner.id) is None
            or self.confirmed.get(owned.owner.id) != chosen[owned.owner.id]
        )

    @property
    def records_left(self) -> int:
        """Records of the chosen types that belong to Salesforce-only owners, as last counted."""
        return sum(owned.total for owned in self.candidates)


def waited_since(run: Run) -> datetime:
    """Return since when the run waits: for the mending of a block, or for the prompt's answer."""
    return run.blocked.since if run.blocked else run.since
