"""Slack, and whoever is not, at the door: requests byte by byte, and how they are answered."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any

from slack_bolt.authorization import AuthorizeResult

from sandbox.slack.request_url import RequestUrl
from tests.handlers.payloads import Payload

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
EVENTS = "/slack/events"
ANSWER_SECONDS = 10.0


def authorize(**_context: Any) -> AuthorizeResult:
    """What Bolt needs to know of the bot's token."""
    return AuthorizeResult(
        enterprise_id=None, team_id="T111", bot_user_id="U0BOT", bot_id="B111", bot_token="x"
    )


class Wall:
    """What time the bot's machine thinks it is."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@dataclass(frozen=True)
class Answer:
    """An answer, and whether the connection was closed after it."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def closes(self) -> bool:
        return self.headers.get("connection") == "close"


Headers = list[tuple[str, str]]


def signed(kind: str, payload: Payload, at: float | None = None) -> tuple[Headers, bytes]:
    """Return the headers and the body of a request as Slack sends it."""
    sender = RequestUrl("", SECRET)
    headers, body = sender.signed(kind, payload, time.time() if at is None else at)
    return list(headers.items()), body


def sealed(
    body: bytes, content_type: str = "application/x-www-form-urlencoded", at: float | None = None
) -> Headers:
    """Return headers with which Slack would have signed any body."""
    stamp = str(int(time.time() if at is None else at))
    signature = RequestUrl("", SECRET)._signer.generate_signature(timestamp=stamp, body=body)
    return [
        ("Content-Type", content_type),
        ("X-Slack-Request-Timestamp", stamp),
        ("X-Slack-Signature", str(signature)),
    ]


def request(
    headers: Iterable[tuple[str, str]],
    body: bytes = b"",
    *,
    method: str = "POST",
    path: str = EVENTS,
    length: int | None = None,
) -> bytes:
    """Return a request as it goes over the wire; *length* is what it says of its body."""
    said = len(body) if length is None else length
    lines = [f"{method} {path} HTTP/1.1", "Host: sunset.example.com", f"Content-Length: {said}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


class Visitor:
    """One connection to the bot."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), ANSWER_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Visitor:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def says(self, raw: bytes) -> None:
        """Send some bytes; the bot may have hung up meanwhile."""
        try:
            self.socket.sendall(raw)
        except (BrokenPipeError, ConnectionResetError):
            return

    def hears(self, method: str = "POST") -> Answer:
        """Wait for an answer."""
        response = HTTPResponse(self.socket, method=method)
        response.begin()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, response.read())

    def hung_up(self) -> bool:
        """Wait for the end of the connection; say whether it came without another word."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True


def ask(port: int, raw: bytes, method: str = "POST") -> Answer:
    """Send one request over a connection of its own; return the answer."""
    with Visitor(port) as visitor:
        visitor.says(raw)
        return visitor.hears(method)


def get(port: int, path: str, method: str = "GET") -> Answer:
    """Ask for a path."""
    return ask(port, request([], method=method, path=path), method)


def chunked(headers: Headers, *pieces: bytes) -> bytes:
    """Return a request whose body comes in chunks, without its end."""
    lines = [f"POST {EVENTS} HTTP/1.1", "Host: x", "Transfer-Encoding: chunked"]
    lines += [f"{name}: {value}" for name, value in headers]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode()
    return head + b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in pieces)
