"""The Salesforce adapter, over TLS against the sandbox."""

from __future__ import annotations

import io
import logging
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bot.errors import VendorError
from bot.ports import SalesforcePort
from bot.vendors.check import check_salesforce
from bot.vendors.patience import Patience
from bot.vendors.salesforce import JwtLogin, Salesforce, TokenLogin
from bot.vendors.salesforce_http import SalesforceClient, TimeoutAdapter
from bot.vendors.salesforce_inventory import members
from bot.vendors.salesforce_removal import archive
from sandbox.salesforce.api import create_app
from sandbox.salesforce.service import Salesforce as Org
from sandbox.salesforce.tls import Certificate, certificate
from sandbox.scenario import Scenario
from sandbox.world import World
from tests.bot.vendors.faults import fault
from tests.sandbox.vendor_servers import serving

ADMIN = {
    "id": "UADA",
    "name": "Ada Admin",
    "email": "ada@example.com",
    "role": "administrator",
    "hubspot_user": True,
    "super_admin": True,
}
BLOCKERS = [
    {"type": "FlexiPage", "name": "Old_Page", "refers_to": "HubSpotContactIntelligence"},
    {
        "type": "PermissionSetAssignment",
        "name": "Boss",
        "refers_to": "HubSpot_Integration_Permissions",
    },
    {"type": "CronTrigger", "name": "Nightly <b>", "refers_to": "HubSpotRequestSigner"},
]
CONSUMER_KEY = "3MVG9.consumer.key.of.the.bot"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tls"), "127.0.0.1")


@dataclass
class Bench:
    """The sandbox's org, the adapter that speaks to it, and how long the adapter paused."""

    world: World
    org: Org
    salesforce: Salesforce
    url: str
    pauses: list[float] = field(default_factory=list)


@pytest.fixture
def bench(request: pytest.FixtureRequest, files: Certificate) -> Iterator[Bench]:
    scenario = Scenario.model_validate(
        {
            "name": "adapter",
            "title": "adapter",
            "people": [ADMIN],
            "hubspot_owners": [{"name": "Boss", "email": "boss@example.com"}],
            "salesforce_owners": [
                {
                    "name": "Otto O'Brien",
                    "email": "o'brien@example.com",
                    "manager_email": "boss@example.com",
                },
                {
                    "name": "Gone Manager",
                    "email": "gone@example.com",
                    "salesforce_active": False,
                    "manager_email": "boss@example.com",
                },
                {
                    "name": "Two Up",
                    "email": "two.up@example.com",
                    "manager_email": "gone@example.com",
                },
            ],
            "package": {"objects": {"Favorite": 5}, "uninstall_seconds": 0.2},
            **getattr(request, "param", {}),
        }
    )
    world = World(scenario)
    org = Org(world)
    with tls(create_app(org), files) as url:
        pauses: list[float] = []
        salesforce = connect(files, url, scenario.salesforce.access_token, pauses)
        with closing(salesforce):
            yield Bench(world, org, salesforce, url, pauses)


class tls:  # noqa: N801 - used as a function
    """Serve *app* over TLS; gives the address."""

    def __init__(self, app: ASGIApp, files: Certificate) -> None:
        options = {"ssl_certfile": str(files.cert_file), "ssl_keyfile": str(files.key_file)}
        self._serving = serving(app, **options)

    def __enter__(self) -> str:
        return f"https://127.0.0.1:{self._serving.__enter__().port}"

    def __exit__(self, *error: Any) -> None:
        self._serving.__exit__(*error)


def connect(files: Certificate, url: str, token: str, pauses: list[float]) -> Salesforce:
    return Salesforce(
        TokenLogin(url, token),
        ca_file=files.ca_file,
        timeout=1.0,
        patience=Patience(sleep=pauses.append),
    )


def test_finds_the_package_and_its_version(bench: Bench) -> None:
    package = bench.salesforce.installed_package()
    assert package is not None
    assert (package.name, package.namespace) == ("HubSpot Integration", "HubSpot_Inc")
    assert package.version == "3.0.1.1"


