"""The three servers in one event loop, and the environment that a bot needs for them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from sandbox.connection import DroppableProtocol
from sandbox.hubspot import api as hubspot_api
from sandbox.hubspot import control as hubspot_control
from sandbox.hubspot.service import HubSpot
from sandbox.salesforce import api as salesforce_api
from sandbox.salesforce import control as salesforce_control
from sandbox.salesforce.service import Salesforce
from sandbox.salesforce.tls import certificate
from sandbox.slack.server import create_app
from sandbox.slack.service import Slack
from sandbox.slack.workspace import AUDIT_CHANNEL, MAIN_CHANNEL
from sandbox.world import World

SYNC_QUIET = "PT3S"
PATIENCE_SECONDS = 0.4


class PortTaken(Exception):
    """A port cannot be used; the text says which and why."""


@dataclass(frozen=True)
class Ports:
    """Ports to listen on; 0 takes a free one."""

    slack: int = 0
    hubspot: int = 0
    salesforce: int = 0


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the process: three servers share it."""
        yield

    async def hang_up(self) -> None:
        """Break the connections that are still there some time after the end was asked for.

        A TLS client that left without saying so would otherwise hold it up.
        """
        await asyncio.sleep(PATIENCE_SECONDS)
        for connection in list(self.server_state.connections):
            connection.transport.abort()


class Sandbox:
    """The three servers; the ports are bound from the beginning.

    *directory* takes the files of the throw-away certificate authority.
    """

    def __init__(self, world: World, host: str, ports: Ports, directory: Path) -> None:
        self.world = world
        self._listeners = [
            _listen(host, port, name)
            for name, port in (
                ("slack", ports.slack),
                ("hubspot", ports.hubspot),
                ("salesforce", ports.salesforce),
            )
        ]
        slack, hubspot, salesforce = (one.getsockname()[1] for one in self._listeners)
        self.slack_url = f"http://{host}:{slack}"
        self.hubspot_url = f"http://{host}:{hubspot}"
        self.salesforce_url = f"https://{host}:{salesforce}"
        self.certificate = certificate(directory, host)
        self.slack = Slack(world, self.slack_url)
        self.hubspot = HubSpot(world)
        self.salesforce = Salesforce(world)
        self._servers = self._build()
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def _build(self) -> list[_Server]:
        routes = [
            *hubspot_control.routes(self.hubspot),
            *salesforce_control.routes(self.salesforce),
        ]
        tls = {
            "ssl_certfile": str(self.certificate.cert_file),
            "ssl_keyfile": str(self.certificate.key_file),
        }
        return [
            _server(create_app(self.slack, routes)),
            _server(hubspot_api.create_app(self.hubspot)),
            _server(salesforce_api.create_app(self.salesforce), **tls),
        ]

    def environment(self) -> dict[str, str]:
        """The bot's settings for this sandbox, and the page's address."""
        scenario = self.world.scenario
        admins = [person.id for person in scenario.people if person.role == "administrator"]
        approvers = [person.id for person in scenario.people if person.role == "approver"]
        required = min(scenario.workspace.required_approvals, max(1, len(approvers)))
        return {
            "SLACK_BOT_TOKEN": scenario.workspace.bot_token,
            "SLACK_APP_TOKEN": scenario.workspace.app_token,
            "SLACK_SIGNING_SECRET": scenario.workspace.signing_secret,
            "SLACK_API_URL": f"{self.slack_url}/api/",
            "HUBSPOT_ACCESS_TOKEN": scenario.account.token,
            "HUBSPOT_API_URL": self.hubspot_url,
            "SALESFORCE_INSTANCE_URL": self.salesforce_url,
            "SALESFORCE_ACCESS_TOKEN": scenario.salesforce.access_token,
            "SALESFORCE_CA_FILE": str(self.certificate.ca_file),
            "SUNSET_CHANNEL": MAIN_CHANNEL,
            "SUNSET_AUDIT_CHANNEL": AUDIT_CHANNEL,
            "SUNSET_ADMINS": ",".join(admins),
            "SUNSET_APPROVERS": ",".join(approvers),
            "SUNSET_REQUIRED_APPROVALS": str(required),
            "SUNSET_POLL_INTERVAL": scenario.poll_interval,
            "SUNSET_SYNC_QUIET": SYNC_QUIET,
            "SANDBOX_CLOCK_URL": f"{self.slack_url}/sandbox/clock",
            "SANDBOX_PAGE": f"{self.slack_url}/",
        }

    async def serve(self, ready: Callable[[], None]) -> None:
        """Serve until :meth:`stop`; *ready* is called when all three answer."""
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        serving = [
            asyncio.create_task(server.serve([listener]))
            for server, listener in zip(self._servers, self._listeners, strict=True)
        ]
        while not all(server.started for server in self._servers):
            await asyncio.sleep(0.005)
            if any(task.done() for task in serving):
                break
        else:
            ready()
            await self._stop.wait()
        self.slack.stop()
        # A client that keeps its TLS connection open and silent is no news while all is ending.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        for server in self._servers:
            server.should_exit = True
        await asyncio.gather(*serving, *(server.hang_up() for server in self._servers))

    def stop(self) -> None:
        """End :meth:`serve`; may be called from any thread."""
        if self._loop is not None and self._stop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)


def _listen(host: str, port: int, name: str) -> socket.socket:
    # Only with this protocol number does asyncio turn Nagle's algorithm off (40 ms an answer).
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise PortTaken(
            f"cannot listen on {host}:{port} for {name}: {error.strerror}. "
            f"Choose another with --{name}-port, or leave it out for a free one."
        ) from error
    return listener


def _server(app: ASGIApp, **options: Any) -> _Server:
    return _Server(
        uvicorn.Config(
            app,
            http=DroppableProtocol,
            lifespan="on",
            log_config=None,
            log_level="error",
            access_log=False,
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=1,
            # Clients keep connections for longer than the default of 5 seconds.
            timeout_keep_alive=75,
            **options,
        )
    )
