"""What the rules speak about: people, owners, the plan, the package, evidence."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field, PositiveInt, model_validator

from workflows.base import Instant, Value
from workflows.text import Text

CORE_OBJECTS: tuple[str, ...] = ("contacts", "companies", "deals")
"""The object types that the procedure reassigns (P2b)."""


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
    approval_ttl: int = Field(24 * 3600, ge=1)
    window: int = Field(48 * 3600, ge=1)
    reminders: tuple[PositiveInt, ...] = (24 * 3600, 12 * 3600, 4 * 3600, 3600, 900)
    approvers_from: int = Field(4 * 3600, ge=0)


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

    @property
    def label(self) -> str:
        """A name a person recognises; names can be empty (facts/hubspot.md)."""
        return self.name or self.email or f"#{self.id}"


class Suggestion(Value):
    """A HubSpot owner proposed for a Salesforce-only owner's records, and why."""

    target: Owner
    why: Literal["manager", "same_name"]
    via: str = ""


class OwnedRecords(Value):
    """A Salesforce-only owner with the number of records of each object type."""

    owner: Owner
    why: Literal["queue", "no_hubspot_user"]
    counts: dict[str, int] = {}
    other_counts: dict[str, int] = {}
    suggestion: Suggestion | None = None

    @property
    def total(self) -> int:
        """Contacts, companies and deals together."""
        return sum(self.counts.values())


class Component(Value):
    """One part of the Salesforce package (P3c)."""

    type: str
    name: str


class CustomObject(Value):
    """A custom object of the package; `records` is None where it cannot be counted."""

    name: str
    records: int | None = None


class Blocker(Value):
    """Something outside the package that refers to it and refuses its uninstall."""

    type: str
    name: str
    refers_to: str
    problem: str = ""


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


class Forecast(Value):
    """What the reassignment will cost."""

    search_calls: int = 0
    update_calls: int = 0
    seconds: int = 0
    daily_limit: int | None = None
    daily_remaining: int | None = None


class Plan(Value):
    """The read-only look before anything is asked (design.md, `planning`)."""

    account: Account
    owners: tuple[OwnedRecords, ...] = ()
    active_owners: int = 0
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


class Failure(Value):
    """One record that HubSpot would not change, with its reason."""

    object_type: str
    record_id: str
    reason: str
    reference: str = ""
