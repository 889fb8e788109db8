"""The other addresses, what every answer says and does not say, the beginning and the end."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from slack_bolt import App

from bot import http_mode
from bot.http_intake import Signatures
from bot.http_mode import HttpMode
from tests.attacks import Cases
from tests.handlers import payloads
from tests.handlers.runs import ADMIN
from tests.http.conftest import House, Server
from tests.http.door import EVENTS, SECRET, Visitor, ask, authorize, get, request, signed
from workflows.errors import SunsetError

SAFE = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


@contextmanager
def opened(**given: Any) -> Iterator[HttpMode]:
    mode = HttpMode("127.0.0.1", 0, Signatures(SECRET), given.get("missing", list))
    mode.open()
    try:
        yield mode
    finally:
        mode.close()


def waiting(event: threading.Event) -> None:
    assert event.wait(10)


def bolt(listener: Any, threads: ThreadPoolExecutor) -> App:
    app = App(name="x", authorize=authorize, listener_executor=threads)
    app.command("/uninstall-salesforce")(listener)
    return app


def test_it_lives_and_is_ready(
    server: Server, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_mode, "READY_FRESH", 0.0)
    health = get(server.port, "/health")
    assert (health.status, health.json) == (200, {"alive": True})
    ready = get(server.port, "/ready")
    assert (ready.status, ready.json) == (200, {"ready": True, "missing": []})
    server.missing.append("database")
    try:
        ready = get(server.port, "/ready")
        assert (ready.status, ready.json) == (503, {"ready": False, "missing": ["database"]})
        assert get(server.port, "/health").status == 200
    finally:
        server.missing.clear()


def test_many_who_ask_make_one_look(server: Server, house: House) -> None:
    looks: list[float] = []
    server.mode._asked = (float("-inf"), [])
    server.look = lambda: looks.append(time.monotonic())
    try:
        with ThreadPoolExecutor(8) as pool:
            told = list(pool.map(lambda _: get(server.port, "/ready").status, range(24)))
    finally:
        server.look = lambda: None
    assert told == [200] * 24
    assert 1 <= len(looks) <= 2


def test_a_database_that_does_not_answer(
    server: Server, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_mode, "READY_SECONDS", 0.05)
    monkeypatch.setattr(http_mode, "READY_FRESH", 0.0)
    answers = threading.Event()
    server.look = lambda: waiting(answers)
    try:
        ready = get(server.port, "/ready")
    finally:
        answers.set()
        server.look = lambda: None
    assert (ready.status, ready.json["missing"]) == (503, ["database"])


def test_a_look_that_fails_tells_no_more_than_that(server: Server, house: House) -> None:
    def broken() -> None:
        raise RuntimeError("sqlite3: /var/secret/place")

    server.mode._asked = (float("-inf"), [])
    server.look = broken
    try:
        ready = get(server.port, "/ready")
    finally:
        server.look = lambda: None
        server.mode._asked = (float("-inf"), [])
    assert (ready.status, ready.json) == (503, {"ready": False, "missing": ["unknown"]})


@pytest.mark.attack("access", "other addresses and methods over HTTP")
def test_everything_else_is_not_there(server: Server, house: House, cases: Cases) -> None:
    for path in (
        "/", "/docs", "/redoc", "/openapi.json", "/metrics", "/slack", "/slack/events/", "/ready/",
        "/slack/install", "/slack/oauth_redirect", "/health/../etc/passwd", "/%2e%2e/",
        "//evil.example", "/.env", "/static/../sunset.db", "*", "/slack/events%00",
    ):  # fmt: skip
        answer = get(server.port, path)
        assert answer.status == 404, path
        assert "location" not in answer.headers
        cases.add()
    for method, path in (
        ("GET", EVENTS), ("PUT", EVENTS), ("DELETE", EVENTS), ("OPTIONS", EVENTS),
        ("TRACE", EVENTS), ("POST", "/health"), ("POST", "/ready"), ("CONNECT", "/health"),
        ("BREW", "/health"),
    ):  # fmt: skip
        assert get(server.port, path, method).status == 405, (method, path)
        cases.add()
    assert get(server.port, "/health", "HEAD").status == 200
    assert house.untouched


def test_every_answer_is_safe_and_tells_nothing_of_the_program(
    server: Server, house: House
) -> None:
    headers, body = signed("slash_commands", payloads.command(ADMIN, "help", "1.1"))
    answers = [
        ask(server.port, request(headers, body)),
        ask(server.port, request([], b"")),
        *(get(server.port, path) for path in ("/health", "/ready", "/nothing", EVENTS)),
    ]
    for answer in answers:
        assert SAFE.items() <= answer.headers.items()
        assert not {"server", "date", "x-powered-by", "via"} & answer.headers.keys()
        for word in (b"uvicorn", b"starlette", b"python", b"bolt", b"Traceback", b"sunset/"):
            assert word not in answer.body
    websocket = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Key", "x")]
    assert ask(server.port, request(websocket, method="GET", path="/health")).status == 200


def test_a_bug_shows_nothing_outside(
    server: Server, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug in /home/sunset/x.py")

    monkeypatch.setattr(http_mode, "_dispatch", broken)
    headers, body = signed("slash_commands", payloads.command(ADMIN, "help", "1.1"))
    answer = ask(server.port, request(headers, body))
    assert (answer.status, answer.body) == (500, b"")


def test_before_the_bot_is_ready_slack_is_asked_to_come_again() -> None:
    with opened() as mode:
        headers, body = signed("slash_commands", payloads.command(ADMIN, "help", "1.1"))
        answer = ask(mode.port, request(headers, body))
        assert (answer.status, answer.headers["retry-after"]) == (503, "5")
        assert get(mode.port, "/health").status == 200
        assert get(mode.port, "/ready").json == {"ready": False, "missing": ["starting"]}


def test_the_end_waits_for_what_is_under_way() -> None:
    begun, may_end = threading.Event(), threading.Event()

    def listener(ack: Any) -> None:
        begun.set()
        assert may_end.wait(5)
        ack("done")

    with ThreadPoolExecutor(2) as threads, opened() as mode, Visitor(mode.port) as visitor:
        mode.take(bolt(listener, threads), "en")
        headers, body = signed("slash_commands", payloads.command(ADMIN, "help", "1.1"))
        idle = Visitor(mode.port)
        visitor.says(request(headers, body))
        assert begun.wait(5)
        closing = threading.Thread(target=mode.close)
        closing.start()
        assert idle.hung_up()
        idle.socket.close()
        with pytest.raises(OSError, match=r"refused|reset"):
            Visitor(mode.port).says(b"x")
        may_end.set()
        answer = visitor.hears()
        closing.join(10)
        assert not closing.is_alive()
    assert (answer.status, answer.body) == (200, b"done")


def test_an_address_that_is_taken(server: Server) -> None:
    with pytest.raises(SunsetError) as caught:
        HttpMode("127.0.0.1", server.port, Signatures(SECRET), list)
    assert caught.value.code == "http_address"
    assert str(server.port) in str(caught.value.problem)
    with pytest.raises(SunsetError):
        HttpMode("no such host.invalid", 0, Signatures(SECRET), list)


def test_it_listens_on_this_machine_alone_unless_told(server: Server) -> None:
    assert server.mode._socket.getsockname()[0] == "127.0.0.1"
    assert server.mode._socket.family is socket.AF_INET
