"""Owners and users as HubSpot lists them, and which owners exist in Salesforce alone.

The rules are inferred (facts/hubspot.md, "Owners"): a person confirms the candidates before
anything is written.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from pydantic import Field

from bot.vendors.hubspot_errors import Said
from workflows.values import Owner

PAGE = 500


class ListedOwner(Said):
    """An owner of ``GET /crm/v3/owners``; names and e-mail can be empty."""

    id: str
    type: str = "PERSON"
    email: str | None = None
    first_name: str | None = Field(None, alias="firstName")
    last_name: str | None = Field(None, alias="lastName")
    user_id: str | None = Field(None, alias="userId")
    user_id_including_inactive: str | None = Field(None, alias="userIdIncludingInactive")
    archived: bool = False

    @property
    def is_queue(self) -> bool:
        """Whether it is a Salesforce queue."""
        return self.type.upper() == "QUEUE"

    def owner(self) -> Owner:
        """Return it in the heart's words."""
        names = ((self.first_name or "").strip(), (self.last_name or "").strip())
        return Owner(
            id=self.id,
            name=" ".join(name for name in names if name),
            email=(self.email or "").strip(),
            kind="queue" if self.is_queue else "person",
        )


class ListedUser(Said):
    """A user of ``/settings/v3/users``."""

    email: str = ""
    super_admin: bool | None = Field(None, alias="superAdmin")


class _Next(Said):
    after: str


class Paging(Said):
    """Where the next page begins; absent on the last one."""

    next: _Next | None = None


class OwnerPage(Said):
    """One page of owners."""

    results: list[ListedOwner]
    paging: Paging | None = None


class UserPage(Said):
    """One page of users."""

    results: list[ListedUser]
    paging: Paging | None = None


def why_salesforce_only(
    owner: ListedOwner, known_emails: Collection[str]
) -> Literal["queue", "no_hubspot_user"] | None:
    """Say why *owner* seems to exist in Salesforce alone, or None if it does not.

    ``known_emails`` are those of the account's users, active or not, in lower case.
    """
    if owner.archived:
        return None
    if owner.is_queue:
        return "queue"
    if owner.user_id or owner.user_id_including_inactive:
        return None
    if (owner.email or "").strip().lower() in known_emails:
        return None
    return "no_hubspot_user"