@pytest.mark.parametrize("bench", [{"package": {"installed": False}}], indirect=True)
def test_an_absent_package_is_none(bench: Bench) -> None:
    assert bench.salesforce.installed_package() is None
    assert bench.salesforce.inventory() is None


@pytest.mark.parametrize(
    "bench", [{"package": {"objects": {"Favorite": 5}, "blockers": BLOCKERS}}], indirect=True
)
def test_takes_the_inventory(bench: Bench) -> None:
    inventory = bench.salesforce.inventory()
    assert inventory is not None
    parts = {(part.type, part.name) for part in inventory.components}
    assert ("ApexPage", "HubSpotContactIntelligence") in parts
    assert ("RemoteSiteSetting", "HubSpot_API") in parts
    assert ("ReportFolder", "HubSpot_Reports") in parts
    assert ("CustomField", "HubSpot_Inc__Favorite__c.HubSpot_Inc__Key__c") in parts
    assert {one.name: one.records for one in inventory.objects} == {
        "HubSpot_Inc__HubSpot_Favorites__c": 0,
        "HubSpot_Inc__Favorite__c": 5,
    }
    assert [(one.type, one.name, one.refers_to) for one in inventory.blockers] == [
        ("FlexiPage", "Old_Page", "HubSpotContactIntelligence"),
        ("PermissionSetAssignment", "boss@example.com", "HubSpot_Integration_Permissions"),
        ("ScheduledJob", "Nightly <b>", "HubSpotRequestSigner"),
    ]
    assert inventory.org_id == "00D5g000004XyZAEA0"
    assert inventory.org_is_sandbox is False
    assert inventory.org_url == bench.url
    said = " ".join(map(str, inventory.incomplete))
    assert "Page layouts" in said


@pytest.mark.parametrize("bench", [{"package": {"components": 5_500}}], indirect=True)
def test_lists_thousands_of_components_over_all_pages(bench: Bench, files: Certificate) -> None:
    client = SalesforceClient(
        TokenLogin(bench.url, bench.world.scenario.salesforce.access_token),
        api_version="62.0",
        adapter=TimeoutAdapter(5.0, files.ca_file),
        patience=Patience(),
    )
    found, _ = members(client, "HubSpot_Inc")
    assert sum(member.component.type == "CustomField" for member in found) > 2_000  # a page
    assert len({member.id for member in found}) == len(found)
    assert len(found) == len(bench.org.package.contents.components)


def test_finds_people_and_the_nearest_active_manager(bench: Bench) -> None:
    found = bench.salesforce.people(["Two.Up@Example.com ", "o'brien@example.com", "", "no@x.y"])
    assert set(found) == {"two.up@example.com", "o'brien@example.com"}
    assert found["o'brien@example.com"].manager_email == "boss@example.com"
    assert found["two.up@example.com"].manager_email == "boss@example.com"
    assert found["two.up@example.com"].active


@pytest.mark.parametrize(
    "email", ["x' OR Name != 'y", "x') OR (Name != 'y", "\\' OR Name LIKE '%", "a\n'--"]
)
def test_an_email_cannot_change_the_query(bench: Bench, email: str) -> None:
    assert bench.salesforce.people([email]) == {}


def test_a_circle_of_managers_ends(bench: Bench) -> None:
    users = {user["Email"]: user for user in bench.org.people.users}
    first, second = users["gone@example.com"], users["two.up@example.com"]
    second["IsActive"] = False
    first["ManagerId"], second["ManagerId"] = second["Id"], first["Id"]
    assert bench.salesforce.people(["gone@example.com"])["gone@example.com"].manager_email == ""


@pytest.mark.parametrize(
    "bench", [{"generate": {"hubspot_owners": 5, "salesforce_owners": 320}}], indirect=True
)
def test_finds_hundreds_of_people(bench: Bench) -> None:
    emails = [user["Email"] for user in bench.org.people.users if user["Email"]]
    assert len(emails) > 320
    assert set(bench.salesforce.people(emails)) == {email.lower() for email in emails}


