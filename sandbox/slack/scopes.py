"""Which OAuth scope each Web API method needs, and which the app has."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.scenario import Workspace

# The bot scopes of manifest.yml; a test of the project holds the two equal.
BOT_SCOPES: tuple[str, ...] = (
    "commands",
    "chat:write",
    "users:read",
    "users:read.email",
    "im:history",
    "im:write",
    "usergroups:read",
    "channels:history",
    "groups:history",
    "files:read",
    "files:write",
)
APP_SCOPES: tuple[str, ...] = ("connections:write",)

_READ = ("channels:read", "groups:read", "im:read", "mpim:read")
_HISTORY = ("channels:history", "groups:history", "im:history", "mpim:history")

# Any one of the scopes is enough to call the method; an empty tuple needs none. Which of the
# conversation scopes counts depends on the conversation: see KIND_PREFIX.
METHOD_SCOPES: dict[str, tuple[str, ...]] = {
    "auth.test": (),
    "apps.connections.open": APP_SCOPES,
    "chat.delete": ("chat:write",),
    "chat.deleteScheduledMessage": ("chat:write",),
    "chat.getPermalink": (),
    "chat.postEphemeral": ("chat:write",),
    "chat.postMessage": ("chat:write",),
    "chat.scheduleMessage": ("chat:write",),
    "chat.scheduledMessages.list": (),
    "chat.update": ("chat:write",),
    "conversations.history": _HISTORY,
    "conversations.info": _READ,
    "conversations.list": _READ,
    "conversations.members": _READ,
    "conversations.open": ("im:write", "channels:manage", "groups:write", "mpim:write"),
    "conversations.replies": _HISTORY,
    "files.completeUploadExternal": ("files:write",),
    "files.getUploadURLExternal": ("files:write",),
    "files.info": ("files:read",),
    "usergroups.users.list": ("usergroups:read",),
    "users.info": ("users:read",),
    "users.list": ("users:read",),
    "views.open": (),
    "views.publish": (),
    "views.push": (),
    "views.update": (),
}
EMAIL_SCOPE = "users:read.email"
FILE_SCOPE = "files:read"
KIND_PREFIX = {"channel": "channels", "im": "im"}


def granted(workspace: Workspace) -> frozenset[str]:
    """The bot token's scopes in this scenario."""
    return without(workspace.scopes_missing)


def without(missing: Iterable[str]) -> frozenset[str]:
    """The scopes of a bot token that lacks *missing*."""
    return frozenset(BOT_SCOPES) - frozenset(missing)
