"""A secret is hidden in whatever form it comes back."""

from __future__ import annotations

import base64
import html
import json
import pprint
import re
import secrets
import textwrap
import traceback
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import pytest
from pydantic import SecretStr

from bot.errors import SettingsError, VendorError
from bot.masking import MASK, SECRETS, Mask, secrets_of
from bot.settings import Settings, load_settings
from bot.vendors import hubspot_errors, salesforce_errors, salesforce_login
from bot.vendors.salesforce_login import ClientLogin
from tests.attacks import Cases
from tests.bot.rig import GIVEN, settings
from workflows.text import N_

FORMS = "secrets in URLs, JSON, base64, reprs, tracebacks, cut short or broken over lines"
AWKWARD = "p\"a's/s+w=o&r%d<ł>\\Ünd-0815-more-of-it"
TOKEN = "xq7Zt0k-en_4711~0815.lang"
KNOWN = (AWKWARD, TOKEN)


def traced(secret: str) -> str:
    try:
        int(secret)
    except ValueError:
        return traceback.format_exc()
    raise AssertionError("that was a number")


WAYS: dict[str, Callable[[str], str]] = {
    "plain": lambda one: f"the token {one} is bad",
    "query": lambda one: f"/x?{urlencode({'token': one})}&y=1",
    "path": lambda one: f"/x/{quote(one)}/y",
    "path, all of it": lambda one: f"/x/{quote(one, safe='')}/y",
    "percent in small letters": lambda one: re.sub(
        "%..", lambda found: found[0].lower(), quote_plus(one)
    ),
    "json": lambda one: json.dumps({"a": one}),
    "json as it is": lambda one: json.dumps({"a": one}, ensure_ascii=False),
    "json in json": lambda one: json.dumps({"a": json.dumps({"b": one})}),
    "repr": lambda one: repr({"a": one}),
    "bytes": lambda one: repr(one.encode()),
    "page": lambda one: f"<p>{html.escape(one)}</p>",
    "hex": lambda one: one.encode().hex(),
    "traceback": traced,
    "exception": lambda one: repr(VendorError("slack", "x", N_("a {b}", b=one), N_("c"))),
    "base64": lambda one: base64.b64encode(one.encode()).decode(),
    "basic": lambda one: "Basic " + base64.b64encode(f"user:{one}".encode()).decode(),
    "basic 2": lambda one: "Basic " + base64.b64encode(f"me:{one}".encode()).decode(),
    "basic 3": lambda one: "Basic " + base64.b64encode(f"you:{one}\n".encode()).decode(),
    "base64 for URLs": lambda one: base64.urlsafe_b64encode(f"x{one}?~?".encode()).decode(),
    "cut": lambda one: f"{one[:-4]}…",
    "cut in the middle": lambda one: f"{one[:13]} (shortened)",
    "wrapped": lambda one: "\n".join(textwrap.wrap(f"a long line with {one}", 24)),
    "pprint": lambda one: pprint.pformat({"key": f"{'x' * 60} {one} {'y' * 60}"}, width=40),
    "twice": lambda one: f"{one}{one} {one}",
}


@pytest.mark.attack("secrets", FORMS)
@pytest.mark.parametrize("secret", KNOWN, ids=["awkward", "token"])
@pytest.mark.parametrize("way", WAYS)
def test_no_form_shows_it(way: str, secret: str) -> None:
    text = WAYS[way](secret)
    shown = Mask(["another secret", secret])(text)
    assert MASK in shown
    parts = [secret[at : at + 9] for at in range(len(secret) - 8)]
    raw = secret.encode()
    core = base64.b64encode(raw[:-2]).decode()[4:-4]
    for piece in (*parts, core, raw.hex()[:24], quote(secret, safe="")[:14]):
        assert piece not in shown


@pytest.mark.attack("secrets", FORMS)
def test_any_secret_in_any_company(cases: Cases) -> None:
    """Whatever letters a token has, and whatever stands around it."""
    for _ in range(150):
        secret = secrets.token_urlsafe(secrets.choice((9, 16, 33)))
        mask = Mask([secret])
        for way, form in WAYS.items():
            if "cut" in way or way in {
                "wrapped",
                "pprint",
                "exception",
                "percent in small letters",
            }:
                continue
            shown = mask(form(secret))
            assert secret not in shown, (way, secret)
            assert secret.encode().hex() not in shown
            cases.add()


def test_ordinary_words_stay() -> None:
    mask = Mask([*KNOWN, "a-b-c-d-e-f"])
    for text in (
        "Basic Information > App-Level Tokens",
        "the JWT bearer flow, and Bearer authentication",
        "password reset",
        "1700000000.000100",
        "run-0a1b2c3d",
        "line one\nline two",
        "00D5g000004XyZAEA0",
        "https://example.slack.com/archives/C1/p1700000000000100",
    ):
        assert mask(text) == text


@pytest.mark.attack("secrets", FORMS)
@pytest.mark.parametrize(
    "text",
    [
        "https://hooks.slack.com/actions/T01/123/abcDEF",
        "https://hooks.slack.com/commands/T01/123/abcDEF",
        "https://files.slack.com/files-pri/T01-F01/owners.csv?t=xoxe-1",
        "13345224609.738474920.8088930838d88f008e0f8088930838d8",
        "v0=" + "0a" * 32,
        "access_token=abcDEF123",
        '{"client_secret": "abcDEF123"}',
        "{'refresh_token': 'abcDEF123'}",
        "Authorization: Bearer abcDEF123",
        "00D5g000004XyZA%21AQEAQKx.y_z0123456789",
    ],
)
def test_what_nobody_told_is_hidden_by_its_looks(text: str) -> None:
    shown = Mask()(f"he said {text}")
    assert shown.startswith("he said ")
    assert MASK in shown
    for piece in ("abcDEF", "owners.csv", "738474920", "0a0a0a", "AQEAQ"):
        assert piece not in shown