def test_the_zip_deletes_the_package_and_nothing_else() -> None:
    with zipfile.ZipFile(io.BytesIO(archive("HubSpot_Inc", "62.0"))) as file:
        assert file.namelist() == ["package.xml", "destructiveChanges.xml"]
        empty, doomed = (file.read(name).decode() for name in file.namelist())
    assert "<types>" not in empty
    assert doomed.count("<members>") == 1
    assert "<members>HubSpot_Inc</members>" in doomed
    assert "<name>InstalledPackage</name>" in doomed


def _wait(bench: Bench, deployment_id: str) -> Any:
    deadline = time.monotonic() + 10
    while (removal := bench.salesforce.removal(deployment_id)).state == "running":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return removal


def test_removes_the_package(bench: Bench) -> None:
    before = datetime.now(UTC)
    assert bench.salesforce.find_removal(before) is None
    deployment_id = bench.salesforce.start_removal()
    assert bench.salesforce.removal(deployment_id).state == "running"
    found = bench.salesforce.find_removal(before)
    assert found is not None
    assert found.id == deployment_id
    assert _wait(bench, deployment_id).state == "succeeded"
    assert bench.salesforce.installed_package() is None
    found = bench.salesforce.find_removal(before)
    assert found is not None
    assert (found.id, found.state) == (deployment_id, "succeeded")
    assert bench.salesforce.find_removal(before + timedelta(hours=1)) is None


@pytest.mark.parametrize(
    "bench", [{"package": {"blockers": BLOCKERS[:1], "uninstall_seconds": 0}}], indirect=True
)
def test_a_refused_removal_names_what_blocks(bench: Bench) -> None:
    removal = _wait(bench, bench.salesforce.start_removal())
    assert removal.state == "failed"
    assert len(removal.problems) == 1
    assert "Old_Page" in removal.problems[0].name
    assert "referenced by a locally created component" in removal.problems[0].problem
    assert bench.salesforce.installed_package() is not None


def test_a_lost_reply_to_the_removal_is_unknown_and_can_be_found(bench: Bench) -> None:
    before = datetime.now(UTC)
    fault(bench.world, "salesforce", "POST .*deployRequest", "lost_reply", times=9)
    with pytest.raises(VendorError) as caught:
        bench.salesforce.start_removal()
    assert caught.value.unknown
    assert caught.value.retryable
    assert bench.pauses == []  # asked once, and not again
    bench.world.clear_faults()
    assert bench.salesforce.find_removal(before) is not None


@pytest.mark.parametrize("kind", ["429", "500", "502", "timeout", "lost_reply"])
def test_passing_faults_are_survived(bench: Bench, kind: str) -> None:
    fault(bench.world, "salesforce", "tooling/query", kind, delay=1.5)
    assert bench.salesforce.installed_package() is not None
    assert len(bench.pauses) == 1


def test_a_lasting_failure_is_told_within_its_time(bench: Bench) -> None:
    fault(bench.world, "salesforce", ".", "500", times=99)
    with pytest.raises(VendorError) as caught:
        bench.salesforce.installed_package()
    assert caught.value.code == "salesforce_unavailable"
    assert caught.value.retryable
    assert not caught.value.unknown
    assert sum(bench.pauses) <= 30


def test_a_used_up_limit_is_retryable(bench: Bench) -> None:
    fault(bench.world, "salesforce", ".", "429", times=99)
    with pytest.raises(VendorError) as caught:
        bench.salesforce.installed_package()
    assert caught.value.code == "salesforce_request_limit"
    assert caught.value.retryable


def test_a_wrong_token_is_named_and_never_shown(bench: Bench, files: Certificate) -> None:
    token = "00D!very.secret.token"
    with pytest.raises(VendorError) as caught:
        connect(files, bench.url, token, []).installed_package()
    assert caught.value.code == "salesforce_unauthorized"
    assert "SALESFORCE_ACCESS_TOKEN" in str(caught.value.remedy)
    assert not caught.value.retryable
    assert token not in f"{caught.value} {vars(caught.value)} {TokenLogin(bench.url, token)}"


