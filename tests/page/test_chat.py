"""Messages, elements, modals, threads and the clock, used like a person would."""

from __future__ import annotations

import time
from typing import Any

from playwright.sync_api import Locator, Page, expect
from slack_bolt import App

from tests.page.conftest import Opener
from tests.sandbox.slack_harness import (
    ADA,
    AUDIT,
    BEN,
    MAIN,
    Harness,
    actions,
    button,
    modal,
    plain,
    section,
    typed,
)

CONFIRM = {
    "title": plain("Sure?"),
    "text": {"type": "mrkdwn", "text": "*Really*?"},
    "confirm": plain("Yes"),
    "deny": plain("No"),
}


def option(text: str, value: str) -> dict[str, Any]:
    return {"text": plain(text), "value": value}


def owner_select(action_id: str = "owner", **more: Any) -> dict[str, Any]:
    return {"type": "external_select", "action_id": action_id, "min_query_length": 1, **more}


def card(note: str = "first") -> list[dict[str, Any]]:
    fixed = {
        "type": "static_select",
        "action_id": "fixed",
        "placeholder": plain("Choose"),
        "options": [option("One", "1"), option("Two", "2")],
    }
    ticks = {"type": "checkboxes", "action_id": "ticks", "options": [option("Saved", "s")]}
    return [
        section(f"The card, {note}", block_id="card", accessory=owner_select()),
        actions(button("sure", confirm=CONFIRM), button("form"), button("mute"), fixed, ticks),
    ]


def form(page_number: int) -> dict[str, Any]:
    owner = {"type": "input", "block_id": "owner", "label": plain("Owner")}
    return modal(
        typed("phrase"),
        owner | {"element": owner_select("pick")},
        section(f"Page {page_number}", block_id="page"),
        actions(button("next"), button("deeper"), block_id="pager"),
    )


def build(slack: Harness, seen: list[Any]) -> App:
    app = slack.app()

    def offer(ack: Any, body: Any) -> None:
        found = [option("Gil Tanaka", "g"), option("Hana Petrova", "h")]
        wanted = body["value"].lower()
        ack(options=[one for one in found if wanted in one["text"]["text"].lower()])

    def submit(ack: Any, body: Any) -> None:
        values = body["view"]["state"]["values"]
        seen.append(values)
        wrong = values["phrase"]["typed"]["value"] == "wrong"
        ack(response_action="errors", errors={"phrase": "Not that."}) if wrong else ack()

    def press(ack: Any, body: Any, client: Any) -> None:
        action = body["actions"][0]
        if action["action_id"] == "mute":
            time.sleep(3.3)
            return
        ack()
        if action["action_id"] == "form":
            client.views_open(trigger_id=body["trigger_id"], view=form(1))
        elif action["action_id"] == "next":
            seen.append(body["view"]["state"]["values"]["phrase"]["typed"]["value"])
            client.views_update(view_id=body["view"]["id"], view=form(2))
        elif action["action_id"] == "deeper":
            client.views_push(trigger_id=body["trigger_id"], view=form(3))
        elif action["action_id"] == "sure":
            ts = body["message"]["ts"]
            client.chat_update(channel=MAIN, ts=ts, text="card", blocks=card("second"))
        else:
            chosen = action.get("selected_option") or action.get("selected_options")
            seen.append((action["action_id"], chosen))

    for name in ("owner", "pick"):
        app.options(name)(offer)
    for name in ("sure", "form", "mute", "next", "deeper", "owner", "fixed", "ticks"):
        app.action(name)(press)
    app.view("step")(submit)
    app.command("/uninstall-salesforce")(lambda ack: ack("*Hello* from the app"))
    return app


def element(where: Page | Locator, action_id: str, block_id: str = "") -> Locator:
    block = f'[data-block-id="{block_id}"]' if block_id else ""
    return where.locator(f'[data-action-id="{action_id}"]{block}')


def choose(page: Page, value: str) -> None:
    page.locator(f'[role="option"][data-value="{value}"]').click()


def say(page: Page, text: str) -> None:
    field = page.get_by_test_id("composer")
    field.fill(text)
    field.press("Enter")


def test_elements_of_a_message(slack: Harness, chat: Opener) -> None:
    seen: list[Any] = []
    with slack.connected(build(slack, seen)):
        slack.client().chat_postMessage(channel=MAIN, text="card", blocks=card())
        page = chat()
        owner = element(page, "owner")
        owner.click()
        page.get_by_text("Type at least 1 character").wait_for()
        owner.fill("han")
        choose(page, "h")
        element(page, "fixed").press("ArrowDown")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.locator('input[data-value="s"]').check()
        expect(element(page, "fixed")).to_have_value("Two")
        element(page, "sure").click()
        page.get_by_test_id("confirm").get_by_text("Really").wait_for()
        page.keyboard.press("Escape")
        expect(element(page, "sure")).to_be_focused()
        element(page, "sure").click()
        page.get_by_test_id("confirm-ok").click()
        page.get_by_text("The card, second").wait_for()
        page.get_by_text("(edited)").wait_for()
        expect(owner).to_have_value("Hana Petrova")
        expect(element(page, "sure")).to_be_focused()
    chosen = [(name, one["value"] if isinstance(one, dict) else len(one)) for name, one in seen]
    assert chosen == [("owner", "h"), ("fixed", "2"), ("ticks", 1)]


