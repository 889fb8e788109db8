"""Block Kit's blocks and views: what Slack accepts, and what it fills in.

The limits are those of the facts about Slack ("Block Kit limits"). `rich_text` is taken as it is,
apart from its top level: it is what people's own messages are made of.
"""

from __future__ import annotations

import copy
import secrets
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from sandbox.slack.elements import element_in
from sandbox.slack.rules import (
    ANY_TEXT,
    PLAIN,
    Faults,
    Rule,
    anything,
    array,
    boolean,
    fault,
    integer,
    one_of,
    shape,
    string,
    text,
    unknown_fields,
)

Surface = Literal["message", "modal", "home"]
MESSAGE_BLOCKS, VIEW_BLOCKS = 50, 100
VIEW_BYTES = 250_000
_INTERACTIVE = {"section", "actions", "input"}

_in_context = element_in("context")
_context_text = text(3000)


def _context_element(value: Any, pointer: str, faults: Faults) -> None:
    kind = value.get("type") if isinstance(value, dict) else None
    (_context_text if kind in ANY_TEXT else _in_context)(value, pointer, faults)


def _text_or_fields(block: dict[str, Any], pointer: str, faults: Faults) -> None:
    if "text" not in block and "fields" not in block:
        fault(faults, "must define either `text` or `fields`", pointer)


def _one_image_source(block: dict[str, Any], pointer: str, faults: Faults) -> None:
    if ("image_url" in block) == ("slack_file" in block):
        fault(faults, "must define either `image_url` or `slack_file`", pointer)


def _unique_actions(block: dict[str, Any], pointer: str, faults: Faults) -> None:
    ids = [element["action_id"] for element in block["elements"] if "action_id" in element]
    if len(set(ids)) != len(ids):
        fault(faults, "`action_id` must be unique", pointer)


_RICH_TEXT_PARTS = one_of(
    "rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote"
)


def _rich_text_part(value: Any, pointer: str, faults: Faults) -> None:
    kind = value.get("type") if isinstance(value, dict) else None
    _RICH_TEXT_PARTS(kind, f"{pointer}/type", faults)


_CELLS: dict[str, Rule] = {
    "raw_text": shape({"type": anything, "text": string(3000)}, {}),
    "raw_number": shape({"type": anything, "value": anything}, {"text": string(3000)}),
    "rich_text": shape({"type": anything, "elements": array(_rich_text_part, 100)}, {}),
}


def _cell(value: Any, pointer: str, faults: Faults) -> None:
    kind = value.get("type") if isinstance(value, dict) else None
    if kind not in _CELLS:
        fault(faults, f"unsupported type: {kind}", f"{pointer}/type")
        return
    _CELLS[kind](value, pointer, faults)


_COLUMN = shape({}, {"align": one_of("left", "center", "right"), "is_wrapped": boolean})


def _block(required: Mapping[str, Rule], optional: Mapping[str, Rule], *also: Rule) -> Rule:
    return shape({"type": anything, **required}, {"block_id": string(255, 1), **optional}, *also)


BLOCKS: dict[str, Rule] = {
    "section": _block(
        {},
        {
            "text": text(3000),
            "fields": array(text(2000), 10),
            "accessory": element_in("section"),
            "expand": boolean,
        },
        _text_or_fields,
    ),
    "divider": _block({}, {}),
    "header": _block({"text": text(150, PLAIN)}, {"level": integer(1, 4)}),
    "context": _block({"elements": array(_context_element, 10)}, {}),
    "actions": _block({"elements": array(element_in("actions"), 25)}, {}, _unique_actions),
    "input": _block(
        {"label": text(2000, PLAIN), "element": element_in("input")},
        {"hint": text(2000, PLAIN), "optional": boolean, "dispatch_action": boolean},
    ),
    "image": _block(
        {"alt_text": string(2000)},
        {"image_url": string(3000, 1), "slack_file": anything, "title": text(2000, PLAIN)},
        _one_image_source,
    ),
    "table": _block(
        {"rows": array(array(_cell, 20), 100)},
        {"column_settings": array(_COLUMN, 20, least=0)},
    ),
    "alert": _block(
        {"text": text(3000)},
        {"level": one_of("default", "info", "warning", "error", "success")},
    ),
    "markdown": _block({"text": string(12_000, 1)}, {}),
    "rich_text": _block({"elements": array(_rich_text_part, 100)}, {}),
}
_NOT_ON: dict[Surface, set[str]] = {
    "message": {"alert"},
    "modal": {"table", "markdown"},
    "home": {"alert", "table", "markdown"},
}


