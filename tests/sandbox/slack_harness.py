"""A Slack server alone, in a thread, with a Bolt app and a person for the tests of this folder."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import requests
import uvicorn
from slack_bolt import App
from slack_bolt.adapter.socket_mode.websocket_client import SocketModeHandler
from slack_sdk import WebClient

from sandbox.connection import DroppableProtocol
from sandbox.scenario import Fault, Scenario
from sandbox.slack.server import create_app
from sandbox.slack.service import Slack
from sandbox.world import World

ADA, BEN, CYD = "U0ADA00001", "U0BEN00001", "U0CYD00001"
MAIN, AUDIT, GENERAL = "C0SUNSET01", "C0AUDIT001", "C0GENERAL1"
JSON = dict[str, Any]


def scenario(**changes: Any) -> Scenario:
    people = [
        {"id": ADA, "name": "Ada Marek", "email": "ada@example.com", "role": "administrator"},
        {"id": BEN, "name": "Ben Roth", "email": "ben@example.com", "role": "approver"},
        {
            "id": CYD,
            "name": "Cyd Wrona",
            "email": "cyd@example.com",
            "role": "approver",
            "locale": "pl-PL",
        },
    ]
    return Scenario.model_validate({"name": "test", "title": "Test", "people": people, **changes})


class Harness:
    """The server's thread, and the JSON API as a person uses it."""

    def __init__(self, given: Scenario) -> None:
        self.world = World(given)
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.slack = Slack(self.world, self.url)
        config = uvicorn.Config(
            create_app(self.slack),
            http=DroppableProtocol,
            log_level="critical",
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._server.serve([listener])), daemon=True
        )
        self._thread.start()
        wait_until(lambda: self._server.started)
        self.http = requests.Session()

    def stop(self) -> None:
        self.slack.stop()
        self._server.should_exit = True
        self._thread.join(10)

    # As the app

    def client(self, token: str | None = None) -> WebClient:
        token = self.world.scenario.workspace.bot_token if token is None else token
        return WebClient(token=token, base_url=f"{self.url}/api/", timeout=10)

    @contextmanager
    def connected(self, app: App) -> Iterator[SocketModeHandler]:
        token = self.world.scenario.workspace.app_token
        handler = SocketModeHandler(app, token, web_client=self.client(token))
        before = self.slack.sockets.connected
        handler.client.connect()
        wait_until(lambda: self.slack.sockets.connected > before)
        try:
            yield handler
        finally:
            hang_up(handler)
            wait_until(lambda: self.slack.sockets.connected <= before)

    def app(self) -> App:
        return App(client=self.client(), token_verification_enabled=False)

    # As a person

    def get(self, path: str, **params: Any) -> JSON:
        found: JSON = self.http.get(f"{self.url}/sandbox/{path}", params=params, timeout=10).json()
        return found

    def post(self, path: str, **body: Any) -> JSON:
        found: JSON = self.http.post(f"{self.url}/sandbox/{path}", json=body, timeout=60).json()
        return found

    def command(self, text: str = "/uninstall-salesforce", user: str = ADA) -> JSON:
        return self.post("command", user=user, channel=MAIN, text=text)

    def click(self, ts: str, action_id: str, user: str = ADA, **more: Any) -> JSON:
        container = {"type": "message", "channel": MAIN, "ts": ts}
        return self.post("act", user=user, container=container, action_id=action_id, **more)

    def use(self, view_id: str, action_id: str, user: str = ADA, **more: Any) -> JSON:
        container = {"type": "view", "view_id": view_id}
        return self.post("act", user=user, container=container, action_id=action_id, **more)

    def messages(self, viewer: str = ADA, channel: str = MAIN) -> list[JSON]:
        found: list[JSON] = self.get(f"channels/{channel}/messages", viewer=viewer)["messages"]
        return found

    def views(self, user: str = ADA) -> list[JSON]:
        found: list[JSON] = self.get(f"people/{user}/views")["views"]
        return found

    def fault(self, match: str, kind: str, **more: Any) -> None:
        given = {"service": "slack", "match": match, "kind": kind, **more}
        self.world.add_fault(Fault.model_validate(given))


@contextmanager
def harness(**changes: Any) -> Iterator[Harness]:
    running = Harness(scenario(**changes))
    try:
        yield running
    finally:
        running.stop()


def hang_up(handler: SocketModeHandler) -> None:
    """Close the handler. Its reader has to end first, or it can sleep on for 10 seconds."""
    client = handler.client
    client.auto_reconnect_enabled = False
    client.current_session_runner.event.set()
    session = client.current_session
    if session is not None and session.sock is not None and session.sock.sock is not None:
        session.keep_running = False
        with suppress(OSError):
            session.sock.sock.shutdown(socket.SHUT_RDWR)
        client.current_session_runner.thread.join(2)
    client.close()


def wait_until(true: Callable[[], Any], seconds: float = 8.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


# Block Kit, shortly


def plain(text: str) -> JSON:
    return {"type": "plain_text", "text": text}


def section(text: str, **more: Any) -> JSON:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def button(action_id: str = "go", **more: Any) -> JSON:
    return {"type": "button", "action_id": action_id, "text": plain("Go"), "value": "7", **more}


def actions(*elements: JSON, block_id: str = "buttons") -> JSON:
    return {"type": "actions", "block_id": block_id, "elements": list(elements)}


def typed(block_id: str, **more: Any) -> JSON:
    element = {"type": "plain_text_input", "action_id": "typed"}
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain("Phrase"),
        "element": element,
        **more,
    }


def modal(*blocks: JSON, **more: Any) -> JSON:
    return {
        "type": "modal",
        "callback_id": "step",
        "title": plain("A step"),
        "submit": plain("Send"),
        "blocks": list(blocks),
        **more,
    }
