"""Who is not Slack gets nowhere; what Slack has said once counts once."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.http_intake import WINDOW_SECONDS
from handlers.actions import Act
from tests.attacks import Cases
from tests.handlers import payloads
from tests.handlers.payloads import Payload
from tests.handlers.runs import ADMIN, APPROVERS
from tests.http.conftest import House
from tests.http.door import EVENTS, Headers, Visitor, ask, request, sealed, signed
from workflows.rules.approval import shown

FORGED = "forged and altered signatures over HTTP"
REPLAYED = "old and replayed signatures over HTTP"


def click(house: House, who: str = APPROVERS[0], ts: str = "1.1") -> Payload:
    """An approver presses *Approve*."""
    value = f"run-1.2.{shown(house.engine.one)}"
    return payloads.message_click(who, payloads.button(Act.APPROVE.value, value, ts))


def voted(house: House) -> set[str]:
    return set(house.engine.one.votes)


def changed(headers: Headers, **values: str | None) -> Headers:
    """Return *headers* with others in their place; None: without it."""
    named = {name.replace("_", "-").lower(): value for name, value in values.items()}
    kept = [one for one in headers if one[0].lower() not in named]
    return kept + [(name, value) for name, value in named.items() if value is not None]


# --- what Slack sends ----------------------------------------------------------------------------


def test_a_click_counts(house: House) -> None:
    headers, body = signed("interactive", click(house))
    answer = ask(house.port, request(headers, body))
    assert (answer.status, answer.body) == (200, b"")
    assert voted(house) == {APPROVERS[0]}


def test_every_kind_of_request_comes_to_the_one_address(house: House) -> None:
    view = {"id": "V1", "type": "modal", "hash": "1.1", "callback_id": "v9", "blocks": []}
    sent = {
        "command": ("slash_commands", payloads.command(ADMIN, "help", "1.1")),
        "submission": ("interactive", payloads.submission(ADMIN, view, {})),
        "options": (
            "interactive",
            payloads.suggestion(
                APPROVERS[0],
                {"id": "V1", "type": "modal", "private_metadata": ""},
                Act.PICK_TARGET.value,
                "b",
                "",
            ),
        ),
        "event": ("events_api", payloads.home_opened(ADMIN)),
    }
    told = {}
    for name, (kind, payload) in sent.items():
        answer = ask(house.port, request(*signed(kind, payload)))
        assert answer.status == 200, name
        told[name] = answer.body
    assert len(house.arrived) == len(sent)
    assert b"/uninstall-salesforce" in told["command"] or told["command"] == b""
    assert json.loads(told["submission"])["response_action"] == "update"
    assert json.loads(told["options"]) == {"options": []}
    assert told["event"] == b""


def test_the_address_repeats_slacks_challenge(house: House) -> None:
    payload = {"type": "url_verification", "token": "t", "challenge": "3eZbrw1aB"}
    answer = ask(house.port, request(*signed("events_api", payload)))
    assert (answer.status, answer.json) == (200, {"challenge": "3eZbrw1aB"})


def test_a_command_may_speak_of_a_payload(house: House) -> None:
    """Bolt's own parser takes a form in which that word stands for something else."""
    headers, body = signed("slash_commands", payloads.command(ADMIN, "help payload=1", "1.1"))
    assert ask(house.port, request(headers, body)).status == 200
    assert house.arrived[0]["text"] == "help payload=1"


# --- who is not Slack ----------------------------------------------------------------------------


@pytest.mark.attack("access", FORGED)
def test_forged_signatures(house: House, cases: Cases) -> None:
    headers, body = signed("interactive", click(house))
    given = dict(headers)
    stamp, signature = given["X-Slack-Request-Timestamp"], given["X-Slack-Signature"]
    hexadecimal = signature.removeprefix("v0=")
    now = int(time.time())
    signatures = [
        None,
        "",
        "v0=",
        hexadecimal,
        f"v1={hexadecimal}",
        f"v0={hexadecimal.upper()}",
        f"v0={hexadecimal[:-1]}",
        f"v0={hexadecimal}0",
        f"v0={'0' * 64}",
        f"v0={hexadecimal[::-1]}",
        f"{signature},{signature}",
        "v0=" + "\u00e9" * 64,
        "v0=" + "a" * 8_000,
    ]
    stamps = [
        None,
        "",
        "0",
        "-1",
        "abc",
        "1e9",
        "0x5f5e100",
        f"{now}.0",
        f"+{now}",
        f"{now}_0",
        f"0{now}",
        str(now - 1),
        str(now + 1),
        "9" * 5_000,
        "\u00b2" * 10,
        f"{stamp},{stamp}",
    ]
    stamps = [one for one in stamps if one != stamp]
    tried = [changed(headers, X_Slack_Signature=one) for one in signatures]
    tried += [changed(headers, X_Slack_Request_Timestamp=one) for one in stamps]
    tried += [[*headers, ("X-Slack-Signature", one or "")] for one in (signature, "v0=1", "")]
    tried += [[*headers, ("X-Slack-Request-Timestamp", stamp)]]
    for forged in tried:
        answer = ask(house.port, request(forged, body))
        assert answer.status in {400, 401}, forged
        assert b"v0=" not in answer.body
        assert answer.closes
    cases.add(len(tried))
    assert house.untouched


