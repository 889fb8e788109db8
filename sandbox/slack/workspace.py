"""What a Slack workspace remembers: people, channels, messages, files."""

from __future__ import annotations

import mimetypes
import secrets
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.scenario import Person
from sandbox.world import World

TEAM, TEAM_NAME, TEAM_DOMAIN = "T0SANDBOX1", "Sandbox", "sandbox"
OTHER_TEAM = "T0ELSEWHER"
APP, BOT, BOT_USER, BOT_NAME = "A0SUNSET01", "B0SUNSET01", "U0SUNSETBOT", "sunset"
SLACKBOT = "USLACKBOT"
MAIN_CHANNEL, AUDIT_CHANNEL, GENERAL_CHANNEL = "C0SUNSET01", "C0AUDIT001", "C0GENERAL1"
# User groups that every workspace of the sandbox has: id -> (name, the role of its members).
USER_GROUPS = {
    "S0ADMINS01": ("crm-admins", "administrator"),
    "S0APPROVE1": ("crm-approvers", "approver"),
}

Values = dict[str, dict[str, dict[str, Any]]]


@dataclass(slots=True)
class File:
    """An uploaded file; `shares` maps a channel to the `ts` of messages that carry it."""

    id: str
    name: str
    title: str
    user: str
    created: int
    content: bytes = b""
    complete: bool = False
    alt: str = ""
    """What a picture shows, for those who do not see it."""
    shares: dict[str, list[str]] = field(default_factory=dict)

    @property
    def mimetype(self) -> str:
        """The MIME type that its name tells."""
        return mimetypes.guess_type(self.name)[0] or "application/octet-stream"


@dataclass(slots=True)
class Message:
    """One message; `ephemeral_for` is the only person who sees it, if it is ephemeral."""

    ts: str
    channel: str
    user: str
    text: str = ""
    blocks: list[dict[str, Any]] | None = None
    thread_ts: str | None = None
    metadata: dict[str, Any] | None = None
    files: list[File] = field(default_factory=list)
    ephemeral_for: str | None = None
    edited: dict[str, str] | None = None
    scheduled: bool = False
    broadcast: bool = False
    replies: list[str] = field(default_factory=list)
    state: dict[str, Values] = field(default_factory=dict)

    @property
    def by_bot(self) -> bool:
        """Whether the app posted it."""
        return self.user == BOT_USER

    @property
    def is_reply(self) -> bool:
        """Whether it lies in a thread, below the root."""
        return self.thread_ts is not None and self.thread_ts != self.ts

    def visible_to(self, user: str | None) -> bool:
        """Whether *user* sees it."""
        return self.ephemeral_for is None or self.ephemeral_for == user


@dataclass(slots=True)
class Channel:
    """A channel, or the direct messages between the bot and a person."""

    id: str
    name: str
    kind: Literal["channel", "im"]
    members: list[str]
    created: int
    messages: dict[str, Message] = field(default_factory=dict)

    @property
    def has_bot(self) -> bool:
        """Whether the app is a member."""
        return BOT_USER in self.members


class Workspace:
    """The people, channels, messages and files of one sandbox."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.people: dict[str, Person] = {person.id: person for person in world.scenario.people}
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, File] = {}
        self._last_ts = 0
        self._direct: dict[str, str] = {}
        settings = world.scenario.workspace
        everyone = list(self.people)
        self._add(MAIN_CHANNEL, settings.channel, [BOT_USER, *everyone])
        self._add(AUDIT_CHANNEL, settings.audit_channel, [BOT_USER, *everyone])
        self._add(GENERAL_CHANNEL, "general", everyone)

    def _add(self, channel_id: str, name: str, members: list[str]) -> Channel:
        created = int(self.world.clock.timestamp())
        kind: Literal["channel", "im"] = "im" if channel_id.startswith("D") else "channel"
        channel = Channel(channel_id, name, kind, members, created)
        self.channels[channel_id] = channel
        return channel

    def direct(self, user: str) -> Channel:
        """The direct messages between the bot and *user*, opened at need."""
        if user not in self._direct:
            number = len(self._direct) + 1
            self._direct[user] = f"D0{user[1:7]}{number:04d}"
            self._add(self._direct[user], "directmessage", [BOT_USER, user])
        return self.channels[self._direct[user]]

    def find(self, channel_id: str) -> Channel | None:
        """A channel by its id or name, or the direct messages by a person's id."""
        channel = self.channels.get(channel_id)
        if channel is None and channel_id in self.people:
            return self.direct(channel_id)
        if channel is None:
            wanted = channel_id.removeprefix("#")
            named = (c for c in self.channels.values() if c.kind == "channel" and c.name == wanted)
            channel = next(named, None)
        return channel

    def new_ts(self, at: float | None = None) -> str:
        """A timestamp that no message has yet, by the sandbox's clock or of the time *at*."""
        moment = self.world.clock.timestamp() if at is None else at
        self._last_ts = max(self._last_ts + 1, int(moment * 1_000_000))
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def post(self, message: Message) -> Message:
        """Put *message* into its channel (and thread)."""
        channel = self.channels[message.channel]
        channel.messages[message.ts] = message
        root = channel.messages.get(message.thread_ts or "")
        if root is not None and message.is_reply and message.ephemeral_for is None:
            root.thread_ts = root.ts
            root.replies.append(message.ts)
        for file in message.files:
            file.shares.setdefault(channel.id, []).append(message.ts)
        self.world.changed()
        return message

    def remove(self, message: Message) -> None:
        """Take *message* out of its channel (and thread)."""
        channel = self.channels[message.channel]
        channel.messages.pop(message.ts, None)
        root = channel.messages.get(message.thread_ts or "")
        if root is not None and message.ts in root.replies:
            root.replies.remove(message.ts)
        self.world.changed()

    def new_file(self, name: str, user: str, title: str = "") -> File:
        """A file without content yet."""
        file = File(
            id=f"F{secrets.token_hex(5).upper()}",
            name=name,
            title=title or name,
            user=user,
            created=int(self.world.clock.timestamp()),
        )
        self.files[file.id] = file
        return file

    def display_name(self, user: str) -> str:
        """What stands above a message of *user*."""
        if user == BOT_USER:
            return BOT_NAME.capitalize()
        if user == SLACKBOT:
            return "Slackbot"
        return self.people[user].name if user in self.people else user
