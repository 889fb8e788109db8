"""What the program needs of the outside world, in the procedure's words.

``bot/vendors/`` implements these with the vendors' client libraries; tests may pass simulations.
Every method may raise a :class:`bot.errors.VendorError`, whose ``retryable`` says whether the same
call may succeed later and whose ``unknown`` says that it may have been applied although no
answer came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from bot.errors import VendorError
from workflows.values import Account, Blocker, Inventory, OwnedRecords, Owner, Package


class Clock(Protocol):
    """The time. The program never asks the system directly."""

    def now(self) -> datetime:
        """Return the present time, aware, in UTC."""
        ...


@dataclass(frozen=True)
class DailyUsage:
    """The account's API budget of the day, in requests."""

    limit: int
    used: int
    resets_at: datetime | None = None


@dataclass(frozen=True)
class Rejected:
    """A record that HubSpot would not change: its id, HubSpot's reason and correlation id."""

    record_id: str
    reason: str
    reference: str = ""


@dataclass(frozen=True)
class Swap:
    """One change of owner that is wanted: only where the owner still is *old*."""

    record_id: str
    old: str
    new: str


@dataclass(frozen=True)
class Swapped:
    """What became of the swaps of one batch: every record is in exactly one of these.

    ``changed`` were written now; ``already`` had the new owner before; ``elsewhere`` have neither
    (record -> its owner; None: nobody); ``gone`` are unknown to HubSpot (deleted, archived, merged
    into another); ``rejected`` were refused one by one; ``unclear`` may have been written or not.
    ``strays`` are other records that HubSpot changed (record -> new owner): asked ones were merged
    into them in that moment. ``error`` says why they are unclear; without one they were not let go.
    """

    changed: tuple[str, ...] = ()
    already: tuple[str, ...] = ()
    elsewhere: Mapping[str, str | None] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    strays: Mapping[str, str] = field(default_factory=dict)
    unclear: tuple[str, ...] = ()
    error: VendorError | None = None


@dataclass(frozen=True)
class RecordPage:
    """A page of a search by owner: record id -> owner, ascending by id; how many there are."""

    owners: Mapping[str, str]
    total: int


@dataclass(frozen=True)
class OwnerChange:
    """One entry of a record's owner history."""

    owner: str | None
    at: datetime
    source: str = ""


@dataclass(frozen=True)
class ObjectKind:
    """A custom object type: what its records are addressed by, and what people call them."""

    name: str
    label: str


@dataclass(frozen=True)
class OwnerCensus:
    """All owners at one time: targets, candidates with their reasons, and who is neither."""

    active: tuple[Owner, ...]
    salesforce_only: tuple[OwnedRecords, ...]
    deactivated: tuple[Owner, ...] = ()


@dataclass(frozen=True)
class SalesforcePerson:
    """A Salesforce user, as far as suggestions need it."""

    email: str
    name: str
    active: bool
    manager_email: str = ""


@dataclass(frozen=True)
class Removal:
    """A deployment that removes the package through the Metadata API, or rehearses that.

    ``rehearsal``: it only looks whether it could be done (check-only). ``about_package`` false:
    it is about something else; None: it names nothing (yet). ``by`` is the Salesforce user who
    asked for it ('': not told). ``problems`` are those of one that failed, each with what to do;
    ``impossible`` are Salesforce's words where it cannot rehearse this at all.

    ``done`` of ``components`` are deployed and ``errors`` failed, in Salesforce's own count;
    ``detail`` are its words about what it is at. Times are None where it does not tell them.
    """

    id: str
    state: Literal["running", "succeeded", "failed"]
    problems: tuple[Blocker, ...] = ()
    rehearsal: bool = False
    about_package: bool | None = True
    by: str = ""
    impossible: str = ""
    components: int = 0
    done: int = 0
    errors: int = 0
    detail: str = ""
    created_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None


