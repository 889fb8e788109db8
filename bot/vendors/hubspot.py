"""HubSpot, in the heart's words (facts/hubspot.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from pydantic import AwareDatetime, Field

from bot.errors import VendorError
from bot.ports import (
    DailyUsage,
    ObjectKind,
    OwnerCensus,
    OwnerChange,
    RecordPage,
    Swap,
    Swapped,
)
from bot.vendors import hubspot_owners
from bot.vendors.hubspot_errors import Said
from bot.vendors.hubspot_http import HubSpotClient, Question
from bot.vendors.hubspot_limits import Budget
from bot.vendors.hubspot_records import read_histories
from bot.vendors.hubspot_scopes import WRITE_SCOPES, TokenInfo, token_info
from bot.vendors.hubspot_search import Searches
from bot.vendors.hubspot_swap import OwnerSwap
from bot.vendors.hubspot_usage import Usage
from bot.vendors.patience import Patience
from workflows.values import CORE_OBJECTS, Account, Owner


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


class _Labels(Said):
    plural: str = ""


class _Schema(Said):
    id: str = Field("", alias="objectTypeId", pattern=r"^[0-9A-Za-z_-]{0,100}$")
    name: str = Field(alias="fullyQualifiedName")
    labels: _Labels = _Labels()
    archived: bool = False


class _Schemas(Said):
    results: list[_Schema]


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
        usage: Usage | None = None,
    ) -> None:
        self._token = token
        self._client = HubSpotClient(
            token,
            api_url,
            timeout=timeout,
            budget=budget or Budget(),
            patience=patience or Patience(),
            usage=usage or Usage(),
        )
        self._searches = Searches(self._client)

    def account(self) -> Account:
        """Return the account (``/account-info/v3/details``)."""
        details = self._client.get(
            "/account-info/v3/details",
            lambda answer: _Details.model_validate(answer.data),
            what="the account",
            scope="oauth",
        )
        return Account(
            portal_id=details.portal_id,
            account_type=details.account_type,
            time_zone=details.time_zone,
            ui_domain=details.ui_domain,
        )

    @property
    def date(self) -> datetime | None:
        """What time it was at HubSpot at its latest answer; None before that."""
        return self._client.date

    def token_info(self) -> TokenInfo | None:
        """Return the token's account and scopes; None where HubSpot does not tell."""
        return token_info(self._client, self._token)

    def lacking_to_write(self) -> tuple[str, ...]:
        """Return the scopes that a reassignment needs and the token is known to lack."""
        info = self.token_info()
        return tuple(name for name in WRITE_SCOPES if info and name not in info.scopes)

    def is_super_admin(self, email: str) -> bool | None:
        """Return whether the user with *email* is a super admin; None if there is no such user."""
        question = Question(
            self._client.users.get_by_id_with_http_info,
            (email,),
            lambda answer: hubspot_owners.ListedUser.model_validate(answer.data),
            "the user",
            hubspot_owners.USERS_SCOPE,
        )
        try:
            return bool(self._client.call(question, id_property="EMAIL").super_admin)
        except VendorError as error:
            if error.code == "hubspot_not_found":
                return None
            raise

    def active_owners(self) -> tuple[Owner, ...]:
        """Return the owners that records can be given to: people with a HubSpot login, by label."""
        return hubspot_owners.active_owners(self._client)

    def owner_census(self) -> OwnerCensus:
        """Return all owners: active ones, Salesforce-only ones with reasons, deactivated ones."""
        return hubspot_owners.take_census(self._client)

    def custom_objects(self) -> tuple[ObjectKind, ...]:
        """Return the custom object types (``/crm/v3/schemas``), by label.

        Their name is the ``objectTypeId``, which every endpoint takes.
        """
        schemas = self._client.get(
            "/crm/v3/schemas",
            lambda answer: _Schemas.model_validate(answer.data),
            what="the custom objects",
            scope="crm.schemas.custom.read",
        )
        kinds = (
            ObjectKind(name=schema.id or schema.name, label=schema.labels.plural or schema.name)
            for schema in schemas.results
            if not schema.archived
        )
        return tuple(sorted(kinds, key=lambda kind: (kind.label.casefold(), kind.name)))

    def owners_of_companies(self, owner_id: str, sample: int = 100) -> Mapping[str, int]:
        """Count who owns the companies of up to *sample* (≤ 200) contacts of this owner."""
        return self._searches.owners_of_companies(owner_id, sample)

    def count_by_owner(self, object_type: str, owner_ids: Sequence[str]) -> dict[str, int]:
        """Count the records of one type for each of many owners, as the search index sees them."""
        return self._searches.count(object_type, owner_ids)

    def records_of(self, object_type: str, owner_ids: Sequence[str], after: str = "") -> RecordPage:
        """Return up to 200 records of these owners (≤ 100) whose ids follow *after*.

        Ascending by id; fewer than 200 is the end. The cursor stays right while records leave the
        result, and passes the search's limit of 10,000 results (facts/hubspot.md, "Search").
        """
        return self._searches.page(object_type, owner_ids, after)

    def swap_owners(
        self, object_type: str, swaps: Sequence[Swap], go: Callable[[], bool]
    ) -> Swapped:
        """Change the owner of up to 100 records, of each only if it still is the old one."""
        return OwnerSwap(self._client, object_type, go).run(swaps)

    def owner_histories(
        self, object_type: str, record_ids: Sequence[str]
    ) -> Mapping[str, tuple[OwnerChange, ...]]:
        """Return the records' owner histories, newest first; unknown ids are left out."""
        return read_histories(self._client, object_type, record_ids)

    def daily_usage(self) -> DailyUsage | None:
        """Return today's API requests of the account's private apps; None if HubSpot has none."""
        try:
            usages = self._client.get(
                "/account-info/v3/api-usage/daily/private-apps",
                lambda answer: _Usages.model_validate(answer.data),
                what="the API usage",
                scope="oauth",
            ).results
        except VendorError as error:
            if error.code == "hubspot_not_found":
                return None
            raise
        if not usages:
            return None
        tightest = min(usages, key=lambda usage: usage.limit - usage.used)
        usage = DailyUsage(tightest.limit, tightest.used, tightest.resets_at)
        self._client.usage.told(usage)
        return usage

    def known_usage(self) -> DailyUsage | None:
        """Return the day's API requests as the latest answers told them, without a call."""
        return self._client.usage.known()

    def last_sync(self, object_types: Iterable[str] = CORE_OBJECTS) -> datetime | None:
        """Return when a record was last synced with Salesforce; None if none ever was."""
        times = [self._searches.last_sync(object_type) for object_type in object_types]
        return max((time for time in times if time is not None), default=None)
