"""Block Kit's elements and composition objects: fields and limits (facts: Slack, Block Kit limits).

Where an element may stand follows Slack's published types.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.slack.rules import (
    PLAIN,
    Faults,
    Rule,
    anything,
    array,
    boolean,
    fault,
    integer,
    matching,
    one_of,
    shape,
    string,
    text,
    unknown_fields,
)

_DATE = matching(r"\d{4}-\d{2}-\d{2}", "must be a date in the format YYYY-MM-DD")
_TIME = matching(r"([01]\d|2[0-3]):[0-5]\d", "must be a time in the format HH:mm")
_ID = string(255, 1)

CONFIRM = shape(
    {
        "title": text(100, PLAIN),
        "text": text(300),
        "confirm": text(30, PLAIN),
        "deny": text(30, PLAIN),
    },
    {"style": one_of("primary", "danger")},
)
_PLAIN_OPTION = shape(
    {"text": text(75, PLAIN), "value": string(150, 1)}, {"description": text(75, PLAIN)}
)
_MARKED_OPTION = shape({"text": text(75), "value": string(150, 1)}, {"description": text(75)})
_OVERFLOW_OPTION = shape(
    {"text": text(75, PLAIN)},
    {"value": string(150, 1), "description": text(75, PLAIN), "url": string(3000)},
)
_GROUP = shape({"label": text(75, PLAIN), "options": array(_PLAIN_OPTION, 100)}, {})
_DISPATCH = shape(
    {},
    {"trigger_actions_on": array(one_of("on_enter_pressed", "on_character_entered"), 2)},
)
_FILTER = shape(
    {},
    {
        "include": array(one_of("im", "mpim", "private", "public"), 4),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    },
)


def options_of(element: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All options of an element, those in groups too."""
    found = list(element.get("options") or [])
    for group in element.get("option_groups") or []:
        found.extend(group["options"])
    return found


def _options_or_groups(element: dict[str, Any], pointer: str, faults: Faults) -> None:
    if ("options" in element) == ("option_groups" in element):
        fault(faults, "must define either `options` or `option_groups`, not both", pointer)


def _initial_is_an_option(element: dict[str, Any], pointer: str, faults: Faults) -> None:
    known = [(option.get("value"), option["text"]["text"]) for option in options_of(element)]
    chosen = [("initial_option", element.get("initial_option"))]
    chosen += [
        (f"initial_options/{index}", option)
        for index, option in enumerate(element.get("initial_options") or [])
    ]
    for name, option in chosen:
        if option and (option.get("value"), option["text"]["text"]) not in known:
            fault(faults, "must match one of the options", f"{pointer}/{name}")


def _values_are_unique(element: dict[str, Any], pointer: str, faults: Faults) -> None:
    values = [option["value"] for option in options_of(element) if "value" in option]
    if len(set(values)) != len(values):
        fault(faults, "option values must be unique", f"{pointer}/options")


def _at_most_as_many(element: dict[str, Any], pointer: str, faults: Faults) -> None:
    most = element.get("max_selected_items")
    for name, entry in element.items():
        if most and name.startswith("initial_") and isinstance(entry, list) and len(entry) > most:
            fault(faults, f"no more than {most} items allowed", f"{pointer}/{name}")


def _element(
    required: Mapping[str, Rule],
    optional: Mapping[str, Rule],
    *also: Rule,
) -> Rule:
    return shape({"type": anything, **required}, {"action_id": _ID, **optional}, *also)


_CONFIRMED: dict[str, Rule] = {"confirm": CONFIRM}
_FOCUS: dict[str, Rule] = {"focus_on_load": boolean, "placeholder": text(150, PLAIN)}
_PICK: dict[str, Rule] = {**_CONFIRMED, **_FOCUS}
_MANY: dict[str, Rule] = {**_PICK, "max_selected_items": integer(1, 1000)}
_TYPED: dict[str, Rule] = {**_FOCUS, "dispatch_action_config": _DISPATCH}
_STATIC: dict[str, Rule] = {
    "options": array(_PLAIN_OPTION, 100),
    "option_groups": array(_GROUP, 100),
}
_LENGTHS: dict[str, Rule] = {"min_length": integer(0, 3000), "max_length": integer(1, 3000)}

_IMAGE_FIELDS: dict[str, Rule] = {"image_url": string(3000, 1), "slack_file": anything}


def _one_image_source(element: dict[str, Any], pointer: str, faults: Faults) -> None:
    if ("image_url" in element) == ("slack_file" in element):
        fault(faults, "must define either `image_url` or `slack_file`", pointer)


