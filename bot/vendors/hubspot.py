"""HubSpot, in the heart's words (facts/hubspot.md)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from more_itertools import chunked
from pydantic import AwareDatetime, Field

from bot.errors import VendorError
from bot.ports import DailyUsage, Reassigned
from bot.vendors.hubspot_errors import Said, unreadable
from bot.vendors.hubspot_http import HubSpotClient, read
from bot.vendors.hubspot_limits import Budget
from bot.vendors.hubspot_owners import (
    PAGE,
    ListedOwner,
    ListedUser,
    OwnerPage,
    UserPage,
    why_salesforce_only,
)
from bot.vendors.hubspot_update import OWNER, OwnerUpdate, owners_of
from bot.vendors.patience import Patience
from workflows.values import CORE_OBJECTS, Account, OwnedRecords, Owner

SEARCH_PAGE = 200
OWNERS_TOGETHER = 100
"""Values of one IN filter; with them a search's body stays below 3,000 characters."""
BY_ID = {"propertyName": "hs_object_id", "direction": "ASCENDING"}
USERS_PAGE = 100
SYNC_TIME = "salesforcelastsynctime"

_OWNERS_SCOPE = "crm.objects.owners.read"
_USERS_SCOPE = "settings.users.read"
_LOG = logging.getLogger(__name__)

P = TypeVar("P", OwnerPage, UserPage)


class _Details(Said):
    portal_id: str = Field(alias="portalId")
    account_type: str = Field("", alias="accountType")
    time_zone: str = Field("UTC", alias="timeZone")
    ui_domain: str = Field("app.hubspot.com", alias="uiDomain")


class _Usage(Said):
    limit: int = Field(alias="usageLimit")
    used: int = Field(alias="currentUsage")
    resets_at: AwareDatetime | None = Field(None, alias="resetsAt")


class _Usages(Said):
    results: list[_Usage]


class _Found(Said):
    id: str
    properties: dict[str, Any] = {}


class _Search(Said):
    total: int
    results: list[_Found]


