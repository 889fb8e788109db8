"""Socket Mode with a connection that notices at once when it is closed.

The SDK's client runs its socket with a 10-second poll: after a ``disconnect`` frame, or when it is
told to close, it can sit in that poll for the whole 10 seconds. ``websocket-client`` polls as often
as its ping time-out says, so a short one makes it notice within three seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from slack_bolt import App
from slack_bolt.adapter.socket_mode.websocket_client import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.socket_mode.websocket_client import SocketModeClient

log = structlog.get_logger(__name__)

PING_SECONDS = 10
POLL_SECONDS = 3


class PromptClient(SocketModeClient):
    """A client whose socket is polled every few seconds."""

    def _run_current_session(self) -> None:
        session = self.current_session
        if session is None:
            return
        try:
            session.run_forever(ping_interval=PING_SECONDS, ping_timeout=POLL_SECONDS)
        except Exception:
            self.logger.exception("The Socket Mode connection failed; a new one is opened.")
            session.close()


def socket_mode(app: App, app_token: str, web: WebClient, threads: int) -> SocketModeHandler:
    """Return Bolt's handler for *app*, on such a client."""
    handler = SocketModeHandler(app, app_token, web_client=web, concurrency=threads)
    handler.client.close()
    handler.client = PromptClient(
        app_token=app_token,
        logger=app.logger,
        web_client=web,
        ping_interval=PING_SECONDS,
        concurrency=threads,
    )
    handler.client.socket_mode_request_listeners.append(_guarded(handler))
    return handler


def _guarded(handler: SocketModeHandler) -> Callable[[Any, SocketModeRequest], None]:
    """Acknowledge what Bolt cannot even read, so that Slack does not send it again."""

    def handle(client: Any, request: SocketModeRequest) -> None:
        try:
            handler.handle(client, request)
        except Exception:
            log.exception("payload_unreadable", type=request.type)
            client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))

    return handle
