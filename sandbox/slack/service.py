"""One Slack workspace with one app in it: the parts, put together."""

from __future__ import annotations

import asyncio

from sandbox.slack.limits import Limits
from sandbox.slack.messages import Messages
from sandbox.slack.modals import Views
from sandbox.slack.scopes import granted
from sandbox.slack.sockets import SocketMode
from sandbox.slack.tokens import ResponseUrls, Triggers
from sandbox.slack.workspace import Workspace
from sandbox.world import World

COMMANDS = frozenset({"/uninstall-salesforce"})
TICK_SECONDS = 0.2


class Slack:
    """The workspace's state; *origin* is where its server is reached, e.g. http://127.0.0.1:80."""

    def __init__(self, world: World, origin: str) -> None:
        self.world = world
        self.origin = origin
        self.commands = COMMANDS
        self.scopes = granted(world.scenario.workspace)
        self.workspace = Workspace(world)
        self.messages = Messages(self.workspace, origin)
        self.views = Views(world)
        self.triggers = Triggers()
        self.response_urls = ResponseUrls(world.clock)
        self.limits = Limits()
        self.sockets = SocketMode(world)
        self.stopping = False

    @property
    def socket_origin(self) -> str:
        """Where Socket Mode is reached."""
        return "ws" + self.origin.removeprefix("http")

    def stop(self) -> None:
        """End what waits without end: the streams of changes."""
        self.stopping = True
        self.world.changed()

    async def post_scheduled(self) -> None:
        """Post scheduled messages when their time comes, until cancelled."""
        while True:
            self.messages.post_due()
            await asyncio.sleep(TICK_SECONDS)
