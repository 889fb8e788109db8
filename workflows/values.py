"""What the rules speak about: people, owners, the plan, the package, evidence."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field, PositiveInt, field_validator, model_validator

from workflows.base import Instant, Value
from workflows.text import Text

CORE_OBJECTS: tuple[str, ...] = ("contacts", "companies", "deals")
"""The object types that the procedure reassigns (P2b)."""
OTHER_OBJECTS: tuple[str, ...] = ("tickets", "tasks", "calls", "meetings", "notes", "emails")
"""Object types that have owners too (facts/hubspot.md): counted, offered, off until chosen."""


class Role(StrEnum):
    """What a person may do; resolved from the settings on every delivery."""

    ADMINISTRATOR = "administrator"
    APPROVER = "approver"


class Actor(Value):
    """Who did something: a person (Slack user id), the bot itself, or the command line."""

    kind: Literal["person", "bot", "console"]
    id: str


BOT = Actor(kind="bot", id="sunset")


class Reason(StrEnum):
    """Why the integration is taken down (P1d asks for one too)."""

    LEAVING_SALESFORCE = "leaving_salesforce"
    LEAVING_HUBSPOT = "leaving_hubspot"
    OTHER_INTEGRATION = "other_integration"
    SYNC_PROBLEM = "sync_problem"
    OTHER = "other"


class Policy(Value):
    """The settings a run was started with; they stay the run's own (all times in seconds)."""

    quorum: int = Field(2, ge=1)
    removal_quorum: int | None = Field(None, ge=1)
    """The quorum of the removal's approval; None: the same."""
    groups: tuple[str, ...] = ()
    """Groups of approvers that must each be represented, by a person of its own."""
    approval_ttl: int = Field(24 * 3600, ge=1)
    window: int = Field(48 * 3600, ge=1)
    reminders: tuple[PositiveInt, ...] = (24 * 3600, 12 * 3600, 4 * 3600, 3600, 900)
    approvers_from: int = Field(4 * 3600, ge=0)

    @property
    def highest_quorum(self) -> int:
        """How many people have to be able to approve, for every gate to be passable."""
        return max(self.quorum, self.removal_quorum or 0, len(self.groups))


class Account(Value):
    """The HubSpot account (facts/hubspot.md, account-info)."""

    portal_id: str
    account_type: str = ""
    time_zone: str = "UTC"
    ui_domain: str = "app.hubspot.com"


class Owner(Value):
    """An owner of HubSpot records; `id` is what records point to, never the user id."""

    id: str
    name: str = ""
    email: str = ""
    kind: Literal["person", "queue"] = "person"
    teams: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """A name a person recognises; names can be empty (facts/hubspot.md)."""
        return self.name or self.email or f"#{self.id}"


SuggestionKind = Literal["manager", "same_name", "same_team", "companies"]


class Suggestion(Value):
    """A HubSpot owner proposed for a Salesforce-only owner's records, and why.

    ``via`` supports the reason: the manager's e-mail, the team's name, or the share of the
    contacts looked at whose companies that owner has.
    """

    target: Owner
    why: SuggestionKind
    via: str = ""


class Assignment(Value):
    """To whom one Salesforce-only owner's records go.

    Records of an object type in ``kinds`` go to its owner; all others go to the ``targets`` in
    turn (round robin), of which one is enough. The order of the targets is part of the assignment,
    since the first record goes to the first of them; nobody is among them twice.
    """

    targets: tuple[Owner, ...] = Field(min_length=1)
    kinds: dict[str, Owner] = {}

    @field_validator("targets")
    @classmethod
    def _each_once(cls, targets: tuple[Owner, ...]) -> tuple[Owner, ...]:
        return tuple({owner.id: owner for owner in targets}.values())

    @property
    def owners(self) -> tuple[Owner, ...]:
        """Everybody who may get records, each once."""
        by_id = {owner.id: owner for owner in (*self.targets, *self.kinds.values())}
        return tuple(by_id.values())

    @property
    def code(self) -> str:
        """The assignment as one line of ids: equal assignments are equal texts."""
        kinds = [f"{kind}={owner.id}" for kind, owner in sorted(self.kinds.items())]
        return ";".join(["+".join(owner.id for owner in self.targets), *kinds])

    def of(self, object_type: str) -> tuple[Owner, ...]:
        """Return who gets the records of *object_type*, in turn."""
        return (self.kinds[object_type],) if object_type in self.kinds else self.targets


class OwnedRecords(Value):
    """A Salesforce-only owner with the number of records of each object type."""

    owner: Owner
    why: Literal["queue", "no_hubspot_user", "email_unknown"]
    counts: dict[str, int] = {}
    other_counts: dict[str, int] = {}
    suggestion: Suggestion | None = None

    @property
    def total(self) -> int:
        """The records that are to be reassigned: of all chosen object types together."""
        return sum(self.counts.values())

    def split(self, objects: tuple[str, ...]) -> OwnedRecords:
        """Return the same with the counts of *objects* as those to be reassigned."""
        every = {**self.other_counts, **self.counts}
        chosen = {kind: every.get(kind, 0) for kind in objects}
        others = {kind: count for kind, count in every.items() if kind not in chosen and count}
        return self.model_copy(update={"counts": chosen, "other_counts": others})


