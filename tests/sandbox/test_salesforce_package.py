"""Uninstalling the package: by a person, by the Metadata API, and what stands in the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from simple_salesforce import exceptions

from tests.sandbox.vendor_servers import (
    ADA,
    BEN,
    SalesforceOrg,
    salesforce_org,
    scenario,
    select,
    wait_until,
)

FAVORITES = "HubSpot_Inc__HubSpot_Favorites__c"
QUICK = {"uninstall_seconds": 0.3}


@pytest.fixture
def org(tmp_path: Path) -> Iterator[SalesforceOrg]:
    with salesforce_org(scenario(package=QUICK), tmp_path) as running:
        yield running


@pytest.fixture
def blocked(tmp_path: Path) -> Iterator[SalesforceOrg]:
    with salesforce_org(scenario("blockers", package=QUICK), tmp_path) as running:
        yield running


def installed(org: SalesforceOrg) -> bool:
    soql = "SELECT Id, SubscriberPackage.NamespacePrefix FROM InstalledSubscriberPackage"
    rows = org.tooling(soql)["records"]
    return any(row["SubscriberPackage"]["NamespacePrefix"] == "HubSpot_Inc" for row in rows)


def resolve_all(org: SalesforceOrg) -> None:
    while True:
        found = org.control.get("/sandbox/salesforce")["blockers"]
        seen = [item["id"] for item in found if item["visible"] and not item["resolved"]]
        if not seen:
            return
        for key in seen:
            assert org.control.post("/sandbox/salesforce/resolve-blocker", id=key)["ok"]


def test_a_person_uninstalls_and_keeps_a_copy(org: SalesforceOrg) -> None:
    assert installed(org)
    change = org.world.change
    answer = org.uninstall(keep_copy=True)
    assert (answer["ok"], answer["uninstalling"], answer["installed"]) == (True, True, True)
    assert installed(org), "it runs for a while"
    assert org.uninstall()["error"] == "already_uninstalling"
    wait_until(lambda: not installed(org))
    state = org.control.get("/sandbox/salesforce")
    gone = datetime.fromisoformat(state["uninstalled_at"])
    assert datetime.fromisoformat(state["copy"]["until"]) == gone + timedelta(hours=48)
    assert state["copy"]["kept"] is True
    assert (state["components"], state["objects"]) == ([], {})
    assert org.world.change >= change + 2
    org.world.clock.advance(timedelta(hours=48))
    assert org.control.get("/sandbox/salesforce")["copy"]["kept"] is False
    assert org.uninstall()["error"] == "not_installed"


def test_nothing_of_the_namespace_is_left(org: SalesforceOrg) -> None:
    org.uninstall(keep_copy=False)
    wait_until(org.package_gone)
    assert org.control.get("/sandbox/salesforce")["copy"] == {"kept": False, "until": None}
    with pytest.raises(exceptions.SalesforceMalformedRequest) as caught:
        org.client.query(select("count()", FAVORITES))
    content: Any = caught.value.content
    assert content[0]["errorCode"] == "INVALID_TYPE"
    with pytest.raises(exceptions.SalesforceResourceNotFound):
        org.client.HubSpot_Inc__HubSpot_Favorites__c.describe()
    assert FAVORITES not in [item["name"] for item in org.client.describe()["sobjects"]]
    for entity in ("CustomObject", "CustomField", "ApexClass", "PermissionSet"):
        soql = select("Id", entity, "NamespacePrefix = 'HubSpot_Inc'")
        assert org.tooling(soql)["totalSize"] == 0
    fields = [field["name"] for field in org.client.Lead.describe()["fields"]]
    assert not any(name.startswith("HubSpot_Inc__") for name in fields)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"user": ADA, "keep_copy": True, "consent": False}, "consent_missing"),
        ({"user": BEN, "keep_copy": True, "consent": True}, "not_permitted"),
        ({"user": ADA, "consent": True}, "invalid_arguments"),
        ({"user": "U0NOBODY01", "keep_copy": True, "consent": True}, "unknown_user"),
    ],
)
def test_what_an_uninstall_needs(org: SalesforceOrg, body: dict[str, Any], error: str) -> None:
    assert org.control.post("/sandbox/salesforce/uninstall", **body)["error"] == error
    assert installed(org)


def test_without_the_right_nobody_uninstalls(tmp_path: Path) -> None:
    rights = scenario(salesforce={"may_uninstall": False})
    with salesforce_org(rights, tmp_path) as org:
        assert org.uninstall()["error"] == "not_permitted"


def test_without_a_package_there_is_nothing_to_do(tmp_path: Path) -> None:
    with salesforce_org(scenario("no-package"), tmp_path) as org:
        assert not installed(org)
        assert org.uninstall()["error"] == "not_installed"


def test_blockers_are_revealed_a_few_at_a_time(blocked: SalesforceOrg) -> None:
    first = blocked.uninstall()
    assert first["error"] == "uninstall_failed"
    (mail,) = blocked.control.get("/sandbox/salesforce")["mail"]
    assert mail["lines"] == [
        "Page Layout Contact Layout: This installed component is referenced by a locally created "
        "component.",
        "Page Layout Lead Layout: This installed component is referenced by a locally created "
        "component.",
    ]
    shown = blocked.control.get("/sandbox/salesforce")["blockers"]
    assert [item["visible"] for item in shown] == [True] * 10 + [False] * 2
    path = "/sandbox/salesforce/resolve-blocker"
    assert blocked.control.post(path, id=shown[-1]["id"])["error"] == "not_found"
    for item in shown[:10]:
        assert blocked.control.post(path, id=item["id"])["ok"]
    assert blocked.uninstall()["error"] == "uninstall_failed"
    mail = blocked.control.get("/sandbox/salesforce")["mail"][-1]
    assert [line.partition(":")[0] for line in mail["lines"]] == [
        "Workflow Rule Tag HubSpot favourites",
        "Report Favourites by month",
    ]
    assert installed(blocked)
    resolve_all(blocked)
    assert blocked.uninstall()["ok"]
    wait_until(blocked.package_gone)


def test_blockers_can_be_found_where_the_real_ones_are(blocked: SalesforceOrg) -> None:
    (page,) = blocked.tooling(
        "SELECT Id FROM ApexPage WHERE NamespacePrefix = 'HubSpot_Inc' "
        "AND Name = 'HubSpotAccountIntelligence'"
    )["records"]
    (dependency,) = blocked.tooling(
        select(
            "MetadataComponentName, MetadataComponentType",
            "MetadataComponentDependency",
            f"RefMetadataComponentId = '{page['Id']}'",
        )
    )["records"]
    assert dependency["MetadataComponentName"] == "Account Record Page"
    assert dependency["MetadataComponentType"] == "FlexiPage"
    found = {}
    for entity, name in (
        ("Layout", "Name"),
        ("FlexiPage", "DeveloperName"),
        ("Flow", "MasterLabel"),
        ("Profile", "Name"),
    ):
        for row in blocked.tooling(select(f"Id, {name}", entity))["records"]:
            (full,) = blocked.tooling(select("Metadata", entity, f"Id = '{row['Id']}'"))["records"]
            if "HubSpot_Inc__" in json.dumps(full["Metadata"]):
                found[entity, row[name]] = True
    assert set(found) == {
        ("Layout", "Contact Layout"),
        ("Layout", "Lead Layout"),
        ("FlexiPage", "Account_Record_Page"),
        ("Flow", "Notify HubSpot about a won deal"),
        ("Profile", "Standard User"),
    }
    assigned = blocked.client.query(
        "SELECT Assignee.Name FROM PermissionSetAssignment "
        "WHERE PermissionSet.NamespacePrefix = 'HubSpot_Inc'"
    )["records"]
    assert [row["Assignee"]["Name"] for row in assigned] == ["Eve Lindgren"]
    jobs = blocked.client.query(
        "SELECT CronTriggerId, ApexClass.Name FROM AsyncApexJob "
        "WHERE ApexClass.NamespacePrefix = 'HubSpot_Inc' AND Status = 'Queued'"
    )["records"]
    assert [row["ApexClass"]["Name"] for row in jobs] == ["HubSpotPostInstall"]
    triggers = blocked.client.query("SELECT CronJobDetail.Name FROM CronTrigger")["records"]
    assert triggers[0]["CronJobDetail"]["Name"] == "HubSpot nightly clean-up"


@pytest.mark.parametrize(
    "soql",
    [
        "SELECT count() FROM MetadataComponentDependency",
        "SELECT MetadataComponentId FROM MetadataComponentDependency ORDER BY MetadataComponentId",
        "SELECT MetadataComponentId FROM MetadataComponentDependency "
        "WHERE MetadataComponentName LIKE 'x%'",
        "SELECT MetadataComponentId FROM MetadataComponentDependency "
        "WHERE MetadataComponentType IN ('Flow')",
        "SELECT MetadataComponentId FROM MetadataComponentDependency LIMIT 1 OFFSET 1",
        "SELECT Id, Metadata FROM Layout",
    ],
)
def test_the_restrictions_of_the_tooling_api(org: SalesforceOrg, soql: str) -> None:
    with pytest.raises(exceptions.SalesforceMalformedRequest):
        org.tooling(soql)


def test_a_deployment_removes_the_package_without_a_copy(org: SalesforceOrg) -> None:
    started = org.deploy(purgeOnDelete=False)
    assert started["deployResult"]["status"] == "InProgress"
    result = org.deployed(started["id"])
    assert (result["status"], result["success"]) == ("Succeeded", True)
    assert result["details"]["componentSuccesses"][0]["fullName"] == "HubSpot_Inc"
    assert not installed(org)
    assert org.control.get("/sandbox/salesforce")["copy"]["kept"] is False
    again = org.deployed(org.deploy()["id"])
    assert again["details"]["componentFailures"][0]["problemType"] == "Error"


def test_a_check_changes_nothing(org: SalesforceOrg) -> None:
    result = org.deployed(org.deploy(checkOnly=True)["id"])
    assert (result["success"], result["checkOnly"]) == (True, True)
    assert installed(org)


def test_a_deployment_fails_for_blockers(blocked: SalesforceOrg) -> None:
    result = blocked.deployed(blocked.deploy()["id"])
    assert (result["status"], result["numberComponentErrors"]) == ("Failed", 2)
    failure = result["details"]["componentFailures"][0]
    assert failure["componentType"] == "InstalledPackage"
    assert failure["problem"].startswith("Page Layout Contact Layout")
    assert installed(blocked)


def test_a_lost_deployment_can_be_looked_up(org: SalesforceOrg) -> None:
    org.fault("deployRequest$", "lost_reply")
    with pytest.raises(requests.ConnectionError):
        org.deploy()
    wait_until(lambda: not installed(org))
    (row,) = org.tooling("SELECT Id, Status, CheckOnly FROM DeployRequest")["records"]
    assert row["Status"] == "Succeeded"


def test_what_a_deployment_needs(org: SalesforceOrg, tmp_path: Path) -> None:
    with pytest.raises(exceptions.SalesforceMalformedRequest):
        org.deploy(purgeOnDelete=True)
    with pytest.raises(exceptions.SalesforceMalformedRequest):
        org.client.restful("metadata/deployRequest", method="POST", json={})
    headers = {"Content-Type": None}
    parts = {"json": (None, json.dumps({"deployOptions": {}})), "file": ("x.zip", b"PK no zip")}
    with pytest.raises(exceptions.SalesforceMalformedRequest):
        org.client.restful("metadata/deployRequest", method="POST", files=parts, headers=headers)
    wrong = org.deployed(org.deploy("Other_Package")["id"])
    assert "Other_Package" in wrong["details"]["componentFailures"][0]["problem"]
    with pytest.raises(exceptions.SalesforceResourceNotFound):
        org.client.restful("metadata/deployRequest/0Af000000000000AAA")
    denied = scenario(salesforce={"may_use_metadata": False})
    with (
        salesforce_org(denied, tmp_path / "other") as other,
        pytest.raises(exceptions.SalesforceRefusedRequest) as caught,
    ):
        other.deploy()
    content: Any = caught.value.content
    assert content[0]["errorCode"] == "INSUFFICIENT_ACCESS"


def test_a_sandbox_org_may_purge(tmp_path: Path) -> None:
    org_is_sandbox = scenario(salesforce={"is_sandbox": True}, package=QUICK)
    with salesforce_org(org_is_sandbox, tmp_path) as org:
        assert org.deployed(org.deploy(purgeOnDelete=True)["id"])["success"] is True
