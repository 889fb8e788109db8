"""Socket Mode: delivery, acknowledgement, retries, broken and replaced sockets."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import websocket
from slack_bolt import App

from tests.sandbox.slack_harness import (
    ADA,
    MAIN,
    Harness,
    actions,
    button,
    harness,
    wait_until,
)


@pytest.fixture
def slack() -> Iterator[Harness]:
    with harness() as running:
        yield running


class Listening:
    """A Bolt app that counts."""

    def __init__(self, slack: Harness) -> None:
        self.app: App = slack.app()
        self.commands: list[dict[str, Any]] = []
        self.homes: list[dict[str, Any]] = []
        self.app.command("/uninstall-salesforce")(self._command)
        self.app.event("app_home_opened")(self._home)

    def _command(self, ack: Any, body: dict[str, Any]) -> None:
        self.commands.append(body)
        ack()

    def _home(self, event: dict[str, Any]) -> None:
        self.homes.append(event)


def raw_socket(slack: Harness) -> websocket.WebSocket:
    url = slack.client(slack.world.scenario.workspace.app_token).apps_connections_open(
        app_token=slack.world.scenario.workspace.app_token
    )["url"]
    found = websocket.create_connection(url, timeout=10)
    assert json.loads(found.recv())["type"] == "hello"
    return found


def test_no_socket(slack: Harness) -> None:
    answer = slack.command()
    assert not answer["acknowledged"]
    assert answer["error"] == "dispatch_failed"
    assert slack.get("state")["bot"]["connected"] is False


def test_a_ticket_is_good_once(slack: Harness) -> None:
    token = slack.world.scenario.workspace.app_token
    url = slack.client(token).apps_connections_open(app_token=token)["url"]
    first = websocket.create_connection(url, timeout=5)
    with pytest.raises(websocket.WebSocketException):
        websocket.create_connection(url, timeout=5)
    first.close()


def test_command(slack: Harness) -> None:
    listening = Listening(slack)
    with slack.connected(listening.app):
        answer = slack.command("/uninstall-salesforce  plan now ")
        assert answer["acknowledged"]
        assert 0 < answer["milliseconds"] < 1000
        body = listening.commands[0]
        assert body["text"] == "plan now"
        assert body["channel_name"] == "crm-sunset"
        assert body["user_id"] == ADA
        assert slack.command("/other")["error"] == "unknown_command"
        log = slack.get("log", service="slack")["log"]
        assert any(one["request"] == "envelope:slash_commands" for one in log)


def test_unacknowledged(slack: Harness) -> None:
    app = slack.app()
    app.command("/uninstall-salesforce")(lambda: time.sleep(3.2))
    with slack.connected(app):
        started = time.monotonic()
        answer = slack.command()
        assert 2.9 < time.monotonic() - started < 3.6
        assert answer["error"] == "operation_timeout"
        assert answer["acknowledged"] is False


def test_several_sockets_share(slack: Harness) -> None:
    sockets = [raw_socket(slack), raw_socket(slack)]
    with ThreadPoolExecutor(2) as people:
        calls = [people.submit(slack.command) for _ in range(2)]
        for sock in sockets:
            envelope = json.loads(sock.recv())
            sock.send(json.dumps({"envelope_id": envelope["envelope_id"]}))
        assert all(call.result()["acknowledged"] for call in calls)
    for sock in sockets:
        sock.close()


def test_duplicate_and_late_delivery(slack: Harness) -> None:
    listening = Listening(slack)
    with slack.connected(listening.app):
        slack.fault("^envelope:slash_commands$", "duplicate_delivery")
        assert slack.command()["acknowledged"]
        wait_until(lambda: len(listening.commands) == 2)
        trigger_ids = {body["trigger_id"] for body in listening.commands}
        assert len(trigger_ids) == 1
        slack.fault("^envelope:slash_commands$", "late_delivery", delay=3.3)
        assert slack.command()["error"] == "operation_timeout"
        assert len(listening.commands) == 2
        wait_until(lambda: len(listening.commands) == 3)


def test_dropped_socket(slack: Harness) -> None:
    listening = Listening(slack)
    with slack.connected(listening.app):
        slack.fault("^envelope:slash_commands$", "drop_socket")
        answer = slack.command()
        assert answer["acknowledged"]
        assert len(listening.commands) == 1
        assert slack.command()["acknowledged"]


def test_sent_again_when_the_socket_breaks_unacknowledged(slack: Harness) -> None:
    first = raw_socket(slack)
    listening = Listening(slack)
    with ThreadPoolExecutor(1) as people:
        call = people.submit(slack.command)
        assert json.loads(first.recv())["type"] == "slash_commands"
        with slack.connected(listening.app):
            first.close()
            assert call.result()["acknowledged"]
    assert len(listening.commands) == 1


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
def test_disconnect_and_reconnect(slack: Harness, reason: str) -> None:
    listening = Listening(slack)
    with slack.connected(listening.app):
        answer = slack.post("slack/disconnect", reason=reason, close_after=0.5)
        assert answer["sockets"] == 1
        wait_until(lambda: slack.slack.sockets.connected == 0)
        # The client's reader may sleep for 10 seconds on the socket that it closed itself.
        wait_until(lambda: slack.slack.sockets.connected == 1, 15)
        assert slack.command()["acknowledged"]


def test_a_command_waits_for_the_socket_that_was_asked_to_come_back(slack: Harness) -> None:
    first = raw_socket(slack)
    slack.post("slack/disconnect", reason="warning", close_after=0.0)
    frame = json.loads(first.recv())
    assert (frame["type"], frame["reason"]) == ("disconnect", "warning")
    wait_until(lambda: slack.slack.sockets.connected == 0)
    with ThreadPoolExecutor(1) as people:
        call = people.submit(slack.command)
        time.sleep(0.2)
        second = raw_socket(slack)
        envelope = json.loads(second.recv())
        second.send(json.dumps({"envelope_id": envelope["envelope_id"]}))
        assert call.result()["acknowledged"]
    first.close()
    second.close()


def test_events_come_again(slack: Harness) -> None:
    slack.slack.sockets.retry_seconds = (0.0, 0.3)
    sock = raw_socket(slack)
    assert slack.get(f"people/{ADA}/home")["view"] is None
    first = json.loads(sock.recv())
    assert first["type"] == "events_api"
    assert first["payload"]["event"]["type"] == "app_home_opened"
    assert "retry_attempt" not in first
    second = json.loads(sock.recv())
    assert (second["retry_attempt"], second["retry_reason"]) == (1, "timeout")
    assert second["payload"] == first["payload"]
    third = json.loads(sock.recv())
    assert third["retry_attempt"] == 2
    sock.send(json.dumps({"envelope_id": third["envelope_id"]}))
    sock.close()


def test_an_opened_home_is_told_once(slack: Harness) -> None:
    listening = Listening(slack)
    with slack.connected(listening.app):
        slack.get(f"people/{ADA}/home")
        wait_until(lambda: len(listening.homes) == 1)
        assert listening.homes[0]["tab"] == "home"
        slack.get(f"people/{ADA}/home")
        time.sleep(0.2)
        assert len(listening.homes) == 1


def test_a_burst(slack: Harness) -> None:
    app = slack.app()
    app.action("go")(lambda ack: ack())
    with slack.connected(app), ThreadPoolExecutor(25) as people:
        blocks = [actions(button())]
        ts = slack.client().chat_postMessage(channel=MAIN, text="x", blocks=blocks)["ts"]
        answers = list(people.map(lambda _: slack.click(ts, "go"), range(200)))
        assert all(answer["acknowledged"] for answer in answers)