class Component(Value):
    """One part of the Salesforce package (P3c)."""

    type: str
    name: str


class CustomObject(Value):
    """A custom object of the package; `records` is None where it cannot be counted.

    ``estimated``: Salesforce's own estimate, since not all records can be seen. ``fields`` are
    the API names of its custom fields, the package's and those that were added in the org.
    """

    name: str
    records: int | None = None
    estimated: bool = False
    fields: tuple[str, ...] = ()


class Blocker(Value):
    """Something outside the package that refers to it and refuses its uninstall.

    ``link`` is a path into Setup below the org's address (:attr:`Inventory.org_url`), ``advice``
    what to do. With ``sure`` false it may refuse the uninstall, or go with the package unasked.
    """

    type: str
    name: str
    refers_to: str
    problem: str = ""
    link: str = ""
    advice: Text | None = None
    sure: bool = True


class Package(Value):
    """The installed package."""

    id: str
    name: str
    namespace: str
    version: str


class Inventory(Value):
    """What would be deleted for good (P3c), and what was found to block it."""

    package: Package
    components: tuple[Component, ...] = ()
    objects: tuple[CustomObject, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    org_id: str = ""
    org_is_sandbox: bool = False
    org_url: str = ""
    incomplete: tuple[Text, ...] = ()
    permission_sets: dict[str, tuple[str, ...]] = {}
    """The package's permission sets, each with the user names of those who have it."""
    folders: dict[str, tuple[str, ...]] = {}
    """The package's folders, each with the names of the reports, documents, … in it."""


class Backup(Value):
    """A finished backup of the package's data: read back, and counted anew, file by file.

    ``began`` is when the first query began: later writes may be missing. ``gaps`` are the first
    of ``gap_count`` things that may hold data and are not in it; the first ``hidden`` of these
    keep data of the package out of it. ``manifest_sha256`` is what a later check is held against.
    """

    directory: str
    manifest_sha256: str
    files: int
    rows: int
    bytes: int
    began: Instant
    gaps: tuple[Text, ...] = ()
    gap_count: int = 0
    hidden: int = 0


class Waiver(Value):
    """An approver's word that the package may go without a backup (or with an incomplete one)."""

    by: str
    at: Instant
    reason: str


class Forecast(Value):
    """What the reassignment will cost, in API requests and seconds at the account's limits.

    ``daily_reserve`` are the requests of a day that are left to the account's other integrations.
    """

    search_calls: int = 0
    read_calls: int = 0
    update_calls: int = 0
    check_calls: int = 0
    seconds: int = 0
    daily_limit: int | None = None
    daily_remaining: int | None = None
    daily_reserve: int = 0
    resets_at: Instant | None = None

    @property
    def calls(self) -> int:
        """All requests together."""
        return self.search_calls + self.read_calls + self.update_calls + self.check_calls

    @property
    def fits_today(self) -> bool | None:
        """Whether today's budget suffices without touching the reserve; None: not known."""
        if self.daily_remaining is None:
            return None
        return self.calls <= self.daily_remaining - self.daily_reserve


class Plan(Value):
    """The read-only look before anything is asked (design.md, `planning`)."""

    account: Account
    owners: tuple[OwnedRecords, ...] = ()
    active_owners: int = 0
    deactivated: tuple[Owner, ...] = ()
    """Deactivated HubSpot users: no Salesforce-only owners; their records stay theirs."""
    labels: dict[str, str] = {}
    """What people call the account's custom objects: object type -> label."""
    inventory: Inventory | None = None
    requester_is_super_admin: bool | None = None
    forecast: Forecast = Forecast()
    taken_at: Instant

    @property
    def total(self) -> int:
        """Contacts, companies and deals that belong to Salesforce-only owners."""
        return sum(owned.total for owned in self.owners)


class Reading(Value):
    """What a vendor's API answered, kept as evidence: when, which source, what it said.

    ``says`` is a sentence of ours about the answer, or the vendor's own words as they came.
    """

    at: Instant
    source: str
    says: Text | str


class Evidence(Value):
    """How a step ended: *verified* by a reading, *attested* by a person, not needed, or missed."""

    kind: Literal["verified", "attested", "skipped", "missed"]
    at: Instant
    by: Actor
    reading: Reading | None = None

    @model_validator(mode="after")
    def _verified_needs_a_reading(self) -> Evidence:
        if (self.kind == "verified") != (self.reading is not None):
            raise ValueError("evidence is verified if, and only if, a reading supports it")
        return self


class Tally(Value):
    """How a reassignment job ended for one owner and object type."""

    owner_id: str
    object_type: str
    changed: int = 0
    failed: int = 0
    left_alone: int = 0
    overwritten: int = 0
    """Changed, but somebody else had given them away between our reading and our write."""


class Failure(Value):
    """One record that HubSpot would not change, with its reason."""

    object_type: str
    record_id: str
    reason: str
    reference: str = ""
