"""The Salesforce server through the real simple-salesforce, over TLS."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
import simple_salesforce
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from simple_salesforce import exceptions

from tests.sandbox.vendor_servers import SalesforceOrg, salesforce_org, scenario, select

PACKAGES = (
    "SELECT Id, SubscriberPackageId, SubscriberPackage.Name, SubscriberPackage.NamespacePrefix, "
    "SubscriberPackageVersion.Id, SubscriberPackageVersion.MajorVersion, "
    "SubscriberPackageVersion.MinorVersion, SubscriberPackageVersion.PatchVersion, "
    "SubscriberPackageVersion.BuildNumber FROM InstalledSubscriberPackage"
)
FAVORITES = "HubSpot_Inc__HubSpot_Favorites__c"


@pytest.fixture(scope="module")
def org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SalesforceOrg]:
    with salesforce_org(scenario(), tmp_path_factory.mktemp("tls")) as running:
        yield running


def code(error: exceptions.SalesforceError) -> str:
    content: Any = error.content
    return str(content[0]["errorCode"])


def test_the_package_is_detected(org: SalesforceOrg) -> None:
    rows = org.tooling(PACKAGES)["records"]
    assert {row["SubscriberPackage"]["NamespacePrefix"] for row in rows} == {
        "HubSpot_Inc",
        "exsurveys",
    }
    version = rows[0]["SubscriberPackageVersion"]
    assert (version["MajorVersion"], version["MinorVersion"]) == (3, 0)
    assert (version["PatchVersion"], version["BuildNumber"]) == (1, 1)
    with pytest.raises(exceptions.SalesforceMalformedRequest):
        org.tooling(f"{PACKAGES} WHERE SubscriberPackage.NamespacePrefix = 'HubSpot_Inc'")


def test_users_queues_and_managers(org: SalesforceOrg) -> None:
    users = org.client.query_all(
        "SELECT Id, Name, Email, IsActive, ManagerId, Manager.Email, Manager.IsActive "
        "FROM User WHERE Email IN ('kim.duarte@example.com', 'gil.tanaka@example.com')"
    )["records"]
    gil, kim = sorted(users, key=lambda user: user["Name"])
    assert (kim["IsActive"], kim["Manager"]["Email"]) == (False, "eve.lindgren@example.com")
    assert (gil["ManagerId"], gil["Manager"]) == (None, None)
    queues = org.client.query("SELECT Id, Name, Email FROM Group WHERE Type = 'Queue'")
    assert [queue["Name"] for queue in queues["records"]] == ["Inbound Leads"]


def test_the_organization_and_the_rights_of_the_user(tmp_path: Path) -> None:
    rights = {"may_uninstall": False, "is_sandbox": True}
    with salesforce_org(scenario(salesforce=rights), tmp_path) as org:
        assert org.client.is_sandbox() is True
        user = org.client.oauth2("userinfo")
        found = org.client.query(
            select(
                "PermissionSet.PermissionsInstallMultiforce, "
                "PermissionSet.PermissionsModifyMetadata",
                "PermissionSetAssignment",
                f"AssigneeId = '{user['user_id']}' AND PermissionSet.IsOwnedByProfile = true",
            )
        )["records"]
        (granted,) = [row["PermissionSet"] for row in found]
        assert granted["PermissionsInstallMultiforce"] is False
        assert granted["PermissionsModifyMetadata"] is True
        own = org.client.query("SELECT PermissionsInstallMultiforce FROM UserPermissionAccess")
        assert own["records"][0]["PermissionsInstallMultiforce"] is False


@pytest.mark.parametrize(
    ("entity", "count"),
    [
        ("CustomObject", 1),
        ("CustomField", 6),
        ("ApexClass", 7),
        ("ApexPage", 4),
        ("ApexTrigger", 0),
        ("StaticResource", 3),
        ("RemoteProxy", 2),
        ("PermissionSet", 1),
        ("CustomApplication", 1),
        ("ExternalString", 1),
        ("EntityDefinition", 1),
    ],
)
def test_the_members_of_the_namespace(org: SalesforceOrg, entity: str, count: int) -> None:
    soql = select("Id, NamespacePrefix", entity, "NamespacePrefix = 'HubSpot_Inc'")
    assert org.tooling(soql)["totalSize"] == count


def test_folders_of_the_package(org: SalesforceOrg) -> None:
    soql = "SELECT DeveloperName, Type FROM Folder WHERE NamespacePrefix = 'HubSpot_Inc'"
    rows = org.client.query(soql)["records"]
    assert [(row["DeveloperName"], row["Type"]) for row in rows] == [
        ("Images", "Document"),
        ("HubSpot_Reports", "Report"),
    ]


def test_older_versions_hold_other_objects(tmp_path: Path) -> None:
    old = scenario(package={"version": "2.60", "objects": {"HubSpot_Intelligence__c": 5}})
    with salesforce_org(old, tmp_path) as org:
        names = [item["name"] for item in org.client.describe()["sobjects"]]
        assert "HubSpot_Inc__HubSpot_Intelligence__c" in names
        assert FAVORITES not in names


def test_describe_and_counts(org: SalesforceOrg) -> None:
    described = org.client.HubSpot_Inc__HubSpot_Favorites__c.describe()
    own = [field["name"] for field in described["fields"] if field["custom"]]
    assert own == ["HubSpot_Inc__Key__c", "HubSpot_Inc__Label__c", "HubSpot_Inc__Payload__c"]
    contact = [field["name"] for field in org.client.Contact.describe()["fields"]]
    lead = [field["name"] for field in org.client.Lead.describe()["fields"]]
    assert any(name.startswith("HubSpot_Inc__") for name in contact + lead)
    assert org.client.query(select("count()", FAVORITES))["totalSize"] == 120
    asked = {"sObjects": f"{FAVORITES},Nothing__c"}
    counts = org.client.restful("limits/recordCount", params=asked)
    assert counts == {"sObjects": [{"name": FAVORITES, "count": 120}]}
    assert org.client.limits()["DailyApiRequests"]["Max"] == 100_000
    org.client.query("SELECT Id FROM Organization")
    assert org.client.api_usage["api-usage"].total == 100_000


def test_pages_of_a_query(tmp_path: Path) -> None:
    many = scenario(package={"objects": {"HubSpot_Favorites__c": 4_500}})
    with salesforce_org(many, tmp_path) as org:
        first = org.client.query(select("Id", FAVORITES))
        assert (first["totalSize"], first["done"], len(first["records"])) == (4_500, False, 2_000)
        everything = org.client.query_all(select("Id, Name", FAVORITES))["records"]
        assert len({row["Id"] for row in everything}) == 4_500
        with pytest.raises(exceptions.SalesforceMalformedRequest):
            org.client.query_more("01g000000000000-2000")


def test_bulk_download(org: SalesforceOrg, tmp_path: Path) -> None:
    parts = org.client.bulk2.HubSpot_Inc__HubSpot_Favorites__c.download(
        select("Id, Name, HubSpot_Inc__Key__c, IsDeleted, Owner.Name", FAVORITES),
        path=str(tmp_path),
        max_records=50,
        wait=0.1,
    )
    assert [part["number_of_records"] for part in parts] == [50, 50, 20]
    rows = []
    for part in parts:
        with Path(part["file"]).open(encoding="utf-8", newline="") as file:
            rows += list(csv.DictReader(file))
    assert len({row["Id"] for row in rows}) == 120
    assert (rows[0]["HubSpot_Inc__Key__c"], rows[0]["IsDeleted"]) == ("Key 1", "false")
    assert rows[0]["Owner.Name"] == "Ada Marek"


def test_what_bulk_refuses(org: SalesforceOrg) -> None:
    for query in ("SELECT count() FROM Contact", "SELECT Id FROM Nothing__c", "nonsense"):
        with pytest.raises(exceptions.SalesforceMalformedRequest):
            org.client.bulk2.Contact.download(query, path=".", wait=0.1)
    with pytest.raises(exceptions.SalesforceResourceNotFound):
        org.client.restful("jobs/query/750000000000000AAA")
    body = {"operation": "query", "query": "SELECT Id FROM Contact"}
    job = org.client.restful("jobs/query", method="POST", json=body)
    aborted = org.client.restful(
        f"jobs/query/{job['id']}", method="PATCH", json={"state": "Aborted"}
    )
    assert aborted["state"] == "Aborted"
    assert org.client.restful(f"jobs/query/{job['id']}", method="DELETE") is None


@pytest.mark.parametrize(
    ("soql", "expected"),
    [
        ("SELECT Shoe FROM User", "INVALID_FIELD"),
        ("SELECT Id FROM Shoe__c", "INVALID_TYPE"),
        ("SELECT", "MALFORMED_QUERY"),
        ("", "MALFORMED_QUERY"),
    ],
)
def test_errors_have_salesforces_shape(org: SalesforceOrg, soql: str, expected: str) -> None:
    with pytest.raises(exceptions.SalesforceMalformedRequest) as caught:
        org.client.query(soql)
    assert code(caught.value) == expected


def test_a_field_names_its_object_as_the_tooling_api_does(org: SalesforceOrg) -> None:
    (table,) = org.tooling(select("Id", "CustomObject", "NamespacePrefix = 'HubSpot_Inc'"))[
        "records"
    ]
    rows = org.tooling(select("DeveloperName, TableEnumOrId", "CustomField"))["records"]
    assert [row["DeveloperName"] for row in rows if row["TableEnumOrId"] == table["Id"]] == [
        "Key",
        "Label",
        "Payload",
    ]


def test_an_address_can_be_too_long(org: SalesforceOrg) -> None:
    with pytest.raises(exceptions.SalesforceGeneralError) as caught:
        org.client.query(select("Id", "User", f"Name = '{'x' * 17_000}'"))
    assert caught.value.status == 414


def test_unknown_paths_versions_and_records(org: SalesforceOrg) -> None:
    for path in ("nothing", "sobjects/Nothing__c", "sobjects/User/005000000000000AAA"):
        with pytest.raises(exceptions.SalesforceResourceNotFound) as caught:
            org.client.restful(path)
        assert code(caught.value) == "NOT_FOUND"
    headers = {"Authorization": f"Bearer {org.client.session_id}"}
    for version in ("v62", "v20.0", "v99.0"):
        answer = org.session.get(f"{org.base}/services/data/{version}/limits", headers=headers)
        assert answer.status_code == 404
    listed = org.session.get(f"{org.base}/services/data").json()
    assert listed[-1]["version"] == "66.0"
    user = org.client.oauth2("userinfo")["user_id"]
    assert org.client.User.get(user)["Email"] == "ada.marek@example.com"


def test_a_wrong_token_is_401(org: SalesforceOrg) -> None:
    client = simple_salesforce.Salesforce(
        instance_url=org.base, session_id="wrong", version="62.0", session=org.session
    )
    with pytest.raises(exceptions.SalesforceExpiredSession) as caught:
        client.query("SELECT Id FROM User")
    assert code(caught.value) == "INVALID_SESSION_ID"


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("429", exceptions.SalesforceRefusedRequest),
        ("500", exceptions.SalesforceGeneralError),
        ("502", exceptions.SalesforceGeneralError),
        ("unauthorized", exceptions.SalesforceExpiredSession),
        ("timeout", requests.ConnectionError),
        ("lost_reply", requests.ConnectionError),
    ],
)
def test_faults(org: SalesforceOrg, kind: str, error: type[Exception]) -> None:
    org.fault("/limits$", kind)
    with pytest.raises(error):
        org.client.restful("limits")
    assert org.client.restful("limits")["DailyApiRequests"]


def _key_pair() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def test_jwt_bearer_and_client_credentials(tmp_path: Path) -> None:
    private, public = _key_pair()
    login = {"consumer_key": "key", "consumer_secret": "secret", "public_key": public}
    with salesforce_org(scenario(salesforce=login), tmp_path) as org:
        claims: dict[str, Any] = {
            "iss": "key",
            "sub": "ada.marek@example.com",
            "aud": "https://login.salesforce.com",
            "exp": datetime.now(UTC) + timedelta(minutes=3),
        }

        def ask(assertion: str) -> requests.Response:
            grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
            data = {"grant_type": grant, "assertion": assertion}
            return org.session.post(f"{org.base}/services/oauth2/token", data=data)

        def signed(**changes: Any) -> str:
            return jwt.encode({**claims, **changes}, private, algorithm="RS256")

        good = ask(signed())
        assert good.json()["access_token"] == org.world.scenario.salesforce.access_token
        assert good.json()["instance_url"] == org.base
        other, _ = _key_pair()
        for assertion in (
            jwt.encode(claims, other, algorithm="RS256"),
            signed(sub="dan@example.com"),
            signed(iss="another"),
            signed(aud="https://login.example.com"),
            signed(exp=datetime.now(UTC) - timedelta(minutes=3)),
            "nonsense",
        ):
            refused = ask(assertion)
            assert refused.status_code == 400
            assert refused.json()["error"] in ("invalid_grant", "invalid_client_id")
        client = {"grant_type": "client_credentials"}
        url = f"{org.base}/services/oauth2/token"
        assert org.session.post(url, data=client, auth=("key", "secret")).status_code == 200
        wrong = org.session.post(url, data=client, auth=("key", "wrong"))
        assert wrong.json()["error"] == "invalid_client"
        unknown = org.session.post(url, data={"grant_type": "password"})
        assert unknown.json()["error"] == "unsupported_grant_type"


def test_without_a_key_in_the_scenario_nobody_logs_in(org: SalesforceOrg) -> None:
    private, _ = _key_pair()
    data = {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": jwt.encode({"iss": "key"}, private, algorithm="RS256"),
    }
    refused = org.session.post(f"{org.base}/services/oauth2/token", data=data)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


def test_the_certificate_is_refused_without_its_authority(org: SalesforceOrg) -> None:
    with requests.Session() as stranger:
        stranger.trust_env = False
        with pytest.raises(requests.exceptions.SSLError):
            stranger.get(f"{org.base}/services/data", timeout=5)
