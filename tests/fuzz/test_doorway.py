"""The door before Bolt: what Slack really sends passes, the rest gets an answer of its kind."""

from __future__ import annotations

import copy
import itertools
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from slack_bolt import App, BoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from structlog.testing import capture_logs

from handlers import acknowledgement, control, doorway
from handlers.delivery import Delivery
from handlers.payload import Malformed
from handlers.wiring import listening
from tests.attacks import Cases
from tests.fuzz import valid
from tests.fuzz.site import AtOnce, Site
from tests.handlers import payloads
from tests.handlers.engine import FakeClock, FakeEngine, FakeOwners, services
from tests.handlers.payloads import Payload
from tests.handlers.runs import ADMIN, OTHER_ADMIN, START, tell
from workflows.prompts import Ask

HOW = "broken, forged, stale and replayed payloads through Bolt and its listeners"
CLICK = payloads.message_click(ADMIN, payloads.button("approve", "run-1.2", "1.1"))
VIEW = {"id": "V1", "type": "modal", "hash": "1.1", "callback_id": "cancel", "private_metadata": ""}
SUBMISSION = payloads.submission(ADMIN, VIEW, {})
COMMAND = payloads.command(ADMIN, "help", "1.1")
SUGGESTION = payloads.suggestion(ADMIN, VIEW, "pick_target", "b", "x")


@pytest.fixture
def site(tmp_path: Path) -> Any:
    made = Site(tmp_path, tell(Ask.APPROVE_PLAN))
    yield made
    made.close()


def test_what_slack_sends_passes() -> None:
    samples = list(valid.samples())
    for body in (CLICK, SUBMISSION, COMMAND, SUGGESTION, *samples):
        doorway.check(body)


def deep(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [value]
    return value


WRONG: dict[str, Payload] = {
    "no user object": {**CLICK, "user": 5},
    "no list of actions": {**CLICK, "actions": {"action_id": "x"}},
    "no action": {**CLICK, "actions": []},
    "two actions": {**CLICK, "actions": CLICK["actions"] * 2},
    "an action without an id": {**CLICK, "actions": [{"value": "run-1.2"}]},
    "a click that is a command too": {**CLICK, "command": "/uninstall-salesforce"},
    "of no kind": {},
    "of an unknown kind": {**CLICK, "type": "interactive_message"},
    "another token": {**CLICK, "function_execution_id": "Fx", "bot_access_token": "xoxb-evil"},
    "nested": {**CLICK, "message": {"blocks": deep(200)}},
    "halves of characters": {**CLICK, "message": {"text": "\ud800"}},
    "endless": {**CLICK, "message": {"blocks": [0] * 200_000}},
    "an enterprise that is a number": {**CLICK, "enterprise": 7},
    "authorizations": {**CLICK, "authorizations": [{"enterprise": 7}]},
    "response_urls": {**CLICK, "response_urls": ["x"]},
    "an event without a type": {"type": "event_callback", "event": {}},
}


@pytest.mark.attack("7", HOW)
@pytest.mark.parametrize("name", WRONG)
def test_what_bolt_cannot_read_is_refused_and_acknowledged(
    name: str, site: Site, cases: Cases
) -> None:
    before = site.rows
    with pytest.raises(Malformed):
        doorway.check(WRONG[name])
    with capture_logs() as logs:
        answers = site.deliver(copy.deepcopy(WRONG[name]))
    assert len(answers.acks) == 1
    assert [line["event"] for line in logs] == ["payload_refused"]
    assert site.rows == before
    cases.add()


@pytest.mark.attack("7", HOW)
def test_a_refusal_is_said_where_it_can_be(site: Site, cases: Cases) -> None:
    halves = {"text": "\ud800"}
    (said,) = site.deliver({**COMMAND, **halves}).acks
    assert said is not None
    assert said["response_type"] == "ephemeral"
    assert "Nothing was changed" in said["text"]
    (said,) = site.deliver({**SUBMISSION, **halves}).acks
    assert said is not None
    assert said["response_action"] == "update"
    (said,) = site.deliver({**SUGGESTION, **halves}).acks
    assert said == {"options": []}
    cases.add(3)


@pytest.mark.attack("access", "a person, view or trigger that is somebody else's")
def test_nobody_is_looked_for_in_another_place(site: Site, cases: Cases) -> None:
    stranger = payloads.message_click("U0ZOE", payloads.button("open_cancel", "run-1.2", "1.1"))
    forged = {**stranger, "user_id": ADMIN, "event": {"type": "x", "user": ADMIN}}
    answers = site.deliver(forged)
    assert answers.calls == []
    assert "administrators" in str(answers.said)
    cases.add()


@pytest.mark.attack("access", "a person, view or trigger that is somebody else's")
def test_a_forged_view_id_takes_nobodys_submission_away(site: Site, cases: Cases) -> None:
    ref = f'{{"ref": "run-1.{site.run.prompt_version}", "page": 0, "turn": 0}}'
    view = {**VIEW, "private_metadata": ref}
    refused = payloads.submission(OTHER_ADMIN, view, {"reason": payloads.text("x" * 5_000)})
    site.deliver(refused)
    taken = payloads.submission(
        OTHER_ADMIN, {**view, "callback_id": "hand_over"}, {"to": payloads.user(OTHER_ADMIN)}
    )
    site.deliver(taken)
    assert site.run.responsible == OTHER_ADMIN
    # The same view id and hash, by somebody else: it is a submission of its own.
    site.deliver(
        payloads.submission(
            ADMIN, {**view, "callback_id": "hand_over"}, {"to": payloads.user(ADMIN)}
        )
    )
    assert site.run.responsible == ADMIN
    cases.add(2)


def test_what_is_slow_is_not_given_to_the_next_listener(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bolt asks the next one that fits when nobody has acknowledged in time."""
    monkeypatch.setattr(acknowledgement, "ACK_SECONDS", 0.01)
    taken: list[str] = []
    app = App(
        name="slow",
        client=WebClient(base_url="http://127.0.0.1:9/api/"),
        authorize=lambda: AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="x"),
        listener_executor=AtOnce(),
    )
    acknowledgement.register(app, lambda _: None)
    given = services(FakeEngine(FakeClock(START)), FakeClock(START), FakeOwners())

    def slow(_delivery: Delivery) -> None:
        taken.append("slow")

    app.action("approve")(listening(given, slow))
    control.register_unknown(app, given)
    # Bolt waits three seconds for each listener; its clock runs ahead instead.
    seconds = itertools.count(step=2)
    clock = SimpleNamespace(time=lambda: float(next(seconds)), sleep=time.sleep)
    monkeypatch.setattr("slack_bolt.listener.thread_runner.time", clock)
    with capture_logs() as logs:
        app.dispatch(BoltRequest(body=copy.deepcopy(CLICK), mode="socket_mode"))
    assert taken == ["slow"]
    assert logs == []
