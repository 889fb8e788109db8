"""The same listeners, registered with Bolt itself: names of arguments, matching, error handler."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from slack_bolt import App, BoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient

from handlers.actions import Act
from handlers.register import register
from tests.handlers import payloads
from tests.handlers.engine import FakeClock, FakeEngine, FakeOwners, services
from tests.handlers.payloads import Payload
from tests.handlers.runs import ADMIN, APPROVERS, START, tell
from workflows.prompts import Ask
from workflows.rules.approval import shown


@pytest.fixture
def engine() -> FakeEngine:
    engine = FakeEngine(FakeClock(START))
    engine.adopt(tell(Ask.APPROVE_PLAN))
    return engine


@pytest.fixture
def sent() -> list[str]:
    """Collect which of Slack's methods were called."""
    return []


@pytest.fixture
def app(engine: FakeEngine, sent: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    def authorize(**_context: Any) -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None, team_id="T111", bot_user_id="U0BOT", bot_id="B111", bot_token="x"
        )

    def send(_client: WebClient, method: str, **arguments: Any) -> dict[str, Any]:
        sent.append(method)
        return {"ok": True}

    monkeypatch.setattr(WebClient, "api_call", send)
    executor = ThreadPoolExecutor(2)
    app = App(
        authorize=authorize,
        signing_secret="x",
        token_verification_enabled=False,
        request_verification_enabled=False,
        listener_executor=executor,
    )
    register(app, services(engine, FakeClock(START), FakeOwners()))
    yield app
    # A listener that is still at work must not find the real Web API.
    executor.shutdown()


def dispatch(app: App, body: Payload) -> tuple[int, str]:
    response = app.dispatch(BoltRequest(body=body, mode="socket_mode"))
    return response.status, str(response.body or "")


def test_a_click_reaches_its_listener(app: App, engine: FakeEngine) -> None:
    action = payloads.button(Act.APPROVE.value, f"run-1.2.{shown(engine.one)}", "1.1")
    assert dispatch(app, payloads.message_click(APPROVERS[0], action)) == (200, "")
    assert engine.one.votes.keys() == {APPROVERS[0]}


def test_an_unknown_error_is_acknowledged_with_a_view(app: App, engine: FakeEngine) -> None:
    engine.broken = RuntimeError("bug")
    view = {
        "id": "V1",
        "type": "modal",
        "hash": "1.1",
        "callback_id": "decline",
        "private_metadata": '{"ref": "run-1.2", "page": 0, "turn": 0}',
        "blocks": [],
    }
    values = {"reason": payloads.text("no")}
    status, body = dispatch(app, payloads.submission(APPROVERS[0], view, values))
    assert status == 200
    assert json.loads(body)["response_action"] == "update"


def test_an_unknown_element_reaches_the_last_listener(app: App) -> None:
    view = {"id": "V1", "type": "modal", "hash": "1.1", "callback_id": "v9", "blocks": []}
    status, body = dispatch(app, payloads.submission(ADMIN, view, {}))
    assert status == 200
    assert "another version" in body


def test_the_command_and_the_home_reach_their_listeners(app: App, sent: list[str]) -> None:
    assert dispatch(app, payloads.command(ADMIN, "cancel", "1.1"))[0] == 200
    assert dispatch(app, payloads.home_opened(ADMIN))[0] == 200
    # Bolt acknowledges events before their listeners have ended.
    app.listener_runner.listener_executor.shutdown()
    assert set(sent) == {"views.open", "views.publish"}


def test_options_reach_their_listener(app: App) -> None:
    view = {"id": "V1", "type": "modal", "private_metadata": ""}
    body = payloads.suggestion(APPROVERS[0], view, Act.PICK_TARGET.value, "b", "")
    assert dispatch(app, body) == (200, '{"options": []}')
