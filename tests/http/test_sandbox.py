"""The sandbox's Slack speaks HTTP as Slack does: a challenge first, then signed requests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from slack_bolt import App

from bot.http_intake import Signatures
from bot.http_mode import HttpMode
from tests.http.door import authorize
from tests.sandbox.slack_harness import Harness, scenario


@pytest.fixture
def harness() -> Iterator[Harness]:
    made = Harness(scenario())
    yield made
    made.stop()


class Listening:
    """An app behind HTTP mode that counts its commands."""

    def __init__(self, harness: Harness) -> None:
        workspace = harness.world.scenario.workspace
        self.heard: list[str] = []
        self._lock = threading.Lock()
        self.mode = HttpMode("127.0.0.1", 0, Signatures(workspace.signing_secret), list)
        app = App(name="x", authorize=authorize)
        app.command("/uninstall-salesforce")(self._command)
        self.mode.open()
        self.mode.take(app, "en")
        self.url = f"http://127.0.0.1:{self.mode.port}/slack/events"

    def _command(self, ack: Any, body: dict[str, Any]) -> None:
        with self._lock:
            self.heard.append(body["text"])
        ack("heard")


def test_everything_goes_to_the_request_url(harness: Harness) -> None:
    app = Listening(harness)
    try:
        assert harness.post("slack/request-url", url=app.url)["url"] == app.url
        assert harness.get("state")["bot"]["connected"] is True
        answer = harness.command("/uninstall-salesforce one & two=ł")
        assert (answer["acknowledged"], answer["response"]) == (True, {"text": "heard"})
        assert app.heard == ["one & two=ł"]
        harness.post("faults", service="slack", match="envelope:", kind="duplicate_delivery")
        assert harness.command("/uninstall-salesforce twice")["acknowledged"] is True
        assert app.heard[1:] == ["twice", "twice"]
    finally:
        app.mode.close()
    answer = harness.command()
    assert (answer["acknowledged"], answer["error"]) == (False, "dispatch_failed")
    assert harness.post("slack/request-url", url=None) == {"ok": True, "url": None}
    assert harness.get("state")["bot"]["connected"] is False


def test_an_address_that_does_not_answer_the_challenge_is_refused(harness: Harness) -> None:
    app = Listening(harness)
    try:
        for url in (app.url.replace("/events", "/other"), f"{harness.url}/", "http://127.0.0.1:9/"):
            assert harness.post("slack/request-url", url=url)["error"] == "url_not_verified"
        assert harness.get("state")["bot"]["connected"] is False
    finally:
        app.mode.close()
