"""The sandbox's deployments: check-only, waiting, cancelled, listed late, refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from simple_salesforce import exceptions

from tests.sandbox.vendor_servers import (
    ADA,
    SalesforceOrg,
    salesforce_org,
    scenario,
    select,
    wait_until,
)

QUICK = {"uninstall_seconds": 0.05}
SLOW = {"uninstall_seconds": 60}
FIELDS = "Id, Status, CheckOnly, CreatedDate, CompletedDate"


@pytest.fixture
def org(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SalesforceOrg]:
    parts = {"package": QUICK, **getattr(request, "param", {})}
    with salesforce_org(scenario(**parts), tmp_path) as running:
        yield running


def rows(org: SalesforceOrg, where: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = org.tooling(select(FIELDS, "DeployRequest", where))["records"]
    return found


def test_the_list_tells_check_only_ones_apart(org: SalesforceOrg) -> None:
    checked = org.deploy(checkOnly=True)["id"]
    deployed = org.deploy()["id"]
    assert [row["Id"] for row in rows(org, "CheckOnly = true")] == [checked]
    assert [row["Id"] for row in rows(org, "CheckOnly = false")] == [deployed]
    since = rows(org)[0]["CreatedDate"]
    assert len(rows(org, f"CheckOnly = true AND CreatedDate >= {since}")) == 1


@pytest.mark.parametrize("org", [{"package": SLOW}], indirect=True)
def test_one_that_runs_says_what_it_is_at(org: SalesforceOrg) -> None:
    started = org.deploy()["deployResult"]
    assert started["status"] == "InProgress"
    assert started["stateDetail"] == "Processing Type: InstalledPackage"
    numbers = [started[f"numberComponent{name}"] for name in ("sTotal", "sDeployed", "Errors")]
    assert numbers == [1, 0, 0]
    assert started["completedDate"] is None


@pytest.mark.parametrize("org", [{"salesforce": {"deploy_queue_seconds": 60}}], indirect=True)
def test_one_that_waits_tells_nothing_of_its_components(org: SalesforceOrg) -> None:
    started = org.deploy(checkOnly=True)
    result = org.client.restful(
        f"metadata/deployRequest/{started['id']}", params={"includeDetails": "true"}
    )["deployResult"]
    assert (result["status"], result["numberComponentsTotal"]) == ("Pending", 0)
    assert result["startDate"] is None
    assert result["checkOnly"] is True
    assert result["details"]["componentSuccesses"] == []
    assert rows(org)[0]["Status"] == "Pending"


@pytest.mark.parametrize("org", [{"salesforce": {"deploy_list_lag": 0.3}}], indirect=True)
def test_the_list_may_show_one_late(org: SalesforceOrg) -> None:
    key = org.deploy()["id"]
    assert rows(org) == []
    assert org.client.restful(f"metadata/deployRequest/{key}")["id"] == key
    wait_until(lambda: [row["Id"] for row in rows(org)] == [key])


@pytest.mark.parametrize("org", [{"package": SLOW}], indirect=True)
def test_a_person_cancels_one(org: SalesforceOrg) -> None:
    path = "/sandbox/salesforce/cancel-deployment"
    key = org.deploy()["id"]
    assert org.control.post(path, user=ADA, id="0Af9")["error"] == "not_found"
    assert org.control.post(path, user="UNOBODY", id=key)["error"] == "unknown_user"
    assert org.control.post(path, user=ADA, id=key)["ok"]
    result = org.deployed(key)
    assert (result["status"], result["success"]) == ("Canceled", False)
    assert result["canceledByName"] == "Ada Marek"
    assert not org.package_gone()
    assert org.control.post(path, user=ADA, id=key)["error"] == "not_found"


@pytest.mark.parametrize("org", [{"salesforce": {"check_only": "refused"}}], indirect=True)
def test_an_org_that_refuses_check_only(org: SalesforceOrg) -> None:
    with pytest.raises(exceptions.SalesforceMalformedRequest) as caught:
        org.deploy(checkOnly=True)
    content: Any = caught.value.content
    assert content[0]["errorCode"] == "INVALID_OPERATION"
    assert rows(org) == []
    assert org.deployed(org.deploy()["id"])["success"] is True


@pytest.mark.parametrize("org", [{"salesforce": {"check_only": "fails"}}], indirect=True)
def test_an_org_where_check_only_ends_badly(org: SalesforceOrg) -> None:
    result = org.deployed(org.deploy(checkOnly=True)["id"])
    assert result["status"] == "Failed"
    (failure,) = result["details"]["componentFailures"]
    assert "checkOnly" in failure["problem"]
    assert not org.package_gone()
    assert org.deployed(org.deploy()["id"])["success"] is True


def test_a_check_names_what_blocks_and_removes_nothing(tmp_path: Path) -> None:
    with salesforce_org(scenario("blockers", package=QUICK), tmp_path) as org:
        result = org.deployed(org.deploy(checkOnly=True)["id"])
        assert (result["status"], result["numberComponentErrors"]) == ("Failed", 2)
        assert not org.package_gone()


@pytest.mark.parametrize("org", [{"salesforce": {"may_uninstall": False}}], indirect=True)
def test_without_the_right_to_uninstall_it_fails_as_a_whole(org: SalesforceOrg) -> None:
    result = org.deployed(org.deploy()["id"])
    assert (result["status"], result["errorStatusCode"]) == ("Failed", "INSUFFICIENT_ACCESS")
    assert result["details"]["componentFailures"] == []
    assert not org.package_gone()
