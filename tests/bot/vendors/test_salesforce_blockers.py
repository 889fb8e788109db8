"""Blockers of every kind are found before anybody presses anything, and each once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bot.vendors import salesforce_setup as setup
from bot.vendors.salesforce_dependencies import references
from bot.vendors.salesforce_inventory import Member
from sandbox.salesforce.tls import Certificate, certificate
from sandbox.scenario import load
from tests.bot.vendors.salesforce_bench import Bench, running
from workflows.values import Blocker, Component, Inventory

PERMISSIONS = "HubSpot_Integration_Permissions"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tls"), "127.0.0.1")


@pytest.fixture
def bench(request: pytest.FixtureRequest, files: Certificate) -> Iterator[Bench]:
    with running(files, **getattr(request, "param", {})) as bench:
        yield bench


def blocked(*found: dict[str, Any], **package: Any) -> dict[str, Any]:
    return {"package": {"blockers": list(found), **package}}


def by(kind: str, refers_to: str, name: str = "Local thing") -> dict[str, Any]:
    return {"type": kind, "name": name, "refers_to": refers_to}


def taken(bench: Bench) -> Inventory:
    inventory = bench.salesforce.inventory()
    assert inventory is not None
    return inventory


def lines(found: tuple[Blocker, ...]) -> list[tuple[str, str, str]]:
    return [(one.type, one.name, one.refers_to) for one in found]


def test_every_kind_is_found_once_and_the_rest_when_it_shows(files: Certificate) -> None:
    shipped = load("blockers").model_dump()
    parts = {name: shipped[name] for name in ("people", "hubspot_owners", "salesforce_owners")}
    with running(files, package=shipped["package"], **parts) as bench:
        inventory = taken(bench)
        assert lines(inventory.blockers) == [
            ("ApexTrigger", "TellHubSpot", "HubSpotRequestSigner"),
            ("FlexiPage", "Account Record Page", "HubSpotAccountIntelligence"),
            ("Flow", "Notify HubSpot about a won deal", "HubSpotRequestSigner"),
            ("Layout", "Contact Layout", "HubSpotContactIntelligence"),
            ("Layout", "Lead Layout", "HubSpotLeadIntel"),
            ("PermissionSetAssignment", "eve.lindgren@example.com", PERMISSIONS),
            ("PermissionSetGroupComponent", "Sales_team", PERMISSIONS),
            ("Profile", "Standard User", "HubSpot_Sync"),
            ("ScheduledJob", "HubSpot nightly clean-up", "HubSpotPostInstall"),
            ("ValidationRule", "Insight needed", "Contact.HubSpot_Inc__Insight_0001__c"),
        ]
        assert all(one.sure and one.advice and one.link for one in inventory.blockers)
        assert inventory.permission_sets == {PERMISSIONS: ("eve.lindgren@example.com",)}
        for obstacle in bench.org.package.open_obstacles():
            bench.org.package.resolve(obstacle.id)
        inventory = taken(bench)
        assert lines(inventory.blockers) == [
            ("Report", "Favourites by month", "HubSpot_Reports"),
            (
                "WorkflowRule",
                "Tag HubSpot favourites",
                "HubSpot_Inc__HubSpot_Favorites__c",
            ),
        ]
        assert inventory.folders["HubSpot_Reports"] == ("Favourites by month",)
        for obstacle in bench.org.package.open_obstacles():
            bench.org.package.resolve(obstacle.id)
        assert taken(bench).blockers == ()


@pytest.mark.parametrize(
    ("bench", "link"),
    [
        (
            blocked(by("Layout", "HubSpotContactIntelligence", "Contact Layout")),
            "/lightning/setup/ObjectManager/Contact/PageLayouts/{id}/view",
        ),
        (
            blocked(by("FlexiPage", "HubSpotContactIntelligence")),
            "/lightning/setup/FlexiPageList/page?address=%2F{id}",
        ),
        (
            blocked(by("Flow", "HubSpotRequestSigner")),
            "/builder_platform_interaction/flowBuilder.app?flowId={id}",
        ),
        (
            blocked(by("Profile", "HubSpot_Sync", "Standard User")),
            "/lightning/setup/EnhancedProfiles/page?address=%2F{id}",
        ),
        (
            blocked(by("PermissionSetAssignment", PERMISSIONS, "Ada Admin")),
            "/lightning/setup/PermSets/page?address=%2F{id}",
        ),
        (blocked(by("CronTrigger", "HubSpotPostInstall")), "/lightning/setup/ScheduledJobs/home"),
        (
            blocked(by("WorkflowRule", "HubSpot_Favorites__c")),
            "/lightning/setup/WorkflowRules/page?address=%2F{id}",
        ),
        (blocked(by("Report", "HubSpot_Reports")), "/lightning/r/Report/{id}/view"),
        (blocked(by("ValidationRule", "HubSpotRequestSigner")), "/{id}"),
    ],
    indirect=["bench"],
)
def test_each_leads_into_setup_and_says_what_to_do(bench: Bench, link: str) -> None:
    (blocker,) = taken(bench).blockers
    before, _, after = link.partition("{id}")
    assert blocker.link.startswith(before)
    assert blocker.link.endswith(after)
    if "{id}" in link:
        key = blocker.link.removeprefix(before).removesuffix(after)
        assert len(key) == 18
        assert key.isalnum()
    assert blocker.advice == setup.advice(blocker.type)


@pytest.mark.parametrize(
    "bench",
    [blocked(by("Profile", "HubSpotOpportunityIntelController", "Standard User"))],
    indirect=True,
)
def test_mere_access_of_a_profile_may_block_and_is_told_as_that(bench: Bench) -> None:
    (blocker,) = taken(bench).blockers
    assert (blocker.type, blocker.sure, blocker.problem) == ("Profile", False, "")
    assert blocker.refers_to == "HubSpotOpportunityIntelController"
    assert "usually" in str(blocker.advice)


@pytest.mark.parametrize(
    "bench",
    [
        blocked(
            by("Layout", "Insight_0001__c", "Contact Layout"),
            by("FlexiPage", "HubSpotLeadIntel", "A <!channel> page"),
            components=5,
        )
    ],
    indirect=True,
)
def test_what_surely_blocks_comes_first(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    item = {"field": "HubSpot_Inc__Insight_0001__c", "behavior": "Edit"}
    sections = {"layoutSections": [{"layoutColumns": [{"layoutItems": [item]}]}]}
    monkeypatch.setattr(
        "sandbox.salesforce.references._metadata",
        lambda kind, name, is_app: sections if kind == "Layout" else {"page": name},
    )
    found = taken(bench).blockers
    assert [(one.type, one.sure) for one in found] == [("FlexiPage", True), ("Layout", False)]
    assert found[0].name == "A <!channel> page"


@pytest.mark.parametrize(
    "bench", [{"salesforce": {"local": {"Layout": 40, "Flow": 30, "FlexiPage": 26}}}], indirect=True
)
def test_what_does_not_refer_to_the_package_is_read_and_left_alone(bench: Bench) -> None:
    before = bench.org.requests
    inventory = taken(bench)
    assert inventory.blockers == ()
    assert " in 102 page layouts" in " ".join(map(str, inventory.incomplete))
    assert bench.org.requests - before <= 55


@pytest.mark.parametrize("bench", [{"salesforce": {"local": {"Flow": 40}}}], indirect=True)
def test_what_is_not_read_is_told(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.vendors.salesforce_scan.MOST_OF_A_KIND", 30)
    said = " ".join(map(str, taken(bench).incomplete))
    assert "30 of 40 components of the kind Flow" in said


def test_a_search_that_salesforce_refuses_is_told(bench: Bench) -> None:
    # Reports and dashboards are not there for a user without the Reports tab.
    bench.org.data._made.pop("Report")
    bench.org.data._made.pop("PermissionSetGroupComponent")
    said = " ".join(map(str, taken(bench).incomplete))
    assert "could not be looked for in Report" in said
    assert "could not be looked for in PermissionSetGroupComponent" in said


def test_long_answers_are_asked_for_in_halves(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.vendors.salesforce_dependencies.MOST_ROWS", 2)
    pages = [part for part in bench.org.package.contents.components if part.type == "ApexPage"]
    members = [Member(page.id, Component(type="ApexPage", name=page.name)) for page in pages]
    monkeypatch.setattr(
        "sandbox.salesforce.tooling.dependencies",
        lambda _: [
            {
                "MetadataComponentId": f"0M05g000000000{number}AAA",
                "MetadataComponentName": f"Page {number}",
                "MetadataComponentType": "FlexiPage",
                "MetadataComponentNamespace": None,
                "RefMetadataComponentId": page.id,
            }
            for number, page in enumerate([pages[0], pages[1], pages[2], pages[2]], 1)
        ],
    )
    found, remarks = references(bench.salesforce.client, "HubSpot_Inc", members)
    assert [(one.name, one.refers_to) for one in found] == [
        ("Page 1", pages[0].name),
        ("Page 2", pages[1].name),
        ("Page 3", pages[2].name),
        ("Page 4", pages[2].name),
    ]
    assert [str(remark) for remark in remarks] == [
        f"More refers to these than Salesforce lists: {pages[2].name}."
    ]


@pytest.mark.parametrize(
    ("line", "kind", "name"),
    [
        ("Page Layout Contact Layout", "Layout", "Contact Layout"),
        ("Permission Set Assignment Eve", "PermissionSetAssignment", "Eve"),
        ("Permission Set Eve", "PermissionSet", "Eve"),
        ("Weather Report", "", "Weather Report"),
    ],
)
def test_lines_of_a_refused_removal_are_understood(line: str, kind: str, name: str) -> None:
    assert setup.named(line) == (kind, name)


def test_a_path_into_setup_holds_nothing_but_ids() -> None:
    assert setup.link("Flow", "x&evil=1") == "/lightning/setup/Flows/home"
    assert setup.link("Layout", "00h5g0000000001AAA", "../x") == "/00h5g0000000001AAA"
    assert setup.link("Unheard", "javascript:alert(1)") == ""