class HubSpotPort(Protocol):
    """HubSpot, as far as the procedure needs it."""

    def account(self) -> Account:
        """Return the account that the token belongs to."""
        ...

    def is_super_admin(self, email: str) -> bool | None:
        """Say whether the user with this e-mail is a super admin; None: unknown to the account."""
        ...

    def active_owners(self) -> tuple[Owner, ...]:
        """Return the owners who are active HubSpot users, sorted by label: the targets."""
        ...

    def owner_census(self) -> OwnerCensus:
        """Return all owners: active HubSpot users, Salesforce-only ones, deactivated users."""
        ...

    def custom_objects(self) -> tuple[ObjectKind, ...]:
        """Return the account's custom object types, by label."""
        ...

    def owners_of_companies(self, owner_id: str, sample: int = 100) -> Mapping[str, int]:
        """Count by owner of their companies some of this owner's contacts: owner -> contacts."""
        ...

    def count_by_owner(self, object_type: str, owner_ids: Sequence[str]) -> dict[str, int]:
        """Count the live records of *object_type* that belong to each of these owners."""
        ...

    def last_sync(self) -> datetime | None:
        """Return the newest `salesforcelastsynctime` of contacts, companies and deals."""
        ...

    def lacking_to_write(self) -> tuple[str, ...]:
        """Return the scopes that a reassignment needs and the token is known to lack."""
        ...

    def daily_usage(self) -> DailyUsage | None:
        """Return the day's API budget, or None where the account does not tell."""
        ...

    def known_usage(self) -> DailyUsage | None:
        """Return the day's API budget as the latest answers told it, without a call."""
        ...

    def records_of(self, object_type: str, owner_ids: Sequence[str], after: str = "") -> RecordPage:
        """Return up to 200 records of these owners (≤ 100) whose ids follow *after*.

        As the search index sees them. Ascending by id; fewer than 200 is the end.
        """
        ...

    def swap_owners(
        self, object_type: str, swaps: Sequence[Swap], go: Callable[[], bool]
    ) -> Swapped:
        """Change the owner of up to 100 records, of each only if it still is the old one.

        HubSpot has no compare-and-set. This is the nearest: the records are read and, in the
        next moment, those that still have their old owner are written. Both calls are let through
        by the limits together, so that no waiting lies between them. *go* is asked when both may
        leave; False: nothing is sent. A batch that is refused as a whole is halved until the
        culprits are alone. One attempt: nothing that is unclear is written again here. Never raises
        :class:`VendorError` for what is worth another attempt; raises it where HubSpot refuses us
        altogether (token, scope).
        """
        ...

    def owner_histories(
        self, object_type: str, record_ids: Sequence[str]
    ) -> Mapping[str, tuple[OwnerChange, ...]]:
        """Return the owner history of up to 50 records, newest first; unknown ids are left out."""
        ...


class SalesforcePort(Protocol):
    """Salesforce, as far as the procedure needs it."""

    def installed_package(self) -> Package | None:
        """Return the integration's package, or None if it is not installed."""
        ...

    def inventory(self) -> Inventory | None:
        """List what the package holds and what blocks its removal; None if not installed."""
        ...

    def people(self, emails: Iterable[str]) -> dict[str, SalesforcePerson]:
        """Return the Salesforce users with these e-mails, by lower-case e-mail."""
        ...

    def start_removal(self, *, rehearsal: bool = False) -> str:
        """Deploy the destructive change for the package, or rehearse it; return its id.

        The error ``salesforce_no_rehearsal`` says that this cannot be rehearsed here, with
        Salesforce's words as the ``message`` of its problem.
        """
        ...

    def find_removals(self, since: datetime, *, rehearsal: bool = False) -> tuple[Removal, ...]:
        """List the deployments (or rehearsals) of anybody that were begun since, oldest first.

        The list tells id, state and times; :meth:`removal` tells what one is about, and whose.
        """
        ...

    def removal(self, deployment_id: str) -> Removal:
        """Return how far a removal is."""
        ...