@pytest.mark.parametrize("bench", [{"salesforce": {"may_use_metadata": False}}], indirect=True)
def test_a_missing_permission_is_named(bench: Bench) -> None:
    with pytest.raises(VendorError) as caught:
        bench.salesforce.start_removal()
    assert caught.value.code == "salesforce_forbidden"
    assert caught.value.missing == "Modify Metadata Through Metadata API Functions"
    assert not caught.value.unknown


def test_an_unknown_authority_is_not_trusted(bench: Bench) -> None:
    salesforce = Salesforce(TokenLogin(bench.url, "x"), patience=Patience(sleep=lambda _: None))
    with pytest.raises(VendorError) as caught:
        salesforce.installed_package()
    assert caught.value.code == "salesforce_certificate"
    assert not caught.value.retryable


def test_nobody_at_the_address_is_retryable_and_certainly_not_applied(files: Certificate) -> None:
    with pytest.raises(VendorError) as caught:
        connect(files, "https://127.0.0.1:9", "x", []).start_removal()
    assert caught.value.code == "salesforce_unreachable"
    assert caught.value.retryable
    assert not caught.value.unknown


@pytest.mark.parametrize("content", ["<html>", "[]", "{}", '{"records": 3}', "null", '"text"'])
def test_answers_that_are_not_salesforces_are_refused(files: Certificate, content: str) -> None:
    async def answer(_: Request) -> Response:
        return PlainTextResponse(content)

    app = Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])
    with tls(app, files) as url, closing(connect(files, url, "x", [])) as salesforce:
        for call in (salesforce.installed_package, salesforce.inventory, salesforce.start_removal):
            with pytest.raises(VendorError) as caught:
                call()
            assert caught.value.code == "salesforce_unreadable"


@pytest.mark.parametrize("body", ["text", "[]", "{}", '[{"errorCode": "X", "message": "no"}]'])
def test_refusals_of_any_shape_are_told(files: Certificate, body: str) -> None:
    async def answer(_: Request) -> Response:
        return PlainTextResponse(body, 400)

    app = Starlette(routes=[Route("/{path:path}", answer)])
    with (
        tls(app, files) as url,
        closing(connect(files, url, "x", [])) as salesforce,
        pytest.raises(VendorError) as caught,
    ):
        salesforce.installed_package()
    assert caught.value.code == "salesforce_refused"


class Rewriting(TimeoutAdapter):
    """Sends what is meant for salesforce.com to a local server."""

    def __init__(self, url: str, ca_file: Path) -> None:
        self._host = urlsplit(url).netloc
        self.hosts: list[str] = []
        super().__init__(2.0, ca_file)

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        parts = urlsplit(request.url or "")
        self.hosts.append(parts.netloc)
        request.url = parts._replace(netloc=self._host).geturl()
        return super().send(request, *args, **kwargs)


@pytest.fixture(scope="module")
def key_pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    file = tmp_path_factory.mktemp("key") / "server.key"
    pem = serialization.Encoding.PEM
    file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    return file, public.decode()


