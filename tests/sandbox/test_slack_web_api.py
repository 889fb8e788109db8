"""The Slack server's Web API, through slack_sdk's WebClient."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from slack_sdk.errors import SlackApiError

from sandbox.slack.api import METHODS
from sandbox.slack.limits import PER_MINUTE, POST_BURST
from sandbox.slack.scopes import METHOD_SCOPES
from tests.sandbox.slack_harness import (
    ADA,
    BEN,
    CYD,
    GENERAL,
    MAIN,
    Harness,
    actions,
    button,
    harness,
    section,
)


@pytest.fixture(scope="module")
def shared() -> Iterator[Harness]:
    with harness() as running:
        yield running


@pytest.fixture
def slack(shared: Harness) -> Harness:
    shared.world.clear_faults()
    shared.slack.limits = type(shared.slack.limits)()
    return shared


def refusal(call: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
    with pytest.raises(SlackApiError) as caught:
        call(*args, **kwargs)
    body: dict[str, Any] = caught.value.response.data
    return body


def test_every_method_has_scopes_and_a_limit() -> None:
    assert set(METHODS) == set(METHOD_SCOPES) == set(PER_MINUTE)


def test_auth(slack: Harness) -> None:
    found = slack.client().auth_test()
    assert found["bot_id"]
    assert found["user_id"]
    assert "chat:write" in found.headers["x-oauth-scopes"]
    assert refusal(slack.client("xoxb-wrong").auth_test)["error"] == "invalid_auth"
    assert refusal(slack.client("").auth_test)["error"] == "not_authed"
    app_token = slack.world.scenario.workspace.app_token
    assert refusal(slack.client(app_token).auth_test)["error"] == "not_allowed_token_type"
    assert refusal(slack.client().api_call, "chat.fly")["error"] == "unknown_method"


def test_token_in_the_body(slack: Harness) -> None:
    token = slack.world.scenario.workspace.bot_token
    answer = requests.post(f"{slack.url}/api/auth.test", data={"token": token}, timeout=5)
    assert answer.json()["ok"]


def test_missing_scopes() -> None:
    with harness(workspace={"scopes_missing": ["users:read.email", "im:write"]}) as slack:
        refused = refusal(slack.client().conversations_open, users=ADA)
        assert refused["error"] == "missing_scope"
        assert "im:write" in refused["needed"]
        assert "chat:write" in refused["provided"]
        assert "email" not in slack.client().users_info(user=ADA)["user"]["profile"]


def test_answers_tell_the_scopes_of_their_token(slack: Harness) -> None:
    told = slack.client().auth_test().headers
    assert "chat:write" in told["x-oauth-scopes"].split(",")
    app_token = slack.world.scenario.workspace.app_token
    opened = slack.client().apps_connections_open(app_token=app_token)
    assert opened.headers["x-oauth-scopes"] == "connections:write"


def test_scopes_are_taken_away_and_given_back() -> None:
    with harness() as slack:
        assert "im:write" not in slack.post("slack/scopes", missing=["im:write"])["scopes"]
        assert refusal(slack.client().conversations_open, users=ADA)["error"] == "missing_scope"
        slack.post("slack/scopes", missing=[])
        assert slack.client().conversations_open(users=ADA)["ok"]
        assert slack.post("slack/scopes", missing=["moon:walk"])["error"] == "invalid_request"


def test_the_bot_leaves_a_channel_and_comes_back() -> None:
    with harness() as slack:
        client = slack.client()
        slack.post(f"channels/{MAIN}/membership", member=False)
        assert refusal(client.conversations_history, channel=MAIN)["error"] == "not_in_channel"
        assert slack.post(f"channels/{MAIN}/membership", member=True)["member"]
        assert client.conversations_history(channel=MAIN)["ok"]
        assert slack.post(f"channels/{MAIN}/membership", member="no")["error"] == "invalid_request"


def test_a_deactivated_person_is_known_and_in_no_group() -> None:
    with harness() as slack:
        client = slack.client()
        assert client.users_info(user=BEN)["user"]["deleted"] is False
        assert slack.post(f"people/{BEN}/kind", kind="deactivated")["user"] == BEN
        assert client.users_info(user=BEN)["user"]["deleted"] is True
        assert client.usergroups_users_list(usergroup="S0APPROVE1")["users"] == [CYD]


def test_post_update_history(slack: Harness) -> None:
    client = slack.client()
    metadata = {"event_type": "step", "event_payload": {"key": "k1"}}
    posted = client.chat_postMessage(
        channel=MAIN, text="root", blocks=[section("root")], metadata=metadata
    )
    ts = posted["ts"]
    assert posted["channel"] == MAIN
    assert posted["message"]["blocks"][0]["block_id"]
    replies = [
        client.chat_postMessage(channel=MAIN, text=f"r{i}", thread_ts=ts)["ts"] for i in range(3)
    ]
    assert len({ts, *replies}) == 4

    found = client.conversations_history(
        channel=MAIN, oldest=ts, inclusive=True, include_all_metadata=True
    )["messages"]
    assert [message["ts"] for message in found] == [ts]
    assert found[0]["metadata"] == metadata
    assert found[0]["reply_count"] == 3
    plain = client.conversations_history(channel=MAIN, oldest=ts, inclusive=True)["messages"]
    assert "metadata" not in plain[0]

    pages = client.conversations_replies(channel=MAIN, ts=ts, limit=3)
    assert [m["ts"] for page in pages for m in page["messages"]] == [ts, *replies]

    updated = client.chat_update(channel=MAIN, ts=ts, text="only text")
    assert updated["text"] == "only text"
    assert "blocks" not in updated["message"]
    assert updated["message"]["edited"]
    link = client.chat_getPermalink(channel=MAIN, message_ts=ts)["permalink"]
    opened = requests.get(link, allow_redirects=False, timeout=5)
    assert opened.headers["location"] == f"/#/c/{MAIN}/t/{ts}"
    client.chat_delete(channel=MAIN, ts=ts)
    assert ts not in [message["ts"] for message in slack.messages()]


def test_refused_messages(slack: Harness) -> None:
    client = slack.client()
    post = client.chat_postMessage
    assert refusal(post, channel="C0NOWHERE", text="x")["error"] == "channel_not_found"
    assert refusal(post, channel=GENERAL, text="x")["error"] == "not_in_channel"
    assert refusal(post, channel=MAIN, text="")["error"] == "no_text"
    assert refusal(post, channel=MAIN, text="x" * 40_001)["error"] == "msg_too_long"
    assert refusal(post, channel=MAIN, text="x", thread_ts="1.2")["error"] == "thread_not_found"
    update = client.chat_update
    assert refusal(update, channel=MAIN, ts="1.2", text="x")["error"] == "message_not_found"
    by_ada = slack.post("message", user=ADA, channel=MAIN, text="mine")["message"]["ts"]
    assert refusal(update, channel=MAIN, ts=by_ada, text="x")["error"] == "cant_update_message"
    refused = refusal(post, channel=MAIN, text="x", blocks=[section("y" * 3001)])
    assert refused["error"] == "invalid_blocks"
    assert refused["response_metadata"]["messages"] == [
        "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
    ]


def test_direct_messages_and_ephemerals(slack: Harness) -> None:
    client = slack.client()
    channel = client.conversations_open(users=BEN)["channel"]["id"]
    assert channel.startswith("D")
    client.chat_postMessage(channel=channel, text="to you")
    assert slack.messages(BEN, BEN)[-1]["text"] == "to you"
    assert slack.get(f"channels/{BEN}/messages", viewer=ADA)["error"] == "channel_not_found"

    client.chat_postEphemeral(channel=MAIN, user=BEN, text="psst")
    mine = [m for m in slack.messages(BEN) if m["text"] == "psst"]
    assert mine[0]["ephemeral"]
    assert not [m for m in slack.messages(ADA) if m["text"] == "psst"]
    assert not [
        m for m in client.conversations_history(channel=MAIN)["messages"] if m["text"] == "psst"
    ]
    ts = mine[0]["ts"]
    refused = refusal(client.chat_update, channel=MAIN, ts=ts, text="x")
    assert refused["error"] == "message_not_found"


def test_people(slack: Harness) -> None:
    client = slack.client()
    person = client.users_info(user=CYD, include_locale=True)["user"]
    assert person["locale"] == "pl-PL"
    assert person["profile"]["email"] == "cyd@example.com"
    assert refusal(client.users_info, user="U0NOBODY")["error"] == "user_not_found"
    listed = [one["id"] for page in client.users_list(limit=2) for one in page["members"]]
    assert {ADA, BEN, CYD} < set(listed)
    assert client.usergroups_users_list(usergroup="S0APPROVE1")["users"] == [BEN, CYD]
    assert refusal(client.conversations_info, channel=MAIN)["error"] == "missing_scope"


def test_a_flood_is_limited(slack: Harness) -> None:
    client = slack.client()
    for number in range(POST_BURST):
        client.chat_postMessage(channel=MAIN, text=f"m{number}")
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=MAIN, text="one too many")
    assert caught.value.response.status_code == 429
    assert caught.value.response["error"] == "ratelimited"
    assert int(caught.value.response.headers["Retry-After"]) >= 1
    time.sleep(int(caught.value.response.headers["Retry-After"]))
    client.chat_postMessage(channel=MAIN, text="again")


def test_faults(slack: Harness) -> None:
    client = slack.client()
    slack.fault("^auth.test$", "429", delay=7)
    with pytest.raises(SlackApiError) as caught:
        client.auth_test()
    assert caught.value.response.headers["Retry-After"] == "7"
    slack.fault("^auth.test$", "500")
    with pytest.raises(SlackApiError):
        client.auth_test()
    slack.fault("^auth.test$", "unauthorized")
    assert refusal(client.auth_test)["error"] == "invalid_auth"
    before = len(slack.messages())
    slack.fault("^chat.postMessage$", "lost_reply")
    answer = requests.Session()
    with pytest.raises(requests.ConnectionError):
        answer.post(
            f"{slack.url}/api/chat.postMessage",
            json={"channel": MAIN, "text": "lost"},
            headers={"Authorization": f"Bearer {slack.world.scenario.workspace.bot_token}"},
            timeout=5,
        )
    assert len(slack.messages()) == before + 1
    slack.fault("^auth.test$", "timeout", delay=0.2)
    with pytest.raises(requests.ConnectionError):
        answer.post(f"{slack.url}/api/auth.test", timeout=5)
    assert slack.get("log", service="slack", limit=1)["log"][0]["fault"] == "timeout"


def test_files(slack: Harness) -> None:
    # The bot uploads nothing and asks for no such scope; another app might.
    slack.slack.scopes |= {"files:write"}
    client = slack.client()
    root = client.chat_postMessage(channel=MAIN, text="root")["ts"]
    done = client.files_upload_v2(
        channel=MAIN, thread_ts=root, content="a,b\n", filename="plan.csv", initial_comment="See"
    )
    assert done["file"]["name"] == "plan.csv"
    thread = slack.get(f"channels/{MAIN}/threads/{root}", viewer=ADA)["messages"]
    assert thread[1]["text"] == "See"
    shown = thread[1]["files"][0]
    assert requests.get(slack.url + shown["url"], timeout=5).text == "a,b\n"
    assert requests.get(done["file"]["url_private"], timeout=5).status_code == 403


def test_scheduled_messages(slack: Harness) -> None:
    client = slack.client()
    now = int(slack.world.clock.timestamp())
    plan = client.chat_scheduleMessage
    assert refusal(plan, channel=MAIN, post_at=now - 5, text="x")["error"] == "time_in_past"
    far = now + 121 * 24 * 3600
    assert refusal(plan, channel=MAIN, post_at=far, text="x")["error"] == "time_too_far"
    kept = plan(channel=MAIN, post_at=now + 3600, text="remember", blocks=[section("remember")])
    gone = plan(channel=MAIN, post_at=now + 3601, text="forget")
    soon = plan(channel=MAIN, post_at=now + 30, text="locked")
    metadata = {"event_type": "e", "event_payload": {}}
    plan(channel=MAIN, post_at=now + 3602, text="never posted", metadata=metadata)
    listed = client.chat_scheduledMessages_list(channel=MAIN)["scheduled_messages"]
    assert [one["text"] for one in listed] == ["locked", "remember", "forget", "never posted"]

    forget = client.chat_deleteScheduledMessage
    forget(channel=MAIN, scheduled_message_id=gone["scheduled_message_id"])
    locked = soon["scheduled_message_id"]
    refused = refusal(forget, channel=MAIN, scheduled_message_id=locked)
    assert refused["error"] == "invalid_scheduled_message_id"

    moved = slack.post("clock", advance=4000, stops=False)
    assert moved["offset"] >= 3999
    posted = {m["text"]: m for m in slack.messages() if m["scheduled"]}
    assert set(posted) == {"locked", "remember"}
    assert float(posted["remember"]["ts"]) == pytest.approx(kept["post_at"], abs=1)
    assert slack.get("scheduled")["scheduled"] == []


def test_thirty_in_five_minutes(slack: Harness) -> None:
    client = slack.client()
    at = int(slack.world.clock.timestamp()) + 86_400
    for number in range(30):
        client.chat_scheduleMessage(channel=MAIN, post_at=at + number, text="x")
    refused = refusal(client.chat_scheduleMessage, channel=MAIN, post_at=at + 60, text="x")
    assert refused["error"] == "restricted_too_many"
    client.chat_scheduleMessage(channel=MAIN, post_at=at + 400, text="x")


def test_home(slack: Harness) -> None:
    client = slack.client()
    home = {"type": "home", "blocks": [section("Welcome"), actions(button())]}
    view = client.views_publish(user_id=BEN, view=home)["view"]
    assert slack.get(f"people/{BEN}/home")["view"]["id"] == view["id"]
    assert slack.get(f"people/{ADA}/home")["view"] is None
    newer = client.views_publish(user_id=BEN, view=home, hash=view["hash"])["view"]
    assert newer["id"] == view["id"]
    refused = refusal(client.views_publish, user_id=BEN, view=home, hash=view["hash"])
    assert refused["error"] == "hash_conflict"
    refused = refusal(client.views_publish, user_id=BEN, view={"type": "modal", "blocks": []})
    assert refused["error"] == "invalid_arguments"
