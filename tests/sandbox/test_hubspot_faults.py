"""Faults of HubSpot alone: interference, locks, migrations, garbled answers, and chance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.scenario import Fault
from sandbox.world import World
from tests.sandbox.vendor_servers import HubSpotAccount, hubspot_account, scenario, wait_until

GIL = "gil.tanaka@example.com"
OWNER = "hubspot_owner_id"


@pytest.fixture
def account() -> Iterator[HubSpotAccount]:
    with hubspot_account(scenario(account={"index_lag": 0})) as running:
        running.disconnect()
        yield running


def struck(account: HubSpotAccount) -> dict[str, Any]:
    wait_until(lambda: any(line.fault for line in account.world.log))
    (line,) = [line for line in account.world.log if line.fault]
    return line.detail


def history(account: HubSpotAccount, key: str) -> list[str]:
    (record,) = account.read("contacts", [key], propertiesWithHistory=[OWNER]).json()["results"]
    return [entry["value"] for entry in record["propertiesWithHistory"][OWNER]]


def test_somebody_takes_records_just_before_they_are_written(account: HubSpotAccount) -> None:
    old = account.owners(salesforce_only=True)[0]
    keys = account.records("contacts", old)[:10]
    gil = account.owner_called(GIL)
    account.fault("batch/update", "interfere", count=3)
    answer = account.update("contacts", dict.fromkeys(keys, gil))
    assert answer.status_code == 200
    interfered = struck(account)["interfered"]
    assert len(interfered["ids"]) == 3
    assert set(interfered["ids"]) < set(keys)
    assert interfered["owner"] in account.owners(salesforce_only=False)
    assert interfered["owner"] != gil
    for key in keys:
        between = [interfered["owner"]] if key in interfered["ids"] else []
        assert history(account, key) == [gil, *between, old]


def test_somebody_takes_records_just_before_they_are_read(account: HubSpotAccount) -> None:
    old = account.owners(salesforce_only=True)[0]
    keys = account.records("contacts", old)[:10]
    account.fault("batch/read", "interfere", count=2)
    read = account.read("contacts", keys).json()["results"]
    interfered = struck(account)["interfered"]
    owners = {record["id"]: record["properties"][OWNER] for record in read}
    wanted = {key: interfered["owner"] if key in interfered["ids"] else old for key in keys}
    assert owners == wanted


def test_records_are_archived_just_before(account: HubSpotAccount) -> None:
    old = account.owners(salesforce_only=True)[0]
    keys = account.records("contacts", old)[:10]
    account.fault("batch/update", "archive", count=4)
    answer = account.update("contacts", dict.fromkeys(keys, account.owner_called(GIL)))
    archived = struck(account)["archived"]
    assert len(archived) == 4
    assert answer.status_code == 207
    assert {record["id"] for record in answer.json()["results"]} == set(keys) - set(archived)


def test_the_seed_decides_who_interferes_with_what() -> None:
    seen = []
    for seed in (1, 1, 2):
        with hubspot_account(
            scenario(account={"index_lag": 0}).model_copy(update={"seed": seed})
        ) as account:
            account.fault("batch/read", "interfere", count=2)
            account.read("contacts", [str(key) for key in range(1_001, 1_051)])
            seen.append(struck(account)["interfered"])
    assert seen[0] == seen[1] != seen[2]


def test_locked_and_migrating(account: HubSpotAccount) -> None:
    path = "/account-info/v3/details"
    account.fault(path, "locked")
    account.fault(path, "migrating", delay=7)
    assert account.call("GET", path).status_code == 423
    moving = account.call("GET", path)
    assert (moving.status_code, moving.headers["Retry-After"]) == (477, "7")
    assert account.call("GET", path).status_code == 200


def test_a_garbled_answer_is_applied_and_cannot_be_read(account: HubSpotAccount) -> None:
    old = account.owners(salesforce_only=True)[0]
    key = account.records("contacts", old)[0]
    account.fault("batch/update", "garbled")
    answer = account.update("contacts", {key: account.owner_called(GIL)})
    assert answer.status_code == 200
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()
    assert key not in account.records("contacts", old)


def test_a_share_of_the_requests_is_struck_as_the_seed_says() -> None:
    chance = Fault(service="hubspot", match="x", kind="500", share=0.3, after=10, times=60)
    other = Fault(service="hubspot", match="y", kind="502", share=0.5, times=1_000)

    def strikes(seed: int, between: int) -> list[bool]:
        world = World(scenario().model_copy(update={"seed": seed, "faults": (chance, other)}))
        found = []
        for _ in range(500):
            found.append(world.strike("hubspot", "x") is not None)
            for _ in range(between):
                world.strike("hubspot", "y")
            world.random.random()
        return found

    first = strikes(1, 0)
    assert strikes(1, 3) == first, "other requests draw from other chances"
    assert strikes(2, 0) != first
    assert sum(first) == 60
    assert not any(first[:10])
    assert 40 <= sum(first[10:210]) <= 60
