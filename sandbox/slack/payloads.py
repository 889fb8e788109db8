"""The payloads that an app gets, in the shapes of Slack."""

from __future__ import annotations

import secrets
from typing import Any

from sandbox.scenario import Person
from sandbox.slack.modals import View
from sandbox.slack.workspace import APP, TEAM, TEAM_DOMAIN, Channel

TOKEN = "sandbox-verification-token"
Payload = dict[str, Any]


def handle(person: Person) -> str:
    """A person's short name, as in `user_name`."""
    return person.email.partition("@")[0].lower() or person.id.lower()


def _common(kind: str, person: Person) -> Payload:
    return {
        "type": kind,
        "user": {
            "id": person.id,
            "username": handle(person),
            "name": handle(person),
            "team_id": TEAM,
        },
        "api_app_id": APP,
        "token": TOKEN,
        "team": {"id": TEAM, "domain": TEAM_DOMAIN},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def slash_command(
    person: Person, channel: Channel, command: str, text: str, **tokens: str
) -> Payload:
    """A slash command; *tokens* are its `trigger_id` and `response_url`."""
    return {
        "token": TOKEN,
        "team_id": TEAM,
        "team_domain": TEAM_DOMAIN,
        "channel_id": channel.id,
        "channel_name": channel.name,
        "user_id": person.id,
        "user_name": handle(person),
        "command": command,
        "text": text,
        "api_app_id": APP,
        "is_enterprise_install": "false",
        **tokens,
    }


def message_container(ts: str, channel: Channel, ephemeral: bool, thread: str | None) -> Payload:
    """The `container` of an interaction in a message."""
    container: Payload = {
        "type": "message",
        "message_ts": ts,
        "channel_id": channel.id,
        "is_ephemeral": ephemeral,
    }
    return container | ({"thread_ts": thread} if thread else {})


def in_message(
    kind: str,
    person: Person,
    channel: Channel,
    container: Payload,
    message: Payload | None,
    **more: Any,
) -> Payload:
    """`block_actions` or `block_suggestion` in a message; an ephemeral one carries no message."""
    payload = _common(kind, person) | {
        "container": container,
        "channel": {"id": channel.id, "name": channel.name},
        **more,
    }
    return payload | ({"message": message} if message is not None else {})


def in_view(kind: str, person: Person, view: View, **more: Any) -> Payload:
    """`block_actions`, `block_suggestion`, `view_submission` or `view_closed`."""
    payload = _common(kind, person) | {"view": view.json(), **more}
    if kind in {"block_actions", "block_suggestion"}:
        payload["container"] = {"type": "view", "view_id": view.id}
    else:
        payload["response_urls"] = []
    return payload


def event(inner: Payload, now: float) -> Payload:
    """The Events API's wrapping of an event."""
    return {
        "token": TOKEN,
        "team_id": TEAM,
        "api_app_id": APP,
        "event": inner,
        "type": "event_callback",
        "event_id": f"Ev{secrets.token_hex(5).upper()}",
        "event_time": int(now),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM,
                "user_id": "U0SUNSETBOT",
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
    }