class HubSpot:
    """One HubSpot account behind its API, through one access token.

    ``timeout`` is in seconds, for connecting and for each wait for data. All methods raise
    :class:`VendorError`; ``missing`` then names a scope that the token was not granted. Safe to
    share between threads.
    """

    def __init__(
        self,
        token: str,
        api_url: str = "https://api.hubapi.com",
        *,
        timeout: float = 30.0,
        budget: Budget | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._client = HubSpotClient(
            token,
            api_url,
            timeout=timeout,
            budget=budget or Budget(),
            patience=patience or Patience(),
        )

    def account(self) -> Account:
        """Return the account (``/account-info/v3/details``)."""
        data = self._client.get("/account-info/v3/details", scope="oauth")
        details = read(_Details, data, "the account")
        return Account(
            portal_id=details.portal_id,
            account_type=details.account_type,
            time_zone=details.time_zone,
            ui_domain=details.ui_domain,
        )

    def is_super_admin(self, email: str) -> bool | None:
        """Return whether the user with *email* is a super admin; None if there is no such user."""
        try:
            _, data = self._client.call(
                self._client.users.get_by_id_with_http_info,
                email,
                id_property="EMAIL",
                scope=_USERS_SCOPE,
            )
        except VendorError as error:
            if error.code == "hubspot_not_found":
                return None
            raise
        return bool(read(ListedUser, data, "the user").super_admin)

    def active_owners(self) -> tuple[Owner, ...]:
        """Return the owners that records can be given to: people with a HubSpot login, by label."""
        active = (
            owner.owner()
            for owner in self._owners(archived=False)
            if owner.user_id and not owner.is_queue
        )
        return tuple(sorted(active, key=lambda owner: (owner.label.casefold(), owner.id)))

    def salesforce_only_owners(self) -> tuple[OwnedRecords, ...]:
        """Return the owners that seem to exist in Salesforce alone, without counts, and why.

        Where the token may not list users, the rule does without them and finds some candidates
        more; a person confirms them anyway.
        """
        owners = self._owners(archived=False)
        known = {
            (owner.email or "").strip().lower()
            for owner in self._owners(archived=True)
            if owner.user_id_including_inactive
        }
        try:
            known |= {user.email.strip().lower() for user in self._users()}
        except VendorError as error:
            if not error.missing:
                raise
            _LOG.warning("users cannot be listed: %s", error.problem)
        known.discard("")
        reasons = ((owner, why_salesforce_only(owner, known)) for owner in owners)
        return tuple(OwnedRecords(owner=owner.owner(), why=why) for owner, why in reasons if why)

    def count_records(self, object_type: str, owner_id: str) -> int:
        """Count the records of one type that belong to *owner_id*, as the search index sees it."""
        return self._search(object_type, [_owned_by(owner_id)], limit=1).total

    def count_by_owner(self, object_type: str, owner_ids: Sequence[str]) -> dict[str, int]:
        """Count the records of one type for each of many owners, with few searches.

        Searches are the scarce calls (5 a second for the whole account). Owners are asked for
        a hundred at a time; where reading their records takes fewer searches than one for each
        owner, they are read and counted here.
        """
        counts = dict.fromkeys(owner_ids, 0)
        for some in chunked(owner_ids, OWNERS_TOGETHER):
            first = self._owned_by_any(object_type, some, "")
            if first.total <= SEARCH_PAGE * len(some):
                self._tally(object_type, some, first, counts)
            else:
                for owner_id in some:
                    counts[owner_id] = self.count_records(object_type, owner_id)
        return counts

    def _tally(
        self, object_type: str, owners: Sequence[str], page: _Search, counts: dict[str, int]
    ) -> None:
        while page.results:
            for record in page.results:
                owner_id = record.properties.get(OWNER) or ""
                if owner_id in counts:
                    counts[owner_id] += 1
            if len(page.results) < SEARCH_PAGE:
                return
            page = self._owned_by_any(object_type, owners, page.results[-1].id)

    def _owned_by_any(self, object_type: str, owners: Sequence[str], after: str) -> _Search:
        filters: list[dict[str, Any]] = [
            {"propertyName": OWNER, "operator": "IN", "values": list(owners)}
        ]
        if after:
            filters.append({"propertyName": "hs_object_id", "operator": "GT", "value": after})
        return self._search(object_type, filters, limit=SEARCH_PAGE, sort=BY_ID)

    def record_ids(
        self, object_type: str, owner_ids: Sequence[str], after: str = ""
    ) -> dict[str, str]:
        """Return up to 200 records of these owners whose ids follow *after*: id -> owner.

        In the order of ids; an empty answer is the end. The cursor stays right while records leave
        the result, and passes the search's limit of 10,000 results (facts/hubspot.md, "Search").
        """
        page = self._owned_by_any(object_type, owner_ids, after)
        return {record.id: record.properties.get(OWNER) or "" for record in page.results}

    def owners_of(self, object_type: str, record_ids: Sequence[str]) -> dict[str, str | None]:
        """Return who owns the records now; None is nobody, a missing key an unknown record."""
        return owners_of(self._client, object_type, record_ids)

    def reassign(self, object_type: str, record_ids: Iterable[str], owner_id: str) -> Reassigned:
        """Give the records to *owner_id*; every record is either changed or rejected.

        :class:`VendorError` with ``unknown`` says that some may have been changed: read before
        trying again. Setting the same owner twice does no harm.
        """
        return OwnerUpdate(self._client, object_type, owner_id).run(record_ids)

    def daily_usage(self) -> DailyUsage | None:
        """Return today's API requests of the account's private apps; None if HubSpot has none."""
        path = "/account-info/v3/api-usage/daily/private-apps"
        try:
            data = self._client.get(path, scope="oauth")
        except VendorError as error:
            if error.code == "hubspot_not_found":
                return None
            raise
        usages = read(_Usages, data, "the API usage").results
        if not usages:
            return None
        tightest = min(usages, key=lambda usage: usage.limit - usage.used)
        return DailyUsage(tightest.limit, tightest.used, tightest.resets_at)

    def last_sync(self, object_types: Iterable[str] = CORE_OBJECTS) -> datetime | None:
        """Return when a record was last synced with Salesforce; None if none ever was."""
        times = [self._last_sync(object_type) for object_type in object_types]
        return max((time for time in times if time is not None), default=None)

    def _last_sync(self, object_type: str) -> datetime | None:
        try:
            found = self._search(
                object_type,
                [{"propertyName": SYNC_TIME, "operator": "HAS_PROPERTY"}],
                limit=1,
                sort={"propertyName": SYNC_TIME, "direction": "DESCENDING"},
                properties=(SYNC_TIME,),
            )
        except VendorError as error:
            if error.code == "hubspot_no_property":  # the integration was never installed
                return None
            raise
        values = [record.properties.get(SYNC_TIME) for record in found.results]
        return max((_moment(str(value)) for value in values if value), default=None)

    def _search(
        self,
        object_type: str,
        filters: Sequence[dict[str, Any]],
        *,
        limit: int,
        sort: dict[str, str] | None = None,
        properties: tuple[str, ...] = (OWNER,),
    ) -> _Search:
        request: dict[str, Any] = {
            "filterGroups": [{"filters": list(filters)}],
            "properties": list(properties),
            "limit": limit,
        }
        if sort:
            request["sorts"] = [sort]
        _, data = self._client.call(
            self._client.search.do_search_with_http_info,
            object_type,
            request,
            scope=f"crm.objects.{object_type}.read",
            search=True,
        )
        return read(_Search, data, object_type)

    def _owners(self, *, archived: bool) -> list[ListedOwner]:
        def page(after: str | None) -> OwnerPage:
            _, data = self._client.call(
                self._client.owners.get_page_with_http_info,
                limit=PAGE,
                archived=archived or None,
                after=after,
                scope=_OWNERS_SCOPE,
            )
            return read(OwnerPage, data, "the owners")

        return [owner for one in _pages(page) for owner in one.results]

    def _users(self) -> list[ListedUser]:
        def page(after: str | None) -> UserPage:
            _, data = self._client.call(
                self._client.users.get_page_with_http_info,
                limit=USERS_PAGE,
                after=after,
                scope=_USERS_SCOPE,
            )
            return read(UserPage, data, "the users")

        return [user for one in _pages(page) for user in one.results]


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
            raise unreadable("the next page", write=False)
        after = following


def _owned_by(owner_id: str) -> dict[str, str]:
    return {"propertyName": OWNER, "operator": "EQ", "value": owner_id}


def _moment(value: str) -> datetime:
    """Read a date-time property: ISO 8601, or milliseconds since the epoch."""
    if value.isascii() and value.isdigit():
        return datetime.fromtimestamp(int(value) / 1000, UTC)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise unreadable("the last sync", write=False) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