class Logins:
    """An org that accepts only the newest token that it handed out; none at all if `never`."""

    def __init__(self, never: bool = False) -> None:
        self.valid = ""
        self.asked = 0
        self._never = never
        self.app = Starlette(
            routes=[
                Route("/services/oauth2/token", self._login, methods=["POST"]),
                Route("/services/data/v62.0/tooling/query/", self._query),
            ]
        )

    async def _login(self, request: Request) -> Response:
        assert (await request.form())["assertion"]
        self.asked += 1
        token = f"token-{self.asked}"
        self.valid = "" if self._never else token
        instance = f"https://{request.url.netloc}"
        return JSONResponse({"access_token": token, "instance_url": instance})

    async def _query(self, request: Request) -> Response:
        if request.headers["authorization"] != f"Bearer {self.valid}":
            body = [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
            return JSONResponse(body, 401)
        return JSONResponse({"records": [], "done": True, "totalSize": 0})


def test_logs_in_by_jwt_late_and_again_when_the_session_ends(
    files: Certificate, key_pair: tuple[Path, str]
) -> None:
    logins = Logins()
    with tls(logins.app, files) as url:
        adapter = Rewriting(url, files.ca_file)
        login = JwtLogin("ada@example.com", CONSUMER_KEY, key_pair[0], "example.my")
        salesforce = Salesforce(login, adapter=adapter)
        assert logins.asked == 0
        salesforce.installed_package()
        salesforce.installed_package()
        assert logins.asked == 1
        logins.valid = "somebody else's"
        threads = [threading.Thread(target=salesforce.installed_package) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert logins.asked == 2
        assert adapter.hosts[0] == "example.my.salesforce.com"
        salesforce.close()
    assert CONSUMER_KEY not in repr(login)


def test_a_session_that_never_holds_is_not_renewed_for_ever(
    files: Certificate, key_pair: tuple[Path, str]
) -> None:
    logins = Logins(never=True)
    login = JwtLogin("ada@example.com", CONSUMER_KEY, key_pair[0])
    with tls(logins.app, files) as url:
        salesforce = Salesforce(login, adapter=Rewriting(url, files.ca_file))
        with closing(salesforce), pytest.raises(VendorError) as caught:
            salesforce.installed_package()
    assert caught.value.code == "salesforce_unauthorized"
    assert logins.asked == 2


def test_the_sandbox_takes_a_jwt(files: Certificate, key_pair: tuple[Path, str]) -> None:
    file, public = key_pair
    org = {"consumer_key": CONSUMER_KEY, "public_key": public, "username": "ada@example.com"}
    scenario = Scenario.model_validate(
        {"name": "jwt", "title": "jwt", "people": [ADMIN], "salesforce": org}
    )
    with tls(create_app(Org(World(scenario))), files) as url:
        login = JwtLogin("ada@example.com", CONSUMER_KEY, file)
        salesforce = Salesforce(login, adapter=Rewriting(url, files.ca_file))
        with closing(salesforce):
            assert salesforce.installed_package() is not None


@pytest.mark.parametrize("bench", [{"salesforce": {"consumer_key": CONSUMER_KEY}}], indirect=True)
def test_a_refused_jwt_names_the_settings(
    bench: Bench, files: Certificate, key_pair: tuple[Path, str]
) -> None:
    login = JwtLogin("ada@example.com", CONSUMER_KEY, key_pair[0])
    salesforce = Salesforce(login, adapter=Rewriting(bench.url, files.ca_file))
    with pytest.raises(VendorError) as caught:
        salesforce.installed_package()
    assert caught.value.code == "salesforce_unauthorized"
    assert "SALESFORCE_CONSUMER_KEY" in str(caught.value.remedy)
    assert CONSUMER_KEY not in f"{caught.value} {vars(caught.value)}"


@pytest.mark.parametrize("content", [None, "not a key", "-----BEGIN PRIVATE KEY-----\nx\n"])
def test_an_unusable_private_key_is_named(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "key.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(VendorError) as caught:
        Salesforce(JwtLogin("a@b.c", CONSUMER_KEY, file)).installed_package()
    assert caught.value.code == "salesforce_private_key"
    assert "SALESFORCE_PRIVATE_KEY_FILE" in str(caught.value.remedy)


def test_secrets_stay_out_of_the_log(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        bench.salesforce.installed_package()
        bench.salesforce.start_removal()
    assert bench.world.scenario.salesforce.access_token not in caplog.text


def test_the_check_finds_nothing_or_the_reason(bench: Bench, files: Certificate) -> None:
    assert check_salesforce(bench.salesforce) == []
    with closing(connect(files, bench.url, "wrong", [])) as salesforce:
        assert [error.code for error in check_salesforce(salesforce)] == ["salesforce_unauthorized"]


def test_the_ports_are_implemented(bench: Bench) -> None:
    port: SalesforcePort = bench.salesforce
    assert port.installed_package() is not None
