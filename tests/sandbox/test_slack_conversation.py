"""A real Bolt app and a person: commands, buttons, modals, suggestions, response_url, the clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from slack_bolt import App
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient

from tests.sandbox.slack_harness import (
    ADA,
    BEN,
    CYD,
    JSON,
    MAIN,
    Harness,
    actions,
    button,
    harness,
    modal,
    plain,
    section,
    typed,
    wait_until,
)

OWNERS = [{"text": plain(f"Owner {n}"), "value": f"o{n}"} for n in range(3)]
PICKER: JSON = {
    "type": "input",
    "block_id": "owner",
    "label": plain("Owner"),
    "element": {"type": "external_select", "action_id": "pick", "min_query_length": 0},
}


class Bot:
    """A small app with one conversation: command, message, modal."""

    def __init__(self, slack: Harness) -> None:
        self.app: App = slack.app()
        self.bodies: list[JSON] = []
        self.closed: list[JSON] = []
        self.app.command("/uninstall-salesforce")(self.command)
        self.app.action("open")(self.open)
        self.app.action("more")(self.more)
        self.app.action("seen")(self.seen)
        self.app.options("pick")(self.suggest)
        self.app.view("step")(self.submitted)
        self.app.view_closed("step")(self.was_closed)
        self.blocks = [typed("phrase"), PICKER, actions(button("more"))]
        self.opened = modal(*self.blocks, private_metadata="run-1", notify_on_close=True)

    def command(self, ack: Any, respond: Any, say: Any, command: JSON) -> None:
        ack("Started.")
        if command.get("text") == "plan":
            respond("The plan", response_type="in_channel")
        say(text="Begin", blocks=[section("Begin"), actions(button("open"), button("seen"))])

    def open(self, ack: Any, body: JSON, client: Any) -> None:
        ack()
        self.bodies.append(body)
        client.views_open(trigger_id=body["trigger_id"], view=self.opened)

    def more(self, ack: Any, body: JSON, client: Any) -> None:
        ack()
        self.bodies.append(body)
        view = {**self.opened, "blocks": [*self.blocks, section("More")]}
        client.views_update(view_id=body["view"]["id"], hash=body["view"]["hash"], view=view)

    def seen(self, ack: Any, body: JSON, respond: Any) -> None:
        ack()
        self.bodies.append(body)
        respond("Only you see this")

    def suggest(self, ack: Any, payload: JSON) -> None:
        ack(options=[one for one in OWNERS if payload["value"] in str(one["text"])])

    def submitted(self, ack: Any, body: JSON, view: JSON) -> None:
        self.bodies.append(body)
        phrase = view["state"]["values"]["phrase"]["typed"]["value"]
        if phrase == "wrong":
            ack(response_action="errors", errors={"phrase": "Type it exactly."})
        elif phrase == "push":
            ack(response_action="push", view=modal(section("On top")))
        elif phrase == "broken":
            ack(response_action="update", view=modal(section("")))
        else:
            ack()

    def was_closed(self, ack: Any, body: JSON) -> None:
        ack()
        self.closed.append(body)


@pytest.fixture
def slack() -> Iterator[Harness]:
    with harness() as running:
        yield running


@pytest.fixture
def bot(slack: Harness) -> Iterator[Bot]:
    found = Bot(slack)
    with slack.connected(found.app):
        yield found


def begin(slack: Harness) -> str:
    """Type the command; the ts of the message with the button."""
    answer = slack.command()
    assert answer["acknowledged"]
    wait_until(lambda: any(m["text"] == "Begin" for m in slack.messages()))
    ts: str = [m["ts"] for m in slack.messages() if m["text"] == "Begin"][-1]
    return ts


def open_modal(slack: Harness) -> JSON:
    assert slack.click(begin(slack), "open")["acknowledged"]
    wait_until(slack.views)
    return slack.views()[-1]


def test_the_whole_conversation(slack: Harness, bot: Bot) -> None:
    view = open_modal(slack)
    assert [m["text"] for m in slack.messages() if m["ephemeral"]] == ["Started."]
    assert [m for m in slack.messages(BEN) if m["ephemeral"]] == []
    clicked = bot.bodies[0]
    assert clicked["container"]["is_ephemeral"] is False
    assert clicked["message"]["blocks"]
    assert clicked["actions"][0]["value"] == "7"

    nothing = slack.post(f"views/{view['id']}/submit", user=ADA, values={})
    assert nothing["sent"] is False
    assert set(nothing["errors"]) == {"phrase", "owner"}

    container = {"type": "view", "view_id": view["id"]}
    found = slack.post(
        "suggest", user=ADA, container=container, block_id="owner", action_id="pick", query="1"
    )
    assert [one["value"] for one in found["options"]] == ["o1"]

    wrong = slack.post(
        f"views/{view['id']}/submit",
        user=ADA,
        values={"phrase": {"typed": "wrong"}, "owner": {"pick": "o1"}},
    )
    assert wrong["response_action"] == "errors"
    assert wrong["errors"] == {"phrase": "Type it exactly."}
    assert len(wrong["views"]) == 1

    used = slack.use(view["id"], "more")
    assert used["acknowledged"]
    wait_until(lambda: len(slack.views()[-1]["blocks"]) == 4)
    updated = slack.views()[-1]
    assert updated["hash"] != view["hash"]
    assert updated["private_metadata"] == "run-1"
    assert updated["state"]["values"]["phrase"]["typed"]["value"] == "wrong"
    assert updated["state"]["values"]["owner"]["pick"]["selected_option"]["value"] == "o1"

    right = slack.post(
        f"views/{view['id']}/submit", user=ADA, values={"phrase": {"typed": "right"}}
    )
    assert right["response_action"] is None
    assert right["views"] == []
    assert bot.bodies[-1]["view"]["callback_id"] == "step"
    again = slack.post(f"views/{view['id']}/submit", user=ADA, values={})
    assert again["error"] == "view_not_found"


def test_options_can_only_be_picked_where_offered(slack: Harness, bot: Bot) -> None:
    view = open_modal(slack)
    values = {"phrase": {"typed": "x"}, "owner": {"pick": "o9"}}
    refused = slack.post(f"views/{view['id']}/submit", user=ADA, values=values)
    assert refused["error"] == "option_not_found"


def test_stack(slack: Harness, bot: Bot) -> None:
    view = open_modal(slack)
    container = {"type": "view", "view_id": view["id"]}
    slack.post("suggest", user=ADA, container=container, action_id="pick", query="")
    values = {"phrase": {"typed": "push"}, "owner": {"pick": "o0"}}
    pushed = slack.post(f"views/{view['id']}/submit", user=ADA, values=values)
    assert pushed["response_action"] == "push"
    bottom, top = pushed["views"]
    assert top["previous_view_id"] == bottom["id"]
    assert top["root_view_id"] == bottom["id"]
    covered = slack.post(f"views/{bottom['id']}/submit", user=ADA, values={})
    assert covered["error"] == "view_not_on_top"
    assert slack.post(f"views/{top['id']}/close", user=ADA)["views"][-1]["id"] == bottom["id"]
    closed = slack.post(f"views/{bottom['id']}/close", user=ADA)
    assert closed["views"] == []
    assert closed["acknowledged"]
    assert bot.closed[0]["view"]["id"] == bottom["id"]
    assert bot.closed[0]["is_cleared"] is False


def test_a_broken_answer_is_told(slack: Harness, bot: Bot) -> None:
    view = open_modal(slack)
    slack.post(
        "suggest",
        user=ADA,
        container={"type": "view", "view_id": view["id"]},
        action_id="pick",
        query="",
    )
    values = {"phrase": {"typed": "broken"}, "owner": {"pick": "o0"}}
    answer = slack.post(f"views/{view['id']}/submit", user=ADA, values=values)
    assert answer["error"] == "invalid_view_response"
    assert "json-pointer:/view/blocks/0/text/text" in answer["faults"][0]
    assert len(answer["views"]) == 1


def refused(call: Any, *args: Any, **kwargs: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        call(*args, **kwargs)
    code: str = caught.value.response["error"]
    return code


def test_triggers_hashes_and_limits(slack: Harness, bot: Bot) -> None:
    client = slack.client()
    view = open_modal(slack)
    trigger = bot.bodies[-1]["trigger_id"]
    small = modal(section("x"))
    assert refused(client.views_open, trigger_id=trigger, view=small) == "exchanged_trigger_id"
    assert refused(client.views_open, trigger_id="1.2.x", view=small) == "invalid_trigger_id"
    old = slack.slack.triggers.issue(ADA)
    inside = [slack.slack.triggers.issue(ADA, view["id"]) for _ in range(3)]
    update = client.views_update
    assert refused(update, view_id=view["id"], hash="1.old", view=small) == "hash_conflict"
    assert refused(update, view_id="V0NOTHING", view=small) == "not_found"
    huge = modal(*(section("x" * 2999) for _ in range(99)))
    assert refused(update, view_id=view["id"], view=huge) == "view_too_large"
    client.views_push(trigger_id=inside[0], view=small)
    client.views_push(trigger_id=inside[1], view=small)
    assert refused(client.views_push, trigger_id=inside[2], view=small) == "push_limit_reached"
    assert len(slack.views()) == 3
    time.sleep(3.1)
    assert refused(client.views_open, trigger_id=old, view=small) == "expired_trigger_id"


def test_response_url(slack: Harness, bot: Bot) -> None:
    slack.command("/uninstall-salesforce plan")
    wait_until(lambda: any(m["text"] == "The plan" for m in slack.messages(BEN)))
    ts = begin(slack)
    slack.click(ts, "seen", user=BEN)
    wait_until(lambda: any(m["text"] == "Only you see this" for m in slack.messages(BEN)))
    assert not any(m["text"] == "Only you see this" for m in slack.messages(ADA))
    hook = WebhookClient(bot.bodies[-1]["response_url"])
    assert hook.send(text="new", blocks=[section("new")], replace_original=True).status_code == 200
    changed = next(m for m in slack.messages() if m["ts"] == ts)
    assert changed["text"] == "new"
    assert hook.send(text="x", blocks=[{"type": "nothing"}]).status_code == 400
    assert hook.send(text="four").status_code == 200
    assert hook.send(delete_original=True).status_code == 200
    assert ts not in [m["ts"] for m in slack.messages()]
    assert "used_url" in hook.send(text="six").body

    second = begin(slack)
    slack.click(second, "seen")
    hook = WebhookClient(bot.bodies[-1]["response_url"])
    slack.post("clock", advance=31 * 60, stops=False)
    assert "expired_url" in hook.send(text="late").body


def test_ephemeral_messages_can_be_clicked_and_replaced(slack: Harness, bot: Bot) -> None:
    client = slack.client()
    blocks = [actions(button("seen"))]
    client.chat_postEphemeral(channel=MAIN, user=BEN, text="psst", blocks=blocks)
    ts = next(m["ts"] for m in slack.messages(BEN) if m["ephemeral"])
    assert slack.click(ts, "seen", user=ADA)["error"] == "message_not_found"
    assert slack.click(ts, "seen", user=BEN)["acknowledged"]
    body = bot.bodies[-1]
    assert body["container"]["is_ephemeral"] is True
    assert "message" not in body
    WebhookClient(body["response_url"]).send(text="done", replace_original=True)
    replaced = next(m for m in slack.messages(BEN) if m["ts"] == ts)
    assert (replaced["text"], replaced["blocks"]) == ("done", None)


def test_stale_and_forged_clicks(slack: Harness, bot: Bot) -> None:
    ts = begin(slack)
    assert slack.click(ts, "elsewhere")["error"] == "element_not_found"
    slack.client().chat_update(channel=MAIN, ts=ts, text="over")
    assert slack.click(ts, "seen")["error"] == "element_not_found"
    forged = slack.click(ts, "", force=True, action={"action_id": "seen", "value": "x"})
    assert forged["acknowledged"]
    assert bot.bodies[-1]["actions"][0]["value"] == "x"
    assert slack.click("1.000001", "", force=True, action={"action_id": "seen"})["acknowledged"]
    assert slack.click(ts, "", force=True)["error"] == "invalid_request"


def test_elements_in_messages_keep_what_was_chosen(slack: Harness, bot: Bot) -> None:
    options = [{"text": plain(v), "value": v} for v in ("a", "b")]
    blocks = [
        actions(
            {"type": "static_select", "action_id": "seen", "options": options},
            {"type": "multi_users_select", "action_id": "who"},
            block_id="choose",
        )
    ]
    bot.app.action("who")(bot.seen)
    ts = slack.client().chat_postMessage(channel=MAIN, text="x", blocks=blocks)["ts"]
    assert slack.click(ts, "seen", value="b")["acknowledged"]
    action = bot.bodies[-1]["actions"][0]
    assert action["selected_option"]["value"] == "b"
    assert slack.click(ts, "who", value=[BEN, CYD])["acknowledged"]
    state = bot.bodies[-1]["state"]["values"]["choose"]
    assert state["seen"]["selected_option"]["value"] == "b"
    assert state["who"]["selected_users"] == [BEN, CYD]
    assert slack.click(ts, "who", value=["U0NOBODY"])["error"] == "option_not_found"
    assert slack.click(ts, "seen", value="z")["error"] == "option_not_found"


def test_the_clock_stops_for_scheduled_messages(slack: Harness) -> None:
    client = slack.client()
    start = slack.world.clock.timestamp()
    at = int(start) + 7200
    planned = client.chat_scheduleMessage(channel=MAIN, post_at=at, text="reminder")
    client.chat_scheduleMessage(channel=MAIN, post_at=at + 5, text="other")
    moved: list[JSON] = []
    mark = start + 9000
    call = threading.Thread(
        target=lambda: moved.append(slack.post("clock", advance=10_000, marks=[mark]))
    )
    begun = time.monotonic()
    call.start()
    wait_until(lambda: slack.world.clock.offset > 3600)
    # This is the stop in which the app can still take the message back.
    assert at - 91 < slack.world.clock.timestamp() < at - 80
    client.chat_deleteScheduledMessage(
        channel=MAIN, scheduled_message_id=planned["scheduled_message_id"]
    )
    call.join()
    assert 4.5 < time.monotonic() - begun < 8
    assert moved[0]["stops"] == pytest.approx([at - 90, mark], abs=0.1)
    assert slack.get("clock")["offset"] == pytest.approx(10_000, abs=10)
    assert [m["text"] for m in slack.messages() if m["scheduled"]] == ["other"]


def test_mistakes_in_calls(slack: Harness) -> None:
    assert slack.post("clock", advance=-1)["error"] == "invalid_request"
    assert slack.post("command", user="U0X", channel=MAIN, text="/x")["error"] == "user_not_found"
    assert slack.post("command", user=ADA, channel=MAIN)["error"] == "invalid_request"
    assert slack.post("act", user=ADA)["error"] == "invalid_request"
    broken = slack.http.post(f"{slack.url}/sandbox/act", data="{", timeout=5)
    assert (broken.status_code, broken.json()["error"]) == (400, "invalid_json")
    assert slack.post("faults", service="slack", match="x", kind="odd")["error"] == "invalid_fault"
    assert slack.post("slack/disconnect", reason="odd")["error"] == "invalid_request"


def test_changes_are_streamed(slack: Harness) -> None:
    since = slack.get("state")["change"]
    stream = slack.http.get(
        f"{slack.url}/sandbox/changes", params={"since": since}, stream=True, timeout=5
    )
    lines = stream.iter_lines(decode_unicode=True)
    next(lines)
    slack.post("message", user=ADA, channel=MAIN, text="hello")
    line = next(line for line in lines if line.startswith("data:"))
    assert str(slack.world.change) in line
    stream.close()
