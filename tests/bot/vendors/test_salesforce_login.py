"""The ways into Salesforce: JWT bearer, client credentials, a session; and their renewal."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.errors import SettingsError, VendorError
from bot.settings import SalesforceSettings, load_settings
from bot.vendors.connect import salesforce_login
from bot.vendors.patience import Patience
from bot.vendors.salesforce import ClientLogin, JwtLogin, Salesforce, TokenLogin
from sandbox.salesforce.tls import Certificate, certificate
from tests.bot.vendors.faults import fault
from tests.bot.vendors.salesforce_bench import Bench, Rewriting, connect, running, tls

CONSUMER_KEY = "3MVG9.consumer.key.of.the.bot"
SECRET = "sec:ret+of/the=app"
APP = {"consumer_key": CONSUMER_KEY, "consumer_secret": SECRET}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tls"), "127.0.0.1")


@pytest.fixture
def bench(request: pytest.FixtureRequest, files: Certificate) -> Iterator[Bench]:
    with running(files, **getattr(request, "param", {"salesforce": APP})) as bench:
        yield bench


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
    with running(files, salesforce=org) as bench:
        login = JwtLogin("ada@example.com", CONSUMER_KEY, file)
        salesforce = Salesforce(login, adapter=Rewriting(bench.url, files.ca_file))
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


# --- client credentials --------------------------------------------------------------------------


def by_client(bench: Bench, files: Certificate, secret: str = SECRET) -> Salesforce:
    login = ClientLogin(CONSUMER_KEY, secret, "example.my")
    adapter = Rewriting(bench.url, files.ca_file)
    return Salesforce(login, adapter=adapter, patience=Patience(sleep=bench.pauses.append))


def test_client_credentials_get_in_and_are_renewed_once(bench: Bench, files: Certificate) -> None:
    with closing(by_client(bench, files)) as salesforce:
        assert salesforce.installed_package() is not None
        bench.org.sessions.end()
        assert salesforce.installed_package() is not None
    assert bench.pauses == []
    assert bench.org.sessions.token().endswith(".1"), "one session more, and no third"


def test_a_session_that_ends_in_the_middle_of_the_inventory_is_renewed(
    files: Certificate,
) -> None:
    with running(files, salesforce={**APP, "session_requests": 20}) as bench:
        with closing(by_client(bench, files)) as salesforce:
            inventory = salesforce.inventory()
        assert inventory is not None
        assert len(inventory.components) == len(bench.org.package.contents.components)
        assert bench.org.requests > 20


def test_an_existing_session_that_ends_names_its_setting(bench: Bench) -> None:
    assert bench.salesforce.installed_package() is not None
    bench.org.sessions.end()
    with pytest.raises(VendorError) as caught:
        bench.salesforce.installed_package()
    assert caught.value.code == "salesforce_unauthorized"
    assert "INVALID_SESSION_ID" in str(caught.value.problem)
    assert "SALESFORCE_ACCESS_TOKEN" in str(caught.value.remedy)


@pytest.mark.parametrize(
    ("bench", "secret", "said"),
    [
        ({"salesforce": APP}, "wrong", "invalid_client"),
        ({"salesforce": {**APP, "client_user": False}}, SECRET, "no client credentials user"),
    ],
    indirect=["bench"],
)
def test_refused_client_credentials_name_the_settings(
    bench: Bench, files: Certificate, secret: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.DEBUG),
        closing(by_client(bench, files, secret)) as salesforce,
        pytest.raises(VendorError) as caught,
    ):
        salesforce.installed_package()
    assert caught.value.code == "salesforce_unauthorized"
    assert not caught.value.retryable
    assert said in str(caught.value.problem)
    assert "SALESFORCE_CONSUMER_SECRET" in str(caught.value.remedy)
    shown = f"{caught.value} {vars(caught.value)} {caplog.text} {ClientLogin('k', SECRET, 'd')}"
    assert SECRET not in shown
    assert CONSUMER_KEY not in shown


def test_client_credentials_are_refused_without_a_my_domain() -> None:
    with pytest.raises(VendorError) as caught:
        Salesforce(ClientLogin(CONSUMER_KEY, SECRET, "login")).installed_package()
    assert "SALESFORCE_DOMAIN" in str(caught.value.remedy)


@pytest.mark.parametrize("kind", ["429", "500", "502", "timeout"])
def test_a_login_that_fails_in_passing_is_tried_again(
    bench: Bench, files: Certificate, kind: str
) -> None:
    fault(bench.world, "salesforce", "oauth2/token", kind, delay=2.5)
    with closing(by_client(bench, files)) as salesforce:
        assert salesforce.installed_package() is not None
    assert len(bench.pauses) == 1


@pytest.mark.parametrize(
    ("status", "body", "code", "retryable"),
    [
        (400, '{"error": "invalid_grant", "error_description": "login rate exceeded"}', "", True),
        (400, "<html>no</html>", "salesforce_unavailable", True),
        (200, "{}", "salesforce_unreadable", True),
        (200, "[]", "salesforce_unreadable", True),
        (400, '{"error": "invalid_grant"}', "salesforce_unauthorized", False),
    ],
)
def test_answers_to_a_login_of_any_shape(
    files: Certificate, status: int, body: str, code: str, retryable: bool
) -> None:
    async def answer(_: Request) -> Response:
        return PlainTextResponse(body, status)

    app = Starlette(routes=[Route("/{path:path}", answer, methods=["POST"])])
    with tls(app, files) as url:
        login = ClientLogin(CONSUMER_KEY, SECRET, "example.my")
        calm = Patience(tries=1)
        salesforce = Salesforce(login, adapter=Rewriting(url, files.ca_file), patience=calm)
        with closing(salesforce), pytest.raises(VendorError) as caught:
            salesforce.installed_package()
    assert caught.value.code == (code or "salesforce_unavailable")
    assert caught.value.retryable is retryable


# --- from the settings ---------------------------------------------------------------------------

SESSION = {"salesforce_instance_url": "https://x.example", "salesforce_access_token": "00D!token"}
CLIENT = {
    "salesforce_domain": "example.my",
    "salesforce_consumer_key": CONSUMER_KEY,
    "salesforce_consumer_secret": SECRET,
}
JWT = {
    "salesforce_username": "a@b.c",
    "salesforce_consumer_key": CONSUMER_KEY,
    "salesforce_private_key_file": "key.pem",
}


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (SESSION, TokenLogin),
        (JWT, JwtLogin),
        (CLIENT, ClientLogin),
        ({**CLIENT, **JWT}, JwtLogin),
        ({**CLIENT, **SESSION}, TokenLogin),
    ],
)
def test_the_settings_choose_the_login(given: dict[str, Any], kind: type) -> None:
    settings = SalesforceSettings(_env_file=None, **given)
    assert isinstance(salesforce_login(settings), kind)
    assert SECRET not in repr(settings)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "SALESFORCE_CONSUMER_SECRET"),
        ({**CLIENT, "salesforce_domain": "login"}, "My Domain"),
        ({**CLIENT, "salesforce_consumer_key": None}, "SALESFORCE_CONSUMER_KEY"),
    ],
)
def test_settings_without_a_whole_login_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(None, **given)
    assert said in str(caught.value.problem)
    assert SECRET not in str(caught.value.problem)


def test_a_forged_token_is_refused(bench: Bench, files: Certificate) -> None:
    with (
        closing(connect(files, bench.url, "00D!forged", [])) as salesforce,
        pytest.raises(VendorError) as caught,
    ):
        salesforce.installed_package()
    assert caught.value.code == "salesforce_unauthorized"
