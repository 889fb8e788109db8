"""The Salesforce adapter, over TLS against the sandbox."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.errors import VendorError
from bot.ports import SalesforcePort
from bot.vendors.check import check_salesforce
from bot.vendors.patience import Patience
from bot.vendors.salesforce import Salesforce, TokenLogin
from sandbox.salesforce.tls import Certificate, certificate
from tests.bot.vendors.faults import fault
from tests.bot.vendors.salesforce_bench import Bench, connect, running, tls

BOSS = [{"name": "Boss", "email": "boss@example.com"}]
STAFF = [
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
]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tls"), "127.0.0.1")


@pytest.fixture
def bench(request: pytest.FixtureRequest, files: Certificate) -> Iterator[Bench]:
    parts = {"hubspot_owners": BOSS, "salesforce_owners": STAFF, **getattr(request, "param", {})}
    with running(files, **parts) as bench:
        yield bench


def test_finds_the_package_and_its_version(bench: Bench) -> None:
    package = bench.salesforce.installed_package()
    assert package is not None
    assert (package.name, package.namespace) == ("HubSpot Integration", "HubSpot_Inc")
    assert package.version == "3.0.1.1"


@pytest.mark.parametrize("bench", [{"package": {"installed": False}}], indirect=True)
def test_an_absent_package_is_none(bench: Bench) -> None:
    assert bench.salesforce.installed_package() is None
    assert bench.salesforce.inventory() is None


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
