"""Custom objects, teams of owners, and the companies that records are associated with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.sandbox.vendor_servers import HubSpotAccount, hubspot_account, scenario

GIL, HANA, KIM = "gil.tanaka@example.com", "hana.petrova@example.com", "kim.duarte@example.com"
OWNER = "hubspot_owner_id"


@pytest.fixture(scope="module")
def account() -> Iterator[HubSpotAccount]:
    with hubspot_account(scenario(account={"index_lag": 0, "searches_per_second": 1_000})) as found:
        found.disconnect()
        yield found


def test_schemas_are_in_hubspots_shape(account: HubSpotAccount) -> None:
    api = account.api(account.client.crm.schemas.core_api)
    (store,) = api.get_all().results
    assert store.name == "store"
    assert store.object_type_id.startswith("2-")
    assert store.fully_qualified_name == "p4711008_store"
    assert (store.labels.singular, store.labels.plural) == ("Store", "Stores")
    names = {found.name for found in store.properties}
    assert {store.primary_display_property, OWNER} <= names
    assert account.call("GET", "/crm/v3/schemas").json()["results"][0]["id"] == store.id
    for name in (store.object_type_id, store.fully_qualified_name, "store"):
        assert account.call("GET", f"/crm/v3/schemas/{name}").json()["name"] == "store"
    assert account.call("GET", "/crm/v3/schemas/contacts").status_code == 404


@pytest.mark.parametrize("name", ["2-41500107", "p4711008_store", "p_store"])
def test_their_records_are_found_read_and_changed(account: HubSpotAccount, name: str) -> None:
    old = account.owners(salesforce_only=True)[0]
    groups = [{"filters": [{"propertyName": OWNER, "operator": "EQ", "value": old}]}]
    found = account.search(name, filterGroups=groups, properties=["name", OWNER]).json()
    assert found["total"] == len(account.records("store", old)) > 0
    record = found["results"][0]
    assert record["properties"]["name"] == f"Store {record['id']}"
    assert account.update(name, {record["id"]: account.owner_called(GIL)}).status_code == 200
    (read,) = account.read(name, [record["id"]], propertiesWithHistory=[OWNER]).json()["results"]
    assert [one["value"] for one in read["propertiesWithHistory"][OWNER]][-1] == old
    assert read["properties"][OWNER] == account.owner_called(GIL)


def test_the_bare_name_is_no_object_type(account: HubSpotAccount) -> None:
    assert account.search("store").status_code == 400
    counts = account.control.get("/sandbox/hubspot")["counts"]
    assert sum(found.get("store", 0) for found in counts.values()) == 8


def test_they_have_scopes_of_their_own() -> None:
    missing = ["crm.objects.custom.write", "crm.schemas.custom.read"]
    with hubspot_account(scenario(account={"scopes_missing": missing})) as account:
        assert account.call("GET", "/crm/v3/schemas").status_code == 403
        assert account.search("p_store").status_code == 200
        refused = account.update("p_store", {"1001": account.owner_called(GIL)})
        assert refused.status_code == 403
        (error,) = refused.json()["errors"]
        assert error["context"]["requiredGranularScopes"] == missing[:1]


def test_owners_tell_their_teams(account: HubSpotAccount) -> None:
    api = account.api(account.client.crm.owners.owners_api)
    teams = {owner.email: owner.teams for owner in api.get_page().results}
    (north,) = teams[GIL]
    assert (north.name, north.primary) == ("Sales North", True)
    assert [team.id for team in teams[KIM]] == [north.id]
    assert teams["ada.marek@example.com"] is None
    users = account.call("GET", "/settings/v3/users").json()["results"]
    assert {user["email"]: user["primaryTeamId"] for user in users}[GIL] == north.id


def test_records_are_associated_with_companies(account: HubSpotAccount) -> None:
    companies = set(account.records("companies", account.owner_called(HANA)))
    queue = account.owners(salesforce_only=True)[-1]
    keys = account.records("contacts", queue)
    answer = account.read("contacts", keys, properties=["associatedcompanyid"]).json()["results"]
    of_hana = Counter(record["properties"]["associatedcompanyid"] in companies for record in answer)
    assert of_hana[True] >= 24
    assert sum(of_hana.values()) == 33
    filters = [{"propertyName": "associatedcompanyid", "operator": "IN", "values": list(companies)}]
    found = account.search("contacts", filterGroups=[{"filters": filters}], limit=200).json()
    assert found["total"] > of_hana[True]
    name = "hs_primary_associated_company"
    deal = account.call("GET", f"/crm/v3/objects/deals/1001?properties={name}").json()
    key = deal["properties"][name]
    assert account.call("GET", f"/crm/v3/objects/companies/{key}").status_code == 200
    body = {"properties": {name: "1001"}}
    assert account.call("PATCH", "/crm/v3/objects/deals/1001", json=body).status_code == 400


def test_an_account_without_companies_has_no_associations() -> None:
    owner = {"name": "Eve", "email": "eve@example.com", "records": {"contacts": 2}}
    with hubspot_account(scenario(salesforce_owners=[owner], hubspot_owners=[])) as account:
        answer = account.read("contacts", ["1001"], properties=["associatedcompanyid"]).json()
        assert answer["results"][0]["properties"]["associatedcompanyid"] is None
