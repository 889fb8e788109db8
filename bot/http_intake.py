"""What arrives over HTTP before anybody believes it: size, time, signature, then one payload.

Nothing is parsed before Slack's signature is checked over the very bytes that arrived, and nothing
is read before the request's own time is checked. What is parsed is parsed once: what the door
(:mod:`handlers.doorway`) has looked at is what Bolt gets.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from slack_sdk.signature import Clock, SignatureVerifier
from starlette.requests import ClientDisconnect, Request

MOST_BYTES = 1 << 20
"""The largest payload of a whole run has not a tenth of this (tests/http/test_walk.py)."""
BODY_SECONDS = 3.0
"""Slack itself gives up after so long."""
WINDOW_SECONDS = 300
"""How old, or ahead of this machine's clock, a signature may be (facts/slack.md)."""
MOST_FIELDS = 100
"""A slash command has about fifteen."""
FORM, JSON = "application/x-www-form-urlencoded", "application/json"

_TIME = re.compile(r"[0-9]{9,11}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")


class Unacceptable(Exception):
    """A request that is not taken; ``status`` is HTTP's, ``reason`` a word for the log."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Signatures:
    """Knows Slack's signature (version v0: HMAC-SHA-256 over time and body)."""

    def __init__(self, secret: str, wall: Callable[[], float] = time.time) -> None:
        self._verifier = SignatureVerifier(secret.strip(), _Wall(wall))
        self._wall = wall

    def header(self, request: Request) -> tuple[str, str]:
        """Return a request's time and signature, before its body is read.

        Raises:
            Unacceptable: one is missing, malformed or there twice, or the time is too far away.
        """
        at = _only(request, "x-slack-request-timestamp", _TIME)
        signature = _only(request, "x-slack-signature", _SIGNATURE)
        if abs(self._wall() - int(at)) > WINDOW_SECONDS:
            raise Unacceptable(401, "too_old_or_ahead")
        return at, signature

    def check(self, at: str, signature: str, body: bytes) -> None:
        """Check that Slack has signed these bytes.

        Raises:
            Unacceptable: it has not.
        """
        try:
            valid = self._verifier.is_valid(body, at, signature)
        except UnicodeDecodeError:  # Slack sends UTF-8 alone
            valid = False
        if not valid:
            raise Unacceptable(401, "forged")


class _Wall(Clock):
    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall

    def now(self) -> float:
        return self._wall()


def _only(request: Request, name: str, pattern: re.Pattern[str]) -> str:
    given = request.headers.getlist(name)
    if len(given) != 1 or not pattern.fullmatch(given[0]):
        raise Unacceptable(401, "unsigned")
    return given[0]


def kind_of(request: Request) -> str:
    """Return the kind of body that a request announces, one of the two that Slack sends.

    Raises:
        Unacceptable: it is another one, it is packed, or it is too large by its own account.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if (
        kind not in {FORM, JSON}
        or request.headers.get("content-encoding", "identity") != "identity"
    ):
        raise Unacceptable(415, "unknown_type")
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > MOST_BYTES:
        raise Unacceptable(413, "too_large")
    return kind


async def body_of(request: Request) -> bytes:
    """Read a body; how large it is counts, not how large it says it is.

    Raises:
        Unacceptable: it is too large, or does not come to its end in time.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for piece in request.stream():
                body += piece
                if len(body) > MOST_BYTES:
                    raise Unacceptable(413, "too_large")
    except TimeoutError:
        raise Unacceptable(408, "too_slow") from None
    except ClientDisconnect:
        raise Unacceptable(400, "broken_off") from None
    return bytes(body)


def parse(kind: str, body: bytes) -> dict[str, Any]:
    """Return the payload in a body: JSON, a form with JSON in `payload`, or a command's form.

    Raises:
        Unacceptable: there is none.
    """
    try:
        text = body.decode()
        payload = json.loads(text) if kind == JSON else _form(text)
    except (ValueError, RecursionError):
        raise Unacceptable(400, "unreadable") from None
    if not isinstance(payload, dict):
        raise Unacceptable(400, "unreadable")
    return payload


def _form(body: str) -> Any:
    pairs = parse_qsl(
        body,
        keep_blank_values=True,
        strict_parsing=True,
        errors="strict",
        max_num_fields=MOST_FIELDS,
    )
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a field is there twice")
    # Bolt's own parser looks for the word anywhere, and so loses a command about a "payload".
    return json.loads(fields["payload"]) if set(fields) == {"payload"} else fields
