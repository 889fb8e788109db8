"""What an interaction hands to the app: a trigger, and a URL to answer to."""

from __future__ import annotations

import secrets
import time
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import TypeVar

from sandbox.clock import Clock
from sandbox.slack.errors import SlackError

TRIGGER_SECONDS = 3.0
RESPONSE_USES = 5
RESPONSE_SECONDS = 30 * 60
_KEPT = 20_000
T = TypeVar("T")


@dataclass(slots=True)
class Trigger:
    """Leave to open one modal for *user* within 3 seconds of real time."""

    user: str
    expires: float
    view_id: str | None
    used: bool = False


class Triggers:
    """The triggers that were handed out."""

    def __init__(self) -> None:
        self._triggers: dict[str, Trigger] = {}

    def issue(self, user: str, view_id: str | None = None) -> str:
        """A new trigger id; *view_id* is the modal that the interaction came from."""
        number = secrets.randbelow(10**12)
        trigger_id = f"{number}.{secrets.randbelow(10**6)}.{secrets.token_hex(16)}"
        self._triggers[trigger_id] = Trigger(user, time.monotonic() + TRIGGER_SECONDS, view_id)
        _forget_oldest(self._triggers)
        return trigger_id

    def exchange(self, trigger_id: str) -> Trigger:
        """Use a trigger; a :class:`SlackError` when it is unknown, used or too old."""
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if time.monotonic() > trigger.expires:
            raise SlackError("expired_trigger_id")
        trigger.used = True
        return trigger


@dataclass(slots=True)
class ResponseUrl:
    """Leave to answer an interaction of *user*; `message_ts` is the message that was clicked."""

    user: str
    channel: str
    expires: float
    message_ts: str | None = None
    uses: int = 0


class ResponseUrls:
    """The response URLs that were handed out. They age by the sandbox's clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._urls: dict[str, ResponseUrl] = {}

    def issue(self, user: str, channel: str, message_ts: str | None = None) -> str:
        """The secret last part of a new URL."""
        token = secrets.token_urlsafe(18)
        expires = self._clock.timestamp() + RESPONSE_SECONDS
        self._urls[token] = ResponseUrl(user, channel, expires, message_ts)
        _forget_oldest(self._urls)
        return token

    def use(self, token: str) -> ResponseUrl:
        """Count one use; a :class:`SlackError` when it is unknown, too old or used up."""
        url = self._urls.get(token)
        if url is None or self._clock.timestamp() > url.expires:
            raise SlackError("expired_url")
        if url.uses >= RESPONSE_USES:
            raise SlackError("used_url")
        url.uses += 1
        return url


def _forget_oldest(kept: MutableMapping[str, T]) -> None:
    while len(kept) > _KEPT:
        del kept[next(iter(kept))]
