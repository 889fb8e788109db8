"""What a person chose or typed: from the JSON API's notation to Slack's `state.values`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from sandbox.slack.blocks import elements_of
from sandbox.slack.elements import options_of
from sandbox.slack.errors import PersonError
from sandbox.slack.workspace import File, Values

Block = dict[str, Any]
Element = dict[str, Any]
FindOption = Callable[[Element, str], dict[str, Any] | None]

TEXTS = {"plain_text_input", "email_text_input", "url_text_input", "number_input"}
# Type of element -> (field of the state, field of the initial value).
_SINGLE = {
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "users_select": ("selected_user", "initial_user"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "channels_select": ("selected_channel", "initial_channel"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "rich_text_input": ("rich_text_value", "initial_value"),
    **dict.fromkeys(TEXTS, ("value", "initial_value")),
}
_SEVERAL = {
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "checkboxes": ("selected_options", "initial_options"),
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "file_input": ("files", ""),
}
_FORMATS = {
    "datepicker": r"\d{4}-\d{2}-\d{2}",
    "timepicker": r"([01]\d|2[0-3]):[0-5]\d",
    "email_text_input": r"[^@\s]+@[^@\s]+\.[^@\s]+",
    "url_text_input": r"https?://\S+",
    "number_input": r"-?\d+(\.\d+)?",
}


def has_state(element: Element) -> bool:
    """Whether an element keeps a value (buttons and overflow menus do not)."""
    return element["type"] in _SINGLE or element["type"] in _SEVERAL


def initial_state(element: Element) -> dict[str, Any]:
    """The state of an element that nobody touched."""
    kind = element["type"]
    if kind in _SINGLE:
        field, initial = _SINGLE[kind]
        return {"type": kind, field: element.get(initial)}
    field, initial = _SEVERAL[kind]
    return {"type": kind, field: list(element.get(initial) or [])}


def build(blocks: Iterable[Block], kept: Values | None = None) -> Values:
    """The state of *blocks*; what *kept* has under the same ids and type stays as it was."""
    values: Values = {}
    for block in blocks:
        for element in elements_of(block):
            if not has_state(element):
                continue
            block_id, action_id = block["block_id"], element["action_id"]
            before = (kept or {}).get(block_id, {}).get(action_id)
            same = before is not None and before["type"] == element["type"]
            value = before if same and before else initial_state(element)
            values.setdefault(block_id, {})[action_id] = value
    return values


def find_element(
    blocks: Iterable[Block] | None, action_id: str, block_id: str | None
) -> tuple[Block, Element]:
    """The one element with these ids; a :class:`PersonError` when there is none or several."""
    found = [
        (block, element)
        for block in blocks or []
        if block_id is None or block["block_id"] == block_id
        for element in elements_of(block)
        if element["action_id"] == action_id
    ]
    where = f" in the block {block_id!r}" if block_id else ""
    if not found:
        raise PersonError("element_not_found", f"There is no element {action_id!r}{where}.", 404)
    if len(found) > 1:
        raise PersonError(
            "ambiguous_element", f"Several elements are called {action_id!r}: name the block_id."
        )
    return found[0]


class Reader:
    """Reads values in the JSON API's notation, knowing which users, channels, files exist."""

    def __init__(
        self,
        users: Iterable[str],
        channels: Iterable[str],
        files: dict[str, File],
        external: FindOption,
    ) -> None:
        self._users = set(users)
        self._channels = set(channels)
        self._files = files
        self._external = external

    def read(self, element: Element, value: Any) -> dict[str, Any]:
        """The state that *value* gives an element; :class:`PersonError` if it cannot have it."""
        kind = element["type"]
        if kind in _SINGLE:
            field = _SINGLE[kind][0]
            return {"type": kind, field: None if value is None else self._one(element, value)}
        field = _SEVERAL[kind][0]
        chosen = [] if value is None else value
        if not isinstance(chosen, list):
            raise PersonError("invalid_value", f"{kind} takes a list of values.")
        most = element.get("max_selected_items") or element.get("max_files") or len(chosen)
        if len(chosen) > most:
            raise PersonError("invalid_value", f"No more than {most} can be chosen here.")
        return {"type": kind, field: [self._one(element, entry) for entry in chosen]}

    def overflow(self, element: Element, value: Any) -> dict[str, Any]:
        """The option of an overflow menu."""
        return self._option(element, value)

    def _one(self, element: Element, value: Any) -> Any:
        kind = element["type"]
        if kind == "datetimepicker":
            if isinstance(value, bool) or not isinstance(value, int):
                raise PersonError("invalid_value", "datetimepicker takes epoch seconds.")
            return value
        if kind == "rich_text_input":
            return value
        if not isinstance(value, str):
            raise PersonError("invalid_value", f"{kind} takes a string.")
        if kind in TEXTS or kind in {"datepicker", "timepicker"}:
            if kind in {"datepicker", "timepicker"} and not re.fullmatch(_FORMATS[kind], value):
                raise PersonError("invalid_value", f"{value!r} is no value of a {kind}.")
            return value
        return self._known(element, kind, value)

    def _known(self, element: Element, kind: str, value: str) -> Any:
        if kind == "file_input":
            if value not in self._files:
                raise PersonError("file_not_found", f"There is no file {value!r}.", 404)
            return _file_state(self._files[value])
        if "users" in kind:
            known = value in self._users
        elif "conversations" in kind or "channels" in kind:
            known = value in self._channels
        else:
            return self._option(element, value)
        if not known:
            raise PersonError("option_not_found", f"{value!r} cannot be chosen here.", 404)
        return value

    def _option(self, element: Element, value: Any) -> dict[str, Any]:
        if "external" in element["type"]:
            option = self._external(element, str(value))
        else:
            option = next((o for o in options_of(element) if o.get("value") == value), None)
        if option is None:
            raise PersonError("option_not_found", f"There is no option {value!r} to choose.", 404)
        return option


def _file_state(file: File) -> dict[str, Any]:
    return {"id": file.id, "name": file.name, "title": file.title, "mimetype": file.mimetype}


def client_errors(blocks: Iterable[Block], values: Values) -> dict[str, str]:
    """What Slack's client refuses before it submits a modal: `{block_id: sentence}`."""
    errors: dict[str, str] = {}
    for block in blocks:
        if block["type"] != "input":
            continue
        element = block["element"]
        state = values[block["block_id"]][element["action_id"]]
        field = (_SINGLE.get(element["type"]) or _SEVERAL[element["type"]])[0]
        value = state.get(field)
        if value in (None, "", []):
            if not block.get("optional"):
                errors[block["block_id"]] = "Please complete this required field."
        elif element["type"] in TEXTS:
            sentence = _text_error(element, value)
            if sentence:
                errors[block["block_id"]] = sentence
    return errors


def _text_error(element: Element, value: str) -> str | None:
    kind = element["type"]
    if kind in _FORMATS and not re.fullmatch(_FORMATS[kind], value):
        return "Please enter a valid value."
    if kind == "number_input":
        number = float(value)
        if not element["is_decimal_allowed"] and not number.is_integer():
            return "Please enter a whole number."
        if number < float(element.get("min_value") or number):
            return f"Please enter a number of at least {element['min_value']}."
        if number > float(element.get("max_value") or number):
            return f"Please enter a number of at most {element['max_value']}."
    if len(value) < (element.get("min_length") or 0):
        return f"Please enter at least {element['min_length']} characters."
    if len(value) > (element.get("max_length") or 3000):
        return f"Please enter at most {element.get('max_length') or 3000} characters."
    return None
