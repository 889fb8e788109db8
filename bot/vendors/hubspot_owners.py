"""Owners and users as HubSpot lists them, and which owners exist in Salesforce alone.

The rules are inferred (facts/hubspot.md, "Owners"): a person confirms the candidates before
anything is written.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Literal, TypeVar

from pydantic import Field

from bot.errors import VendorError
from bot.ports import OwnerCensus
from bot.vendors.hubspot_errors import Said, unreadable
from bot.vendors.hubspot_http import HubSpotClient, Question
from workflows.values import OwnedRecords, Owner

PAGE = 500
USERS_PAGE = 100

_OWNERS_SCOPE = "crm.objects.owners.read"
USERS_SCOPE = "settings.users.read"
_LOG = logging.getLogger(__name__)


class _Team(Said):
    name: str = ""
    primary: bool = False


class ListedOwner(Said):
    """An owner of ``GET /crm/v3/owners``; names and e-mail can be empty.

    Ids are numbers (facts/hubspot.md). One that held a ``;`` or ``+`` could make two assignments
    look alike, which are told apart by their owners' ids (:attr:`Assignment.code`).
    """

    id: str = Field(pattern=r"^[0-9A-Za-z_-]{1,64}$")
    type: str = "PERSON"
    email: str = ""
    first_name: str = Field("", alias="firstName")
    last_name: str = Field("", alias="lastName")
    user_id: str | None = Field(None, alias="userId")
    user_id_including_inactive: str | None = Field(None, alias="userIdIncludingInactive")
    archived: bool = False
    teams: list[_Team] = []

    @property
    def is_queue(self) -> bool:
        """Whether it is a Salesforce queue."""
        return self.type.upper() == "QUEUE"

    @property
    def is_active(self) -> bool:
        """Whether it is a person with a HubSpot login."""
        return bool(self.user_id) and not self.archived and not self.is_queue

    @property
    def is_deactivated(self) -> bool:
        """Whether it is a person whose HubSpot login was taken away."""
        if self.is_queue or self.is_active:
            return False
        return bool(self.user_id or self.user_id_including_inactive)

    @property
    def address(self) -> str:
        """The e-mail as it is compared."""
        return self.email.strip().lower()

    def owner(self) -> Owner:
        """Return it in the heart's words; its main team comes first."""
        names = (self.first_name.strip(), self.last_name.strip())
        teams = sorted(self.teams, key=lambda team: not team.primary)
        return Owner(
            id=self.id,
            name=" ".join(name for name in names if name),
            email=self.email.strip(),
            kind="queue" if self.is_queue else "person",
            teams=tuple(dict.fromkeys(team.name for team in teams if team.name)),
        )


class ListedUser(Said):
    """A user of ``/settings/v3/users``."""

    email: str = ""
    super_admin: bool | None = Field(None, alias="superAdmin")


class _Next(Said):
    after: str


class _Paging(Said):
    next: _Next | None = None


class _Page(Said):
    """A page; ``paging.next.after`` is absent on the last one."""

    paging: _Paging | None = None


class _OwnerPage(_Page):
    results: list[ListedOwner]


class _UserPage(_Page):
    results: list[ListedUser]


P = TypeVar("P", bound=_Page)


def active_owners(client: HubSpotClient) -> tuple[Owner, ...]:
    """Return the owners that records can be given to: people with a HubSpot login, by label."""
    return _by_label(owner for owner in _owners(client, archived=False) if owner.is_active)


def take_census(client: HubSpotClient) -> OwnerCensus:
    """Return all owners, with the reason why some seem to exist in Salesforce alone.

    Where the token may not list users, the rule does without their e-mails: it finds some
    candidates more, and none of them ``email_unknown``. A person confirms them anyway.
    """
    owners = _owners(client, archived=False)
    archived = _owners(client, archived=True)
    known = {owner.address for owner in (*owners, *archived) if owner.user_id_including_inactive}
    users = _user_emails(client)
    known |= users or set()
    reasons = ((owner, _why(owner, known, listed=users is not None)) for owner in owners)
    return OwnerCensus(
        active=_by_label(owner for owner in owners if owner.is_active),
        salesforce_only=tuple(
            OwnedRecords(owner=owner.owner(), why=why) for owner, why in reasons if why
        ),
        deactivated=_by_label(owner for owner in (*owners, *archived) if owner.is_deactivated),
    )


def _why(
    owner: ListedOwner, known: Collection[str], *, listed: bool
) -> Literal["queue", "no_hubspot_user", "email_unknown"] | None:
    """Say why *owner* seems to exist in Salesforce alone, or None if it does not.

    *known* are the e-mails of the account's users, active or not, in lower case; *listed* says
    whether they could be listed.
    """
    if owner.archived:
        return None
    if owner.is_queue:
        return "queue"
    if owner.user_id or owner.user_id_including_inactive:
        return None
    if not owner.address:
        return "no_hubspot_user"
    if owner.address in known:
        return None
    return "email_unknown" if listed else "no_hubspot_user"


def _by_label(owners: Iterable[ListedOwner]) -> tuple[Owner, ...]:
    found = {owner.id: owner.owner() for owner in owners}
    return tuple(sorted(found.values(), key=lambda owner: (owner.label.casefold(), owner.id)))


def _owners(client: HubSpotClient, *, archived: bool) -> list[ListedOwner]:
    question = Question(
        client.owners.get_page_with_http_info,
        (),
        lambda answer: _OwnerPage.model_validate(answer.data),
        "the owners",
        _OWNERS_SCOPE,
    )

    def page(after: str | None) -> _OwnerPage:
        return client.call(question, limit=PAGE, archived=archived or None, after=after)

    # Owners who are added or archived meanwhile move others to the next page: each counts once.
    found = {owner.id: owner for one in _pages(page) for owner in one.results}
    return [
        owner.model_copy(update={"archived": owner.archived or archived})
        for owner in found.values()
    ]


def _user_emails(client: HubSpotClient) -> set[str] | None:
    """Return the e-mails of the account's users; None where they cannot be listed."""
    question = Question(
        client.users.get_page_with_http_info,
        (),
        lambda answer: _UserPage.model_validate(answer.data),
        "the users",
        USERS_SCOPE,
    )

    def page(after: str | None) -> _UserPage:
        return client.call(question, limit=USERS_PAGE, after=after)

    try:
        return {user.email.strip().lower() for one in _pages(page) for user in one.results} - {""}
    except VendorError as error:
        if not error.missing:
            raise
        _LOG.warning("users cannot be listed: %s", error.problem)
        return None


def _pages(page: Callable[[str | None], P]) -> Iterator[P]:
    """Follow ``paging.next.after`` to the end; a cursor that stands still is not believed."""
    after: str | None = None
    while True:
        one = page(after)
        yield one
        following = one.paging.next.after if one.paging and one.paging.next else None
        if following is None:
            return
        if following == after:
            raise unreadable("the next page")
        after = following