def test_a_click_that_is_not_acknowledged(slack: Harness, chat: Opener) -> None:
    slack.client().chat_postMessage(channel=MAIN, text="card", blocks=card())
    page = chat()
    element(page, "mute").click()
    page.get_by_test_id("block-warning").get_by_text("not connected").wait_for()
    say(page, "/uninstall-salesforce")
    page.get_by_test_id("notice").get_by_text("dispatch_failed").wait_for()
    with slack.connected(build(slack, [])):
        element(page, "mute").click()
        page.get_by_test_id("block-warning").get_by_text("operation_timeout").wait_for()
        say(page, "/uninstall-salesforce")
        page.get_by_test_id("only-visible-to-you").last.wait_for()
        page.get_by_text("Hello from the app").wait_for()


def test_a_modal_keeps_what_is_typed_and_shows_errors(slack: Harness, chat: Opener) -> None:
    seen: list[Any] = []
    with slack.connected(build(slack, seen)):
        slack.client().chat_postMessage(channel=MAIN, text="card", blocks=card())
        page = chat()
        element(page, "form").press("Enter")
        shown = page.get_by_test_id("modal")
        phrase = element(shown, "typed", "phrase")
        expect(phrase).to_be_focused()
        page.get_by_test_id("modal-submit").click()
        expect(shown.get_by_text("Please complete this required field.")).to_have_count(2)
        phrase.fill("wrong")
        element(shown, "next").click()
        shown.get_by_text("Page 2").wait_for()
        expect(phrase).to_have_value("wrong")
        element(shown, "pick").fill("gil")
        choose(page, "g")
        page.get_by_test_id("modal-submit").click()
        shown.get_by_text("Not that.").wait_for()
        expect(phrase).to_be_focused()
        phrase.fill("right")
        expect(shown.get_by_text("Not that.")).to_have_count(0)
        element(shown, "deeper").click()
        page.get_by_test_id("modal-back").click()
        expect(phrase).to_have_value("right")
        page.get_by_test_id("modal-submit").click()
        expect(shown).to_have_count(0)
        expect(element(page, "form")).to_be_focused()
    assert seen[0] == "wrong"
    assert seen[-1]["phrase"]["typed"]["value"] == "right"
    assert seen[-1]["owner"]["pick"]["selected_option"]["value"] == "g"


def test_new_messages_disturb_nobody(slack: Harness, chat: Opener) -> None:
    client = slack.client()
    root = client.chat_postMessage(channel=MAIN, text="card", blocks=card())
    page = chat()
    element(page, "fixed").click()
    client.chat_update(channel=MAIN, ts=root["ts"], text="card", blocks=card("second"))
    client.chat_postMessage(channel=MAIN, text="news")
    page.get_by_text("news").wait_for()
    expect(page.get_by_role("option")).to_have_count(2)
    page.keyboard.press("Escape")
    page.get_by_text("The card, second").wait_for()
    page.get_by_test_id("composer").fill("half a sen")
    client.chat_postMessage(channel=MAIN, text="more news")
    client.chat_postMessage(channel=AUDIT, text="elsewhere")
    page.get_by_text("more news").wait_for()
    expect(page.get_by_test_id("composer")).to_have_value("half a sen")
    expect(page.get_by_test_id("composer")).to_be_focused()
    unread = page.get_by_test_id(f"channel-{slack.world.scenario.workspace.audit_channel}")
    unread.get_by_text("unread").wait_for(state="attached")


def test_people_threads_and_ephemeral_messages(slack: Harness, chat: Opener) -> None:
    client = slack.client()
    root = client.chat_postMessage(channel=MAIN, text="a root")
    client.chat_postMessage(channel=MAIN, thread_ts=root["ts"], text="a reply")
    client.chat_postEphemeral(channel=MAIN, user=ADA, text="for Ada alone")
    page = chat()
    page.get_by_test_id("only-visible-to-you").wait_for()
    page.get_by_test_id("thread-open").click()
    page.get_by_test_id("thread").get_by_text("a reply").wait_for()
    page.get_by_test_id("thread-composer").fill("mine")
    page.keyboard.press("Enter")
    page.get_by_test_id("thread").get_by_text("2 replies").wait_for()
    page.get_by_test_id(f"person-{BEN}").click()
    expect(page.get_by_text("for Ada alone")).to_have_count(0)
    assert f"as={BEN}" in page.url
    page.get_by_test_id("advance-43200").click()
    page.get_by_test_id("clock-ahead").get_by_text("+12 h").wait_for()


def test_a_phone_shows_one_column(slack: Harness, chat: Opener) -> None:
    client = slack.client()
    root = client.chat_postMessage(channel=MAIN, text="card", blocks=card())
    client.chat_postMessage(channel=MAIN, thread_ts=root["ts"], text="a reply")
    with slack.connected(build(slack, [])):
        page = chat(phone=True)
        page.get_by_test_id("channel-crm-sunset").click()
        expect(page.get_by_test_id("channel-crm-sunset")).to_be_hidden()
        narrow(page)
        element(page, "form").click()
        narrow(page)
        page.get_by_test_id("modal-close").click()
        page.get_by_test_id("thread-open").click()
        page.get_by_test_id("thread").get_by_text("a reply").wait_for()
        expect(page.get_by_test_id("composer")).to_be_hidden()
        narrow(page)
        page.get_by_test_id("thread-close").click()
        page.get_by_test_id("back").click()
        page.get_by_test_id("channel-crm-sunset").wait_for()


def narrow(page: Page) -> None:
    page.wait_for_function("document.documentElement.scrollWidth <= innerWidth")
