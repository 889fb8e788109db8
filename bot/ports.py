"""What the program needs of the outside world, in the procedure's words.

``bot/vendors/`` implements these with the vendors' client libraries; tests may pass simulations.
Every method may raise a :class:`bot.errors.VendorError`, whose ``retryable`` says whether the same
call may succeed later and whose ``unknown`` says that it may have been applied although no
answer came.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

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
class Reassigned:
    """What became of a batch: every id that went in is in exactly one of the two."""

    changed: tuple[str, ...] = ()
    rejected: tuple[Rejected, ...] = ()


@dataclass(frozen=True)
class SalesforcePerson:
    """A Salesforce user, as far as suggestions need it."""

    email: str
    name: str
    active: bool
    manager_email: str = ""


@dataclass(frozen=True)
class Removal:
    """A removal of the package through the Metadata API."""

    id: str
    state: Literal["running", "succeeded", "failed"]
    problems: tuple[Blocker, ...] = ()


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

    def salesforce_only_owners(self) -> tuple[OwnedRecords, ...]:
        """Return the Salesforce-only owners with the reason for each, without counts."""
        ...

    def count_by_owner(self, object_type: str, owner_ids: Sequence[str]) -> dict[str, int]:
        """Count the live records of *object_type* that belong to each of these owners."""
        ...

    def last_sync(self) -> datetime | None:
        """Return the newest `salesforcelastsynctime` of contacts, companies and deals."""
        ...

    def daily_usage(self) -> DailyUsage | None:
        """Return the day's API budget, or None where the account does not tell."""
        ...

    def record_ids(
        self, object_type: str, owner_ids: Sequence[str], after: str = ""
    ) -> dict[str, str]:
        """Return up to 200 records of these owners (≤ 100) above id *after*: id -> owner.

        Ascending by id; an empty answer is the end.
        """
        ...

    def owners_of(self, object_type: str, record_ids: Sequence[str]) -> dict[str, str | None]:
        """Read the present owner of each record (≤ 100); ids that do not exist are left out."""
        ...

    def reassign(self, object_type: str, record_ids: Iterable[str], owner_id: str) -> Reassigned:
        """Set the owner of up to 100 records and account for each."""
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

    def start_removal(self) -> str:
        """Deploy the destructive change for the package and return the deployment's id."""
        ...

    def find_removal(self, since: datetime) -> Removal | None:
        """Look up a removal that was started after *since*, whose reply may have been lost."""
        ...

    def removal(self, deployment_id: str) -> Removal:
        """Return how far a removal is."""
        ...
