"""No secret is shown, whatever a service sends back."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from urllib.parse import quote

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot import cli, doctor
from bot.checkup.masking import Mask
from bot.masking import MASK
from sandbox.salesforce.tls import certificate
from tests.bot.vendors.salesforce_bench import tls
from tests.doctor.clinic import NO_PATIENCE
from tests.sandbox.vendor_servers import serving

SECRETS = {
    "SLACK_BOT_TOKEN": "xoxb-4711-0815-bottokenbottoken",
    "SLACK_APP_TOKEN": "xapp-1-A0815-4711-apptokenapptoken",
    "HUBSPOT_ACCESS_TOKEN": "pat-eu1-0a1b2c3d-1111-2222-3333-444455556666",
    "SALESFORCE_ACCESS_TOKEN": "00D5g000004XyZA!AQEAQ.session.token_of_salesforce",
}
OTHERS = {
    "SUNSET_CHANNEL": "C0RUN",
    "SUNSET_AUDIT_CHANNEL": "C0AUDIT",
    "SUNSET_ADMINS": "U0ADA00001",
    "SUNSET_APPROVERS": "U0BEN00001,U0CYD00001",
    "SUNSET_LOG_LEVEL": "DEBUG",
}


ENTRANCE = ("/api/auth.test", "/account-info/v3/details", "/services/data/")
"""What is asked first of each service; the rest is only asked if this is answered."""


@dataclass
class Echo:
    """Says everything that it was told, wherever a client may look."""

    status: int = 200
    """Of every answer but those at the entrance."""
    entrance: int = 200
    asked: list[str] = field(default_factory=list)

    async def __call__(self, request: Request) -> Response:
        heard = " ".join(SECRETS.values())
        sent = (await request.body()).decode()
        path = request.url.path
        self.asked.append(path)
        status = self.entrance if path in ENTRANCE else self.status
        said = {
            "ok": status == 200,
            "error": "missing_scope",
            "needed": heard,
            "message": f"{heard} {sent} \u001b[31m\u202e",
            "errorCode": heard,
            "error_description": heard,
            "correlationId": heard,
            "response_metadata": {"messages": [heard, sent]},
            "errors": [{"message": heard, "context": {"requiredGranularScopes": [heard]}}],
            "url": heard,
            "user": {"id": heard, "real_name": heard, "name": heard, "profile": {"email": heard}},
            "messages": [],
            "portalId": heard,
            "accountType": heard,
            "uiDomain": heard,
            "hubId": heard,
            "scopes": [heard],
            "totalSize": 1,
            "done": True,
            "records": [{"Id": heard, "Name": heard, "InstanceName": heard}],
            "results": [{"id": heard, "email": heard}],
            "preferred_username": heard,
        }
        versions = [{"version": "62.0"}] if path == "/services/data/" else said
        headers = {"X-OAuth-Scopes": heard, "X-HubSpot-Correlation-Id": heard}
        return Response(json.dumps(versions), status, headers, "application/json")


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Echo, dict[str, str]]]:
    echo = Echo()

    async def serve(request: Request) -> Response:
        return await echo(request)

    app = Starlette(routes=[Route("/{path:path}", serve, methods=["GET", "POST"])])
    files = certificate(tmp_path_factory.mktemp("tls"), "127.0.0.1")
    with ExitStack() as stack:
        plain = stack.enter_context(serving(app))
        safe = stack.enter_context(tls(app, files))
        yield (
            echo,
            {
                "SLACK_API_URL": f"http://127.0.0.1:{plain.port}/api/",
                "HUBSPOT_API_URL": f"http://127.0.0.1:{plain.port}",
                "SALESFORCE_INSTANCE_URL": safe,
                "SALESFORCE_CA_FILE": str(files.ca_file),
            },
        )


@pytest.fixture
def asked(services: tuple[Echo, dict[str, str]], monkeypatch: pytest.MonkeyPatch) -> Echo:
    """The services, and a doctor who is to look at them."""
    echo, places = services
    echo.asked.clear()
    monkeypatch.setattr("bot.logs.configure_logs", lambda *_: None)
    monkeypatch.setattr(doctor, "PATIENCE", NO_PATIENCE)
    for name, value in {**SECRETS, **OTHERS, **places, "COLUMNS": "2000"}.items():
        monkeypatch.setenv(name, value)
    return echo


@pytest.mark.parametrize("answers", [(200, 200), (200, 400), (200, 403), (400, 200), (403, 200)])
@pytest.mark.parametrize("words", [[], ["--json"]], ids=["table", "json"])
def test_what_services_send_back_shows_no_secret(
    asked: Echo,
    answers: tuple[int, int],
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked.entrance, asked.status = answers
    monkeypatch.setattr(sys, "argv", ["sunset", "doctor", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    captured = capsys.readouterr()
    told = captured.out + captured.err
    assert ended.value.code == 1
    assert len(asked.asked) > (10 if asked.entrance == 200 else 3)
    assert MASK in told, "the services' words are shown"
    for name, secret in SECRETS.items():
        assert secret not in told, name
        assert secret[-12:] not in told, name
    assert "\u001b[31m" not in told
    assert "\u202e" not in told
    if words:
        assert all(one["remedy"] for one in json.loads(captured.out) if not one["ok"])


# --- the mask ------------------------------------------------------------------------------------

PLAIN = "correct horse battery staple/+="


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        f"before {PLAIN} between {PLAIN} after",
        quote(PLAIN, safe=""),
        f"cut short: {PLAIN[:20]}",
        f"cut short: {PLAIN[:14]}…",
    ],
)
def test_a_secret_is_hidden_in_every_form(text: str) -> None:
    shown = Mask([PLAIN])(text)
    assert MASK in shown
    assert "battery" not in shown
    assert "horse" not in shown


@pytest.mark.parametrize(
    "text",
    [
        "xoxp-1234567890-abcdefgh",
        "00D5g000004XyZA!AQEAQKx.y_z0123456789",
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIzTVZHOSJ9.c2lnbmF0dXJl",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEow==\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nMIIEow",
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str) -> None:
    assert Mask([])(f"said: {text}") == f"said: {MASK}"


def test_what_is_no_secret_stays() -> None:
    mask = Mask([*SECRETS.values(), "short", PLAIN])
    for text in ("00D5g000004XyZAEA0", "short words", "crm.objects.deals.read", "correct answer"):
        assert mask(text) == text
    assert mask("a\x1b[31mb\u202ec\nd") == "a [31mb c d"