ELEMENTS: dict[str, Rule] = {
    "button": _element(
        {"text": text(75, PLAIN)},
        {
            "value": string(2000),
            "url": string(3000),
            "style": one_of("primary", "danger"),
            "accessibility_label": string(75),
            **_CONFIRMED,
        },
    ),
    "overflow": _element({"options": array(_OVERFLOW_OPTION, 5)}, _CONFIRMED, _values_are_unique),
    "static_select": _element(
        {},
        {**_STATIC, "initial_option": _PLAIN_OPTION, **_PICK},
        _options_or_groups,
        _values_are_unique,
        _initial_is_an_option,
    ),
    "multi_static_select": _element(
        {},
        {**_STATIC, "initial_options": array(_PLAIN_OPTION, 100), **_MANY},
        _options_or_groups,
        _values_are_unique,
        _initial_is_an_option,
        _at_most_as_many,
    ),
    "external_select": _element(
        {}, {"initial_option": _PLAIN_OPTION, "min_query_length": integer(0, 1000), **_PICK}
    ),
    "multi_external_select": _element(
        {},
        {
            "initial_options": array(_PLAIN_OPTION, 100),
            "min_query_length": integer(0, 1000),
            **_MANY,
        },
        _at_most_as_many,
    ),
    "users_select": _element({}, {"initial_user": _ID, **_PICK}),
    "multi_users_select": _element(
        {}, {"initial_users": array(_ID, 1000), **_MANY}, _at_most_as_many
    ),
    "conversations_select": _element(
        {},
        {
            "initial_conversation": _ID,
            "default_to_current_conversation": boolean,
            "response_url_enabled": boolean,
            "filter": _FILTER,
            **_PICK,
        },
    ),
    "multi_conversations_select": _element(
        {},
        {
            "initial_conversations": array(_ID, 1000),
            "default_to_current_conversation": boolean,
            "filter": _FILTER,
            **_MANY,
        },
        _at_most_as_many,
    ),
    "channels_select": _element(
        {}, {"initial_channel": _ID, "response_url_enabled": boolean, **_PICK}
    ),
    "multi_channels_select": _element(
        {}, {"initial_channels": array(_ID, 1000), **_MANY}, _at_most_as_many
    ),
    "checkboxes": _element(
        {"options": array(_MARKED_OPTION, 10)},
        {
            "initial_options": array(_MARKED_OPTION, 10),
            "focus_on_load": boolean,
            **_CONFIRMED,
        },
        _values_are_unique,
        _initial_is_an_option,
    ),
    "radio_buttons": _element(
        {"options": array(_MARKED_OPTION, 10)},
        {"initial_option": _MARKED_OPTION, "focus_on_load": boolean, **_CONFIRMED},
        _values_are_unique,
        _initial_is_an_option,
    ),
    "datepicker": _element({}, {"initial_date": _DATE, **_PICK}),
    "timepicker": _element({}, {"initial_time": _TIME, "timezone": string(100), **_PICK}),
    "datetimepicker": _element(
        {},
        {
            "initial_date_time": integer(1_000_000_000, 9_999_999_999),
            "focus_on_load": boolean,
            **_CONFIRMED,
        },
    ),
    "plain_text_input": _element(
        {}, {"initial_value": string(3000), "multiline": boolean, **_LENGTHS, **_TYPED}
    ),
    "rich_text_input": _element({}, {"initial_value": anything, **_TYPED}),
    "email_text_input": _element({}, {"initial_value": string(3000), **_TYPED}),
    "url_text_input": _element({}, {"initial_value": string(3000), **_TYPED}),
    "number_input": _element(
        {"is_decimal_allowed": boolean},
        {
            "initial_value": string(100),
            "min_value": string(100),
            "max_value": string(100),
            **_TYPED,
        },
    ),
    "file_input": _element(
        {}, {"filetypes": array(string(20, 1), 100), "max_files": integer(1, 10)}
    ),
    "image": shape({"type": anything, "alt_text": string(2000)}, _IMAGE_FIELDS, _one_image_source),
}

_SELECTS = {f"{kind}_select" for kind in ("static", "external", "users", "conversations")} | {
    "channels_select"
}
_MULTI = {f"multi_{kind}" for kind in _SELECTS}
_CHOICES = _SELECTS | _MULTI | {"checkboxes", "radio_buttons", "datepicker", "timepicker"}
PLACES: dict[str, set[str]] = {
    "section": _CHOICES | {"button", "overflow", "image"},
    "actions": _CHOICES | {"button", "overflow", "datetimepicker"},
    "input": _CHOICES
    | {
        "datetimepicker",
        "plain_text_input",
        "rich_text_input",
        "email_text_input",
        "url_text_input",
        "number_input",
        "file_input",
    },
    "context": {"image"},
}


def element_in(place: str) -> Rule:
    """An element of a kind that may stand in a block of the type *place*."""
    allowed = PLACES[place]

    def rule(value: Any, pointer: str, faults: Faults) -> None:
        if not isinstance(value, dict):
            fault(faults, "must provide an object", pointer)
            return
        kind = value.get("type")
        if kind not in allowed:
            fault(faults, f"unsupported type: {kind}", f"{pointer}/type")
            return
        ELEMENTS[kind](value, pointer, faults)

    return rule


def suggestions(answer: Any, faults: Faults) -> None:
    """Check the answer to a `block_suggestion`."""
    if not isinstance(answer, dict):
        fault(faults, "must provide an object", "")
        return
    unknown_fields(answer, {"options", "option_groups"}, "", faults)
    if ("options" in answer) == ("option_groups" in answer):
        fault(faults, "must define either `options` or `option_groups`", "")
    elif "options" in answer:
        array(_PLAIN_OPTION, 100, least=0)(answer["options"], "/options", faults)
    else:
        array(_GROUP, 100, least=0)(answer["option_groups"], "/option_groups", faults)
