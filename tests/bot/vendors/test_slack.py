"""The Slack adapter: what is sent, what is found again, and what each fault becomes."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest

from bot.errors import VendorError
from bot.vendors.slack import EVENT_TYPE, Slack, web_client
from handlers.render import Message

TOKEN = "xoxb-secret"
Answer = dict[str, Any] | tuple[int, str] | bytes
"""A JSON body, a status with another body, or what is sent before the connection is closed."""
LOST = b""


class Server:
    """Answers Web API calls as a test says; ``asked`` holds (method, arguments)."""

    def __init__(self, answer: Callable[[str, dict[str, str]], Answer]) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.headers = ""
        """Further headers of each answer, each with its line end."""
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/api/"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def methods(self) -> list[str]:
        return [method for method, _ in self.asked]

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                self._one(connection)

    def _one(self, connection: socket.socket) -> None:
        stream = connection.makefile("rb")
        first = stream.readline().split()
        headers = {}
        while line := stream.readline().strip():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", 0))).decode()
        if headers.get("content-type", "").startswith("application/json"):
            given = json.loads(body or "{}")
            arguments = {
                key: value if isinstance(value, str) else json.dumps(value)
                for key, value in given.items()
            }
        else:
            arguments = dict(parse_qsl(body))
        path, _, query = first[1].decode().partition("?")
        method = path.rpartition("/")[2]
        arguments |= dict(parse_qsl(query))
        self.asked.append((method, arguments))
        answer = self._answer(method, arguments)
        if isinstance(answer, bytes):
            connection.sendall(answer)
            connection.shutdown(socket.SHUT_RDWR)
            return
        status, text = answer if isinstance(answer, tuple) else (200, json.dumps(answer))
        kind = "text/html" if isinstance(answer, tuple) else "application/json"
        data = text.encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n"
        if status == 429:
            head += "Retry-After: 0\r\n"
        head += self.headers
        connection.sendall(head.encode() + b"Connection: close\r\n\r\n" + data)


@contextmanager
def slack(
    answer: Callable[[str, dict[str, str]], Answer] | Answer,
) -> Iterator[tuple[Slack, Server]]:
    server = Server(answer if callable(answer) else lambda *_: answer)
    try:
        yield Slack(web_client(TOKEN, server.url)), server
    finally:
        server.close()


def failing(answer: Answer, call: Callable[[Slack], object]) -> tuple[VendorError, Server]:
    with slack(answer) as (made, server):
        with pytest.raises(VendorError) as caught:
            call(made)
        assert caught.value.vendor == "slack"
        assert str(caught.value.problem)
        assert str(caught.value.remedy)
        assert TOKEN not in str(caught.value)
        return caught.value, server


MESSAGE = Message("Hello", [{"type": "divider"}])
POSTED = {"ok": True, "channel": "C1", "ts": "1.000001"}


def post(made: Slack) -> object:
    return made.post("C1", MESSAGE, "R1:card")


def refused(reason: str, **more: Any) -> dict[str, Any]:
    return {"ok": False, "error": reason, **more}


# --- messages ------------------------------------------------------------------------------------


def test_a_message_carries_its_key() -> None:
    with slack(POSTED) as (made, server):
        posted = made.post("C1", MESSAGE, "R1:audit:1-2", thread_ts="1.0", payload={"run": "R1"})
    assert (posted.channel, posted.ts, posted.key) == ("C1", "1.000001", "R1:audit:1-2")
    ((method, arguments),) = server.asked
    assert method == "chat.postMessage"
    assert json.loads(arguments["metadata"]) == {
        "event_type": EVENT_TYPE,
        "event_payload": {"key": "R1:audit:1-2", "run": "R1"},
    }
    assert (arguments["thread_ts"], arguments["text"]) == ("1.0", "Hello")
    assert json.loads(arguments["blocks"]) == MESSAGE.blocks


def item(ts: str, key: str = "", bot: str = "B1", kind: str = EVENT_TYPE) -> dict[str, Any]:
    payload = {"event_type": kind, "event_payload": {"key": key}}
    return {"ts": ts, "text": "x", "bot_id": bot, "metadata": payload}


def history(method: str, arguments: dict[str, str]) -> Answer:
    """Two pages: one of others, one of ours."""
    if method == "auth.test":
        return {"ok": True, "bot_id": "B1", "url": "https://acme.slack.com/"}
    if not arguments.get("cursor"):
        others = [item("9.1", "R1:card", bot="B2"), item("9.2", "R1:card", kind="other")]
        more = {"response_metadata": {"next_cursor": "two"}}
        return {
            "ok": True,
            "messages": [*others, {"ts": "9.3", "text": "hi", "user": "U1"}],
            **more,
        }
    return {"ok": True, "messages": [item("9.4", "R1:card")]}


def test_a_message_is_found_by_its_key_and_only_our_own() -> None:
    with slack(history) as (made, server):
        assert made.who_am_i() == "https://acme.slack.com/"
        found = made.find("C1", "R1:card", thread_ts=None, oldest=5.0)
        assert found is not None
        assert (found.ts, found.own) == ("9.4", True)
        assert made.find("C1", "R1:prompt:1", thread_ts="1.0", oldest=5.0) is None
    assert server.methods() == [
        "auth.test",
        *["conversations.history"] * 2,
        *["conversations.replies"] * 2,
    ]
    assert server.asked[1][1]["include_all_metadata"] in {"1", "true", "True"}
    assert float(server.asked[1][1]["oldest"]) == 5.0


def test_a_message_that_somebody_deleted() -> None:
    with slack(refused("message_not_found")) as (made, _):
        assert made.update("C1", "1.0", MESSAGE) is False
    with slack(POSTED) as (made, _):
        assert made.update("C1", "1.0", MESSAGE) is True


def test_scheduled_messages() -> None:
    answer = {"ok": True, "scheduled_message_id": "Q1"}
    with slack(answer) as (made, server):
        assert made.schedule("C1", "text", 1_800_000_000, "1.0") == "Q1"
    assert "metadata" not in server.asked[0][1], "Slack never posts what carries metadata"
    with slack(refused("invalid_scheduled_message_id")) as (made, _):
        assert made.unschedule("C1", "Q1") is False
    with slack({"ok": True}) as (made, _):
        assert made.unschedule("C1", "Q1") is True
    lying = {"id": "Q1", "channel_id": "C1", "post_at": 17, "text": "t"}
    with slack({"ok": True, "scheduled_messages": [lying]}) as (made, _):
        assert made.scheduled_ids("C1") == {"Q1": (17, "t")}
    more = {"response_metadata": {"next_cursor": "bmV4dA=="}}
    first = {"ok": True, "scheduled_messages": [lying], **more}
    last = {"ok": True, "scheduled_messages": [{**lying, "id": "Q2"}]}
    with slack(lambda _, given: last if given.get("cursor") else first) as (made, server):
        assert list(made.scheduled_ids("C1")) == ["Q1", "Q2"]
        assert server.asked[1][1]["cursor"] == "bmV4dA=="


def test_people() -> None:
    user = {"locale": "pl-PL", "profile": {"email": "a@example.com"}, "deleted": False}
    with slack({"ok": True, "user": user}) as (made, _):
        profile = made.profile("U1")
    assert (profile.locale, profile.email, profile.active) == ("pl-PL", "a@example.com", True)
    with slack({"ok": True, "users": ["U1", "U2"]}) as (made, _):
        assert made.group_members("S1") == ("U1", "U2")
    with slack({"ok": True, "channel": {"id": "D1"}}) as (made, server):
        assert [made.direct("U1"), made.direct("U1")] == ["D1", "D1"]
        assert len(server.asked) == 1


# --- faults --------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["invalid_auth", "token_revoked", "account_inactive"])
def test_a_token_that_is_refused(reason: str) -> None:
    error, _ = failing(refused(reason), post)
    assert (error.code, error.retryable, error.missing) == (f"slack_{reason}", False, "")
    assert "SLACK_BOT_TOKEN" in str(error.remedy)


def test_a_scope_that_is_missing() -> None:
    error, _ = failing(refused("missing_scope", needed="channels:history"), post)
    assert (error.retryable, error.missing) == (False, "channels:history")
    assert "channels:history" in str(error.problem)


@pytest.mark.parametrize("reason", ["channel_not_found", "not_in_channel", "is_archived"])
def test_a_channel_that_cannot_be_used(reason: str) -> None:
    error, _ = failing(refused(reason), post)
    assert not error.retryable
    assert "SUNSET_CHANNEL" in str(error.remedy)


def test_a_method_that_is_not_offered() -> None:
    error, _ = failing(refused("unknown_method"), post)
    assert error.missing
    assert not error.retryable


def test_blocks_that_are_refused_say_why() -> None:
    why = {"response_metadata": {"messages": ["[ERROR] no more than 50 items"]}}
    error, _ = failing(refused("invalid_blocks", **why), post)
    assert "no more than 50 items" in str(error.problem)
    assert not error.retryable


@pytest.mark.parametrize("reason", ["internal_error", "fatal_error", "service_unavailable"])
def test_slack_has_trouble(reason: str) -> None:
    error, _ = failing(refused(reason), post)
    assert error.retryable


@pytest.mark.parametrize("status", [500, 502, 503])
def test_slack_answers_with_a_page(status: int) -> None:
    error, server = failing((status, "<html>Bad gateway</html>"), post)
    assert (error.retryable, error.unknown) == (True, True)
    assert "html" not in error.code
    assert len(server.asked) == 1


def test_slack_is_asked_again_when_it_says_when() -> None:
    answers: list[Answer] = [(429, '{"ok": false, "error": "ratelimited"}'), POSTED]
    with slack(lambda *_: answers.pop(0)) as (made, server):
        made.post("C1", MESSAGE, "R1:card")
    assert len(server.asked) == 2


def test_a_limit_that_lasts_is_tried_later() -> None:
    error, _ = failing((429, '{"ok": false, "error": "ratelimited"}'), post)
    assert error.retryable


def test_a_message_whose_answer_is_lost_is_not_sent_again_by_itself() -> None:
    """It may be there: the caller looks before it posts a second time."""
    error, server = failing(LOST, post)
    assert (error.retryable, error.unknown) == (True, True)
    assert server.methods() == ["chat.postMessage"]


def test_a_taking_back_whose_answer_is_lost_is_not_mistaken_for_posted() -> None:
    answers: list[Answer] = [LOST, refused("invalid_scheduled_message_id")]
    with slack(lambda *_: answers.pop(0)) as (made, server):
        with pytest.raises(VendorError) as caught:
            made.unschedule("C1", "Q1")
        assert caught.value.unknown
    assert len(server.asked) == 1


def test_an_answer_that_breaks_off() -> None:
    error, server = failing(b'HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"ok": tr', post)
    assert (error.retryable, error.unknown) == (True, True)
    assert len(server.asked) == 1


def test_nobody_answers_at_all() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(VendorError) as caught:
        Slack(web_client(TOKEN, f"http://127.0.0.1:{port}/api/")).post("C1", MESSAGE, "R1:card")
    assert (caught.value.code, caught.value.retryable) == ("slack_unreachable", True)


def test_an_app_token_that_is_refused() -> None:
    error, _ = failing(refused("not_allowed_token_type"), lambda made: made.socket_mode())
    assert error.code == "slack_app_token"
    assert "SLACK_APP_TOKEN" in str(error.remedy)


# --- what the token may, and the channels --------------------------------------------------------

WHO = {"ok": True, "url": "https://acme.slack.com/", "user": "sunset", "bot_id": "B1"}


@pytest.mark.parametrize(
    ("headers", "scopes"),
    [
        ("x-oauth-scopes: chat:write,users:read\r\n", {"chat:write", "users:read"}),
        ("X-OAuth-Scopes: chat:write, users:read\r\n", {"chat:write", "users:read"}),
        ("X-OAuth-Scopes:\r\n", set()),
        ("", None),
    ],
)
def test_the_scopes_are_those_that_slack_tells(headers: str, scopes: set[str] | None) -> None:
    with slack(WHO) as (made, server):
        server.headers = headers
        token = made.token()
    assert (token.workspace, token.name) == ("https://acme.slack.com/", "sunset")
    assert token.scopes == scopes
    assert token.date is None


@pytest.mark.parametrize(
    ("header", "date"),
    [
        ("Mon, 23 Nov 2026 10:00:00 GMT", datetime(2026, 11, 23, 10, tzinfo=UTC)),
        ("yesterday", None),
        ("99 Foo 2026", None),
    ],
)
def test_slack_tells_the_time(header: str, date: datetime | None) -> None:
    with slack(WHO) as (made, server):
        server.headers = f"Date: {header}\r\n"
        assert made.token().date == date


@pytest.mark.parametrize(
    ("messages", "archived"),
    [
        ([], False),
        ([{"ts": "1.0", "text": "hello"}], False),
        ([{"ts": "1.0", "subtype": "channel_archive"}], True),
        ([{"ts": "1.0", "subtype": "group_archive"}], True),
        ([{"ts": "2.0", "subtype": "channel_unarchive"}, {"subtype": "channel_archive"}], False),
    ],
)
def test_an_archived_channel_is_known_by_its_newest_message(
    messages: list[dict[str, Any]], archived: bool
) -> None:
    with slack({"ok": True, "messages": messages}) as (made, _):
        assert made.is_archived("C1") is archived
        assert made.check_channel("C1") == "C1"


@pytest.mark.parametrize(
    ("user", "bot"), [({"is_bot": True}, True), ({"is_bot": False}, False), ({}, False)]
)
def test_a_bot_is_told_from_a_person(user: dict[str, Any], bot: bool) -> None:
    with slack({"ok": True, "user": {"real_name": "Ada", **user}}) as (made, _):
        assert (made.profile("U1").bot, made.profile("U1").name) == (bot, "Ada")
        assert made.profile("USLACKBOT").bot


@pytest.mark.parametrize(
    "answer",
    [
        refused("x", response_metadata={"messages": [1, None]}),
        refused("x", response_metadata="none"),
        refused("x", response_metadata={"messages": "none"}),
        {"ok": False, "error": ["x"]},
    ],
)
def test_a_refusal_of_another_shape_is_a_refusal(answer: Answer) -> None:
    failing(answer, lambda made: made.token())
