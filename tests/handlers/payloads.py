"""Payloads in Slack's shapes."""

from __future__ import annotations

from typing import Any

Payload = dict[str, Any]
HOOK = "http://127.0.0.1:9/response/x"


def _common(kind: str, user: str) -> Payload:
    return {
        "type": kind,
        "user": {"id": user, "username": "somebody", "name": "somebody", "team_id": "T111"},
        "api_app_id": "A111",
        "token": "verification_token",
        "trigger_id": "111.222.valid",
        "team": {"id": "T111", "domain": "workspace-domain"},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def command(user: str, text: str, trigger: str) -> Payload:
    """A slash command."""
    return {
        "token": "verification_token",
        "team_id": "T111",
        "team_domain": "workspace-domain",
        "channel_id": "C111",
        "channel_name": "random",
        "user_id": user,
        "user_name": "somebody",
        "command": "/uninstall-salesforce",
        "text": text,
        "api_app_id": "A111",
        "response_url": HOOK,
        "trigger_id": trigger,
    }


def button(act: str, value: str, ts: str, block_id: str = "b") -> Payload:
    """The action of a clicked button."""
    return {
        "type": "button",
        "action_id": act,
        "block_id": block_id,
        "text": {"type": "plain_text", "text": "Button", "emoji": True},
        "value": value,
        "action_ts": ts,
    }


def pick(act: str, value: str, ts: str, block_id: str) -> Payload:
    """The action of a pick from an external select."""
    return {
        "type": "external_select",
        "action_id": act,
        "block_id": block_id,
        "selected_option": {"text": {"type": "plain_text", "text": "Somebody"}, "value": value},
        "action_ts": ts,
    }


def message_click(user: str, action: Payload) -> Payload:
    """A click in a message of the run's thread."""
    return _common("block_actions", user) | {
        "container": {
            "type": "message",
            "message_ts": "111.333",
            "channel_id": "C0RUN",
            "is_ephemeral": False,
            "thread_ts": "111.222",
        },
        "channel": {"id": "C0RUN", "name": "sunset"},
        "message": {"type": "message", "ts": "111.333", "thread_ts": "111.222", "text": "…"},
        "state": {"values": {}},
        "response_url": HOOK,
        "actions": [action],
    }


def view_action(user: str, view: Payload, action: Payload) -> Payload:
    """A click or pick in a modal or the App Home."""
    return _common("block_actions", user) | {
        "container": {"type": "view", "view_id": view["id"]},
        "view": view,
        "actions": [action],
    }


def submission(user: str, view: Payload, values: Payload) -> Payload:
    """A submitted modal; *values* is {block id: what its element holds}.

    An element whose action id is not `value` names it (:func:`picked`).
    """
    state = {block: {one.get("action_id", "value"): one} for block, one in values.items()}
    return _common("view_submission", user) | {
        "view": view | {"state": {"values": state}},
        "response_urls": [],
    }


def suggestion(user: str, view: Payload, act: str, block_id: str, query: str) -> Payload:
    """What is typed into an external select."""
    return _common("block_suggestion", user) | {
        "container": {"type": "view", "view_id": view["id"]},
        "view": view,
        "action_id": act,
        "block_id": block_id,
        "value": query,
    }


def home_opened(user: str, tab: str = "home") -> Payload:
    """The event of an opened App Home."""
    return {
        "token": "verification_token",
        "team_id": "T111",
        "api_app_id": "A111",
        "event": {
            "type": "app_home_opened",
            "user": user,
            "channel": "D111",
            "tab": tab,
            "event_ts": "1596530361.1",
        },
        "type": "event_callback",
        "event_id": "Ev1",
        "event_time": 1596530361,
    }


# What an input holds


def text(value: str | None) -> Payload:
    return {"type": "plain_text_input", "value": value}


def chosen(value: str | None) -> Payload:
    option = (
        None if value is None else {"text": {"type": "plain_text", "text": "…"}, "value": value}
    )
    return {"type": "static_select", "selected_option": option}


def picked(act: str, value: str | None) -> Payload:
    """An external select in an input; it has an action id of its own, for its options."""
    return {**chosen(value), "type": "external_select", "action_id": act}


def ticked(*values: str) -> Payload:
    options = [{"text": {"type": "plain_text", "text": "…"}, "value": value} for value in values]
    return {"type": "checkboxes", "selected_options": options}


def user(user_id: str | None) -> Payload:
    return {"type": "users_select", "selected_user": user_id}


def users(*user_ids: str) -> Payload:
    return {"type": "multi_users_select", "selected_users": list(user_ids)}