def test_what_passes_by_is_hidden_for_a_while() -> None:
    mask = Mask()
    mask.learn_passing({"response_url": "http://127.0.0.1/response/x1", "trigger_id": "1.2.longer"})
    assert mask("to http://127.0.0.1/response/x1 by 1.2.longer") == f"to {MASK} by {MASK}"
    odd: Any
    for odd in (None, [], {"response_url": 1, "trigger_id": ""}, {"response_url": "x" * 5_000}):
        mask.learn_passing(odd)
    assert mask("x" * 100) == "x" * 100


def test_many_sessions_do_not_fill_the_memory() -> None:
    mask = Mask(["the-very-first-one"])
    for number in range(450):
        mask.learn(f"session-number-{number:06d}-of-many")
    assert "number-000449" not in mask("session-number-000449-of-many")
    assert len(mask._known) == 400


# --- where they come from ------------------------------------------------------------------------


@pytest.mark.attack("secrets", FORMS)
def test_every_secret_of_the_settings_is_known(tmp_path: Path, cases: Cases) -> None:
    """A new one is found by its type; nothing that looks like one has another type."""
    key = tmp_path / "key.pem"
    key.write_text(
        "-----BEGIN PRIVATE KEY-----\nMIIEabcdef\nline-number-two\n-----END PRIVATE KEY-----"
    )
    given: dict[str, Any] = {}
    for name, field in Settings.model_fields.items():
        secret = "SecretStr" in str(field.annotation)
        by_name = any(word in name for word in ("token", "secret", "key")) and "file" not in name
        assert secret == by_name, name
        if secret:
            given[name] = f"{secrets.token_hex(32)}"
            cases.add()
    given |= {"salesforce_private_key_file": key, "sunset_audit_signing_key_file": key}
    made = settings(tmp_path / "x.db", **given)
    found = secrets_of(made)
    assert {one for one in given.values() if isinstance(one, str)} <= set(found)
    assert {"MIIEabcdef", "line-number-two"} <= set(found)
    for one in found:
        assert one not in repr(made)
        assert one not in str(made)
        assert MASK in SECRETS(f"said {one}")


def test_several_keys_in_one_setting(tmp_path: Path) -> None:
    keys = [secrets.token_hex(32) for _ in range(3)]
    made = settings(tmp_path / "x.db", sunset_audit_former_keys=",".join(keys))
    assert set(keys) <= set(secrets_of(made))


@pytest.mark.parametrize("name", ["hubspot_access_token", "salesforce_access_token"])
def test_too_short_to_be_a_secret(name: str) -> None:
    """One could not be hidden without hiding words, and could be guessed."""
    with pytest.raises(SettingsError) as caught:
        load_settings(env_file=None, **{**GIVEN, name: "short"})
    assert f"{name.upper()}: has fewer than" in str(caught.value.problem)
    assert "short" not in str(caught.value.problem)


def test_a_session_is_known_from_the_login_on(monkeypatch: pytest.MonkeyPatch) -> None:
    session = f"00D5g000004XyZA!{secrets.token_urlsafe(40)}"
    monkeypatch.setattr(
        salesforce_login, "SalesforceLogin", lambda **_: (session, "acme.my.salesforce.com")
    )
    ClientLogin("key", "secret", "acme.my").access(SimpleNamespace())  # type: ignore[arg-type]  # never used
    tail = session.partition("!")[2]
    assert tail not in SECRETS(
        f"cookie sid%3D{quote(tail)}; {base64.b64encode(session.encode())!r}"
    )


# --- what a service says is recorded -------------------------------------------------------------


@pytest.mark.attack("secrets", "services that repeat the token in their refusals")
def test_what_services_say_is_recorded_without_secrets(tmp_path: Path, cases: Cases) -> None:
    token = secrets.token_urlsafe(30)
    settings(tmp_path / "x.db", hubspot_access_token=token)
    basic = base64.b64encode(f"x:{token}".encode()).decode()
    errors = []
    for said in (token, quote(token), basic, json.dumps({"t": token}), f"Bearer {token[:20]}"):
        body = json.dumps({"message": f"bad {said}", "correlationId": said, "category": said})
        problem = hubspot_errors.parse(body)
        errors += [
            hubspot_errors.refusal(400, body, {}, scope=said, write=True),
            hubspot_errors.unauthorized(said),
            salesforce_errors.unauthorized(N_("x"), said),
            VendorError("slack", said, N_("{a}", a=said), N_("{b}", b=said), missing=said),
        ]
        told = salesforce_errors.said([{"errorCode": "X", "message": said}])[1]
        assert token[:14] not in told
        assert token[:14] not in problem.reason
        cases.add(4)
    for error in errors:
        parts = (
            error.code,
            error.problem,
            error.remedy,
            error.reference,
            error.missing,
            repr(error),
        )
        for part in map(str, parts):
            assert token[:14] not in part
            assert basic[8:24] not in part


def test_secrets_are_of_their_own_type() -> None:
    assert "xoxb" not in f"{SecretStr('xoxb-1')!r}"
