"""HubSpot's records: search, batch read and update, through the real client and plain HTTP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.vendor_servers import HubSpotAccount, hubspot_account, scenario, wait_until

GIL = "gil.tanaka@example.com"


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubSpotAccount]:
    monkeypatch.setattr("sandbox.hubspot.limits.SEARCHES_PER_SECOND", 1000)
    with hubspot_account(scenario()) as running:
        yield running


def owned_by(owner: str) -> dict[str, Any]:
    return {"propertyName": "hubspot_owner_id", "operator": "EQ", "value": owner}


def test_the_client_pages_by_id_through_the_records_of_an_owner(account: HubSpotAccount) -> None:
    owner = account.owners(salesforce_only=True)[0]
    api = account.api(account.client.crm.contacts.search_api)
    found: list[str] = []
    last = "0"
    while True:
        request = {
            "filterGroups": [
                {
                    "filters": [
                        owned_by(owner),
                        {"propertyName": "hs_object_id", "operator": "GT", "value": last},
                    ]
                }
            ],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": ["hubspot_owner_id"],
            "limit": 15,
        }
        page = api.do_search(public_object_search_request=request)
        assert page.total == 41 - len(found)
        found += [record.id for record in page.results]
        if page.total <= 15:
            break
        last = found[-1]
    assert found == account.records("contacts", owner)


def test_operators(account: HubSpotAccount) -> None:
    owners = account.owners(salesforce_only=True)

    def total(*filters: dict[str, Any], kind: str = "contacts") -> int:
        answer = account.search(kind, filterGroups=[{"filters": list(filters)}], limit=1)
        assert answer.status_code == 200, answer.text
        return int(answer.json()["total"])

    def by(name: str, operator: str, **more: Any) -> dict[str, Any]:
        return {"propertyName": name, "operator": operator, **more}

    everything = total()
    assert total(by("hubspot_owner_id", "IN", values=owners)) == 41 + 27 + 16 + 8 + 33
    assert total(by("hubspot_owner_id", "NOT_IN", values=owners)) == everything - 125
    assert total(by("hubspot_owner_id", "NEQ", value=owners[0])) == everything - 41
    assert total(by("hubspot_owner_id", "HAS_PROPERTY")) == everything
    assert total(by("hubspot_owner_id", "NOT_HAS_PROPERTY")) == 0
    low, high = "1001", "1010"
    assert total(by("hs_object_id", "BETWEEN", value=low, highValue=high)) == 10
    assert total(by("hs_object_id", "GTE", value=low), by("hs_object_id", "LT", value=high)) == 9
    assert total(by("hs_object_id", "LTE", value=low)) == 1
    assert total(by("amount", "GT", value="0"), kind="deals") == total(kind="deals")
    both = [{"filters": [owned_by(owners[0])]}, {"filters": [owned_by(owners[1])]}]
    assert account.search("contacts", filterGroups=both).json()["total"] == 41 + 27


def test_sorts(account: HubSpotAccount) -> None:
    answer = account.search("deals", sorts=["-amount"], properties=["amount"], limit=50)
    amounts = [float(record["properties"]["amount"]) for record in answer.json()["results"]]
    assert amounts == sorted(amounts, reverse=True)


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({"limit": 201}, "Limit"),
        ({"limit": 200, "after": "9900"}, "10,000"),
        ({"filterGroups": [{"filters": []}] * 6}, "filter groups"),
        ({"filterGroups": [{"filters": [owned_by("1")] * 7}]}, "6 filters"),
        ({"filterGroups": [{"filters": [owned_by("1")] * 5}] * 4}, "18 filters"),
        ({"sorts": ["hs_object_id", "email"]}, "sort"),
        ({"sorts": ["no_such"]}, "no_such"),
        ({"filterGroups": [{"filters": [{**owned_by("1"), "operator": "LIKES"}]}]}, "LIKES"),
        ({"filterGroups": [{"filters": [{**owned_by("1"), "operator": "IN"}]}]}, "value"),
        (
            {"filterGroups": [{"filters": [{**owned_by("x"), "propertyName": "hs_object_id"}]}]},
            "not a value",
        ),
        ({"filterGroups": "none"}, "list"),
        ({"properties": ["a" * 3000]}, "3000"),
        ({"limit": "many"}, "integers"),
    ],
)
def test_what_search_refuses(account: HubSpotAccount, body: dict[str, Any], part: str) -> None:
    answer = account.search("contacts", **body)
    assert answer.status_code == 400
    assert answer.json()["category"] == "VALIDATION_ERROR"
    assert part in answer.json()["message"]


def test_search_sees_a_write_only_after_the_index_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.hubspot.limits.SEARCHES_PER_SECOND", 1000)
    with hubspot_account(scenario(account={"index_lag": 0.5})) as account:
        account.disconnect()
        old = account.owners(salesforce_only=True)[0]
        key = account.records("contacts", old)[0]
        new = account.owner_called(GIL)

        def found() -> int:
            groups = [{"filters": [owned_by(old)]}]
            return int(account.search("contacts", filterGroups=groups).json()["total"])

        assert account.update("contacts", {key: new}).status_code == 200
        written = time.monotonic()
        assert found() == 41
        read = account.call("GET", f"/crm/v3/objects/contacts/{key}?properties=hubspot_owner_id")
        assert read.json()["properties"]["hubspot_owner_id"] == new
        wait_until(lambda: found() == 40)
        assert time.monotonic() - written > 0.4


def test_batch_update_with_the_client_names_part_failures(account: HubSpotAccount) -> None:
    account.disconnect()
    old = account.owners(salesforce_only=True)[0]
    new = account.owner_called(GIL)
    keys = account.records("contacts", old)[:3]
    account.fault("batch/update", "part_failure", count=1)
    api = account.api(account.client.crm.contacts.batch_api)
    inputs = [{"id": key, "properties": {"hubspot_owner_id": new}} for key in keys]
    body = {"inputs": inputs}
    result, status, _ = api.update_with_http_info(batch_input_simple_public_object_batch_input=body)
    assert (status, result.status, result.num_errors) == (207, "COMPLETE", 1)
    assert result.errors[0].context == {"ids": [keys[0]]}
    assert result.errors[0].category == "VALIDATION_ERROR"
    assert sorted(account.records("contacts", old))[:1] == keys[:1]
    result, status, _ = api.update_with_http_info(batch_input_simple_public_object_batch_input=body)
    assert (status, [record.id for record in result.results]) == (200, keys)


def test_unknown_ids_are_dropped_in_silence(account: HubSpotAccount) -> None:
    answer = account.update("deals", {"999999": account.owner_called(GIL)})
    assert answer.status_code == 207
    assert answer.json()["results"] == []
    assert "errors" not in answer.json()


def test_batch_read_tells_what_is_not_there(account: HubSpotAccount) -> None:
    api = account.api(account.client.crm.deals.batch_api)
    body = {
        "inputs": [{"id": "1001"}, {"id": "999999"}],
        "properties": ["dealname", "hubspot_owner_id"],
    }
    result, status, _ = api.read_with_http_info(batch_read_input_simple_public_object_id=body)
    assert status == 207
    assert [record.id for record in result.results] == ["1001"]
    assert result.errors[0].context == {"ids": ["999999"]}


def test_a_batch_with_an_invalid_value_changes_nothing(account: HubSpotAccount) -> None:
    account.disconnect()
    old = account.owners(salesforce_only=True)[0]
    good, bad = account.records("contacts", old)[:2]
    answer = account.update("contacts", {good: account.owner_called(GIL), bad: "12345"})
    assert answer.status_code == 400
    assert answer.json()["category"] == "VALIDATION_ERROR"
    assert answer.json()["errors"][0]["code"] == "INVALID_OWNER_ID"
    assert good in account.records("contacts", old)


@pytest.mark.parametrize(
    ("inputs", "part"),
    [
        ([{"id": "1001", "properties": {"email": "a@example.com"}}] * 2, "Duplicate"),
        ([{"id": str(key), "properties": {}} for key in range(101)], "100"),
        ([{"properties": {}}], "inputs"),
        ([{"id": "1001"}], "properties"),
        ([{"id": "1001", "properties": {"no_such": "1"}}], "no_such"),
        ([{"id": "1001", "properties": {"hs_object_id": "1"}}], "read only"),
    ],
)
def test_what_a_batch_refuses(account: HubSpotAccount, inputs: list[Any], part: str) -> None:
    path = "/crm/v3/objects/contacts/batch/update"
    answer = account.call("POST", path, json={"inputs": inputs})
    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")
    assert part in answer.json()["message"]


def test_broken_json_and_unknown_types(account: HubSpotAccount) -> None:
    path = "/crm/v3/objects/contacts/search"
    assert account.call("POST", path, data="{").status_code == 400
    assert account.search("starships").status_code == 400
    assert account.call("GET", "/crm/v3/objects/contacts/999999").status_code == 404


def test_every_activity_can_be_searched_and_changed(account: HubSpotAccount) -> None:
    owner = account.owners(salesforce_only=True)[0]
    for kind in ("tickets", "tasks", "calls", "meetings", "notes", "emails"):
        answer = account.search(kind, filterGroups=[{"filters": [owned_by(owner)]}])
        assert answer.status_code == 200
        assert answer.json()["total"] == {"tickets": 3, "tasks": 7}.get(kind, 0)
    (key, *_) = account.records("tasks", owner)
    changed = account.call(
        "PATCH",
        f"/crm/v3/objects/tasks/{key}",
        json={"properties": {"hubspot_owner_id": account.owner_called(GIL)}},
    )
    assert changed.status_code == 200
    listed = account.call("GET", "/crm/v3/objects/tasks?limit=5&properties=hs_task_subject").json()
    assert listed["results"][0]["properties"]["hs_task_subject"] == "Task 1001"
    assert listed["paging"]["next"]["after"] == "1006"


def test_questions_of_a_large_account_are_cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.hubspot.limits.SEARCHES_PER_SECOND", 1000)
    many = {"records_per_owner": {"contacts": 400}}
    with hubspot_account(scenario("large", generate=many)) as account:
        owners = account.owners(salesforce_only=True)
        assert account.search("contacts", limit=1).json()["total"] > 100_000
        started = time.monotonic()
        for owner in owners[:50]:
            after = {"propertyName": "hs_object_id", "operator": "GT", "value": "50000"}
            groups = [{"filters": [owned_by(owner), after]}]
            account.search("contacts", filterGroups=groups, sorts=["hs_object_id"], limit=200)
            latest = ["-salesforcelastsynctime"]
            account.search("contacts", sorts=latest, limit=1)
        assert time.monotonic() - started < 3
