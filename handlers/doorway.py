"""The door: what Slack's envelope must look like before Bolt, or anything else, reads it.

Bolt takes the types of some fields for granted and fails where they are others. What comes in here
is either readable by it, or is refused with an answer in the shape that its kind of payload takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handlers.delivery import sentence
from handlers.i18n import translator
from handlers.modals import parts
from handlers.payload import Malformed, find, malformed

DEEPEST = 64
"""Levels of nesting; Slack's own payloads have about twelve."""
MOST_VALUES = 100_000
"""Values in one payload; a modal of 100 blocks has about 5,000."""
MOST_ID = 255
"""Characters of an id (facts/slack.md, Block Kit limits)."""
MOST_METADATA, MOST_VALUE, MOST_ADDRESS = 3_000, 2_000, 2_000
MOST_TEXT = 40_000
"""Characters of what follows a slash command, or is typed into a picker."""

KINDS = frozenset(
    {
        "block_actions",
        "view_submission",
        "view_closed",
        "block_suggestion",
        "event_callback",
        "shortcut",
        "message_action",
        "url_verification",
    }
)
_TEXTS = {
    "type": MOST_ID,
    "command": MOST_ID,
    "text": MOST_TEXT,
    "value": MOST_TEXT,
    "token": MOST_ID,
    "trigger_id": MOST_ID,
    "callback_id": MOST_ID,
    "action_id": MOST_ID,
    "block_id": MOST_ID,
    "user_id": MOST_ID,
    "team_id": MOST_ID,
    "enterprise_id": MOST_ID,
    "channel_id": MOST_ID,
    "api_app_id": MOST_ID,
    "thread_ts": MOST_ID,
    "event_id": MOST_ID,
    "response_url": MOST_ADDRESS,
}
_PLACES = ("user", "team", "enterprise", "channel")
"""Written as an id in events, and as an object with an id elsewhere."""
_OBJECTS = ("container", "view", "message", "event", "item", "previous_message", "assistant_thread")
_VIEW = {
    "id": MOST_ID,
    "type": MOST_ID,
    "hash": MOST_ID,
    "callback_id": MOST_ID,
    "team_id": MOST_ID,
    "app_installed_team_id": MOST_ID,
    "previous_view_id": MOST_ID,
    "private_metadata": MOST_METADATA,
}
_VIEWS = ("modal", "home")
_ACTION = {
    "type": MOST_ID,
    "action_id": MOST_ID,
    "block_id": MOST_ID,
    "action_ts": MOST_ID,
    "value": MOST_VALUE,
}
_FOREIGN = ("function_data", "function_execution_id", "bot_access_token")
"""Bolt would go on with the token that such a payload brings; this app has no functions."""


def check(payload: Any) -> None:
    """Hold a payload to what is read of it.

    Raises:
        Malformed: something is missing, or is of another type or size; ``reference`` names it.
    """
    _walk(payload)
    if not isinstance(payload, Mapping):
        raise malformed("payload")
    _envelope(payload)
    kind = payload.get("type")
    if kind is None:
        _needed(payload, "command")
    elif kind not in KINDS or "command" in payload:
        raise malformed("type")
    match kind:
        case "block_actions":
            _one_action(payload)
        case "view_submission" | "view_closed":
            _object(payload, "view")
            _needed(payload["view"], "callback_id", empty=True)
        case "block_suggestion":
            _needed(payload, "action_id")
        case "shortcut" | "message_action":
            _needed(payload, "callback_id")
        case "event_callback":
            _object(payload, "event")
            _needed(payload["event"], "type")
            _envelope(payload["event"])


def answer(payload: Any, refusal: Malformed, locale: str) -> dict[str, Any] | None:
    """Return what the acknowledgement of a refused payload says; None: it takes no words."""
    kind, tr = find(payload, "type"), translator(locale)
    said = sentence(tr, refusal)
    if kind == "view_submission":
        view = parts.message(tr, tr("That did not work"), said, error=True)
        return {"response_action": "update", "view": view.to_dict()}
    if kind == "block_suggestion":
        return {"options": []}
    if kind is None and find(payload, "command") is not None:
        return {"response_type": "ephemeral", "text": said}
    return None


def _walk(payload: Any) -> None:
    """Refuse what is nested too deeply, too much, or holds halves of characters."""
    level, seen = [payload], 0
    for _ in range(DEEPEST):
        below: list[Any] = []
        for value in level:
            if isinstance(value, Mapping):
                below += value.keys()
                below += value.values()
            elif isinstance(value, list):
                below += value
            elif isinstance(value, str) and not (value.isascii() or _whole(value)):
                raise malformed("text")
        seen += len(level)
        if seen + len(below) > MOST_VALUES:
            raise malformed("size")
        if not below:
            return
        level = below
    raise malformed("depth")


def _whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _envelope(body: Mapping[str, Any]) -> None:
    """Check the fields that tell whose payload this is; those of an event are its own."""
    if any(body.get(name) is not None for name in _FOREIGN):
        raise malformed("function")
    _texts(body, _TEXTS)
    for name in _PLACES:
        found = body.get(name)
        if isinstance(found, Mapping):
            _texts(found, {"id": MOST_ID, "team_id": MOST_ID, "enterprise_id": MOST_ID}, name)
        elif found is not None and (not isinstance(found, str) or len(found) > MOST_ID):
            raise malformed(name)
    for name in _OBJECTS:
        if body.get(name) is not None:
            _object(body, name)
    if isinstance(body.get("view"), Mapping):
        _texts(body["view"], _VIEW, "view")
        if body["view"].get("type") not in _VIEWS:
            raise malformed("view.type")
    for name in ("authorizations", "response_urls"):
        for one in _objects(body, name):
            _envelope(one)


def _one_action(body: Mapping[str, Any]) -> None:
    """A click is one click: of several, only the first would be looked at."""
    actions = _objects(body, "actions")
    if len(actions) != 1:
        raise malformed("actions")
    _texts(actions[0], _ACTION, "actions.0")
    _needed(actions[0], "action_id", empty=True)


def _texts(body: Mapping[str, Any], limits: Mapping[str, int], within: str = "") -> None:
    for name, most in limits.items():
        found = body.get(name)
        if found is not None and (not isinstance(found, str) or len(found) > most):
            raise malformed(f"{within}.{name}" if within else name)


def _needed(body: Mapping[str, Any], name: str, *, empty: bool = False) -> None:
    found = body.get(name)
    if not isinstance(found, str) or not (found or empty):
        raise malformed(name)


def _object(body: Mapping[str, Any], name: str) -> None:
    if not isinstance(body.get(name), Mapping):
        raise malformed(name)


def _objects(body: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = body.get(name)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
        raise malformed(name)
    return found
