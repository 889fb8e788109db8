"""The Web API methods `chat.*`."""

from __future__ import annotations

from typing import Any

from sandbox.slack.arguments import Arguments, missing, paged, raise_if
from sandbox.slack.blocks import check_blocks, check_metadata
from sandbox.slack.errors import SlackError
from sandbox.slack.messages import Content
from sandbox.slack.service import Slack
from sandbox.slack.workspace import Channel, Message

TEXT_LIMIT = 40_000


def writable(slack: Slack, arguments: Arguments, name: str = "channel") -> Channel:
    """The channel to write to; the app must be in it."""
    channel = slack.workspace.find(arguments.text(name))
    if channel is None:
        raise SlackError("channel_not_found")
    if not channel.has_bot:
        raise SlackError("not_in_channel")
    return channel


def own_message(channel: Channel, ts: str, code: str) -> Message:
    """A message that the app posted and that everybody sees."""
    message = channel.messages.get(ts)
    if message is None or message.ephemeral_for is not None:
        raise SlackError("message_not_found")
    if not message.by_bot:
        raise SlackError(code)
    return message


def content(arguments: Arguments, channel: Channel) -> Content:
    """Text, blocks, metadata and thread of a message, checked."""
    text = arguments.optional("text") or ""
    blocks = arguments.json("blocks", "invalid_blocks_format")
    if not text and not blocks:
        raise SlackError("no_text")
    if len(text) > TEXT_LIMIT:
        raise SlackError("msg_too_long")
    if blocks is not None:
        if not isinstance(blocks, list):
            raise SlackError("invalid_blocks_format")
        raise_if("invalid_blocks", check_blocks(blocks, "message"))
    metadata = arguments.json("metadata", "invalid_metadata_format")
    if metadata:
        raise_if("invalid_metadata_format", check_metadata(metadata))
    thread_ts = arguments.optional("thread_ts")
    if thread_ts is not None:
        root = channel.messages.get(thread_ts)
        if root is None or root.ephemeral_for is not None:
            raise SlackError("thread_not_found")
        thread_ts = root.thread_ts or root.ts
    broadcast = thread_ts is not None and arguments.flag("reply_broadcast")
    return Content(text, blocks or None, metadata, thread_ts, broadcast)


def post_message(slack: Slack, arguments: Arguments) -> dict[str, Any]:
    """chat.postMessage."""
    channel = writable(slack, arguments)
    message = slack.messages.post(channel, content(arguments, channel))
    shown = slack.messages.slack_json(message, with_metadata=True)
    return {"channel": channel.id, "ts": message.ts, "message": shown}


def post_ephemeral(slack: Slack, arguments: Arguments) -> dict[str, Any]:
    """chat.postEphemeral."""
    channel = writable(slack, arguments)
    user = arguments.text("user")
    if user not in channel.members or user not in slack.workspace.people:
        raise SlackError("user_not_in_channel")
    posted = content(arguments, channel)
    message = slack.messages.post(channel, posted, only_for=user)
    return {"message_ts": message.ts}


def update(slack: Slack, arguments: Arguments) -> dict[str, Any]:
    """chat.update: a text without blocks takes the blocks away."""
    channel = writable(slack, arguments)
    message = own_message(channel, arguments.text("ts"), "cant_update_message")
    slack.messages.replace(message, content(arguments, channel))
    shown = slack.messages.slack_json(message, with_metadata=True)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": shown}


def delete(slack: Slack, arguments: Arguments) -> dict[str, Any]:
    """chat.delete."""
    channel = writable(slack, arguments)
    message = own_message(channel, arguments.text("ts"), "cant_delete_message")
    slack.workspace.remove(message)
    return {"channel": channel.id, "ts": message.ts}


def permalink(slack: Slack, arguments: Arguments) -> dict[str, Any]:
    """chat.getPermalink: a link that opens the message on the page."""
    channel = slack.workspace.find(arguments.text("channel"))
    if channel is None:
        raise SlackError("channel_not_found")
    message = channel.messages.get(arguments.text("message_ts"))
    if message is None:
        raise SlackError("message_not_found")
    link = f"{slack.origin}/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.is_reply:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


def schedule(slack: Slack, arguments: Arguments) -> dict[str, Any]:
    """chat.scheduleMessage."""
    channel = writable(slack, arguments)
    if not arguments.has("post_at"):
        raise missing("post_at")
    posted = content(arguments, channel)
    scheduled = slack.messages.schedule(channel, int(arguments.number("post_at", 0)), posted)
    return {
        "channel": channel.id,
        "scheduled_message_id": scheduled.id,
        "post_at": scheduled.post_at,
        "message": {"type": "delayed_message", "text": posted.text, "blocks": posted.blocks or []},
    }


def unschedule(slack: Slack, arguments: Arguments) -> dict[str, Any]:
    """chat.deleteScheduledMessage."""
    channel = slack.workspace.find(arguments.text("channel"))
    if channel is None:
        raise SlackError("channel_not_found")
    slack.messages.unschedule(channel, arguments.text("scheduled_message_id"))
    return {}


def list_scheduled(slack: Slack, arguments: Arguments) -> dict[str, Any]:
    """chat.scheduledMessages.list."""
    limit, start = arguments.page(100, 100)
    name = arguments.optional("channel")
    channel = slack.workspace.find(name) if name else None
    if name and channel is None:
        raise SlackError("invalid_channel")
    oldest, latest = arguments.number("oldest", 0), arguments.number("latest", float("inf"))
    found = [
        {
            "id": one.id,
            "channel_id": one.channel,
            "post_at": one.post_at,
            "date_created": one.created,
            "text": one.content.text,
        }
        for one in slack.messages.scheduled()
        if (channel is None or one.channel == channel.id) and oldest <= one.post_at <= latest
    ]
    page, cursor = paged(found, start, limit)
    return {"scheduled_messages": page, "response_metadata": {"next_cursor": cursor}}
