"""The Salesforce sync, the disconnect, the owner clean-up and the faults at HubSpot."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
import urllib3

from tests.sandbox.vendor_servers import (
    ADA,
    BEN,
    DAN,
    PHRASE,
    HubSpotAccount,
    hubspot_account,
    scenario,
    wait_until,
)

SYNC = "salesforcelastsynctime"


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubSpotAccount]:
    monkeypatch.setattr("sandbox.hubspot.limits.SEARCHES_PER_SECOND", 1000)
    with hubspot_account(scenario(account={"index_lag": 0})) as running:
        yield running


def latest_sync(account: HubSpotAccount, kind: str = "contacts") -> str:
    answer = account.search(kind, sorts=[f"-{SYNC}"], properties=[SYNC], limit=1)
    return str(answer.json()["results"][0]["properties"][SYNC])


def set_owner(account: HubSpotAccount, key: str, owner: str) -> Any:
    body = {"properties": {"hubspot_owner_id": owner}}
    return account.call("PATCH", f"/crm/v3/objects/contacts/{key}", json=body)


def owner_of(account: HubSpotAccount, key: str) -> str:
    answer = account.call("GET", f"/crm/v3/objects/contacts/{key}?properties=hubspot_owner_id")
    return str(answer.json()["properties"]["hubspot_owner_id"])


def test_the_sync_moves_until_the_disconnect(account: HubSpotAccount) -> None:
    for kind in ("contacts", "companies", "deals"):
        before = latest_sync(account, kind)
        account.world.clock.advance(timedelta(seconds=5))
        assert latest_sync(account, kind) > before
    account.disconnect()
    state = account.control.get("/sandbox/hubspot")
    still = latest_sync(account)
    account.world.clock.advance(timedelta(hours=1))
    assert latest_sync(account) == still
    assert state["connected"] is False
    assert state["last_sync"] <= state["disconnected_at"]


def test_an_owner_unknown_to_salesforce_is_undone_while_connected(account: HubSpotAccount) -> None:
    old = account.owners(salesforce_only=True)[0]
    key = account.records("contacts", old)[0]
    ada, _, _, _, gil, *_ = account.owners(salesforce_only=False)
    assert set_owner(account, key, ada).status_code == 200
    assert owner_of(account, key) == ada
    account.world.clock.advance(timedelta(seconds=3))
    assert owner_of(account, key) == old
    set_owner(account, key, gil)  # a manager in Salesforce, so known there
    account.world.clock.advance(timedelta(seconds=3))
    assert owner_of(account, key) == gil


def test_an_owner_set_after_the_disconnect_stays(account: HubSpotAccount) -> None:
    old = account.owners(salesforce_only=True)[0]
    key = account.records("contacts", old)[0]
    account.disconnect()
    ada = account.owners(salesforce_only=False)[0]
    set_owner(account, key, ada)
    account.world.clock.advance(timedelta(hours=1))
    assert owner_of(account, key) == ada


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"user": ADA, "reason": "x", "phrase": "uninstall salesforce"}, "wrong_phrase"),
        ({"user": ADA, "reason": " ", "phrase": PHRASE}, "reason_missing"),
        ({"user": BEN, "reason": "x", "phrase": PHRASE}, "not_admin"),
        ({"user": DAN, "reason": "x", "phrase": PHRASE}, "not_admin"),
        ({"user": "U0NOBODY01", "reason": "x", "phrase": PHRASE}, "unknown_user"),
        ({"user": ADA, "phrase": PHRASE}, "invalid_arguments"),
    ],
)
def test_who_may_disconnect_and_how(
    account: HubSpotAccount, body: dict[str, Any], error: str
) -> None:
    answer = account.control.post("/sandbox/hubspot/disconnect", **body)
    assert answer["error"] == error
    assert account.control.get("/sandbox/hubspot")["connected"] is True


def test_the_clean_up_follows_the_disconnect(account: HubSpotAccount) -> None:
    path = "/sandbox/hubspot/delete-salesforce-owners"
    assert account.control.post(path, user=ADA)["error"] == "still_connected"
    account.disconnect()
    state = account.control.get("/sandbox/hubspot")
    assert state["email_sent"] is True
    assert state["mail"]["subject"].startswith("Reassign contacts")
    assert account.control.post(path, user=BEN)["error"] == "not_admin"
    old = account.owners(salesforce_only=True)
    key = account.records("contacts", old[0])[0]
    done = account.control.post(path, user=ADA)
    assert done["deleted"] == 5
    assert account.owners(salesforce_only=True) == []
    listed = account.call("GET", "/crm/v3/owners?limit=500").json()["results"]
    assert not {owner["id"] for owner in listed} & set(old)
    assert owner_of(account, key) == old[0], "too early: the record keeps a dangling owner"
    assert set_owner(account, key, old[1]).status_code == 400
    assert account.control.post(path, user=ADA)["error"] == "nothing_to_delete"


def test_no_mail_when_nobody_owns_anything() -> None:
    with hubspot_account(scenario(salesforce_owners=())) as account:
        account.disconnect()
        assert account.control.get("/sandbox/hubspot")["email_sent"] is False
        body = {"user": ADA, "reason": "again", "phrase": PHRASE}
        again = account.control.post("/sandbox/hubspot/disconnect", **body)
        assert again["error"] == "not_connected"


def test_a_person_changes_a_record_by_hand(account: HubSpotAccount) -> None:
    account.disconnect()
    old = account.owners(salesforce_only=True)[0]
    key = account.records("deals", old)[0]
    path = "/sandbox/hubspot/record"
    new = account.owners(salesforce_only=False)[0]
    body = {"object": "deals", "id": key, "properties": {"hubspot_owner_id": new}}
    changed = account.control.post(path, **body)
    assert changed["record"]["properties"]["hubspot_owner_id"] == new
    assert key not in account.records("deals", old)
    for wrong, error in (
        ({**body, "object": "starships"}, "invalid_arguments"),
        ({**body, "id": "999999"}, "object_not_found"),
        ({**body, "properties": {"hubspot_owner_id": "7"}}, "validation_error"),
    ):
        assert account.control.post(path, **wrong)["error"] == error


@pytest.mark.parametrize(
    ("kind", "status"), [("429", 429), ("500", 500), ("502", 502), ("unauthorized", 401)]
)
def test_a_fault_strikes_once_and_does_nothing(
    account: HubSpotAccount, kind: str, status: int
) -> None:
    account.disconnect()
    old = account.owners(salesforce_only=True)[0]
    key = account.records("contacts", old)[0]
    new = account.owners(salesforce_only=False)[0]
    account.fault("^PATCH .*/contacts/", kind)
    assert set_owner(account, key, new).status_code == status
    assert owner_of(account, key) == old
    assert set_owner(account, key, new).status_code == 200
    assert [entry.fault for entry in account.world.log if entry.fault] == [kind]


def test_a_lost_reply_is_applied_and_the_connection_dies(account: HubSpotAccount) -> None:
    account.disconnect()
    old = account.owners(salesforce_only=True)[0]
    keys = account.records("contacts", old)[:2]
    new = account.owners(salesforce_only=False)[0]
    account.fault("batch/update", "lost_reply")
    api = account.api(account.client.crm.contacts.batch_api)
    inputs = [{"id": key, "properties": {"hubspot_owner_id": new}} for key in keys]
    with pytest.raises(urllib3.exceptions.ProtocolError):
        api.update(batch_input_simple_public_object_batch_input={"inputs": inputs})
    assert [owner_of(account, key) for key in keys] == [new, new]
    (line,) = [entry for entry in account.world.log if entry.fault]
    assert (line.fault, line.status, line.detail["results"]) == ("lost_reply", 0, 2)


def test_a_timeout_does_nothing_and_says_nothing(account: HubSpotAccount) -> None:
    account.disconnect()
    old = account.owners(salesforce_only=True)[0]
    key = account.records("contacts", old)[0]
    new = account.owners(salesforce_only=False)[0]
    account.fault("^PATCH", "timeout", delay=0.3)
    started = time.monotonic()
    with pytest.raises(requests.ConnectionError):
        set_owner(account, key, new)
    assert time.monotonic() - started >= 0.3
    assert owner_of(account, key) == old
    account.fault("^PATCH", "timeout", delay=60)
    with pytest.raises(requests.ReadTimeout):
        requests.patch(f"{account.base}/crm/v3/objects/contacts/1", json={}, timeout=0.3)
    wait_until(lambda: sum(entry.fault == "timeout" for entry in account.world.log) == 2)


def test_latency_is_added() -> None:
    with hubspot_account(scenario(latency=0.2)) as account:
        started = time.monotonic()
        account.call("GET", "/account-info/v3/details")
        assert time.monotonic() - started >= 0.2