def check_blocks(blocks: Any, surface: Surface, pointer: str = "/blocks") -> Faults:
    """Return what Slack would refuse in *blocks*, in its notation; empty when they are good."""
    faults: Faults = []
    most = MESSAGE_BLOCKS if surface == "message" else VIEW_BLOCKS

    def block_rule(value: Any, place: str, found: Faults) -> None:
        kind = value.get("type") if isinstance(value, dict) else None
        if kind not in BLOCKS or kind in _NOT_ON[surface]:
            fault(found, f"unsupported type: {kind}", f"{place}/type")
            return
        BLOCKS[kind](value, place, found)

    array(block_rule, most, least=0)(blocks, pointer, faults)
    if not faults:
        _whole(blocks, surface, pointer, faults)
    return faults


def _whole(blocks: list[dict[str, Any]], surface: Surface, pointer: str, faults: Faults) -> None:
    """What can only be seen over all blocks together."""
    seen: set[str] = set()
    tables = focused = 0
    for index, block in enumerate(blocks):
        block_id = block.get("block_id")
        if block_id in seen:
            fault(faults, "`block_id` must be unique", f"{pointer}/{index}/block_id")
        if block_id:
            seen.add(block_id)
        tables += block["type"] == "table"
        if tables > 1 and block["type"] == "table":
            fault(faults, "only one table is allowed in a message", f"{pointer}/{index}")
        for element in elements_of(block):
            focused += bool(element.get("focus_on_load"))
            if element["type"] == "file_input" and surface != "modal":
                fault(faults, "unsupported type: file_input", f"{pointer}/{index}/element/type")
    if focused > 1:
        fault(faults, "only one element may have `focus_on_load`", pointer)


_VIEW_FIELDS: dict[str, Rule] = {
    "private_metadata": string(3000),
    "callback_id": string(255),
    "external_id": string(255),
}
_MODAL = shape(
    {"type": anything, "title": text(24, PLAIN), "blocks": anything},
    {
        "submit": text(24, PLAIN),
        "close": text(24, PLAIN),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
        "submit_disabled": boolean,
        **_VIEW_FIELDS,
    },
)
_HOME = shape({"type": anything, "blocks": anything}, _VIEW_FIELDS)


def check_view(view: Any, surface: Literal["modal", "home"], pointer: str = "/view") -> Faults:
    """Return what Slack would refuse in the definition of a view."""
    faults: Faults = []
    if not isinstance(view, dict):
        fault(faults, "must provide an object", pointer)
        return faults
    if view.get("type") != surface:
        fault(faults, f"must be {surface}", f"{pointer}/type")
        return faults
    (_MODAL if surface == "modal" else _HOME)(view, pointer, faults)
    if view.get("blocks") is None:
        return faults
    faults += check_blocks(view["blocks"], surface, f"{pointer}/blocks")
    has_inputs = not faults and any(block["type"] == "input" for block in view["blocks"])
    if has_inputs and surface == "modal" and view.get("submit") is None:
        fault(faults, "missing required field: submit", pointer)
    return faults


def elements_of(block: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The interactive elements of a block that was found good."""
    if block["type"] == "section" and block.get("accessory", {}).get("type", "image") != "image":
        yield block["accessory"]
    elif block["type"] == "actions":
        yield from block["elements"]
    elif block["type"] == "input":
        yield block["element"]


def prepare(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a copy with the `block_id` and `action_id` that Slack fills in where they lack."""
    prepared = copy.deepcopy(blocks)
    for block in prepared:
        block.setdefault("block_id", secrets.token_urlsafe(4))
        if block["type"] in _INTERACTIVE:
            for element in elements_of(block):
                element.setdefault("action_id", secrets.token_urlsafe(4))
    return prepared


def check_reply(reply: Mapping[str, Any]) -> Faults:
    """Check `text` and `blocks` of an answer to a command or a `response_url`."""
    faults: Faults = []
    if reply.get("text") is not None:
        string(40_000)(reply["text"], "/text", faults)
    if reply.get("blocks") is not None:
        faults += check_blocks(reply["blocks"], "message")
    response_type = reply.get("response_type", "ephemeral")
    one_of("ephemeral", "in_channel")(response_type, "/response_type", faults)
    return faults


def check_metadata(metadata: Any) -> Faults:
    """Check the `metadata` of a message."""
    faults: Faults = []
    if not isinstance(metadata, dict):
        fault(faults, "must provide an object", "/metadata")
        return faults
    unknown_fields(metadata, {"event_type", "event_payload"}, "/metadata", faults)
    string(255, 1)(metadata.get("event_type"), "/metadata/event_type", faults)
    if not isinstance(metadata.get("event_payload"), dict):
        fault(faults, "must provide an object", "/metadata/event_payload")
    return faults
