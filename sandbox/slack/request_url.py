"""HTTP mode: what Slack sends goes to an address of the app's, signed, instead of over sockets."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from typing import Any
from urllib.parse import urlencode

import requests
from slack_sdk.signature import SignatureVerifier

from sandbox.scenario import Fault
from sandbox.slack.payloads import TOKEN, Payload
from sandbox.slack.sockets import ACKNOWLEDGE_SECONDS, Delivery

FORM, JSON = "application/x-www-form-urlencoded", "application/json"


class RequestUrl:
    """One address that everything is sent to, as Slack sends it."""

    def __init__(self, url: str, signing_secret: str) -> None:
        self.url = url
        self._signer = SignatureVerifier(signing_secret)

    def signed(self, kind: str, payload: Payload, at: float) -> tuple[dict[str, str], bytes]:
        """Return the headers and the body of a request."""
        body, content_type = encoded(kind, payload)
        stamp = str(int(at))
        signature = self._signer.generate_signature(timestamp=stamp, body=body) or ""
        headers = {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": signature,
        }
        return headers, body

    async def verify(self) -> bool:
        """Ask the address to repeat a challenge, as Slack does before it takes it."""
        challenge = secrets.token_hex(16)
        payload = {"type": "url_verification", "token": TOKEN, "challenge": challenge}
        answer = await self._post("events_api", payload, {})
        return answer.acknowledged and answer.response == {"challenge": challenge}

    async def deliver(
        self, kind: str, payload: Payload, retry: dict[str, Any], struck: Fault | None
    ) -> Delivery:
        """Send a payload and wait for its answer, at most 3 seconds."""
        fault = struck.kind if struck else None
        if struck and fault == "late_delivery":
            await asyncio.sleep(struck.delay)
        times = 2 if fault == "duplicate_delivery" else 1
        first, *_ = await asyncio.gather(*(self._post(kind, payload, retry) for _ in range(times)))
        return first

    async def _post(self, kind: str, payload: Payload, retry: dict[str, Any]) -> Delivery:
        headers, body = self.signed(kind, payload, time.time())
        if retry:
            headers["X-Slack-Retry-Num"] = str(retry["retry_attempt"])
            headers["X-Slack-Retry-Reason"] = str(retry["retry_reason"])
        return await asyncio.to_thread(self._send, headers, body)

    def _send(self, headers: dict[str, str], body: bytes) -> Delivery:
        began = time.perf_counter()
        try:
            answer = requests.post(
                self.url, data=body, headers=headers, timeout=ACKNOWLEDGE_SECONDS
            )
        except requests.Timeout:
            return Delivery(False, error="operation_timeout")
        except requests.RequestException:
            return Delivery(False, error="dispatch_failed")
        if answer.status_code != 200:
            return Delivery(False, error="http_service_error")
        milliseconds = round((time.perf_counter() - began) * 1000, 3)
        return Delivery(True, milliseconds, _response(answer))


def encoded(kind: str, payload: Payload) -> tuple[bytes, str]:
    """Return a payload as Slack's kinds of requests carry it, and its content type."""
    if kind == "events_api":
        return json.dumps(payload).encode(), JSON
    fields = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
    return urlencode(fields).encode(), FORM


def _response(answer: requests.Response) -> Any:
    if not answer.content:
        return None
    if answer.headers.get("content-type", "").startswith(JSON):
        return answer.json()
    return {"text": answer.text}
