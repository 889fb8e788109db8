"""HubSpot's property histories: who set which value when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.vendor_servers import HubSpotAccount, hubspot_account, scenario

GIL, HANA = "gil.tanaka@example.com", "hana.petrova@example.com"
OWNER = "hubspot_owner_id"


@pytest.fixture
def account() -> Iterator[HubSpotAccount]:
    with hubspot_account(scenario()) as running:
        running.disconnect()
        yield running


def told(account: HubSpotAccount, key: str, kind: str = "contacts") -> list[dict[str, Any]]:
    answer = account.read(kind, [key], propertiesWithHistory=[OWNER])
    assert answer.status_code == 200, answer.text
    (record,) = answer.json()["results"]
    found: list[dict[str, Any]] = record["propertiesWithHistory"][OWNER]
    assert found[0]["value"] == record["properties"][OWNER]
    return found


def by_hand(account: HubSpotAccount, key: str, owner: str) -> None:
    body = {"object": "contacts", "id": key, "properties": {OWNER: owner}}
    assert account.control.post("/sandbox/hubspot/record", **body)["ok"]


def test_a_record_that_nobody_wrote_has_one_value_since_its_creation(
    account: HubSpotAccount,
) -> None:
    old = account.owners(salesforce_only=True)[0]
    key = account.records("contacts", old)[0]
    (only,) = told(account, key)
    created = account.call("GET", f"/crm/v3/objects/contacts/{key}").json()["createdAt"]
    assert (only["value"], only["timestamp"]) == (old, created)


def test_each_change_is_told_newest_first_with_who_did_it(account: HubSpotAccount) -> None:
    old = account.owners(salesforce_only=True)[0]
    key, other = account.records("contacts", old)[:2]
    gil, hana = account.owner_called(GIL), account.owner_called(HANA)
    account.update("contacts", {key: gil, other: gil})
    by_hand(account, key, hana)
    newest, middle, first = told(account, key)
    assert [newest["value"], middle["value"], first["value"]] == [hana, gil, old]
    assert newest["timestamp"] >= middle["timestamp"] > first["timestamp"]
    assert (newest["sourceType"], middle["sourceType"]) == ("CRM_UI", "INTEGRATION")
    assert newest["sourceId"] == f"userId:{newest['updatedByUserId']}"
    assert "updatedByUserId" not in middle
    assert [entry["value"] for entry in told(account, other)] == [gil, old]


def test_the_same_value_again_is_no_change(account: HubSpotAccount) -> None:
    old = account.owners(salesforce_only=True)[0]
    key = account.records("contacts", old)[0]
    gil = account.owner_called(GIL)
    for _ in range(3):
        account.update("contacts", {key: gil})
    assert [entry["value"] for entry in told(account, key)] == [gil, old]


def test_a_value_that_was_never_set_and_one_that_was_taken_away(account: HubSpotAccount) -> None:
    old = account.owners(salesforce_only=True)[0]
    key = account.records("contacts", old)[0]
    account.call(
        "PATCH",
        f"/crm/v3/objects/contacts/{key}",
        json={"properties": {OWNER: "", "firstname": "Zuzanna"}},
    )
    path = f"/crm/v3/objects/contacts/{key}?propertiesWithHistory={OWNER},firstname,no_such"
    record = account.call("GET", path).json()
    histories = record["propertiesWithHistory"]
    assert sorted(histories) == ["firstname", OWNER]
    assert [entry["value"] for entry in histories[OWNER]] == ["", old]
    assert histories["firstname"][0]["value"] == record["properties"]["firstname"] == "Zuzanna"


def test_a_batch_with_histories_takes_fifty(account: HubSpotAccount) -> None:
    keys = [str(key) for key in range(1_001, 1_052)]
    with_history = {"propertiesWithHistory": [OWNER]}
    refused = account.read("contacts", keys, **with_history)
    assert (refused.status_code, refused.json()["category"]) == (400, "VALIDATION_ERROR")
    assert "batch request for property histories is 50." in refused.json()["message"]
    found = account.read("contacts", keys[:50], **with_history).json()["results"]
    assert [record["id"] for record in found] == keys[:50]
    assert account.read("contacts", keys).status_code == 200
    listed = f"/crm/v3/objects/contacts?propertiesWithHistory={OWNER}&limit="
    assert account.call("GET", listed + "51").status_code == 400
    page = account.call("GET", listed + "50").json()["results"]
    assert [len(record["propertiesWithHistory"][OWNER]) for record in page] == [1] * 50


def test_the_client_reads_them(account: HubSpotAccount) -> None:
    old = account.owners(salesforce_only=True)[0]
    key = account.records("deals", old)[0]
    api = account.api(account.client.crm.deals.batch_api)
    body = {"inputs": [{"id": key}], "propertiesWithHistory": [OWNER], "properties": []}
    (record,) = api.read(batch_read_input_simple_public_object_id=body).results
    (entry,) = record.properties_with_history[OWNER]
    assert (entry.value, entry.source_type) == (old, "SALESFORCE")
