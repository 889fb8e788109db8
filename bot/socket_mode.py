"""Socket Mode with a connection that is opened at once, and notices at once when it is closed.

The SDK's client runs its socket with a 10-second poll: after a ``disconnect`` frame, or when it is
told to close, it can sit in that poll for the whole 10 seconds. ``websocket-client`` polls as often
as its ping time-out says, so a short one makes it notice within three seconds.
"""

from __future__ import annotations

import time
from typing import Any

import structlog
from slack_bolt import App
from slack_bolt.adapter.socket_mode.websocket_client import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.socket_mode.websocket_client import SocketModeClient

from bot.masking import SECRETS
from handlers import doorway
from handlers.payload import Malformed

log = structlog.get_logger(__name__)

PING_SECONDS = 10
POLL_SECONDS = 3
LOOK_SECONDS = 0.01
OPENING_SECONDS = 5.0


class PromptClient(SocketModeClient):
    """A client whose socket is opened at once and polled every few seconds."""

    _opening_since = 0.0

    def enqueue_message(self, message: str | bytes) -> None:
        """Queue a frame; one that is not UTF-8 is a :class:`UnicodeDecodeError`."""
        super().enqueue_message(message.decode() if isinstance(message, bytes) else message)

    def connect(self) -> None:
        """Open a new session."""
        self._opening_since = time.monotonic()
        super().connect()

    def _monitor_current_session(self) -> None:
        # The SDK looks at once, takes a session that is being opened for a lost one, and opens
        # another in its place.
        if time.monotonic() - self._opening_since > OPENING_SECONDS:
            super()._monitor_current_session()  # type: ignore[no-untyped-call]

    def _run_current_session(self) -> None:
        # Called every half second, from a thread that starts before the constructor has ended.
        while (session := self.current_session) is None:
            if getattr(self, "closed", False):
                return
            time.sleep(LOOK_SECONDS)
        try:
            # websocket-client checks UTF-8 byte by byte, in Python: most of the work of a click.
            # Decoding the frame (above) checks it too.
            session.run_forever(
                ping_interval=PING_SECONDS, ping_timeout=POLL_SECONDS, skip_utf8_validation=True
            )
        except Exception:
            self.logger.exception("The Socket Mode connection failed; a new one is opened.")
            session.close()


class PromptHandler(SocketModeHandler):
    """Bolt's handler, on such a client."""

    def __init__(self, app: App, client: PromptClient, locale: str = "en") -> None:
        # Bolt's own constructor makes a client of the SDK's, whose threads run from then on.
        self.app = app
        self.app_token = client.app_token
        self.client = client
        self._locale = locale
        client.socket_mode_request_listeners.append(self.receive)

    def receive(self, client: Any, request: SocketModeRequest) -> None:
        """Take one envelope: every one is acknowledged, also what Bolt could not even read.

        The only one that is not is what no listener has taken in time: it counts for nothing.
        """
        SECRETS.learn_passing(request.payload)
        try:
            doorway.check(request.payload)
        except Malformed as refusal:
            kind = str(request.payload.get("type", "command"))[: doorway.MOST_ID]
            log.warning("payload_refused", kind=kind, field=refusal.reference)
            _acknowledge(client, request, doorway.answer(request.payload, refusal, self._locale))
            return
        try:
            self.handle(client, request)
        except Exception:
            log.exception("payload_unreadable", type=request.type)
            _acknowledge(client, request)


def socket_mode(
    app: App, app_token: str, web: WebClient, threads: int, locale: str = "en"
) -> SocketModeHandler:
    """Return Bolt's handler for *app*, on such a client; *locale* is for who cannot be told."""
    client = PromptClient(
        app_token=app_token,
        logger=app.logger,
        web_client=web,
        ping_interval=PING_SECONDS,
        concurrency=threads,
    )
    return PromptHandler(app, client, locale)


def _acknowledge(
    client: Any, request: SocketModeRequest, said: dict[str, Any] | None = None
) -> None:
    client.send_socket_mode_response(
        SocketModeResponse(envelope_id=request.envelope_id, payload=said)
    )
