"""A run: everything that is known about one uninstall, as a value."""

from __future__ import annotations

from datetime import datetime

from workflows.base import Instant, Value
from workflows.states import State
from workflows.text import Text
from workflows.values import (
    Account,
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
)


class Block(Value):
    """Why the present step cannot go on, and what to do about it."""

    code: str
    problem: Text
    remedy: Text
    reference: str = ""
    since: Instant


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
    advice_acknowledged: bool = False
    votes: dict[str, str] = {}
    """Who approved at the gate that is open now: Slack user id -> digest."""
    passed: dict[str, tuple[str, ...]] = {}
    """Gates passed: gate -> the approvers."""

    disconnect_reported_at: Instant | None = None
    disconnect_checked: bool = False
    owners: tuple[OwnedRecords, ...] = ()
    owners_counted: bool = False
    mapping: dict[str, Owner] = {}
    confirmed: dict[str, str] = {}
    """What was confirmed and may run: Salesforce-only owner id -> HubSpot owner id."""
    mapping_version: int = 0
    """The number of the last event that changed the mapping."""
    job: int = 0
    job_state: str = ""
    """'' (none), running, paused, counting, finished, undoing, or recounting (after an undo)."""
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
    own_backup: bool = False
    removal_digest: str = ""
    consent: bool = False
    reconfirmed: bool = False
    uninstall_reported_at: Instant | None = None
    bot_removal: int = 0
    bot_removing: bool = False
    removal_problems: tuple[Blocker, ...] = ()
    failed_removals: frozenset[str] = frozenset()
    """Deployments of ours that Salesforce refused."""
    removed_at: Instant | None = None
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
    def to_map(self) -> tuple[OwnedRecords, ...]:
        """The owners that have records and therefore need a target."""
        return tuple(owned for owned in self.owners if owned.total)

    @property
    def unmapped(self) -> tuple[OwnedRecords, ...]:
        """The owners that still need a target: none is chosen, or it exists in Salesforce alone."""
        alone = {owned.owner.id for owned in self.owners}
        return tuple(
            owned
            for owned in self.to_map
            if owned.owner.id not in self.mapping or self.mapping[owned.owner.id].id in alone
        )

    @property
    def unconfirmed(self) -> tuple[OwnedRecords, ...]:
        """The owners with records whose target, as it is now, nobody has confirmed."""
        chosen = {old: target.id for old, target in self.mapping.items()}
        return tuple(
            owned
            for owned in self.to_map
            if chosen.get(owned.owner.id) is None
            or self.confirmed.get(owned.owner.id) != chosen[owned.owner.id]
        )

    @property
    def records_left(self) -> int:
        """Contacts, companies and deals that belong to Salesforce-only owners, as last counted."""
        return sum(owned.total for owned in self.owners)


def waited_since(run: Run) -> datetime:
    """Return since when the run waits: for the mending of a block, or for the prompt's answer."""
    return run.blocked.since if run.blocked else run.since