@pytest.mark.attack("access", FORGED)
def test_no_byte_of_the_body_can_be_changed(house: House, cases: Cases) -> None:
    headers, body = signed("interactive", click(house))
    places = range(0, len(body), 9)
    with Visitor(house.port) as visitor:
        visitor.says(request(headers, body[:-1]))
        assert visitor.hears().status == 401
    for place in places:
        other = bytearray(body)
        other[place] ^= 1
        assert ask(house.port, request(headers, bytes(other))).status == 401, place
    for longer in (body + b"&", b" " + body, body + b"\n", b"", body * 2, body + b"\xff"):
        assert ask(house.port, request(headers, longer)).status == 401
    cases.add(len(places) + 7)
    assert house.untouched


@pytest.mark.attack("access", FORGED)
@pytest.mark.parametrize("secret", [" ", "x" * 32, "8F742231B10E8888ABCD99YYYZZZ85A5"])
def test_another_secret(house: House, secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.http.door.SECRET", f"{secret}x")
    headers, body = signed("interactive", click(house))
    assert ask(house.port, request(headers, body)).status == 401
    assert house.untouched


def test_a_stranger_is_sent_away_before_the_body_is_read(house: House) -> None:
    with Visitor(house.port) as visitor:
        visitor.says(request([("Content-Type", "application/json")], b"", length=1_000))
        assert visitor.hears().status == 401
        assert visitor.hung_up()


# --- again, and too late -------------------------------------------------------------------------


@pytest.mark.attack("access", REPLAYED)
def test_a_signature_holds_for_five_minutes(house: House, cases: Cases) -> None:
    for off, status in {
        -WINDOW_SECONDS - 2: 401,
        -WINDOW_SECONDS + 5: 200,
        WINDOW_SECONDS - 5: 200,
        WINDOW_SECONDS + 2: 401,
        86_400: 401,
        -86_400: 401,
    }.items():
        headers, body = signed(
            "slash_commands", payloads.command(ADMIN, "help", f"1.{off}"), time.time() + off
        )
        assert ask(house.port, request(headers, body)).status == status, off
        cases.add()
    assert len(house.arrived) == 2


@pytest.mark.attack("access", REPLAYED)
def test_what_is_replayed_in_time_changes_nothing_more(house: House, cases: Cases) -> None:
    headers, body = signed("interactive", click(house))
    raw = request(headers, body)
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: ask(house.port, raw).status, range(20)))
    assert answers == [200] * 20
    assert voted(house) == {APPROVERS[0]}
    assert len(house.engine.commands) == 1
    house.wall.ahead = WINDOW_SECONDS + 2
    assert ask(house.port, raw).status == 401
    cases.add(21)
    assert len(house.engine.commands) == 1


@pytest.mark.attack("access", REPLAYED)
def test_what_is_not_signed_decides_nothing(house: House, cases: Cases) -> None:
    """Query and headers are not signed: whoever replays a request could have changed them."""
    headers, body = signed("interactive", click(house))
    others = [
        request(headers, body, path=f"{EVENTS}?payload=%7B%7D&team_id=T0EVIL"),
        request([*headers, ("X-Slack-Bolt-Lazy-Only", "1")], body),
        request([*headers, ("X-Slack-Bolt-Lazy-Function-Name", "x")], body),
        request([*headers, ("X-Slack-Retry-Num", "1"), ("X-Slack-Retry-Reason", "x")], body),
        request(
            [*headers, ("X-Forwarded-For", "10.0.0.1"), ("X-Http-Method-Override", "GET")], body
        ),
    ]
    for raw in others:
        assert ask(house.port, raw).status == 200
    assert len(house.engine.commands) == 1
    # As JSON it is none, and as a form a signed JSON is no command.
    as_json = changed(headers, Content_Type="application/json")
    assert ask(house.port, request(as_json, body)).status == 400
    event = signed("events_api", payloads.home_opened(ADMIN))
    as_form = changed(event[0], Content_Type="application/x-www-form-urlencoded")
    assert ask(house.port, request(as_form, event[1])).status == 400
    cases.add(len(others) + 2)
    assert len(house.engine.commands) == 1


# --- signed, and yet no payload ------------------------------------------------------------------


@pytest.mark.attack("7", "bodies over HTTP that are broken, too large, too slow or lie about it")
def test_what_cannot_be_read_is_refused(house: House, cases: Cases) -> None:
    form, as_json = "application/x-www-form-urlencoded", "application/json"
    broken: list[tuple[str, bytes, int]] = [
        (form, b"payload=", 400),
        (form, b"payload=[]", 400),
        (form, b"payload=%7B", 400),
        (form, b"payload=null&x=1", 200),
        (form, b"payload=" + b"%5B" * 50_000, 400),
        (form, b"command=%FF%FE", 400),
        (form, b"command=/x&command=/y", 400),
        (form, b"&".join(b"a%d=1" % n for n in range(200)), 400),
        (form, b"no equals sign", 400),
        (as_json, b"", 400),
        (as_json, b"[1]", 400),
        (as_json, b'"text"', 400),
        (as_json, b"{" * 100_000, 400),
        (as_json, b'{"type": ' + b"[" * 100_000, 400),
        (as_json, b'{"type": 1e999', 400),
        (as_json, b'{"a": ' + b"9" * 5_000 + b"}", 400),
        (as_json, b"\xef\xbb\xbf{}", 400),
        (as_json, b"{}", 200),
        (as_json, b'{"type": "function_executed"}', 200),
        (form, b"ssl_check=1&token=x", 200),
        (form, b"command=&text=x", 200),
    ]
    for kind, body, status in broken:
        answer = ask(house.port, request(sealed(body, kind), body))
        assert answer.status == status, (kind, body[:40], answer)
        assert b"Traceback" not in answer.body
    cases.add(len(broken))
    assert house.untouched
