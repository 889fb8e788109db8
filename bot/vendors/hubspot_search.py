"""Searching records by owner: pages, counts, samples (facts/hubspot.md, "Search").

Searches are the scarce calls: five a second for the whole account.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import pairwise
from typing import Any, TypeVar

from more_itertools import chunked

from bot.errors import VendorError
from bot.ports import RecordPage
from bot.vendors.hubspot_http import Answer, HubSpotClient, Question
from bot.vendors.hubspot_records import read_owners
from bot.vendors.hubspot_values import OWNER, moment, owner_in, rows, scope_for, text

SEARCH_PAGE = 200
OWNERS_TOGETHER = 100
"""Values of one IN filter; with them a search's body stays below 3,000 characters."""
AT_ONCE = 4
"""Searches under way together: enough for five a second, however slow each is."""

_BY_ID = {"propertyName": "hs_object_id", "direction": "ASCENDING"}
_SYNC_TIME = "salesforcelastsynctime"
_COMPANY = "associatedcompanyid"

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class _Found:
    total: int
    items: list[dict[str, Any]]


class Searches:
    """The searches of one account. All methods raise :class:`VendorError`."""

    def __init__(self, client: HubSpotClient) -> None:
        self._client = client

    def page(self, object_type: str, owner_ids: Sequence[str], after: str = "") -> RecordPage:
        """Return up to 200 records of at most 100 owners whose ids follow *after*."""
        return self._client.call(
            self._question(
                object_type,
                _of_owners(owner_ids, after),
                lambda answer: _record_page(answer, after),
                limit=SEARCH_PAGE,
                sort=_BY_ID,
            )
        )

    def count(self, object_type: str, owner_ids: Sequence[str]) -> dict[str, int]:
        """Count the records of each owner with as few searches as will do.

        Owners are asked for a hundred at a time; then their records are paged through, or each
        owner is asked for, whichever takes fewer searches. No owner property: no owned records.
        """
        counts = dict.fromkeys(owner_ids, 0)
        groups = list(chunked(counts, OWNERS_TOGETHER))
        try:
            pages = _together(lambda some: self.page(object_type, some), groups)
            tasks: list[Callable[[], Mapping[str, int]]] = []
            for some, page in zip(groups, pages, strict=True):
                tasks += self._counting(object_type, some, page)
            for counted in _together(lambda task: task(), tasks):
                counts.update(counted)
        except VendorError as error:
            if error.code != "hubspot_no_property":
                raise
        return counts

    def _counting(
        self, object_type: str, some: Sequence[str], first: RecordPage
    ) -> Iterator[Callable[[], Mapping[str, int]]]:
        """Yield what is left to do to know the counts of *some* owners after their first page."""
        if len(some) == 1:
            yield lambda: {some[0]: first.total}
        elif first.total <= SEARCH_PAGE * (len(some) + 1):
            yield lambda: self._tally(object_type, some, first)
        else:
            for owner_id in some:
                yield partial(self._total, object_type, owner_id)

    def _tally(self, object_type: str, some: Sequence[str], page: RecordPage) -> dict[str, int]:
        tally = Counter(page.owners.values())
        while len(page.owners) == SEARCH_PAGE:
            page = self.page(object_type, some, list(page.owners)[-1])
            tally.update(page.owners.values())
        return {owner_id: tally[owner_id] for owner_id in some}

    def _total(self, object_type: str, owner_id: str) -> dict[str, int]:
        filters = _of_owners([owner_id], "")
        question = self._question(object_type, filters, _found, limit=1)
        return {owner_id: self._client.call(question).total}

    def last_sync(self, object_type: str) -> datetime | None:
        """Return when a record of this type was last synced with Salesforce, or None."""
        question = self._question(
            object_type,
            [{"propertyName": _SYNC_TIME, "operator": "HAS_PROPERTY"}],
            _latest_sync,
            limit=1,
            sort={"propertyName": _SYNC_TIME, "direction": "DESCENDING"},
            properties=(_SYNC_TIME,),
        )
        try:
            return self._client.call(question)
        except VendorError as error:
            if error.code == "hubspot_no_property":  # the integration was never installed
                return None
            raise

    def owners_of_companies(self, owner_id: str, sample: int) -> dict[str, int]:
        """Count by whom the companies of up to *sample* contacts of this owner are owned.

        Each contact counts once, for the owner of its company: contacts of one company count as
        many times. Contacts whose company has no owner are left out.
        """
        has_company = {"propertyName": _COMPANY, "operator": "HAS_PROPERTY"}
        found = self._client.call(
            self._question(
                "contacts",
                [*_of_owners([owner_id], ""), has_company],
                _found,
                limit=min(sample, SEARCH_PAGE),
                properties=(_COMPANY,),
            )
        )
        values = (item["properties"].get(_COMPANY) for item in found.items)
        companies = [str(value) for value in values if value]
        owners = read_owners(self._client, "companies", list(dict.fromkeys(companies)))
        counted = (owners.get(company) for company in companies)
        return dict(Counter(owner for owner in counted if owner))

    def _question(
        self,
        object_type: str,
        filters: Sequence[Mapping[str, Any]],
        parse: Callable[[Answer], T],
        *,
        limit: int,
        sort: Mapping[str, str] | None = None,
        properties: tuple[str, ...] = (OWNER,),
    ) -> Question[T]:
        request: dict[str, Any] = {
            "filterGroups": [{"filters": list(filters)}],
            "properties": list(properties),
            "limit": limit,
        }
        if sort:
            request["sorts"] = [sort]
        return Question(
            self._client.search.do_search_with_http_info,
            (object_type, request),
            parse,
            object_type,
            scope_for(object_type, "read"),
            search=True,
        )


def _together(function: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """Call *function* for all items, some at once; the first error ends it."""
    if len(items) < 2:
        return [function(item) for item in items]
    with ThreadPoolExecutor(min(AT_ONCE, len(items))) as pool:
        try:
            return list(pool.map(function, items))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _of_owners(owner_ids: Iterable[str], after: str) -> list[dict[str, Any]]:
    filters: list[dict[str, Any]] = [
        {"propertyName": OWNER, "operator": "IN", "values": list(owner_ids)}
    ]
    if after:
        filters.append({"propertyName": "hs_object_id", "operator": "GT", "value": after})
    return filters


def _found(answer: Answer) -> _Found:
    items = rows(answer.data)
    if not all(isinstance(item.get("properties"), dict) for item in items):
        raise ValueError("a record needs properties")
    total = answer.data.get("total")
    if not isinstance(total, int):
        raise ValueError("a search needs a total")
    return _Found(total, items)


def _record_page(answer: Answer, after: str) -> RecordPage:
    """Read a page; unless ids ascend from *after*, the cursor would skip or stand still."""
    found = _found(answer)
    owners = {text(item.get("id")): owner_in(item) or "" for item in found.items}
    ids = [int(after or -1), *(int(key) for key in owners)]
    if len(owners) != len(found.items) or not all(one < other for one, other in pairwise(ids)):
        raise ValueError("ids ascend")
    return RecordPage(owners, found.total)


def _latest_sync(answer: Answer) -> datetime | None:
    values = [item["properties"].get(_SYNC_TIME) for item in _found(answer).items]
    return max((moment(value) for value in values if value), default=None)
