"""The inventory over TLS against the sandbox: members, counts, estimates, folders, rights."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.errors import VendorError
from bot.vendors.check import check_salesforce, salesforce_rights
from sandbox.salesforce.tls import Certificate, certificate
from tests.bot.vendors.salesforce_bench import Bench, running
from workflows.values import Inventory

FAVORITES = "HubSpot_Inc__Favorite__c"
INTELLIGENCE = "HubSpot_Inc__HubSpot_Intelligence__c"
OLD = {"version": "2.60", "objects": {"HubSpot_Intelligence__c": 25_000}}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tls"), "127.0.0.1")


@pytest.fixture
def bench(request: pytest.FixtureRequest, files: Certificate) -> Iterator[Bench]:
    with running(files, **getattr(request, "param", {})) as bench:
        yield bench


def taken(bench: Bench) -> Inventory:
    inventory = bench.salesforce.inventory()
    assert inventory is not None
    return inventory


def said(inventory: Inventory) -> str:
    return " ".join(map(str, inventory.incomplete))


def test_takes_the_inventory(bench: Bench) -> None:
    inventory = taken(bench)
    parts = {(part.type, part.name) for part in inventory.components}
    assert ("ApexPage", "HubSpotContactIntelligence") in parts
    assert ("RemoteSiteSetting", "HubSpot_API") in parts
    assert ("ReportFolder", "HubSpot_Reports") in parts
    assert ("CustomField", f"{FAVORITES}.HubSpot_Inc__Key__c") in parts
    assert {one.name: one.records for one in inventory.objects} == {
        "HubSpot_Inc__HubSpot_Favorites__c": 0,
        FAVORITES: 5,
    }
    assert not any(one.estimated for one in inventory.objects)
    (fields,) = {one.fields for one in inventory.objects}
    assert fields == (
        "HubSpot_Inc__Key__c",
        "HubSpot_Inc__Label__c",
        "HubSpot_Inc__Payload__c",
    )
    assert inventory.permission_sets == {"HubSpot_Integration_Permissions": ()}
    assert inventory.folders == {"HubSpot_Reports": (), "Images": ()}
    assert inventory.blockers == ()
    assert inventory.org_id == "00D5g000004XyZAEA0"
    assert inventory.org_is_sandbox is False
    assert inventory.org_url == bench.url
    assert "No search is complete" in said(inventory)


def test_two_inventories_of_the_same_are_equal(bench: Bench) -> None:
    assert taken(bench) == taken(bench)


@pytest.mark.parametrize(
    "bench",
    [{"package": {"components": 2_980}, "salesforce": {"local": {"Layout": 60}}}],
    indirect=True,
)
def test_three_thousand_components_cost_few_calls(bench: Bench) -> None:
    inventory = taken(bench)
    ours = bench.org.package.contents.components
    assert len(inventory.components) == len(ours) > 3_000
    assert len({(part.type, part.name) for part in inventory.components}) == len(ours)
    assert bench.org.requests <= 90
    assert "66 page layouts" in said(inventory)  # 4 layouts and 2 profiles are always there


@pytest.mark.parametrize("bench", [{"package": {"version": "3.0"}}], indirect=True)
def test_a_package_without_data(bench: Bench) -> None:
    inventory = taken(bench)
    assert (inventory.package.version, inventory.objects) == ("3.0.0.0", ())
    assert len(inventory.components) > 10


@pytest.mark.parametrize("bench", [{"package": OLD}], indirect=True)
def test_an_old_package_with_much_data(bench: Bench) -> None:
    inventory = taken(bench)
    assert inventory.package.version.startswith("2.60")
    (intelligence,) = inventory.objects
    assert (intelligence.name, intelligence.records) == (INTELLIGENCE, 25_000)
    assert not intelligence.estimated


@pytest.mark.parametrize(
    "bench",
    [{"package": OLD, "salesforce": {"unreadable": ["HubSpot_Intelligence__c"]}}],
    indirect=True,
)
def test_what_cannot_be_read_is_estimated_and_named(bench: Bench) -> None:
    bench.org.data.drift = -37
    inventory = taken(bench)
    (intelligence,) = inventory.objects
    assert (intelligence.records, intelligence.estimated) == (24_963, True)
    assert len(intelligence.fields) == 3
    assert f"cannot read {INTELLIGENCE}" in said(inventory)
    assert "Object Settings" in said(inventory)
    rights = {right.name: right.granted for right in bench.salesforce.rights()}
    assert rights[f"Read {INTELLIGENCE}"] is False


@pytest.mark.parametrize(
    ("bench", "records", "estimated"),
    [
        (
            {
                "package": OLD,
                "salesforce": {
                    "visible": {"HubSpot_Intelligence__c": 12},
                    "may_view_all": False,
                },
            },
            25_000,
            True,
        ),
        ({"package": OLD, "salesforce": {"may_view_all": False}}, 25_000, False),
    ],
    indirect=["bench"],
)
def test_a_user_who_sees_a_part_gets_the_estimate(
    bench: Bench, records: int, estimated: bool
) -> None:
    inventory = taken(bench)
    (intelligence,) = inventory.objects
    assert (intelligence.records, intelligence.estimated) == (records, estimated)
    assert ("sees 12 records" in said(inventory)) is estimated


def test_a_stale_estimate_does_not_replace_a_count(bench: Bench) -> None:
    bench.org.data.drift = 1_000  # View All Data is granted: what is counted is all there is
    assert {one.records for one in taken(bench).objects} == {0, 5}


# --- rights --------------------------------------------------------------------------------------


def lacking(right: str) -> dict[str, dict[str, bool]]:
    return {"salesforce": {right: False}}


@pytest.mark.parametrize(
    ("bench", "missing"),
    [
        (lacking("may_use_api"), "API Enabled"),
        (lacking("may_uninstall"), "Download AppExchange Packages"),
        (lacking("may_view_setup"), "View Setup and Configuration"),
    ],
    indirect=["bench"],
)
def test_without_a_right_the_inventory_is_refused_by_its_name(bench: Bench, missing: str) -> None:
    with pytest.raises(VendorError) as caught:
        bench.salesforce.inventory()
    assert caught.value.code == "salesforce_forbidden"
    assert caught.value.missing == missing
    assert missing in str(caught.value.remedy)
    assert "Setup > Users > Permission Sets" in str(caught.value.remedy)
    assert not caught.value.retryable
    denied = {right.name for right in bench.salesforce.rights() if right.granted is False}
    assert missing in denied


@pytest.mark.parametrize("bench", [lacking("may_uninstall")], indirect=True)
def test_a_package_that_may_not_be_seen_is_not_gone(bench: Bench) -> None:
    with pytest.raises(VendorError):
        bench.salesforce.installed_package()
    assert [error.missing for error in check_salesforce(bench.salesforce)] == [
        "Download AppExchange Packages"
    ]


@pytest.mark.parametrize("bench", [lacking("may_use_metadata")], indirect=True)
def test_without_the_metadata_right_the_search_says_what_it_left_out(bench: Bench) -> None:
    inventory = taken(bench)
    text = said(inventory)
    for kind in ("Layout", "Profile"):  # the kinds that there are any of
        assert f"kind {kind} could not be searched" in text
    assert "Modify Metadata" in text
    assert " in 0 page layouts" in text
    denied = [right for right in bench.salesforce.rights() if right.granted is False]
    assert [right.name for right in denied] == ["Modify Metadata Through Metadata API Functions"]


def test_all_rights_are_granted_and_told(bench: Bench) -> None:
    rights = salesforce_rights(bench.salesforce)
    assert {right.name: right.granted for right in rights} == {
        "API Enabled": True,
        "View Setup and Configuration": True,
        "Download AppExchange Packages": True,
        "Modify Metadata Through Metadata API Functions": True,
        "Read HubSpot_Inc__HubSpot_Favorites__c": True,
        f"Read {FAVORITES}": True,
    }


def test_an_org_that_does_not_tell_rights_is_not_blamed(bench: Bench) -> None:
    bench.org.data._static.pop("UserPermissionAccess")
    assert {right.granted for right in bench.salesforce.rights()} == {None, True}
