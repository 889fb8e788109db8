"""Posting and showing messages; the ones that are scheduled."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from sandbox.slack import values
from sandbox.slack.blocks import prepare
from sandbox.slack.errors import SlackError
from sandbox.slack.workspace import (
    APP,
    BOT,
    BOT_USER,
    TEAM,
    Channel,
    File,
    Message,
    Workspace,
)

LOCKED_SECONDS = 60
FURTHEST_SECONDS = 120 * 24 * 3600
WINDOW_SECONDS, MOST_IN_WINDOW = 300, 30


@dataclass(frozen=True, slots=True)
class Content:
    """What the app wants to post, checked."""

    text: str = ""
    blocks: list[dict[str, Any]] | None = None
    metadata: dict[str, Any] | None = None
    thread_ts: str | None = None
    broadcast: bool = False


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A message that waits for its time; one with metadata is dropped when the time comes."""

    id: str
    channel: str
    post_at: int
    created: int
    content: Content


class Messages:
    """What the app posts into a workspace."""

    def __init__(self, workspace: Workspace, origin: str) -> None:
        self.workspace = workspace
        self.origin = origin
        self._scheduled: dict[str, Scheduled] = {}

    def post(
        self,
        channel: Channel,
        content: Content,
        *,
        only_for: str | None = None,
        files: list[File] | None = None,
        at: float | None = None,
    ) -> Message:
        """Post as the app; *only_for* makes it ephemeral, *at* says that it had been scheduled."""
        message = Message(
            ts=self.workspace.new_ts(at),
            channel=channel.id,
            user=BOT_USER,
            text=content.text,
            blocks=None if content.blocks is None else prepare(content.blocks),
            thread_ts=content.thread_ts,
            metadata=content.metadata or None,
            files=files or [],
            ephemeral_for=only_for,
            scheduled=at is not None,
            broadcast=content.broadcast,
        )
        return self.workspace.post(message)

    def replace(self, message: Message, content: Content) -> None:
        """Give *message* a new text and new blocks; empty metadata takes the old away."""
        message.text = content.text
        message.blocks = None if content.blocks is None else prepare(content.blocks)
        if content.metadata is not None:
            message.metadata = content.metadata or None
        message.edited = {"user": BOT_USER, "ts": f"{int(self._now())}.000000"}
        message.state = {
            user: values.build(message.blocks or [], kept) for user, kept in message.state.items()
        }
        self.workspace.world.changed()

    def slack_json(self, message: Message, with_metadata: bool = False) -> dict[str, Any]:
        """A message as the Web API and payloads show it."""
        shown: dict[str, Any] = {
            "type": "message",
            "user": message.user,
            "text": message.text,
            "ts": message.ts,
            "team": TEAM,
        }
        if message.by_bot:
            shown |= {"bot_id": BOT, "app_id": APP}
        optional = {
            "blocks": message.blocks,
            "thread_ts": message.thread_ts,
            "edited": message.edited,
            "metadata": message.metadata if with_metadata else None,
            "files": [self.file_json(file) for file in message.files] or None,
            "subtype": "thread_broadcast" if message.broadcast else None,
        }
        shown |= {name: value for name, value in optional.items() if value is not None}
        if message.replies:
            posted = self.workspace.channels[message.channel].messages
            users = list(dict.fromkeys(posted[ts].user for ts in message.replies))
            shown |= {
                "reply_count": len(message.replies),
                "reply_users": users,
                "reply_users_count": len(users),
                "latest_reply": message.replies[-1],
            }
        return shown

    def person_json(self, message: Message, viewer: str | None) -> dict[str, Any]:
        """A message as the JSON API shows it to *viewer*."""
        state = message.state.get(viewer or "") or values.build(message.blocks or [])
        return {
            "ts": message.ts,
            "channel": message.channel,
            "thread_ts": message.thread_ts,
            "user": message.user,
            "bot_id": BOT if message.by_bot else None,
            "username": self.workspace.display_name(message.user),
            "text": message.text,
            "blocks": message.blocks,
            "metadata": message.metadata,
            "files": [
                {
                    "id": file.id,
                    "name": file.name,
                    "title": file.title,
                    "mimetype": file.mimetype,
                    "size": len(file.content),
                    "alt": file.alt,
                    "url": f"/sandbox/files/{file.id}",
                }
                for file in message.files
            ],
            "reply_count": len(message.replies),
            "ephemeral": message.ephemeral_for is not None,
            "edited": message.edited,
            "scheduled": message.scheduled,
            "state": state,
        }

    def file_json(self, file: File) -> dict[str, Any]:
        """A file as the Web API shows it."""
        base = f"{self.origin}/files-pri/{TEAM}-{file.id}"
        return {
            "id": file.id,
            "created": file.created,
            "timestamp": file.created,
            "name": file.name,
            "title": file.title,
            "mimetype": file.mimetype,
            "filetype": file.name.rpartition(".")[2].lower(),
            "user": file.user,
            "size": len(file.content),
            "mode": "hosted",
            "alt_txt": file.alt or None,
            "is_external": False,
            "url_private": f"{base}/{file.name}",
            "url_private_download": f"{base}/download/{file.name}",
            "permalink": f"{self.origin}/sandbox/files/{file.id}",
            "shares": {
                "public": {
                    channel: [{"ts": ts, "channel_name": self.workspace.channels[channel].name}]
                    for channel, stamps in file.shares.items()
                    for ts in stamps
                }
            },
        }

    # Scheduled messages

    def schedule(self, channel: Channel, post_at: int, content: Content) -> Scheduled:
        """Keep a message until *post_at*; a :class:`SlackError` for a time that cannot be."""
        now = self._now()
        if post_at <= now:
            raise SlackError("time_in_past")
        if post_at > now + FURTHEST_SECONDS:
            raise SlackError("time_too_far")
        if self._most_in_window(channel, post_at) > MOST_IN_WINDOW:
            raise SlackError("restricted_too_many")
        scheduled = Scheduled(
            f"Q{secrets.token_hex(5).upper()}", channel.id, post_at, int(now), content
        )
        self._scheduled[scheduled.id] = scheduled
        self.workspace.world.changed()
        return scheduled

    def _most_in_window(self, channel: Channel, post_at: int) -> int:
        """The fullest window around *post_at*, a message at that time counted."""
        times = [one.post_at for one in self._scheduled.values() if one.channel == channel.id]
        times.append(post_at)
        starts = [time for time in times if 0 <= post_at - time < WINDOW_SECONDS]
        return max(sum(0 <= time - start < WINDOW_SECONDS for time in times) for start in starts)

    def unschedule(self, channel: Channel, scheduled_id: str) -> None:
        """Forget one; not possible in the last 60 seconds."""
        scheduled = self._scheduled.get(scheduled_id)
        known = scheduled is not None and scheduled.channel == channel.id
        if scheduled is None or not known or scheduled.post_at - self._now() < LOCKED_SECONDS:
            raise SlackError("invalid_scheduled_message_id")
        del self._scheduled[scheduled_id]
        self.workspace.world.changed()

    def scheduled(self) -> list[Scheduled]:
        """Those not yet posted, soonest first."""
        return sorted(self._scheduled.values(), key=lambda one: (one.post_at, one.id))

    def post_due(self) -> None:
        """Post those whose time has come, each stamped with the time it was meant for."""
        now = self._now()
        for scheduled in self.scheduled():
            if scheduled.post_at > now:
                return
            del self._scheduled[scheduled.id]
            channel = self.workspace.channels[scheduled.channel]
            # Slack's documented defect: one with metadata is never posted (facts: Slack, Sending).
            if channel.has_bot and scheduled.content.metadata is None:
                self.post(channel, scheduled.content, at=scheduled.post_at)

    def _now(self) -> float:
        return self.workspace.world.clock.timestamp()
