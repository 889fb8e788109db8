"""What the sandbox's Slack refuses in blocks and views."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.models import blocks as sdk

from sandbox.slack.blocks import check_blocks, check_view, prepare
from sandbox.slack.elements import suggestions
from tests.sandbox.slack_harness import actions, button, modal, plain, section, typed


def option(value: str = "a", **more: Any) -> dict[str, Any]:
    return {"text": plain(value), "value": value, **more}


def select(**more: Any) -> dict[str, Any]:
    return {"type": "static_select", "action_id": "s", "options": [option()], **more}


CONFIRM = {
    "title": plain("Sure?"),
    "text": plain("Really?"),
    "confirm": plain("Yes"),
    "deny": plain("No"),
}
GOOD: list[dict[str, Any]] = [
    section("x", accessory=button()),
    {"type": "section", "fields": [plain("a"), plain("b")]},
    {"type": "divider"},
    {"type": "header", "text": plain("H")},
    {"type": "context", "elements": [plain("c"), {"type": "mrkdwn", "text": "*d*"}]},
    actions(
        button(confirm=CONFIRM, style="danger"), select(), {**button("b2"), "url": "https://x"}
    ),
    actions({"type": "overflow", "action_id": "o", "options": [option()]}, block_id="b3"),
    actions({"type": "external_select", "action_id": "e", "min_query_length": 0}, block_id="b4"),
    typed("typed"),
    {"type": "image", "image_url": "https://x/y.png", "alt_text": "y"},
    {"type": "table", "rows": [[{"type": "raw_text", "text": "cell"}]]},
    {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": []}]},
]

BAD: list[tuple[str, dict[str, Any], str, str]] = [
    ("unknown type", {"type": "sparkles"}, "unsupported type: sparkles", "/blocks/0/type"),
    ("no type", {}, "unsupported type: None", "/blocks/0/type"),
    ("not an object", "text", "unsupported type: None", "/blocks/0/type"),  # type: ignore[list-item]
    (
        "unknown field",
        section("x", colour="red"),
        "invalid additional property: colour",
        "/blocks/0",
    ),
    ("no text", {"type": "section"}, "must define either `text` or `fields`", "/blocks/0"),
    ("empty", section(""), "must be more than 0 characters", "/blocks/0/text/text"),
    ("long", section("x" * 3001), "must be less than 3001 characters", "/blocks/0/text/text"),
    (
        "eleven fields",
        {"type": "section", "fields": [plain("x")] * 11},
        "no more than 10 items allowed",
        "/blocks/0/fields",
    ),
    (
        "long field",
        {"type": "section", "fields": [plain("x" * 2001)]},
        "must be less than 2001 characters",
        "/blocks/0/fields/0/text",
    ),
    (
        "header in mrkdwn",
        {"type": "header", "text": {"type": "mrkdwn", "text": "x"}},
        "must be one of: plain_text",
        "/blocks/0/text/type",
    ),
    (
        "long header",
        {"type": "header", "text": plain("x" * 151)},
        "must be less than 151 characters",
        "/blocks/0/text/text",
    ),
    (
        "26 buttons",
        actions(*(button(f"b{n}") for n in range(26))),
        "no more than 25 items allowed",
        "/blocks/0/elements",
    ),
    (
        "same action id",
        actions(button("a"), button("a")),
        "`action_id` must be unique",
        "/blocks/0",
    ),
    (
        "eleven in context",
        {"type": "context", "elements": [plain("x")] * 11},
        "no more than 10 items allowed",
        "/blocks/0/elements",
    ),
    (
        "long button",
        actions({**button(), "text": plain("x" * 76)}),
        "must be less than 76 characters",
        "/blocks/0/elements/0/text/text",
    ),
    (
        "long value",
        actions({**button(), "value": "x" * 2001}),
        "must be less than 2001 characters",
        "/blocks/0/elements/0/value",
    ),
    (
        "style",
        actions({**button(), "style": "scary"}),
        "must be one of: primary, danger",
        "/blocks/0/elements/0/style",
    ),
    (
        "long confirm",
        actions(button(confirm={**CONFIRM, "title": plain("x" * 101)})),
        "must be less than 101 characters",
        "/blocks/0/elements/0/confirm/title/text",
    ),
    (
        "confirm without deny",
        actions(button(confirm={k: v for k, v in CONFIRM.items() if k != "deny"})),
        "missing required field: deny",
        "/blocks/0/elements/0/confirm",
    ),
    (
        "101 options",
        actions(select(options=[option(str(n)) for n in range(101)])),
        "no more than 100 items allowed",
        "/blocks/0/elements/0/options",
    ),
    (
        "no options",
        actions(select(options=[])),
        "no less than 1 items allowed",
        "/blocks/0/elements/0/options",
    ),
    (
        "options and groups",
        actions(select(option_groups=[{"label": plain("g"), "options": [option("b")]}])),
        "must define either `options` or `option_groups`, not both",
        "/blocks/0/elements/0",
    ),
    (
        "long option value",
        actions(select(options=[{"text": plain("x"), "value": "x" * 151}])),
        "must be less than 151 characters",
        "/blocks/0/elements/0/options/0/value",
    ),
    (
        "same option twice",
        actions(select(options=[option(), option()])),
        "option values must be unique",
        "/blocks/0/elements/0/options",
    ),
    (
        "unknown initial",
        actions(select(initial_option=option("z"))),
        "must match one of the options",
        "/blocks/0/elements/0/initial_option",
    ),
    (
        "six in overflow",
        actions(
            {"type": "overflow", "action_id": "o", "options": [option(str(n)) for n in range(6)]}
        ),
        "no more than 5 items allowed",
        "/blocks/0/elements/0/options",
    ),
    (
        "eleven boxes",
        actions(
            {"type": "checkboxes", "action_id": "o", "options": [option(str(n)) for n in range(11)]}
        ),
        "no more than 10 items allowed",
        "/blocks/0/elements/0/options",
    ),
    (
        "input in actions",
        actions({"type": "plain_text_input", "action_id": "t"}),
        "unsupported type: plain_text_input",
        "/blocks/0/elements/0/type",
    ),
    (
        "button in input",
        {"type": "input", "label": plain("l"), "element": button()},
        "unsupported type: button",
        "/blocks/0/element/type",
    ),
    (
        "101 rows",
        {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]] * 101},
        "no more than 100 items allowed",
        "/blocks/0/rows",
    ),
    (
        "21 cells",
        {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * 21]},
        "no more than 20 items allowed",
        "/blocks/0/rows/0",
    ),
    (
        "alert in a message",
        {"type": "alert", "text": plain("x")},
        "unsupported type: alert",
        "/blocks/0/type",
    ),
    (
        "long block id",
        {"type": "divider", "block_id": "x" * 256},
        "must be less than 256 characters",
        "/blocks/0/block_id",
    ),
]


def test_good_blocks() -> None:
    assert check_blocks(GOOD, "message") == []


@pytest.mark.parametrize(("name", "block", "sentence", "pointer"), BAD)
def test_bad_block(name: str, block: Any, sentence: str, pointer: str) -> None:
    assert check_blocks([block], "message") == [f"[ERROR] {sentence} [json-pointer:{pointer}]"]


def test_whole_messages() -> None:
    assert "no more than 50" in check_blocks([{"type": "divider"}] * 51, "message")[0]
    assert check_blocks([{"type": "divider"}] * 100, "modal") == []
    twice = [{"type": "divider", "block_id": "x"}] * 2
    assert "`block_id` must be unique" in check_blocks(twice, "message")[0]
    table = {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}
    assert "only one table" in check_blocks([table, table], "message")[0]
    assert "must provide an array" in check_blocks("no", "message")[0]


def test_what_the_sdk_builds_is_good() -> None:
    built = [
        sdk.SectionBlock(
            text="*x*",
            accessory=sdk.StaticSelectElement(
                action_id="s", placeholder="Pick", options=[sdk.Option(text="a", value="a")]
            ),
        ),
        sdk.ActionsBlock(elements=[sdk.ButtonElement(text="Go", action_id="go", value="1")]),
        sdk.InputBlock(label="L", element=sdk.PlainTextInputElement(action_id="t")),
        sdk.InputBlock(
            label="L",
            element=sdk.CheckboxesElement(
                action_id="c", options=[sdk.Option(text="a", value="a", description="b")]
            ),
        ),
        sdk.ContextBlock(elements=[sdk.MarkdownTextObject(text="x")]),
    ]
    assert check_blocks([block.to_dict() for block in built], "message") == []


@pytest.mark.parametrize(
    ("view", "sentence", "pointer"),
    [
        (modal(title=plain("x" * 25)), "must be less than 25 characters", "/view/title/text"),
        (modal(typed("a"), submit=None), "missing required field: submit", "/view"),
        (modal(private_metadata="x" * 3001), "must be less than 3001", "/view/private_metadata"),
        (modal(callback_id="x" * 256), "must be less than 256", "/view/callback_id"),
        (modal(type="home"), "must be modal", "/view/type"),
        (modal(colour=1), "invalid additional property: colour", "/view"),
        (modal(*[{"type": "divider"}] * 101), "no more than 100 items", "/view/blocks"),
        (modal(section("")), "must be more than 0", "/view/blocks/0/text/text"),
    ],
)
def test_bad_view(view: Any, sentence: str, pointer: str) -> None:
    faults = check_view(view, "modal")
    assert len(faults) == 1
    assert sentence in faults[0]
    assert faults[0].endswith(f"[json-pointer:{pointer}]")


def test_alert_in_a_modal() -> None:
    alert = {"type": "alert", "text": plain("Careful"), "level": "warning"}
    assert check_view(modal(alert), "modal") == []


def test_ids_are_filled_in() -> None:
    prepared = prepare([section("x", accessory={"type": "button", "text": plain("b")})])
    assert prepared[0]["block_id"]
    assert prepared[0]["accessory"]["action_id"]


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {},
        {"options": [], "option_groups": []},
        {"options": [option(str(n)) for n in range(101)]},
        {"options": [{"text": plain("x" * 76), "value": "v"}]},
    ],
)
def test_bad_suggestions(answer: Any) -> None:
    faults: list[str] = []
    suggestions(answer, faults)
    assert faults
