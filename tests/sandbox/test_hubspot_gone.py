"""Records that were archived or merged, and dirty ones that refuse a change of their owner."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.vendor_servers import HubSpotAccount, hubspot_account, scenario, wait_until

GIL = "gil.tanaka@example.com"
OWNER = "hubspot_owner_id"


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubSpotAccount]:
    monkeypatch.setattr("sandbox.hubspot.limits.SEARCHES_PER_SECOND", 1000)
    with hubspot_account(scenario(account={"index_lag": 0.3})) as running:
        running.disconnect()
        yield running


def step(account: HubSpotAccount, what: str, **body: object) -> dict[str, object]:
    return account.control.post(f"/sandbox/hubspot/record/{what}", object="contacts", **body)


def found(account: HubSpotAccount, owner: str) -> int:
    groups = [{"filters": [{"propertyName": OWNER, "operator": "EQ", "value": owner}]}]
    return int(account.search("contacts", filterGroups=groups).json()["total"])


def count(account: HubSpotAccount, owner: str) -> int:
    counts = account.control.get("/sandbox/hubspot")["counts"]
    return int(counts[owner]["contacts"])


def test_an_archived_record_is_gone_at_once_and_from_search_later(account: HubSpotAccount) -> None:
    old = account.owners(salesforce_only=True)[0]
    key, other = account.records("contacts", old)[:2]
    assert step(account, "archive", id=key)["ok"]
    assert found(account, old) == 41
    assert count(account, old) == 40
    read = account.read("contacts", [key, other])
    assert read.status_code == 207
    assert [record["id"] for record in read.json()["results"]] == [other]
    assert read.json()["errors"][0]["context"] == {"ids": [key]}
    assert account.call("GET", f"/crm/v3/objects/contacts/{key}").status_code == 404
    gil = account.owner_called(GIL)
    written = account.update("contacts", {key: gil, other: gil})
    assert written.status_code == 207
    assert [record["id"] for record in written.json()["results"]] == [other]
    wait_until(lambda: found(account, old) == 39)
    assert key not in account.records("contacts", old)
    assert step(account, "archive", id=key)["error"] == "object_not_found"


def test_the_id_of_a_merged_record_leads_to_the_survivor(account: HubSpotAccount) -> None:
    old = account.owners(salesforce_only=True)[0]
    first, second, last = account.records("contacts", old)[:3]
    assert step(account, "merge", **{"from": first, "into": second})["ok"]
    assert step(account, "merge", **{"from": second, "into": last})["ok"]
    read = account.read("contacts", [first, second, last])
    assert read.status_code == 200
    assert [record["id"] for record in read.json()["results"]] == [last]
    gil = account.owner_called(GIL)
    written = account.update("contacts", {first: gil})
    assert written.status_code == 200
    assert [record["id"] for record in written.json()["results"]] == [last]
    one = account.call("GET", f"/crm/v3/objects/contacts/{second}?properties={OWNER}").json()
    assert (one["id"], one["properties"][OWNER]) == (last, gil)
    assert count(account, old) == 38
    wait_until(lambda: found(account, old) == 38)
    assert step(account, "merge", **{"from": last, "into": last})["error"] == "invalid_arguments"
    step(account, "archive", id=last)
    assert account.read("contacts", [first]).json()["errors"][0]["context"] == {"ids": [first]}


def test_a_dirty_record_fails_by_name_and_holds_nobody_back(account: HubSpotAccount) -> None:
    old = account.owners(salesforce_only=True)[0]
    keys = account.records("contacts", old)[:3]
    assert step(account, "dirty", ids=[keys[1]], dirty=True)["dirty"] == [keys[1]]
    gil = account.owner_called(GIL)
    for _ in range(2):
        written = account.update("contacts", dict.fromkeys(keys, gil))
        assert written.status_code == 207
        assert [record["id"] for record in written.json()["results"]] == [keys[0], keys[2]]
        (error,) = written.json()["errors"]
        assert (error["category"], error["context"]) == ("VALIDATION_ERROR", {"ids": [keys[1]]})
    path = f"/crm/v3/objects/contacts/{keys[1]}"
    assert account.call("PATCH", path, json={"properties": {OWNER: gil}}).status_code == 400
    named = account.call("PATCH", path, json={"properties": {"firstname": "Zoé"}})
    assert named.status_code == 200
    assert step(account, "dirty", ids=[keys[1]], dirty=False)["dirty"] == []
    assert account.update("contacts", {keys[1]: gil}).status_code == 200


def test_a_dirty_record_may_refuse_the_whole_batch(account: HubSpotAccount) -> None:
    old = account.owners(salesforce_only=True)[0]
    keys = account.records("contacts", old)[:3]
    step(account, "dirty", ids=[keys[2]], dirty=True, whole_batch=True, mended_after=2)
    gil = account.owner_called(GIL)
    for _ in range(2):
        refused = account.update("contacts", dict.fromkeys(keys, gil))
        assert (refused.status_code, refused.json()["category"]) == (400, "VALIDATION_ERROR")
        assert count(account, old) == 41
    assert account.update("contacts", dict.fromkeys(keys, gil)).status_code == 200
    assert count(account, old) == 38


def test_a_scenario_has_dirty_records() -> None:
    owner = {"name": "Eve", "email": "eve@example.com", "records": {"deals": 4}}
    dirty = {**owner, "dirty": {"deals": 2}, "mended_after": 1}
    with hubspot_account(scenario(salesforce_owners=[dirty])) as account:
        account.disconnect()
        (old,) = account.owners(salesforce_only=True)
        keys = account.records("deals", old)
        changes = dict.fromkeys(keys, account.owner_called(GIL))
        assert account.update("deals", changes).json()["numErrors"] == 2
        assert account.update("deals", changes).status_code == 200
