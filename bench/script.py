"""The obvious script: search a page, update its records one by one, search again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import hubspot

from bench.processes import Failed
from bot.vendors.hubspot import HubSpot
from bot.vendors.hubspot_http import Answer, HubSpotClient, Question
from bot.vendors.hubspot_limits import Budget
from bot.vendors.hubspot_usage import Usage
from bot.vendors.patience import Patience
from sandbox.client import Page

PAGE = 100
OWNER = "hubspot_owner_id"
KIND = "contacts"


def steady_rate(told: Mapping[str, str], sample: int, per_window: int) -> float:
    """Return the records a second at which it settles, with our client and under its limits.

    The first window's worth leaves at once and would flatter a short sample: it is left out.
    """
    token, url = told["HUBSPOT_ACCESS_TOKEN"], told["HUBSPOT_API_URL"]
    page = Page(told["SANDBOX_PAGE"])
    page.hubspot.disconnect("U0ADA00001", "leaving", "Uninstall Salesforce")
    client = HubSpotClient(
        token, url, timeout=30.0, budget=Budget(), patience=Patience(), usage=Usage()
    )
    one_by_one = hubspot.HubSpot(access_token=token, host=url).crm.objects.basic_api
    census = HubSpot(token, url).owner_census()
    old, new = census.salesforce_only[0].owner.id, census.active[0].id
    moments: list[float] = []
    while ids := _page(client, old):
        for record in ids:
            change = {"properties": {OWNER: new}}
            client.call(
                Question(one_by_one.update, (KIND, record, change), _done, "a record", KIND)
            )
            moments.append(time.perf_counter())
            if len(moments) == sample:
                span = moments[-1] - moments[per_window - 1]
                return (sample - per_window) / span
        # A script would wait for the index; here it is not to lose time by it.
    raise Failed(f"The script found {len(moments)} records instead of {sample}.")


def _done(answer: Answer) -> str:
    return str(answer.data["id"])


def _page(client: HubSpotClient, owner: str) -> list[str]:
    request: dict[str, Any] = {
        "filterGroups": [{"filters": [{"propertyName": OWNER, "operator": "EQ", "value": owner}]}],
        "limit": PAGE,
        "properties": [OWNER],
    }

    def read(answer: Answer) -> list[str]:
        return [str(one["id"]) for one in answer.data["results"]]

    return client.call(
        Question(client.search.do_search, (KIND, request), read, "a page", KIND, search=True)
    )
