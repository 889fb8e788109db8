"""The Web API methods `conversations.*`."""

from __future__ import annotations

from typing import Any

from sandbox.slack.arguments import Arguments, missing, paged
from sandbox.slack.errors import SlackError
from sandbox.slack.scopes import KIND_PREFIX
from sandbox.slack.service import Slack
from sandbox.slack.workspace import BOT_USER, TEAM, Channel, Message


def _known(slack: Slack, arguments: Arguments, purpose: str) -> Channel:
    """A channel whose kind the token's scopes let the app read (or see the history of)."""
    channel = slack.workspace.find(arguments.text("channel"))
    if channel is None:
        raise SlackError("channel_not_found")
    scope = f"{KIND_PREFIX[channel.kind]}:{purpose}"
    if scope not in slack.scopes:
        provided = ",".join(sorted(slack.scopes))
        raise SlackError("missing_scope", needed=scope, provided=provided)
    return channel


def _json(channel: Channel) -> dict[str, Any]:
    direct = channel.kind == "im"
    shown: dict[str, Any] = {
        "id": channel.id,
        "created": channel.created,
        "is_im": direct,
        "is_channel": not direct,
        "is_group": False,
        "is_mpim": False,
        "is_private": direct,
        "is_archived": False,
        "context_team_id": TEAM,
    }
    if direct:
        return shown | {"user": next(one for one in channel.members if one != BOT_USER)}
    return shown | {
        "name": channel.name,
        "name_normalized": channel.name,
        "is_member": channel.has_bot,
        "is_general": channel.name == "general",
        "num_members": len(channel.members),
    }


def open_direct(slack: Slack, arguments: Arguments) -> dict[str, Any]:
    """conversations.open, for direct messages with one person."""
    if arguments.has("channel"):
        channel = slack.workspace.find(arguments.text("channel"))
        if channel is None or channel.kind != "im":
            raise SlackError("channel_not_found")
        return {"channel": {"id": channel.id}}
    if not arguments.has("users"):
        raise missing("users")
    users = [user for user in arguments.text("users").split(",") if user]
    if any(user not in slack.workspace.people for user in users):
        raise SlackError("user_not_found")
    if len(users) != 1:
        raise SlackError("method_not_supported_for_channel_type")
    channel = slack.workspace.direct(users[0])
    whole = arguments.flag("return_im")
    return {"channel": _json(channel) if whole else {"id": channel.id}}


def info(slack: Slack, arguments: Arguments) -> dict[str, Any]:
    """conversations.info."""
    return {"channel": _json(_known(slack, arguments, "read"))}


def list_channels(slack: Slack, arguments: Arguments) -> dict[str, Any]:
    """conversations.list, of the types that the scopes allow."""
    limit, start = arguments.page(100, 999)
    types = (arguments.optional("types") or "public_channel").split(",")
    kinds = {"public_channel": "channel", "im": "im"}
    wanted = {kinds[name] for name in types if name in kinds}
    found = [_json(one) for one in slack.workspace.channels.values() if one.kind in wanted]
    page, cursor = paged(found, start, limit)
    return {"channels": page, "response_metadata": {"next_cursor": cursor}}


def members(slack: Slack, arguments: Arguments) -> dict[str, Any]:
    """conversations.members."""
    channel = _known(slack, arguments, "read")
    limit, start = arguments.page(100, 999)
    page, cursor = paged(channel.members, start, limit)
    return {"members": page, "response_metadata": {"next_cursor": cursor}}


def history(slack: Slack, arguments: Arguments) -> dict[str, Any]:
    """conversations.history: newest first, without replies and ephemeral messages."""
    channel = _known(slack, arguments, "history")
    if not channel.has_bot:
        raise SlackError("not_in_channel")
    found = [
        message
        for message in channel.messages.values()
        if message.ephemeral_for is None and (not message.is_reply or message.broadcast)
    ]
    return _page(slack, arguments, found[::-1])


def replies(slack: Slack, arguments: Arguments) -> dict[str, Any]:
    """conversations.replies: the root, then its replies, oldest first."""
    channel = _known(slack, arguments, "history")
    if not channel.has_bot:
        raise SlackError("not_in_channel")
    root = channel.messages.get(arguments.text("ts"))
    if root is None or root.ephemeral_for is not None:
        raise SlackError("thread_not_found")
    if root.is_reply:
        root = channel.messages[root.thread_ts or root.ts]
    return _page(slack, arguments, [root, *(channel.messages[ts] for ts in root.replies)])


def _page(slack: Slack, arguments: Arguments, found: list[Message]) -> dict[str, Any]:
    limit, start = arguments.page(100, 999)
    inclusive = arguments.flag("inclusive")
    oldest, latest = arguments.number("oldest", 0), arguments.number("latest", float("inf"))

    def wanted(message: Message) -> bool:
        at = float(message.ts)
        return oldest < at < latest or (inclusive and at in {oldest, latest})

    page, cursor = paged([message for message in found if wanted(message)], start, limit)
    metadata = arguments.flag("include_all_metadata")
    shown: dict[str, Any] = {
        "messages": [slack.messages.slack_json(message, metadata) for message in page],
        "has_more": bool(cursor),
    }
    return shown | ({"response_metadata": {"next_cursor": cursor}} if cursor else {})
