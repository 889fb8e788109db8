"""Socket Mode with a connection that notices at once when it is closed.

The SDK's client runs its socket with a 10-second poll: after a ``disconnect`` frame, or when it is
told to close, it can sit in that poll for the whole 10 seconds. ``websocket-client`` polls as often as
its ping time-out says, so a short one makes it notice within three seconds.
"""

from __future__ import annotations

from slack_bolt import App
from slack_bolt.adapter.socket_mode.websocket_client import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.socket_mode.websocket_client import SocketModeClient

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
    handler.client.socket_mode_request_listeners.append(handler.handle)  # type: ignore[arg-type]
    return handler
